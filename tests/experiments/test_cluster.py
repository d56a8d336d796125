"""Runs on a Dask cluster on the loopback address: a scheduler, and workers that are processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from conftest import PROJECT

from corpus.errors import UserError
from experiments import experiment, runs
from training.directory import RESULTS, RunDirectory

pytest.importorskip("distributed")
import psutil  # noqa: E402  (Dask has it)

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
    one, other = [(experiment("train_rnn", "titles", epochs=n), 1) for n in (1, 2)]
    key = f"{one[0].name}-seed1"

    def kill_the_worker_that_has_it(client):
        pids = client.run(os.getpid)
        [busy] = until(lambda: [a for a, k in client.processing().items() if key in str(k)])
        until(lambda: psutil.Process(pids[busy]).children())  # its run has begun
        os.killpg(pids[busy], signal.SIGKILL)

    with cluster.connected(address) as place:
        place._client.wait_for_workers(2, timeout=60)
        killing = threading.Thread(target=kill_the_worker_that_has_it, args=[place._client])
        killing.start()
        results = runs.run_all([one, other], str(tiny), tmp_path, place)
    killing.join()
    assert sum(worker.poll() is None for worker in workers) == 1
    assert set(results) == {one, other}
    for made, seed in results:
        assert not results[made, seed]["alone"]
        run = tmp_path / f"{made.name}-seed{seed}"
        assert {file.name for file in run.iterdir()} == set(RESULTS)
    said = capsys.readouterr()
    assert f" is gone; made again: {key}" in said.err
    assert "2/2 " in said.out
    monkeypatch.setattr(cluster.Cluster, "make", None)  # all are found again
    with cluster.connected(address) as place:
        assert runs.run_all([one, other], str(tiny), tmp_path, place).keys() == {one, other}


@pytest.mark.slow
def test_a_run_that_fails_is_tried_again_and_named(scheduler, tmp_path, monkeypatch, capsys):
    address, start_worker = scheduler
    start_worker()
    monkeypatch.setattr(cluster, "ATTEMPTS", 2)
    bad = experiment("train_rnn", "titles", embeddings=str(tmp_path / "absent.txt"))
    with (
        cluster.connected(address) as place,
        pytest.raises(UserError, match=r"failed: train_rnn.py titles --embeddings absent.txt"),
    ):
        runs.run_all([(bad, 1)], "sample", tmp_path / "runs", place)
    said = capsys.readouterr().err
    assert said.count(" failed on tcp://127.0.0.1:") == 2
    assert "absent.txt: cannot be read: No such file" in said
    assert not list((tmp_path / "runs").glob("*/"))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "tls://127.0.0.1:9", "nowhere"])
def test_no_scheduler_is_one_line(address, monkeypatch):
    monkeypatch.setattr(cluster, "SECONDS", 1)
    with pytest.raises(UserError, match="no Dask scheduler answers"), cluster.connected(address):
        pass


def test_a_run_that_was_not_asked_for_is_refused(trained, tmp_path):
    settings = RunDirectory(trained).settings()
    archive = Path(shutil.make_archive(tmp_path / "packed", "zip", trained)).read_bytes()
    path = tmp_path / "run"
    cluster._unpack(archive, runs.Plan([], path, [], settings))
    assert {file.name for file in path.iterdir()} == set(RESULTS)
    for other in ({"rows_hash": "others"}, {"units": 99}, {"seed": 7}, {"new_knob": 1}):
        plan = runs.Plan([], tmp_path / "other", [], settings | other)
        with pytest.raises(UserError, match="the same commit"):
            cluster._unpack(archive, plan)
    assert not list(tmp_path.glob("*other*"))
