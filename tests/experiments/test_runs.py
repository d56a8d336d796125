import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest
from conftest import PROJECT

import corpus
from corpus.errors import UserError
from experiments import experiment, runs

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
    monkeypatch.setattr(runs, "rows_hash", lambda data, train_rows: "those")
    return started


def write_result(directory, hyperparameters, rows="those"):
    directory = PROJECT / directory
    directory.mkdir(parents=True, exist_ok=True)
    result = {
        "hyperparameters": hyperparameters,
        "seed": 2,
        "data": {"hash": rows},
        "interrupted": False,
        "test_accuracy": 0.5,
        "seconds": {"total": 12.0},
    }
    (directory / "result.json").write_text(json.dumps(result))


def run(directory, place=None):
    [result] = runs.run_all([(SMALL, 2)], "sample", directory, place).values()
    return result


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
    with pytest.raises(UserError, match="on other rows; name another --dir"):
        run(tmp_path)
    assert started == []
    assert (path / "result.json").read_bytes() == before


def test_the_rows_are_those_that_the_scripts_would_take():
    assert runs.rows_hash("sample", 100) == corpus.load("sample", 100).hash
    assert runs.rows_hash("sample", 100) != runs.rows_hash("sample", 0)


def test_a_failed_run_is_named_and_stops_no_other(started, tmp_path, monkeypatch, capsys):
    other = experiment("train_lstm", "fast")
    make = runs.Here.make

    def fails_once(self, plan):
        started.status = 1 if "--units" in plan.command else 0
        make(self, plan)

    monkeypatch.setattr(runs.Here, "make", fails_once)
    with pytest.raises(UserError, match="failed: train_lstm.py fast --units 3 --seed 2; the same"):
        runs.run_all([(SMALL, 2), (other, 2)], "sample", tmp_path)
    said = capsys.readouterr()
    assert "--units 3 " in said.err
    assert "ended with status 1" in said.err
    assert "2 train_lstm.py fast --seed 2: 0.5000" in said.out


def test_an_interrupted_run_ends_the_others(tmp_path, monkeypatch):
    ended = threading.Event()

    def make(self, plan):
        if plan.settings["seed"] == 1:
            raise runs.RunInterrupted
        assert ended.wait(timeout=60)

    monkeypatch.setattr(runs.Here, "make", make)
    monkeypatch.setattr(runs.Here, "stop", lambda self, by_ctrl_c: by_ctrl_c or ended.set())
    with pytest.raises(KeyboardInterrupt):
        runs.run_all([(SMALL, 1), (SMALL, 2)], "sample", tmp_path, runs.Here(2))
    assert ended.is_set()


def test_a_run_that_begins_while_all_are_stopped_is_stopped_too(tmp_path, monkeypatch):
    class Process:
        terminated = False

        def __init__(self, command, **_):
            place.stop(by_ctrl_c=True)  # which this one, being made, has not seen

        def terminate(self):
            self.terminated = True

        def wait(self):
            assert self.terminated
            return 143

    place = runs.Here(2)
    monkeypatch.setattr(subprocess, "Popen", Process)
    how = runs.Plan(["train_lstm.py"], tmp_path / "run", [], {})
    for _ in range(2):  # the second one is not even begun
        with pytest.raises(runs.RunInterrupted):
            place.make(how)
    assert len(place._processes) == 1


def test_a_run_that_was_killed_as_it_ended_is_made_again(started, tmp_path):
    work = tmp_path / f"{SMALL.name}-seed2" / "unfinished"
    work.mkdir(parents=True)
    (work / "model.keras").write_text("whole, but not yet in its place")
    run(tmp_path)
    assert "--overwrite" in started[0]


def test_runs_that_share_the_cores_have_no_seconds_even_when_found_again(started, tmp_path, capsys):
    assert run(tmp_path, runs.Here(2))["alone"] is False
    assert capsys.readouterr().out.count("12 s") == 0
    assert run(tmp_path)["alone"] is False
    write_result(tmp_path / f"{SMALL.name}-seed2", SMALL.hyperparameters() | {"units": 4})
    assert run(tmp_path)["alone"] is True  # made anew, and alone
    assert "12 s" in capsys.readouterr().out


def test_the_time_left_is_that_of_the_slow_ones(monkeypatch, capsys):
    seconds = {SMALL.command: 10, "train_lstm.py best": 90}
    monkeypatch.setattr(runs, "_published_seconds", lambda: seconds)
    quick, slow = (SMALL, 1), (experiment("train_lstm", "best"), 1)
    progress = runs._Progress([quick, slow], 2)
    progress.begin = time.monotonic() - 20  # twice as slow as where they were published
    progress.done(quick)
    progress.show(quick, {"test_accuracy": 0.5, "alone": False})
    assert "1/2 train_lstm.py fast --units 3 --seed 1: 0.5000; about 3 min left" in (
        capsys.readouterr().out
    )


def test_so_many_run_at_once_and_no_more(tmp_path, monkeypatch):
    together, running, most, lock = threading.Barrier(3), set(), [], threading.Lock()

    def make(self, plan):
        with lock:
            running.add(plan.path)
            most.append(len(running))
        together.wait(timeout=60)
        with lock:
            running.remove(plan.path)
        write_result(plan.path, SMALL.hyperparameters())

    monkeypatch.setattr(runs.Here, "make", make)
    wanted = [(SMALL, seed) for seed in range(6)]
    assert runs.run_all(wanted, "sample", tmp_path, runs.Here(3)).keys() == set(wanted)
    assert max(most) == 3


def test_sigterm_ends_the_runs_too(tmp_path):
    code = (
        "import sys; from experiments import experiment, runs; from training import interrupts\n"
        "with interrupts.handled():\n"
        "    slow = experiment('train_lstm', 'fast', epochs=1000)\n"
        f"    runs.run_all([(slow, 1), (slow, 2)], 'sample', {str(tmp_path)!r}, runs.Here(2))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        begin = time.monotonic()
        while len(list(tmp_path.glob("*/unfinished/settings.json"))) < 2:
            assert process.poll() is None
            assert time.monotonic() - begin < 60
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 128 + signal.SIGTERM
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert len(list(tmp_path.glob("*.shared"))) == 2
