"""The pages keep what they promise: commands, links, and the test command that CI runs."""

import re
import runpy
import shlex
import shutil
import subprocess
import sys

import make_reviews
import pytest
import yaml
from conftest import PROJECT, ROOMS

import train_bilstm
import train_lstm
import train_rnn
from training.command_line import parse
from training.directory import load_result

SCRIPTS = {f"{module.__name__}.py": module for module in (train_rnn, train_lstm, train_bilstm)}
FOLDERS = (*ROOMS, "benchmarks", "docs", "sample")
FILES = [*PROJECT.glob("*.md"), *(f for name in FOLDERS for f in PROJECT.glob(f"{name}/**/*.md"))]
REFERENCE = PROJECT / "docs" / "reference"
PAGES = {file: file.read_text(encoding="utf-8") for file in FILES}
README = PROJECT / "README.md"


def blocks(page):
    """The shell commands that a page shows: list of `str`, one for each block."""
    return re.findall(r"^```sh\n(.*?)^```", PAGES[page], flags=re.M | re.S)


def commands(prefix):
    """All commands of all pages that begin with a prefix, in order, each once."""
    lines = [line for page in PAGES for block in blocks(page) for line in block.splitlines()]
    parts = {part.strip() for line in lines for part in line.split("&&")}
    return sorted(part for part in parts if part.startswith(prefix))


TRAINING = [command for command in commands("python train_") if "--help" not in command]
OTHERS = [
    command
    for command in commands("python ")
    if re.match(r"python (?!train_)(\S+\.py|-m experiments\.)", command)
]


@pytest.mark.parametrize("command", TRAINING)
def test_a_training_command_can_be_read(command):
    _, script, *arguments = shlex.split(command, comments=True)
    module = SCRIPTS[script]
    parse(module.__name__, "", module.Hyperparameters, module.RECIPES, arguments)


@pytest.mark.parametrize("command", OTHERS)
def test_the_flags_of_another_command_are_in_its_help(command, monkeypatch, capsys):
    _, program, *arguments = shlex.split(command, comments=True)
    if program == "-m":
        program = arguments[0].replace(".", "/") + ".py"
    assert (PROJECT / program).exists()
    flags = {argument for argument in arguments if argument.startswith("--")}
    if flags:
        script = [word for word in arguments[:1] if word.endswith(".py")]  # sweep.py's
        monkeypatch.setattr(sys, "argv", [program, *script, "--help"])
        monkeypatch.syspath_prepend((PROJECT / program).parent)
        with pytest.raises(SystemExit, match="0"):
            runpy.run_path(str(PROJECT / program), run_name="__main__")
        assert flags - set(re.findall(r"--[a-z-]+", capsys.readouterr().out)) == set()


def anchors(page):
    """The anchors that GitHub gives to the headings of a page."""
    prose = re.sub(r"^```.*?^```", "", page, flags=re.M | re.S)  # comments in code are no headings
    headings = re.findall(r"^#+ (.*)$", prose, flags=re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_files_and_headings_that_a_page_links_to_exist(page):
    for target, anchor in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", PAGES[page]):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(PAGES[file]), (target, anchor)


def test_the_index_of_the_reference_names_every_page():
    named = re.findall(r"^\| \[.*?\]\((\w+\.md)\)", PAGES[REFERENCE / "README.md"], flags=re.M)
    pages = {file.name for file in REFERENCE.glob("*.md")} - {"README.md"}
    assert sorted(named) == sorted(pages)


def test_pages_that_the_code_names_exist():
    files = [file for name in (".", *FOLDERS) for file in PROJECT.glob(f"{name}/*.py")]
    code = "".join(file.read_text(encoding="utf-8") for file in files)
    named = set(re.findall(r"\bdocs/[\w/]+\.\w+", code))
    assert len(named) > 3
    assert [name for name in named if not (PROJECT / name).exists()] == []


def test_the_reference_describes_every_value_of_a_result(trained):
    table = PAGES[REFERENCE / "runs.md"].partition("## result.json")[2].partition("\n## ")[0]
    first_column = "".join(re.findall(r"^\|(.*?)\|", table, flags=re.M))
    assert set(re.findall(r"`(\w+)`", first_column)) == load_result(trained).keys()


def test_ci_runs_the_test_command_of_the_readme():
    [block] = [block for block in blocks(README) if "pytest" in block]
    command = block.strip().rpartition("&& ")[2]
    assert (PROJECT / ".ci" / "run").read_text().splitlines()[-1] == command
    workflow = PROJECT / ".github" / "workflows" / "tests.yml"
    [job] = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]


@pytest.mark.slow
@pytest.mark.parametrize("command", TRAINING)
def test_a_training_command_runs(command, run_script, tmp_path):
    _, script, *arguments = shlex.split(command, comments=True)
    if "--embeddings" in arguments and arguments[arguments.index("--embeddings") + 1] != "corpus":
        pytest.skip("needs a file of vectors")
    if "--start-from" in arguments:
        pytest.skip("needs another run")
    data = "sample"
    if "--text-column" in arguments:  # reviews of one's own
        names = [arguments[arguments.index(f"--{kind}-column") + 1] for kind in ("text", "label")]
        make_reviews.main(tmp_path / "reviews.csv")
        content = (tmp_path / "reviews.csv").read_text(encoding="utf-8")
        data = tmp_path / "own.csv"
        header = f"id;produkt;{';'.join(names)}"
        data.write_text(content.replace("id;produkt;rezension;sentiment", header), encoding="utf-8")
    few = ["--data", data, "--train-rows", 300, "--epochs", 1, "--run-dir", tmp_path / "run"]
    done = run_script(script.removesuffix(".py"), *arguments, *few)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def shell(tmp_path):
    """Runs a block of commands in a copy of the project; returns what it prints."""
    for name in (*ROOMS, "sample"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    (tmp_path / "tests").mkdir()
    shutil.copy(PROJECT / "tests" / "make_reviews.py", tmp_path / "tests")
    for file in PROJECT.glob("*.py"):
        shutil.copy(file, tmp_path)

    def run(block):
        command = ["bash", "-ec", block.replace("python ", f"{shlex.quote(sys.executable)} ")]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=900)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run


@pytest.mark.slow
def test_the_commands_of_the_page_on_ones_own_corpus_run_as_it_says(shell, tmp_path):
    page = PROJECT / "docs" / "your_own_corpus.md"
    printed = "".join(map(shell, blocks(page)))
    written, *shown = re.findall(r"^```text\n(.*?)^```", PAGES[page], flags=re.M | re.S)
    lines = (tmp_path / "reviews.csv").read_text(encoding="utf-8").splitlines()
    for line in written.splitlines():
        beginning, _, end = line.partition("[...]")
        assert any(own.startswith(beginning) and own.endswith(end) for own in lines), line

    def without_results(text):  # which depend a little on the processor
        return re.sub(r"epoch \d+|after \d+ s|\d\.\d+| +\d+$", "", text, flags=re.M)

    for block in shown:
        assert without_results(block) in without_results(printed)


@pytest.mark.slow
def test_the_commands_of_the_page_on_choosing_run(shell, tmp_path):
    page = PROJECT / "docs" / "choosing.md"
    printed = "".join(map(shell, blocks(page)))
    shown = re.findall(r"^```text\n(.*?)\n", PAGES[page], flags=re.M | re.S)
    assert len(shown) == 4
    for first in (re.sub(r" \d\.\d+.*", "", line) for line in shown):
        assert first in printed
    assert all((tmp_path / f"{name}.png").exists() for name in ("comparison", "error", "sweep"))
    assert load_result(tmp_path / "runs" / "longer")["started_from"] == "runs/best"


@pytest.mark.slow
def test_the_commands_of_the_readme_run_and_print_what_it_shows(shell, tmp_path):
    make_reviews.main(tmp_path / "reviews.csv")
    table = (tmp_path / "reviews.csv").read_text(encoding="utf-8")
    (tmp_path / "reviews.csv").write_text(table.replace("rezension;sentiment", "review;stars", 1))

    first, *others = [block for block in blocks(README) if "pytest" not in block]
    install, _, train = first.partition(" && ")
    assert install == "pip install -r requirements.txt"
    printed = shell(train)
    accuracy = float(re.search(r"^test accuracy (\S+)", printed, flags=re.M)[1])
    assert 0.85 < accuracy < 0.99
    run = re.search(r"^run: (.*)$", printed, flags=re.M)[1]
    for block in others:
        # Without --data, a script would download AG News.
        block = re.sub(r"^(python train_(?!.*--data).*)$", r"\1 --data sample", block, flags=re.M)
        printed += shell(block.replace("RUN", run))
    assert "tf-idf" in printed
    assert (tmp_path / "comparison.png").exists()
    assert (tmp_path / "errors.csv").exists()

    def without_numbers(text):
        return re.sub(r"\d[\d.-]*", "0", text)

    for shown in re.findall(r"^```text\n(.*?)^```", PAGES[README], flags=re.M | re.S)[:2]:
        assert without_numbers(shown) in without_numbers(printed)
