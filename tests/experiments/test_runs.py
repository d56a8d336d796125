import json

import pytest

from corpus import loading
from corpus.errors import UserError
from experiments import experiment, runs
from training.machine import is_shared, machine
from training.recipes import DataOptions

SMALL = experiment("train_lstm", "fast", units=3)
HASH = loading.load("sample", 30000).hash
NAMED = "seed", "rows_hash", "trial"
SAMPLE = DataOptions("sample")


class Executor:
    """Makes runs that consist of a result.json; the runs of one recipe fail."""

    def __init__(self, machine="abacus", failing=None):
        self.plans, self.machine, self.failing = [], machine, failing

    def run(self, plans, report):
        for plan in plans:
            self.plans.append(plan)
            if self.failing in plan.command:
                report(plan, "no room")
            else:
                write_result(plan.path, plan.settings, self.machine)
                report(plan, None)


def write_result(directory, settings, machine="abacus"):
    directory.mkdir(parents=True, exist_ok=True)
    result = {
        "script": "train_lstm",
        "recipe": "fast",
        "trial": settings["trial"],
        "started_from": None,
        "hyperparameters": {k: v for k, v in settings.items() if k not in NAMED},
        "seed": settings["seed"],
        "data": {"hash": settings["rows_hash"]},
        "interrupted": False,
        "test_accuracy": 0.5,
        "validation_accuracy": 0.5,
        "code": runs.code(),
        "seconds": {"total": 12.0},
        "machine": machine,
    }
    (directory / "result.json").write_text(json.dumps(result))


def settings(**changes):
    named = {"seed": 2, "rows_hash": HASH, "trial": False}
    return vars(SMALL.hyperparameters()) | named | changes


@pytest.fixture
def path(tmp_path):
    return tmp_path / SMALL.directory_name(2)


def mode(plan):
    """What the command of a plan does with a run that is already there."""
    return [word for word in plan.command if word in ("--resume", "--overwrite")]


def modes(directory):
    """The modes of the runs that an executor has to make."""
    executor = Executor()
    [result] = runs.run_all([(SMALL, 2)], SAMPLE, directory, executor).values()
    assert result["test_accuracy"] == 0.5
    return [mode(plan) for plan in executor.plans]


def test_a_finished_run_is_found_again(tmp_path, capsys):
    assert modes(tmp_path) == [[]]
    made = capsys.readouterr().out
    assert made == "1/1 train_lstm.py fast --units 3 --seed 2: 0.5000\n"
    assert modes(tmp_path) == []
    assert capsys.readouterr().out == f"1 of 1 runs found in {tmp_path}\n"


def test_a_run_with_other_hyperparameters_is_replaced(tmp_path, path):
    write_result(path, settings(units=4))
    assert modes(tmp_path) == [["--overwrite"]]


@pytest.mark.parametrize(
    ("units", "option"), [(3, "--resume"), (4, "--overwrite")], ids=["same", "other"]
)
def test_an_unfinished_run_is_resumed_unless_its_hyperparameters_differ(
    units, option, tmp_path, path
):
    (path / "unfinished").mkdir(parents=True)
    (path / "unfinished" / "settings.json").write_text(json.dumps(settings(units=units)))
    (plan,) = [runs.plan_run(SMALL, 2, SAMPLE, tmp_path)]
    assert (mode(plan), plan.finished) == ([option], False)


def test_a_run_that_was_killed_as_it_ended_is_replaced(tmp_path, path):
    (path / "unfinished").mkdir(parents=True)
    (path / "unfinished" / "model.keras").write_text("complete, but not moved yet")
    assert mode(runs.plan_run(SMALL, 2, SAMPLE, tmp_path)) == ["--overwrite"]


def test_a_run_on_other_rows_is_left_alone(tmp_path, path):
    write_result(path, settings(rows_hash="others"))
    before = (path / "result.json").read_bytes()
    with pytest.raises(UserError, match="on other rows; use another --dir"):
        modes(tmp_path)
    assert (path / "result.json").read_bytes() == before


def test_the_rows_are_those_that_the_script_takes(tmp_path):
    few = experiment("train_lstm", "fast", train_rows=100)
    plan = runs.plan_run(few, 1, SAMPLE, tmp_path)
    assert plan.settings["rows_hash"] == loading.load("sample", 100).hash != HASH


def test_a_failed_run_is_named_and_stops_no_other(tmp_path, capsys):
    wanted = [(SMALL, 2), (experiment("train_lstm", "fast"), 2)]
    with pytest.raises(UserError, match="^failed: train_lstm.py fast --units 3 --seed 2; run"):
        runs.run_all(wanted, SAMPLE, tmp_path, Executor(failing="--units"))
    printed = capsys.readouterr()
    assert "train_lstm.py fast --units 3 --seed 2: no room\n" in printed.err
    assert printed.out == "1/2 train_lstm.py fast --seed 2: 0.5000\n"


def test_a_result_says_that_runs_shared_the_machine(monkeypatch):
    monkeypatch.setenv("RUNS_AT_ONCE", "2")
    assert ", 2 runs at once, " in machine()
    assert is_shared(machine())
    monkeypatch.delenv("RUNS_AT_ONCE")
    assert "at once" not in machine()
    assert not is_shared(machine())


def test_a_trial_that_was_made_by_other_code_is_made_again(tmp_path, monkeypatch, capsys):
    def made():
        executor = Executor()
        runs.run_all([(SMALL, 2)], SAMPLE, tmp_path, executor, trial=True)
        return [mode(plan) for plan in executor.plans]

    assert made() == [[]]
    assert made() == []
    assert f"1 of 1 runs found in {tmp_path}\n" in capsys.readouterr().out
    monkeypatch.setattr(runs, "code", lambda: {"commit": None, "changed": True, "hash": "edited"})
    assert made() == [["--overwrite"]]


@pytest.mark.parametrize(("code", "option"), [("same", "--resume"), ("other", "--overwrite")])
def test_an_unfinished_trial_of_other_code_begins_again(code, option, tmp_path, path, monkeypatch):
    monkeypatch.setattr(runs, "code", lambda: {"hash": "same"})
    begun = settings(trial=True, code=code, rows_hash=runs.rows_hash(SAMPLE, 0, True))
    (path / "unfinished").mkdir(parents=True)
    (path / "unfinished" / "settings.json").write_text(json.dumps(begun))
    assert mode(runs.plan_run(SMALL, 2, SAMPLE, tmp_path, trial=True)) == [option]
