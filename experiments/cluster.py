"""A Dask cluster as a place to make runs: https://distributed.dask.org."""

import logging
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from corpus.errors import UserError, in_one_line
from experiments import PROJECT
from training import command_line
from training.directory import RunDirectory
from training.whole import whole

ATTEMPTS = 3  # to make a run
SECONDS = 30  # to wait for the scheduler, and for its first worker
HOW = "docs/reference.md, Many runs, says how scheduler and workers are started, each in a clone"


@contextmanager
def connected(address):
    """A `Cluster`, until the block ends.

    Args:
        address: of the scheduler: tcp://HOST:PORT.

    Raises:
        UserError: Dask is not installed, or there is no scheduler, or no worker.
    """
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise UserError("--scheduler needs Dask: pip install distributed") from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what it says is said here
    try:
        client = distributed.Client(address, timeout=SECONDS, set_as_default=False)
    except Exception as error:  # Dask raises nearly anything for an address that is none
        raise UserError(
            f"--scheduler {address}: no Dask scheduler answers: {in_one_line(error)}"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=SECONDS)
        except TimeoutError as error:
            raise UserError(f"--scheduler {address}: has no workers; {HOW}") from error
        yield Cluster(client)


class Cluster:
    """The workers of a Dask cluster, as a place to make runs; compare `runs.Here`.

    A run is made in a temporary directory of its worker and comes back whole. One that fails, or
    whose worker dies, is made again, elsewhere if there is another worker.
    """

    alone = False  # nobody knows what else a worker's machine does
    at_once = 1000  # runs that wait here for a worker

    def __init__(self, client):
        from distributed import Event

        self._client, self._stopped = client, False
        self._stop = Event(f"stop-{client.id}", client=client)
        self._turn = threading.Lock()
        self._futures = {}  # of the runs that are being made, by their keys
        client.subscribe_topic("all", self._note)

    def make(self, plan):
        """Makes a run, as of `Here.make`; what is there of it is replaced."""
        directory, failed = RunDirectory(plan.path), set()
        try:
            for attempt in range(ATTEMPTS):
                worker, archive, error = self._tried(plan, attempt, failed, directory)
                try:
                    if archive is not None:
                        return _unpack(archive, plan)
                except UserError as refused:
                    error = refused
                failed.add(worker)
                command_line.tell(f"{plan.path.name}: failed on {worker}: {error}")
        finally:
            directory.release()
        raise UserError(f"{shlex.join(plan.command)}: failed {ATTEMPTS} times")

    def stop(self, by_ctrl_c):
        """Ends the runs that are being made; what they have is lost."""
        self._stopped = True
        with suppress(Exception):  # the scheduler may be gone
            self._stop.set()
            self._client.cancel([*self._futures.values()])

    def _tried(self, plan, attempt, failed, directory):
        """What `_on_worker` says of a run, which is claimed when its first turn comes."""
        from distributed import KilledWorker

        name, key = plan.path.name, f"{plan.path.name} {attempt} {self._client.id}"
        try:
            with self._turn:
                self._wait_for_a_free_worker()
                if attempt == 0:
                    directory.claim(resume=False, overwrite=True)
                others = [worker for worker in self._client.nthreads() if worker not in failed]
                rather = {"workers": others, "allow_other_workers": True} if others else {}
                self._futures[key] = self._client.submit(
                    _on_worker, plan.command, self._stop, key=key, **rather
                )
            return self._futures[key].result()
        except UserError:
            raise
        except KilledWorker as error:
            raise UserError(f"{name}: each worker that had it died") from error
        except Exception as error:  # a worker without the project, a scheduler that is gone, ...
            raise UserError(
                f"{name}: {type(error).__name__}: {in_one_line(error)}; {HOW}"
            ) from error
        finally:
            self._futures.pop(key, None)

    def _wait_for_a_free_worker(self):
        """So that no run is counted as failed with a worker that had not yet begun it."""
        told = False
        while not self._stopped:
            threads = sum(self._client.nthreads().values())
            if len(self._futures) < threads:
                return
            if not threads and not told:
                command_line.tell(f"no workers are left; {HOW}")
                told = True
            time.sleep(0.5)
        raise UserError("given up")

    def _note(self, event):
        """Names a worker that has died, and what it was doing."""
        _, what = event
        if what.get("action") == "remove-worker":
            names = [key.split()[0] for key in what["processing-tasks"] if key in self._futures]
            if names:
                command_line.tell(f"{what['worker']} is gone; made again: {', '.join(names)}")


def _unpack(archive, plan):
    """Puts a packed run into its place, if it is the one that was asked for."""
    with tempfile.TemporaryDirectory() as folder, whole(plan.path) as partial:
        file = Path(folder) / "run.zip"
        file.write_bytes(archive)
        shutil.unpack_archive(file, partial)
        came = RunDirectory(partial).settings() or {}
        for name, asked in plan.settings.items():
            if came.get(name) != asked:
                raise UserError(
                    f"{plan.path.name}: a worker made another run: {name} {came.get(name)}, not "
                    f"{asked}; do all machines have the same rows and the same commit?"
                )


def _on_worker(command, stop):
    """Makes a run: (the worker's address, the packed run or None, what went wrong)."""
    from distributed import get_worker

    worker = get_worker().address
    try:
        with tempfile.TemporaryDirectory() as folder:
            return worker, _packed(command, stop, Path(folder)), None
    except (OSError, UserError) as error:
        return worker, None, str(error)


def _packed(command, stop, folder):
    """Makes a run in a folder: `bytes` of a zip archive."""
    started = [sys.executable, PROJECT / command[0], *command[1:], "--run-dir", folder / "run"]
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(started, **streams) as process:
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    said = process.communicate(timeout=1)[1]
                    break
                if stop.is_set():
                    process.terminate()
        finally:
            process.kill()  # where the scheduler is gone
    if process.returncode:
        raise UserError((said.strip().splitlines() or [f"status {process.returncode}"])[-1])
    return Path(shutil.make_archive(folder / "packed", "zip", folder / "run")).read_bytes()
