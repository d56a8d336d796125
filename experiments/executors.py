"""Executors make runs: in this process, in several on this machine, or on several machines.

Each has a method `run(plans, report)`. It makes the runs of a list of `runs.Plan` and calls
`report(plan, error)` when one ends, where `error` says why it failed and is None if it succeeded.
"""

import io
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path

from corpus.errors import UserError, in_one_line
from training import process, startup
from training.atomic import atomic_write
from training.directory import RunDirectory
from training.machine import PROJECT

POLL_SECONDS = 0.2
RETRIES = 2  # of a run that fails on a Dask cluster
CONNECT_SECONDS = 30
HELP = "see docs/reference/many_runs.md"


class ScriptProcess(subprocess.Popen):
    """A training script in a process of its own; what it prints does not appear."""

    def __init__(self, command, run_dir, runs_at_once):
        """Starts the script.

        Args:
            command: see `runs.Plan`.
            run_dir: the run directory.
            runs_at_once: how many runs share the machine, for `training.machine`.
        """
        self._errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115  (it stays open)
        shared = {} if runs_at_once == 1 else {"RUNS_AT_ONCE": str(runs_at_once)}
        super().__init__(
            [sys.executable, PROJECT / command[0], *command[1:], "--run-dir", run_dir],
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            env=os.environ | shared,
        )

    def failure(self):
        """Returns why the script failed, in one line, after it has ended; None if it succeeded."""
        with self._errors as file:
            file.seek(0)
            last = file.read().strip().rpartition("\n")[2]
        if self.returncode == 0:
            return None
        return self.returncode in (1, 2) and last or f"ended with status {self.returncode}"


class SameProcess:
    """Makes runs in this process, which imports TensorFlow only once."""

    def run(self, plans, report):
        """See the module. Interrupted, it saves what the run has."""
        logger = logging.getLogger("tensorflow")
        level = logger.level
        logger.setLevel(logging.ERROR)  # it warns if several short runs trace the same function
        try:
            for plan in plans:
                with startup.tensorflow():
                    report(plan, self._failure(plan))
        finally:
            logger.setLevel(level)

    def _failure(self, plan):
        """Makes a run; returns why it failed, in one line; None if it succeeded."""
        errors, main = io.StringIO(), plan.experiment.module.main
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(errors):
                main([*plan.command[1:], "--run-dir", plan.path])
        except SystemExit as end:
            if end.code == 128 + signal.SIGINT:
                raise KeyboardInterrupt from None
            if end.code not in (1, 2):
                raise
            return errors.getvalue().strip().split("\n")[-1]
        return None


@dataclass(frozen=True)
class LocalExecutor:
    """Makes runs on this machine, each in a process of its own.

    Attributes:
        workers: how many runs at once, which share the processor.
    """

    workers: int = 1

    def run(self, plans, report):
        """See the module. Interrupted, it ends the running scripts, which save what they have."""
        waiting, running = list(plans), {}  # running: script to plan
        try:
            while waiting or running:
                while waiting and len(running) < self.workers:
                    plan = waiting.pop(0)
                    running[ScriptProcess(plan.command, plan.path, self.workers)] = plan
                for script in [script for script in running if script.poll() is not None]:
                    report(running.pop(script), script.failure())
                time.sleep(POLL_SECONDS)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):  # a terminal's Ctrl-C reached them, too
                process.print_error("")
                process.print_error("Waiting for the running scripts to save what they have.")
            else:
                for script in running:
                    script.terminate()
            for script in running:
                script.wait()
            raise


@dataclass(frozen=True)
class DaskExecutor:
    """Makes runs on a Dask cluster (https://distributed.dask.org).

    A run is made in a temporary directory of a worker and comes back whole. Dask repeats a run
    that fails or whose worker dies.

    Attributes:
        address: the scheduler's, such as tcp://192.168.1.10:8786.
    """

    address: str

    def run(self, plans, report):
        """See the module. Interrupted, it ends the runs on all workers.

        Raises:
            UserError: Dask is not installed, or there is no scheduler, or no worker.
        """
        with _connect(self.address) as client:
            from distributed import Event, as_completed

            stop, futures = Event(), {}
            try:
                for plan in plans:
                    task = _run_on_worker, plan.command, stop
                    futures[client.submit(*task, retries=RETRIES, pure=False)] = plan
                for future in as_completed([*futures]):
                    plan = futures.pop(future)  # Dask keeps a result as long as its future exists
                    report(plan, _receive(future, plan))
            except BaseException:
                with suppress(Exception):  # the scheduler may be gone
                    client.cancel([*futures])
                    stop.set()
                raise


def _run_on_worker(command, stop):
    """Makes a run on a worker; returns its directory as `bytes` of a zip archive."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        script = ScriptProcess(command, run, runs_at_once="several")
        try:
            while script.poll() is None and not stop.is_set():
                time.sleep(POLL_SECONDS)
        finally:
            script.kill()  # if it was stopped, or the scheduler is gone
            script.wait()
        if failure := script.failure():
            raise UserError(failure)
        return Path(shutil.make_archive(Path(folder) / "archive", "zip", run)).read_bytes()


def _receive(future, plan):
    """Unpacks a run that has ended on a worker; returns why it failed, None if it succeeded."""
    directory = RunDirectory(plan.path)
    try:
        archive = future.result()
        directory.claim(resume=False, overwrite=True)
        with tempfile.TemporaryDirectory() as folder, atomic_write(plan.path) as partial:
            file = Path(folder) / "run.zip"
            file.write_bytes(archive)
            shutil.unpack_archive(file, partial)
            made = RunDirectory(partial).settings() or {}
            if other := [name for name, value in plan.settings.items() if made.get(name) != value]:
                advice = "do all machines have the same rows and the same commit?"
                raise UserError(f"a worker made a different run ({', '.join(other)}); {advice}")
    except UserError as error:
        return str(error)
    except Exception as error:  # a worker without the project, workers that died, ...
        return f"{in_one_line(error)}; {HELP}"
    finally:
        directory.release()


def _connect(address):
    """Connects to a Dask cluster that has a worker; returns a `distributed.Client`."""
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise UserError("--scheduler needs Dask: pip install distributed") from error
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # its errors are reported here
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS)
        client.wait_for_workers(1, timeout=CONNECT_SECONDS)
    except Exception as error:  # Dask raises nearly anything for an address that it cannot use
        problem = f"no Dask scheduler answers, or it has no workers: {in_one_line(error)}"
        raise UserError(f"--scheduler {address}: {problem}; {HELP}") from error
    return client
