"""The README's commands exist: scripts, recipes and flags."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest
from conftest import PROJECT

import train_bilstm
import train_lstm
import train_rnn
from training.command_line import parse

SCRIPTS = {
    "train_rnn.py": train_rnn,
    "train_lstm.py": train_lstm,
    "train_bilstm.py": train_bilstm,
}
README = (PROJECT / "README.md").read_text(encoding="utf-8")
PAGES = [README, *(f.read_text(encoding="utf-8") for f in sorted(PROJECT.glob("docs/*.md")))]
PAGES.append((PROJECT / "benchmarks" / "README.md").read_text(encoding="utf-8"))
BLOCKS = [re.findall(r"^```sh\n(.*?)^```", page, flags=re.M | re.S) for page in PAGES]
BLOCKS, README_BLOCKS = sum(BLOCKS, []), BLOCKS[0]


def commands():
    lines = [line for block in BLOCKS for line in block.splitlines()]
    parts = [part.strip() for line in lines for part in line.split("&&")]
    return sorted({part for part in parts if part.startswith("python ") and ".py" in part})


def training(commands):
    return [part for part in commands if part.startswith("python train_") and "--help" not in part]


@pytest.mark.parametrize("command", training(commands()))
def test_a_training_command_can_be_read(command):
    _, script, *arguments = shlex.split(command, comments=True)
    module = SCRIPTS[script]
    parse(module.__name__, "", module.Hyperparameters, module.RECIPES, arguments)


def test_the_other_commands_have_a_script_that_knows_their_flags():
    others = set(commands()) - set(training(commands()))
    assert len(others) > 5
    for command in others:
        _, script, *arguments = shlex.split(command, comments=True)
        source = (PROJECT / script).read_text(encoding="utf-8")
        source += (PROJECT / "benchmarks" / "processes.py").read_text(encoding="utf-8")
        for flag in [argument for argument in arguments if argument.startswith("--")]:
            assert flag == "--help" or f'"{flag}"' in source, command


@pytest.mark.slow
@pytest.mark.parametrize("command", training(commands()))
def test_a_training_command_runs(command, run_script, tmp_path):
    _, script, *arguments = shlex.split(command, comments=True)
    if "--embeddings" in arguments:
        pytest.skip("needs a file of vectors")
    few = [
        "--data",
        "sample",
        "--train-rows",
        "300",
        "--epochs",
        "1",
        "--run-dir",
        tmp_path / "run",
    ]
    done = run_script(script.removesuffix(".py"), *arguments, *few, "--run-dir", tmp_path / "run")
    assert done.returncode == 0, done.stderr


def test_every_recipe_is_in_the_readme():
    for script, module in SCRIPTS.items():
        for recipe in module.RECIPES:
            assert re.search(rf"`{script} {recipe}`", README), (script, recipe)


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 130


def test_ci_runs_the_test_command_of_the_readme():
    command = README_BLOCKS[1].strip().rpartition("&& ")[2]
    assert (PROJECT / ".ci" / "run").read_text().splitlines()[-1] == command


def test_every_file_that_the_readme_links_to_exists():
    for file in (PROJECT / "README.md", *PROJECT.glob("docs/*.md"), *PROJECT.glob("*/README.md")):
        page = file.read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!http|#)([^)#]+)\)", page):
            assert (file.parent / target).exists(), (file, target)


@pytest.mark.slow
def test_the_first_command_trains_on_the_sample(run_script, tmp_path):
    command = README_BLOCKS[0].strip().rpartition("&& ")[2]
    _, script, *arguments = shlex.split(command)
    done = run_script(script.removesuffix(".py"), *arguments, "--run-dir", tmp_path / "run")
    accuracy = float(re.search(r"test accuracy (\S+)", done.stdout)[1])
    assert 0.70 < accuracy < 0.98


@pytest.mark.slow
def test_the_commands_of_the_page_on_ones_own_corpus_run_as_it_says(tmp_path):
    page = (PROJECT / "docs" / "your_own_corpus.md").read_text(encoding="utf-8")
    for name in ("training", "corpus", "sample"):
        shutil.copytree(PROJECT / name, tmp_path / name)
    for file in PROJECT.glob("*.py"):
        shutil.copy(file, tmp_path)
    said = ""
    for block in re.findall(r"^```sh\n(.*?)^```", page, flags=re.M | re.S):
        shell = ["bash", "-ec", block.replace("python ", f"{shlex.quote(sys.executable)} ")]
        done = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert (done.returncode, done.stderr) == (0, "")
        said += done.stdout
    [opening] = re.findall(r"^```text\n(.*?)^```", page, flags=re.M | re.S)
    assert opening in said
    assert re.search(r"^sports .* The striker signed a new contract$", said, flags=re.M)
    assert re.search(r"^the weights are those of epoch \d+, ", said, flags=re.M)
