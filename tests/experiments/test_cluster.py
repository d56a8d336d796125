"""Runs on a Dask cluster on the loopback address: a scheduler, and workers that are processes."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import PROJECT

from experiments import experiment, runs
from training.directory import RESULTS, RunError

pytest.importorskip("distributed")
from experiments import cluster  # noqa: E402


def until(condition, seconds=60):
    begin = time.monotonic()
    while not (found := condition()):
        assert time.monotonic() - begin < seconds
        time.sleep(0.1)
    return found


def start(folder, program, *options):
    """A process of Dask's, and of its own group, so that its runs die with it."""
    command = [sys.executable, "-m", f"distributed.cli.{program}", "--no-dashboard", *options]
    with open(folder / "log.txt", "a") as log:
        return subprocess.Popen(
            command, cwd=PROJECT, stdout=log, stderr=log, start_new_session=True
        )


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """(the address of a scheduler, a function that starts a worker and gives its process)."""
    folder = tmp_path_factory.mktemp("dask")
    file, processes = folder / "scheduler.json", []
    here = ["--host", "127.0.0.1", "--scheduler-file", str(file)]
    processes.append(start(folder, "dask_scheduler", *here, "--port", "0"))
    until(lambda: file.exists() and file.read_text().endswith("}"))

    def worker():
        alone = ["--nthreads", "1", "--no-nanny", "--local-directory", str(folder)]
        processes.append(start(folder, "dask_worker", *here, *alone))
        return processes[-1]

    yield json.loads(file.read_text())["address"], worker
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_worker_that_dies_costs_no_run(scheduler, tiny, tmp_path, monkeypatch, capsys):
    address, start_worker = scheduler
    workers = [start_worker(), start_worker()]
    short = experiment("train_rnn", "titles", epochs=1)
    long = experiment("train_rnn", "titles", epochs=40)
    wanted = [(long, 1), (short, 1), (short, 2)]
    made = runs._Progress.made

    def made_and_killed(self, one, result):
        made(self, one, result)
        if workers[0].poll() is None:  # while the first, or the second, is at a run
            os.killpg(workers[0].pid, signal.SIGKILL)
            workers[0].wait()

    monkeypatch.setattr(runs._Progress, "made", made_and_killed)
    with cluster.connected(address) as place:
        results = runs.run_all(wanted, str(tiny), tmp_path, place)
        assert place.machines() == runs.Here().machines()
    assert set(results) == set(wanted)
    assert not any(result["alone"] for result in results.values())
    for one, seed in wanted:
        run = tmp_path / f"{one.name}-seed{seed}"
        assert {file.name for file in run.iterdir()} == set(RESULTS)
    said = capsys.readouterr()
    assert " is gone; made elsewhere: train_rnn-titles-epochs-" in said.err
    assert "3/3 " in said.out
    monkeypatch.setattr(cluster.Cluster, "make", None)  # all are found again
    with cluster.connected(address) as place:
        assert set(runs.run_all(wanted, str(tiny), tmp_path, place)) == set(wanted)


def test_a_run_that_fails_is_tried_again_and_named(scheduler, tmp_path, monkeypatch, capsys):
    address, start_worker = scheduler
    start_worker()
    monkeypatch.setattr(cluster, "ATTEMPTS", 2)
    bad = experiment("train_rnn", "titles", embeddings=str(tmp_path / "absent.txt"))
    with (
        cluster.connected(address) as place,
        pytest.raises(RunError, match=r"failed: train_rnn.py titles --embeddings absent.txt"),
    ):
        runs.run_all([(bad, 1)], "sample", tmp_path / "runs", place)
    said = capsys.readouterr().err
    assert said.count(" failed on tcp://127.0.0.1:") == 2
    assert "absent.txt: cannot be read: No such file" in said
    assert not list((tmp_path / "runs").glob("*/"))


def test_no_scheduler_is_one_line(monkeypatch):
    monkeypatch.setattr(cluster, "SECONDS", 1)
    with (
        pytest.raises(RunError, match="no Dask scheduler answers"),
        cluster.connected("tcp://127.0.0.1:9"),
    ):
        pass
