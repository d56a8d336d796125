"""A Dask cluster as a place to make runs: https://distributed.dask.org."""

import logging
import shlex
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

from experiments import PROJECT
from experiments.runs import INTERRUPTED, rows_hash
from training import command_line
from training.directory import RunError, load_result
from training.machine import machine
from training.whole import whole

ATTEMPTS = 3  # to make a run
SECONDS = 30  # to wait for the scheduler, and for its first worker
HOW = "start workers, each in a clone: python -m distributed.cli.dask_worker ADDRESS --nthreads 1"


@contextmanager
def connected(address):
    """A `Cluster`, until the block ends.

    Args:
        address: of the scheduler: tcp://HOST:PORT.

    Raises:
        RunError: Dask is not installed, or there is no scheduler, or no worker.
    """
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise RunError("--scheduler needs Dask: pip install distributed") from error
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what it says is said here
    try:
        client = distributed.Client(address, timeout=SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:150]
        raise RunError(f"--scheduler {address}: no Dask scheduler answers: {reason}") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=SECONDS)
        except TimeoutError as error:
            raise RunError(f"--scheduler {address}: has no workers; {HOW}") from error
        yield Cluster(client)


class Cluster:
    """The workers of a Dask cluster, as a place to make runs; compare `runs.Here`.

    A run is made in a temporary directory of its worker and comes back whole. One that fails, or
    whose worker dies, is made again elsewhere.
    """

    alone = False  # nobody knows what else a worker's machine does

    def __init__(self, client):
        from distributed import Event

        self._client = client
        self._stop = Event(f"stop-{client.id}", client=client)
        self._futures = {}  # of the runs that are being made, by their keys
        client.subscribe_topic("all", self._note)

    @property
    def at_once(self):
        """How many runs are asked for at once: Dask knows best which of them to begin."""
        return 1000

    def machines(self):
        """List of `str`: what the workers run on."""
        return sorted(set(self._client.run(machine).values()))

    def make(self, command, path, mode):
        """Makes a run, as of `Here.make`; what is there of it is replaced."""
        from distributed import CancelledError, KilledWorker

        failed, name = set(), shlex.join(command)
        for attempt in range(ATTEMPTS):
            key = f"{path.name} {attempt} {self._client.id}"
            others = [worker for worker in self._client.nthreads() if worker not in failed]
            self._futures[key] = self._client.submit(
                _on_worker,
                command,
                self._stop,
                key=key,
                workers=others or None,
                allow_other_workers=bool(others),
            )
            try:
                worker, archive, error = self._futures[key].result()
            except CancelledError as error:
                raise RunError(f"{name}: given up") from error
            except KilledWorker as error:
                raise RunError(f"{name}: every worker that had it died") from error
            except ImportError as error:
                raise RunError(f"{name}: a worker lacks the project ({error}); {HOW}") from error
            finally:
                del self._futures[key]
            if archive is not None:
                return _unpack(archive, path, command)
            failed.add(worker)
            command_line.tell(f"{path.name}: failed on {worker}: {error}")
        raise RunError(f"{name}: failed {ATTEMPTS} times")

    def stop(self, by_ctrl_c):
        """Ends the runs that are being made; what they have is lost."""
        self._stop.set()
        self._client.cancel([*self._futures.values()])

    def _note(self, event):
        """Names a worker that has died, and what it was doing."""
        _, what = event
        if what.get("action") == "remove-worker":
            names = [key.split()[0] for key in what["processing-tasks"] if key in self._futures]
            if names:
                command_line.tell(f"{what['worker']} is gone; made elsewhere: {', '.join(names)}")


def _unpack(archive, path, command):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, whole(path) as partial:
        file = Path(folder) / "run.zip"
        file.write_bytes(archive)
        shutil.unpack_archive(file, partial)
        result = load_result(partial)
        data = command[command.index("--data") + 1]
        if result["data"]["hash"] != rows_hash(data, result["hyperparameters"]["train_rows"]):
            raise RunError(f"{shlex.join(command)}: a worker has other rows under {data}")


def _on_worker(command, stop):
    """Makes a run: (the worker's address, the packed run or None, what went wrong)."""
    from distributed import get_worker

    worker = get_worker().address
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        started = [sys.executable, PROJECT / command[0], *command[1:], "--run-dir", run]
        process = subprocess.Popen(
            started, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        while True:
            with suppress(subprocess.TimeoutExpired):
                said = process.communicate(timeout=1)[1]
                break
            if stop.is_set():
                process.terminate()
        if process.returncode in INTERRUPTED:
            return worker, None, "interrupted"
        if process.returncode:
            last = (said.strip().splitlines() or [f"status {process.returncode}"])[-1]
            return worker, None, last
        archive = shutil.make_archive(Path(folder) / "packed", "zip", run)
        return worker, Path(archive).read_bytes(), None
