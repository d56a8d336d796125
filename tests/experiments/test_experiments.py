import json
import subprocess

import pytest
from conftest import PROJECT

import corpus
import experiments
import train_lstm
from experiments import experiment
from training.directory import RunError

SMALL = experiment("train_lstm", "fast", units=3)


@pytest.fixture
def started(monkeypatch):
    """The command lines of runs, which end at once with the status and the result set here."""

    class Started(list):
        status = 0

    started = Started()

    class Process:
        def __init__(self, command, **_):
            started.append(command)
            directory = command[command.index("--run-dir") + 1]
            if started.status == 0:
                write_result(directory, SMALL.hyperparameters())

        def wait(self):
            return started.status

    monkeypatch.setattr(subprocess, "Popen", Process)
    monkeypatch.setattr(experiments, "_hash", lambda data, train_rows: "those")
    return started


def write_result(directory, hyperparameters, rows="those"):
    directory = PROJECT / directory
    directory.mkdir(parents=True, exist_ok=True)
    result = {
        "hyperparameters": hyperparameters,
        "data": {"hash": rows},
        "interrupted": False,
        "test_accuracy": 0.5,
    }
    (directory / "result.json").write_text(json.dumps(result))


def run(directory):
    return experiments.run(SMALL, 2, "sample", directory)


def test_every_recipe_of_every_script_is_run():
    commands = [experiment.command for experiment in experiments.recipes()]
    assert len(commands) == len(set(commands)) == 13
    every = {f"{s}.py {r}" for s, module in experiments.SCRIPTS.items() for r in module.RECIPES}
    assert every <= set(commands)
    assert "train_rnn.py best --text title" in commands


def test_an_experiment_knows_its_hyperparameters():
    asked = SMALL.hyperparameters()
    recipe = train_lstm.RECIPES["fast"].hyperparameters(train_lstm.Hyperparameters)
    assert asked == vars(recipe) | {"units": 3}


def test_every_switch_changes_its_recipe():
    for _, switch in experiments.switches("vectors.txt"):
        base = experiment(switch.script, switch.recipe)
        assert switch.hyperparameters() != base.hyperparameters()
        assert base in experiments.recipes()


def test_a_finished_run_is_not_run_again(started, tmp_path):
    assert run(tmp_path)["test_accuracy"] == 0.5
    assert len(started) == 1
    assert run(tmp_path)["test_accuracy"] == 0.5
    assert len(started) == 1


def test_a_run_of_other_hyperparameters_is_replaced(started, tmp_path):
    run(tmp_path)
    write_result(tmp_path / f"{SMALL.name}-seed2", SMALL.hyperparameters() | {"units": 4})
    run(tmp_path)
    assert "--overwrite" in started[1]


@pytest.mark.parametrize(
    ("changed", "option"), [({}, "--resume"), ({"units": 4}, "--overwrite")], ids=["same", "other"]
)
def test_an_unfinished_run_goes_on_unless_its_hyperparameters_are_others(
    changed, option, started, tmp_path
):
    work = tmp_path / f"{SMALL.name}-seed2" / "unfinished"
    work.mkdir(parents=True)
    settings = SMALL.hyperparameters() | {"seed": 2, "rows_hash": "those"} | changed
    (work / "settings.json").write_text(json.dumps(settings))
    run(tmp_path)
    assert option in started[0]


def test_a_run_on_other_rows_is_left_alone(started, tmp_path):
    path = tmp_path / f"{SMALL.name}-seed2"
    write_result(path, SMALL.hyperparameters(), rows="others")
    before = (path / "result.json").read_bytes()
    with pytest.raises(RunError, match="on other rows; name another --dir"):
        run(tmp_path)
    assert started == []
    assert (path / "result.json").read_bytes() == before


def test_the_rows_are_those_that_the_scripts_would_take():
    assert experiments._hash("sample", 100) == corpus.load("sample", 100).hash
    assert experiments._hash("sample", 100) != experiments._hash("sample", 0)


def test_a_failed_run_and_an_interrupted_one_end_it(started, tmp_path):
    started.status = 1
    with pytest.raises(RunError, match="train_lstm.py fast --units 3 .*status 1"):
        run(tmp_path)
    started.status = 130
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path)


def test_experiments_can_be_told_apart():
    every = experiments.recipes() + [switch for _, switch in experiments.switches("v.txt")]
    assert len(set(every)) == len({experiment.name for experiment in every}) == len(every)
