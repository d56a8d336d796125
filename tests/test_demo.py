"""The local page: its answers over HTTP, and, slowly, in a browser."""

import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile

import pytest
import requests
from conftest import PROJECT, status

import demo
from corpus import loading
from corpus.ag_news import CLASSES
from inference.answers import load_model
from inference.explanation import explain

pytest.importorskip("gradio")
TEXT = "late goal striker profit bank"


@pytest.fixture(scope="module")
def page(trained):
    """The address of a page with a network of one direction, twice under two names."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        other = shutil.copytree(trained, f"{folder}/other")
        free.close()
        command = [sys.executable, PROJECT / "demo.py", trained, other, "--port", str(port)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            line = process.stdout.readline()  # once it can be reached
            assert f"http://127.0.0.1:{port}/" in line
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def answers(page, text):
    """What the page answers: for each network (probabilities, words, words with classes)."""
    call = requests.post(f"{page}/gradio_api/call/answer", json={"data": [text]}, timeout=30)
    path = f"{page}/gradio_api/call/answer/{call.json()['event_id']}"
    events = requests.get(path, timeout=60).text
    values = json.loads(re.search(r"event: complete\ndata: (.*)", events)[1])
    return list(zip(values[::3], values[1::3], values[2::3], strict=True))


def test_each_network_answers_as_predict_does(page, trained):
    explained = explain(load_model(trained), TEXT)
    for probabilities, words, after in answers(page, TEXT):
        shown = {entry["label"]: entry["confidence"] for entry in probabilities["confidences"]}
        assert shown == pytest.approx(explained["probabilities"], abs=1e-5)
        losses = [row["loss"] for row in explained["explanation"]]
        assert [word["token"].strip() for word in words] == TEXT.split()
        colours = [word["class_or_confidence"] for word in words]
        scale = max(0.1, *map(abs, losses))
        assert colours == pytest.approx([loss / scale for loss in losses], abs=1e-3)
        turns = [row["class_after"] for row in explained["explanation"]]
        assert [part["class_or_confidence"] for part in after] == [
            name for i, name in enumerate(turns) if i == 0 or name != turns[i - 1]
        ]


@pytest.mark.parametrize("text", ["", " ", "!?"])
def test_a_text_without_words_is_answered(page, text):
    assert len(answers(page, text)) == 2


def test_the_page_needs_nothing_from_elsewhere_and_is_for_this_machine_alone(page):
    html = requests.get(page, timeout=30).text
    loaded = re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=.?(https?://[^\"'> ]+)", html)
    assert [url for url in loaded if "127.0.0.1" not in url] == []
    port = int(page.rpartition(":")[2])
    own = socket.gethostbyname(socket.gethostname())
    if not own.startswith("127."):
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((own, port), timeout=5)


def test_the_examples_are_test_texts_and_there_are_none_where_the_rows_have_moved(trained, tiny):
    texts = demo.test_texts(trained)
    assert texts
    assert set(texts) <= set(loading.load(tiny).test.titles)
    assert demo.test_texts(trained / "model.keras") == []


def test_what_cannot_be_shown_is_one_line(tmp_path, trained, page, capsys):
    assert status(demo.main, [tmp_path / "nowhere"]) == 1
    assert capsys.readouterr().err.startswith(f"demo.py: {tmp_path / 'nowhere'}: no such model")
    assert status(demo.main, [trained, "--port", page.rpartition(":")[2]]) == 1
    [line] = capsys.readouterr().err.strip().splitlines()
    assert line.endswith("; choose other --port or --host")
    assert status(demo.main, [trained, "--host", "nonsense.invalid"]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert status(demo.main, [trained, "--port", 70000]) == 2
    assert capsys.readouterr().err.endswith("--port must be between 1 and 65535\n")


@pytest.mark.slow
def test_a_typed_text_is_answered_in_a_browser(page, trained):
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (browser and driver):
        pytest.skip("needs Chromium and ChromeDriver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for flag in ("headless=new", "no-sandbox", "disable-background-networking", "no-first-run"):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    service = webdriver.chrome.service.Service(driver)
    with webdriver.Chrome(options=options, service=service) as chrome:
        chrome.get(page)
        wait = WebDriverWait(chrome, 60)
        wait.until(lambda chrome: chrome.find_elements(By.TAG_NAME, "textarea"))
        chrome.find_element(By.TAG_NAME, "textarea").send_keys(TEXT)
        answer = explain(load_model(trained), TEXT)
        percent = f"{max(answer['probabilities'].values()):.0%}"

        def shown(chrome):
            text = chrome.find_element(By.TAG_NAME, "body").text
            return text if text.count(percent) >= 2 and TEXT.split()[-1] in text else None

        text = wait.until(shown)
        assert all(name in text for name in (*CLASSES, *TEXT.split(), "trained", "other"))
        assert text.count(answer["class"]) >= 2
        logs = (json.loads(entry["message"])["message"] for entry in chrome.get_log("performance"))
        sent = [log["params"] for log in logs if log["method"] == "Network.requestWillBeSent"]
        urls = {request["request"]["url"] for request in sent}
        assert [u for u in urls if u.startswith("http") and not u.startswith(page)] == []
