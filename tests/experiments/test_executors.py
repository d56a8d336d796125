"""Runs of a stand-in for a training script; only those on Dask's worker processes are real."""

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

from corpus.errors import UserError
from experiments import executors, experiment, runs
from training.directory import RESULTS
from training.recipes import DataOptions

SCRIPT = """
import json, os, signal, sys, time
from pathlib import Path

kind, run = sys.argv[1], Path(sys.argv[sys.argv.index("--run-dir") + 1])
folder = Path(__file__).parent

def log(word):
    with open(folder / "log.txt", "a") as file:
        file.write(word + "\\n")

log("begin")
if kind == "fail":
    print("a warning", file=sys.stderr)
    sys.exit("stub.py: no rows")
if kind == "crash":
    os._exit(3)
if kind == "slow":
    signals = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: signals.append(number))
    log("ready")
    while not signals:
        time.sleep(0.05)
    time.sleep(0.5)
    log(f"saved after {signals}")
    sys.exit(128 + signals[0])
time.sleep(0.3)
run.mkdir(parents=True)
result = {"seed": 1, "data": {"hash": "rows"}, "hyperparameters": {"units": 3}}
result["runs_at_once"] = os.environ.get("RUNS_AT_ONCE")
(run / "result.json").write_text(json.dumps(result))
log("end")
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    (tmp_path / "stub.py").write_text(SCRIPT)
    monkeypatch.setattr(executors, "PROJECT", tmp_path)
    return tmp_path


def plan(folder, kind, number=1, **settings):
    name = f"{kind}-{number}"
    return runs.Plan(name, None, ["stub.py", kind], folder / "runs" / name, settings, False)


def reports(executor, plans):
    """Makes runs: dict of name to error."""
    errors = {}
    executor.run(plans, lambda plan, error: errors.update({plan.name: error}))
    return errors


def log(folder):
    file = folder / "log.txt"
    return file.read_text().splitlines() if file.exists() else []


def runs_at_once(plan):
    return json.loads((plan.path / "result.json").read_text())["runs_at_once"]


def until(condition, seconds=60):
    begin = time.monotonic()
    while not (value := condition()):
        assert time.monotonic() - begin < seconds
        time.sleep(0.05)
    return value


@pytest.mark.parametrize("workers", [1, 3])
def test_a_number_of_runs_at_once_and_no_more(workers, script):
    plans = [plan(script, "quick", i) for i in range(5)]
    errors = reports(executors.LocalExecutor(workers), plans)
    assert errors == {plan.name: None for plan in plans}
    running, most = 0, 0
    for line in log(script):
        running += 1 if line == "begin" else -1
        most = max(most, running)
    assert most == workers
    shared = {runs_at_once(plan) for plan in plans}
    assert shared == {None if workers == 1 else "3"}


def test_a_failed_run_says_why_and_stops_no_other(script):
    plans = [plan(script, kind) for kind in ("fail", "crash", "quick")]
    errors = reports(executors.LocalExecutor(), plans)
    assert errors == {
        "fail-1": "stub.py: no rows",
        "crash-1": "ended with status 3",
        "quick-1": None,
    }


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_signal_ends_the_running_scripts_which_save_what_they_have(number, script):
    code = (
        "from pathlib import Path\n"
        "from experiments import executors, runs\n"
        "from training import process\n"
        f"executors.PROJECT = folder = Path({str(script)!r})\n"
        "plans = [runs.Plan('', None, ['stub.py', 'slow'], folder / str(i), {}, False)\n"
        "         for i in range(3)]\n"
        "with process.one_line_errors('reproduce.py'), process.signals():\n"
        "    executors.LocalExecutor(2).run(plans, None)\n"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(lambda: log(script).count("ready") == 2)
        if number == signal.SIGINT:  # a terminal sends it to all
            os.killpg(started.pid, number)
        else:
            started.send_signal(number)
        assert started.wait(timeout=60) == 128 + number
    finally:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
    assert log(script).count("begin") == 2  # the third never began
    assert log(script)[-2:] == [f"saved after [{number.value}]"] * 2  # once, not a second time


@pytest.fixture
def dask(script):
    """A `DaskExecutor` whose one worker is a thread of this process."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        yield executors.DaskExecutor(cluster.scheduler_address)


def test_dask_brings_a_run_back_whole(dask, script):
    wanted = plan(script, "quick", seed=1, rows_hash="rows", units=3)
    unfinished = wanted.path / "unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "settings.json").write_text("{}")
    assert reports(dask, [wanted]) == {"quick-1": None}
    assert [file.name for file in wanted.path.iterdir()] == ["result.json"]
    assert runs_at_once(wanted) == "several"


@pytest.mark.parametrize("other", [{"rows_hash": "other"}, {"units": 99}, {"seed": 7}, {"new": 1}])
def test_another_run_than_was_asked_for_is_refused(other, dask, script):
    wanted = plan(script, "quick", **{"seed": 1, "rows_hash": "rows", "units": 3} | other)
    [error] = reports(dask, [wanted]).values()
    assert "made a different run" in error
    assert "the same commit" in error
    assert not wanted.path.exists()


def test_dask_repeats_a_run_that_fails_and_stops_no_other(dask, script):
    errors = reports(dask, [plan(script, "fail"), plan(script, "quick")])
    assert errors == {"fail-1": "stub.py: no rows", "quick-1": None}
    assert log(script).count("begin") == 3 + 1


def test_a_file_that_is_no_run_is_not_replaced(dask, script):
    wanted = plan(script, "quick")
    wanted.path.mkdir(parents=True)
    (wanted.path / "thesis.txt").write_text("years of work")
    [error] = reports(dask, [wanted]).values()
    assert "contains files that do not belong to a run" in error
    assert (wanted.path / "thesis.txt").exists()


def test_an_interruption_ends_the_runs_of_dask(dask, script):
    import psutil  # Dask has it

    def interrupt(plan, error):
        until(lambda: psutil.Process().children())  # the next run has begun
        raise KeyboardInterrupt

    plans = [plan(script, "quick"), plan(script, "slow"), plan(script, "slow", 2)]
    with pytest.raises(KeyboardInterrupt):
        dask.run(plans, interrupt)
    until(lambda: not psutil.Process().children())


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "tls://127.0.0.1:9", "nowhere"])
def test_no_scheduler_is_one_line(address, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(executors, "CONNECT_SECONDS", 1)
    with pytest.raises(UserError, match="no Dask scheduler answers"):
        executors.DaskExecutor(address).run([], None)


@pytest.fixture
def scheduler(tmp_path):
    """(the address of a scheduler, two worker processes)."""
    pytest.importorskip("distributed")
    file, processes = tmp_path / "scheduler.json", []
    shared = ["--host", "127.0.0.1", "--scheduler-file", str(file), "--no-dashboard"]

    def start(program, *options):  # in a process group of its own, so that its runs die with it
        command = [sys.executable, "-m", f"distributed.cli.{program}", *shared, *options]
        with open(tmp_path / "log.txt", "a") as log:
            processes.append(
                subprocess.Popen(
                    command, cwd=PROJECT, stdout=log, stderr=log, start_new_session=True
                )
            )

    start("dask_scheduler", "--port", "0")
    until(lambda: file.exists() and file.read_text().endswith("}"))
    for _ in range(2):
        start("dask_worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path))
    yield json.loads(file.read_text())["address"], processes[1:]
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.slow
def test_a_worker_that_dies_costs_no_run(scheduler, tiny, tmp_path):
    import distributed
    import psutil  # Dask has it

    address, workers = scheduler
    wanted = [(experiment("train_rnn", "titles", epochs=n), 1) for n in (1, 2)]

    def kill_a_busy_worker():
        until(lambda: all(psutil.Process(worker.pid).children() for worker in workers))
        os.killpg(workers[0].pid, signal.SIGKILL)

    killing = threading.Thread(target=kill_a_busy_worker)
    with distributed.Client(address) as client:
        client.wait_for_workers(2, timeout=60)
    killing.start()
    results = runs.run_all(
        wanted, DataOptions(str(tiny)), tmp_path, executors.DaskExecutor(address)
    )
    killing.join()
    assert [worker.poll() is None for worker in workers] == [False, True]
    assert [*results] == wanted
    for (made, seed), result in results.items():
        assert "several runs at once" in result["machine"]
        files = (tmp_path / made.directory_name(seed)).iterdir()
        assert {file.name for file in files} == set(RESULTS)
