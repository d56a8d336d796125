"""The lesson: its numbers match results.json; its notebook is up to date, and runs."""

import json
import re
import shutil

import make_notebook
import nbformat
import pytest
from conftest import PROJECT
from nbclient import NotebookClient

README = (PROJECT / "README.md").read_text(encoding="utf-8")
PAGE = (PROJECT / "docs" / "lesson.md").read_text(encoding="utf-8")
TABLES = (PROJECT / "docs" / "results.md").read_text(encoding="utf-8")
RESULTS = json.loads((PROJECT / "docs" / "results.json").read_text(encoding="utf-8"))
NOTEBOOK = (PROJECT / "docs" / "lesson.ipynb").read_text(encoding="utf-8")
CLOSED = "http://127.0.0.1:9"  # a port without a server


def prose(page):
    """The text of a page without its code and tables."""
    blocks = r"^```.*?^```|^<!-- notebook: code\n.*?^-->|`[^`]*`|^\|.*?$"
    return re.sub(blocks, "", page, flags=re.M | re.S)


def accuracy(command):
    """The mean accuracy of a command in results.json."""
    return make_notebook.stored(RESULTS)[command.replace("--", "")]


def test_the_marked_numbers_match_results_json():
    assert len(make_notebook.MARK.findall(PAGE)) > 15
    for page in (PAGE, README, TABLES):
        assert make_notebook.with_figures(page, RESULTS) == page


@pytest.mark.parametrize("page", [PAGE, README], ids=["lesson", "README"])
def test_every_accuracy_and_time_is_marked(page):
    rest = make_notebook.MARK.sub("", prose(page))
    assert re.findall(r"\b[01]\.\d+|\b\d+ seconds|<!-- (?!/?page|notebook)", rest) == []


def test_the_marks_are_invisible_on_github():
    for mark in make_notebook.MARK.finditer(PAGE):
        assert "--" not in mark["source"]  # GitHub would show the comment
    assert re.findall(r"^ {0,3}<!-- (?!/?page -->$|notebook: (?:code|text)$)", PAGE, re.M) == []


def test_marked_numbers_are_updated():
    entries = [{"command": "a.py b --c 1", "accuracies": [0.5, 0.6], "seconds": [3, 9.6, 20]}]
    results = {"baselines": [], "recipes": entries, "switches": []}
    results["few_rows"] = {"rows": [500], "accuracies": {"LSTM": [[0.25, 0.75]]}}
    page = "0.80<!-- a.py b c 1 -->, 0.800<!-- a.py b c 1 --> in 1 second"
    page += "<!-- seconds of a.py b c 1 --> and 0.70<!-- one run -->, 0.7<!-- LSTM 500 -->"
    updated = make_notebook.with_figures(page, results)
    assert re.sub("<!-- .*? -->", "", updated) == "0.55, 0.550 in 10 second and 0.70, 0.5"


def test_one_command_updates_page_and_notebook(tmp_path, monkeypatch):
    shutil.copytree(PROJECT / "docs", tmp_path / "docs")
    shutil.copy(PROJECT / "README.md", tmp_path)
    page = tmp_path / "docs" / "lesson.md"
    mark = "<!-- train_rnn.py masked -->"
    page.write_text(re.sub(rf"[\d.]+{mark}", f"0.11{mark}", PAGE), encoding="utf-8")
    monkeypatch.setattr(make_notebook, "DOCS", tmp_path / "docs")
    make_notebook.main()
    assert page.read_text(encoding="utf-8") == PAGE
    assert (tmp_path / "docs" / "lesson.ipynb").read_text(encoding="utf-8") == NOTEBOOK


def test_the_claims_of_the_lesson_hold_for_results_json():
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
    for few, better in ((2000, ["LSTM", "stacked BiLSTM"]), (5000, ["SimpleRNN", "LSTM"])):
        counting = accuracy(f"TF-IDF, logistic regression {few}"), accuracy(f"bag of words {few}")
        assert min(accuracy(f"{name} {few}") for name in better) > max(counting)
    assert accuracy("SimpleRNN on titles 2000") < accuracy("SimpleRNN 500") - 0.02
    baselines = accuracy("bag of words, as fastText's"), accuracy("TF-IDF, logistic regression")
    assert max(lstm, bilstm) < min(baselines)
    assert max(baselines) < min(best)


def test_the_notebook_is_up_to_date():
    assert make_notebook.notebook(PAGE) == NOTEBOOK, "run: python docs/make_notebook.py"


def test_the_notebook_marks_numbers_from_ag_news_and_shows_the_diagrams():
    notebook = nbformat.reads(NOTEBOOK, 4)
    nbformat.validate(notebook)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    shown = re.sub(r"`[^`]*`", "", text)
    assert "<!--" not in text
    assert len(re.findall(r"\b0\.\d+ \(AG News\)", shown)) > 10
    assert re.findall(r"\b0\.\d+(?! \(AG News\))\b(?!\d)", shown) == []
    diagrams = re.findall(r"\]\((diagrams/\w+\.svg)\)", text)
    assert [(PROJECT / "docs" / name).exists() for name in diagrams] == [True] * 5


def test_every_training_command_but_one_has_a_cell():
    commands = re.findall(r"^python (train_\w+)\.py (.*)$", PAGE, flags=re.M)
    code = "\n".join(cell.source for cell in code_cells())
    missing = [(script, what) for script, what in commands if f'({script}, "{what}"' not in code]
    assert missing == [("train_bilstm", "best")]  # it takes too long


def code_cells():
    """The notebook's code cells."""
    return [cell for cell in nbformat.reads(NOTEBOOK, 4).cells if cell.cell_type == "code"]


def outputs_of(cells, directory):
    """Runs cells in a working directory; returns the list of outputs of each."""
    notebook = nbformat.v4.new_notebook(cells=cells)
    path = {"metadata": {"path": str(directory)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=path).execute()
    return [cell.outputs for cell in cells]


@pytest.mark.slow
def test_the_notebook_runs_without_a_network(tmp_path, monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, CLOSED)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    files = set((PROJECT / "docs").iterdir())
    _, *others = outputs_of(code_cells(), PROJECT / "docs")
    outputs = sum(others, [])
    assert set((PROJECT / "docs").iterdir()) == files
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 6
    text = "".join(output.get("text", "") for output in outputs)
    accuracies = re.findall(r"^(train_.*): test accuracy (\S+)$", text, flags=re.M)
    here = {command: float(figure) for command, figure in accuracies}
    # What the notebook's text claims about the sample.
    titles, masked = here["train_rnn.py titles"], here["train_rnn.py masked"]
    lstm, fast = here["train_lstm.py tutorial"], here["train_lstm.py fast"]
    assert here["train_rnn.py titles --buckets 1"] < titles - 0.15
    assert abs(here["train_rnn.py titles --mask"] - titles) < 0.05
    assert masked < titles < fast
    assert masked + 0.1 < lstm < here["train_bilstm.py tutorial"] < fast
    assert masked + 0.1 < here["train_rnn.py best"]
    assert here["train_lstm.py best"] < fast


@pytest.mark.slow
def test_the_notebook_starts_in_the_root_of_the_clone():
    outputs_of(code_cells()[:1], PROJECT)  # an error in the cell is raised here
