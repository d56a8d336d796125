"""The lesson: its figures are the stored ones, and the notebook is the page's and runs."""

import json
import re
import shutil
import subprocess
import sys

import make_notebook
import nbformat
import pytest
from conftest import PROJECT
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

PAGE = (PROJECT / "docs" / "lesson.md").read_text(encoding="utf-8")
RESULTS = json.loads((PROJECT / "docs" / "results.json").read_text(encoding="utf-8"))
NOTEBOOK = (PROJECT / "docs" / "lesson.ipynb").read_text(encoding="utf-8")
CLOSED = "http://127.0.0.1:9"  # nobody listens there


def prose():
    """The page's text without code: blocks, spans, and the notebook's cells."""
    blocks = r"^```.*?^```|^<!-- notebook: code\n.*?^-->|`[^`]*`"
    return re.sub(blocks, "", PAGE, flags=re.M | re.S)


def accuracy(command):
    """The stored mean accuracy of a command."""
    return make_notebook.stored(RESULTS)[command.replace("--", "")]


def test_the_lessons_figures_are_the_stored_ones():
    assert len(make_notebook.MARK.findall(PAGE)) > 15
    assert make_notebook.with_figures(PAGE, RESULTS) == PAGE


def test_no_accuracy_of_the_lesson_is_unmarked():
    rest = make_notebook.MARK.sub("", prose())
    assert re.findall(r"\b[01]\.\d+|\b\d+ seconds|<!-- (?!/?page|notebook)", rest) == []


def test_a_mark_is_seen_by_nobody():
    for mark in make_notebook.MARK.finditer(PAGE):
        assert "--" not in mark["source"]  # GitHub would show the comment
    assert re.findall(r"^ {0,3}<!-- (?!/?page -->$|notebook: (?:code|text)$)", PAGE, re.M) == []


def test_figures_are_brought_up_to_date():
    entries = [{"command": "a.py b --c 1", "accuracies": [0.5, 0.6], "seconds": [3, 9.6, 20]}]
    results = {"baselines": [], "recipes": entries, "switches": []}
    page = "0.80<!-- a.py b c 1 -->, 0.800<!-- a.py b c 1 --> in 1 second"
    page += "<!-- seconds of a.py b c 1 --> and 0.70<!-- one run -->"
    updated = make_notebook.with_figures(page, results)
    assert re.sub("<!-- .*? -->", "", updated) == "0.55, 0.550 in 10 second and 0.70"


def test_one_command_brings_page_and_notebook_up_to_date(tmp_path, monkeypatch):
    shutil.copytree(PROJECT / "docs", tmp_path / "docs")
    page = tmp_path / "docs" / "lesson.md"
    mark = "<!-- train_rnn.py masked -->"
    page.write_text(re.sub(rf"[\d.]+{mark}", f"0.11{mark}", PAGE), encoding="utf-8")
    monkeypatch.setattr(make_notebook, "DOCS", tmp_path / "docs")
    assert make_notebook.main(["--figures"]) == 0
    assert page.read_text(encoding="utf-8") == PAGE
    assert (tmp_path / "docs" / "lesson.ipynb").read_text(encoding="utf-8") == NOTEBOOK


def test_the_lessons_story_is_that_of_the_stored_results():
    titles, masked = accuracy("train_rnn.py titles"), accuracy("train_rnn.py masked")
    lstm, bilstm = accuracy("train_lstm.py tutorial"), accuracy("train_bilstm.py tutorial")
    assert accuracy("train_rnn.py titles --buckets 1") < titles - 0.2
    assert abs(accuracy("train_rnn.py titles --mask") - titles) < 0.02
    assert titles + 0.01 < masked < lstm - 0.01
    assert lstm < bilstm < accuracy("train_lstm.py fast") + 0.005
    assert bilstm < lstm + 0.02
    best = [accuracy(f"train_{network}.py best") for network in ("rnn", "lstm", "bilstm")]
    assert max(best) - min(best) < 0.005
    assert min(best) > max(lstm, bilstm) + 0.02
    baselines = accuracy("bag of words, as fastText's"), accuracy("TF-IDF, logistic regression")
    assert max(lstm, bilstm) < min(baselines)
    assert max(baselines) < min(best)


def test_the_notebook_is_made_from_the_page():
    assert make_notebook.as_file(PAGE) == NOTEBOOK, "run: python docs/make_notebook.py"


def test_the_notebook_says_which_figures_are_ag_news_and_holds_the_diagrams():
    notebook = nbformat.reads(NOTEBOOK, 4)
    nbformat.validate(notebook)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    shown = re.sub(r"`[^`]*`", "", text)
    assert "<!--" not in text
    assert len(re.findall(r"\b0\.\d+ \(AG News\)", shown)) > 10
    assert re.findall(r"\b0\.\d+(?! \(AG News\))\b(?!\d)", shown) == []
    attached = [cell.attachments for cell in notebook.cells if "attachments" in cell]
    assert len(attached) == len(re.findall(r"attachment:", text)) == 4


def test_every_training_command_but_one_has_its_cell():
    commands = re.findall(r"^python (train_\w+)\.py (.*)$", PAGE, flags=re.M)
    cells = nbformat.reads(NOTEBOOK, 4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    missing = [(script, what) for script, what in commands if f'({script}, "{what}"' not in code]
    assert missing == [("train_bilstm", "best")]  # it takes too long


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """Runs cells in a new kernel that has no network, in an empty directory that it returns."""
    spec = tmp_path / "jupyter" / "kernels" / "lesson" / "kernel.json"
    spec.parent.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": command, "display_name": "", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, CLOSED)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "no_data"))
    for name in ("JPY_SESSION_NAME", "REPOSITORY", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    directory = tmp_path / "elsewhere"
    directory.mkdir()
    return directory


def execute(notebook, directory):
    """Runs a notebook in a working directory; returns what its cells printed."""
    where = {"metadata": {"path": str(directory)}}
    NotebookClient(notebook, timeout=300, kernel_name="lesson", resources=where).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


def first_cell():
    """A notebook that has the first code cell alone, in an environment outside the project."""
    notebook = nbformat.reads(NOTEBOOK, 4)
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    outside = f"import sys\nsys.path = [p for p in sys.path if not p.startswith({str(PROJECT)!r})]"
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outside), code])


@pytest.mark.slow
def test_the_notebook_runs_without_a_network(kernel, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", str(PROJECT / "docs" / "lesson.ipynb"))
    notebook = nbformat.reads(NOTEBOOK, 4)
    said = execute(notebook, kernel)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 6
    assert list(kernel.iterdir()) == []
    beside = re.findall(r"^(train_.*): (\S+) on sample; AG News: (\S+)$", said, flags=re.M)
    for command, _, stored in beside:
        assert float(stored) == pytest.approx(accuracy(command), abs=0.0006)
    here = {command: float(figure) for command, figure, _ in beside}
    # The sample's story, as the notebook tells it.
    titles, masked = here["train_rnn.py titles"], here["train_rnn.py masked"]
    assert here["train_rnn.py titles --buckets 1"] < titles - 0.15
    assert abs(here["train_rnn.py titles --mask"] - titles) < 0.05
    assert masked < titles < here["train_lstm.py fast"]
    assert masked + 0.1 < here["train_lstm.py tutorial"] < here["train_lstm.py fast"]
    assert masked + 0.1 < here["train_rnn.py best"]


def test_the_first_cell_clones_the_project_where_there_is_none(kernel, tmp_path, monkeypatch):
    origin = tmp_path / "origin"
    (origin / "docs").mkdir(parents=True)
    for name in ("train_rnn.py", "requirements.txt", "docs/results.json"):
        (origin / name).write_text("numpy\n" if name == "requirements.txt" else "")
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-q", "-m", "All"]):
        subprocess.run(["git", *command], cwd=origin, check=True, capture_output=True)
    monkeypatch.setenv("REPOSITORY", origin.as_uri())
    assert execute(first_cell(), kernel) == f"project: {kernel / 'text-classifiers'}\n"
    monkeypatch.setenv("REPOSITORY", "")  # the second time it is found
    assert execute(first_cell(), kernel) == f"project: {kernel / 'text-classifiers'}\n"


@pytest.mark.parametrize("repository", ["", "file:///no/such/repository"])
def test_the_first_cell_says_in_a_line_why_there_is_no_project(kernel, repository, monkeypatch):
    monkeypatch.setenv("REPOSITORY", repository)
    with pytest.raises(CellExecutionError) as raised:
        execute(first_cell(), kernel)
    assert raised.value.ename == "SystemExit"
    assert ("git clone" if repository else "set REPOSITORY") in raised.value.evalue
    assert list(kernel.iterdir()) == []


@pytest.mark.parametrize("where", ["docs", "."])
def test_the_first_cell_finds_the_project_around_the_working_directory(kernel, where):
    assert execute(first_cell(), PROJECT / where) == f"project: {PROJECT}\n"
