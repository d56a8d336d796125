"""Makes training runs: each is made once and then found again."""

import json
import shlex
import signal
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import corpus
from corpus.errors import UserError
from experiments import PROJECT
from training import command_line
from training.directory import RunDirectory, load_result

INTERRUPTED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
UNKNOWN_SECONDS = 30  # that a run takes, as long as nobody has measured it


class RunInterrupted(KeyboardInterrupt):
    """A run that was ended by a signal, which perhaps came to it alone."""


@dataclass(frozen=True)
class Plan:
    """How a run is to be made.

    Attributes:
        command: list of `str`: a script, without its place, and arguments.
        path: the run's directory.
        mode: what is done with a run that is there: [], ["--resume"] or ["--overwrite"].
        settings: dict of what its `RunDirectory.settings` have to be in the end.
    """

    command: list
    path: Path
    mode: list
    settings: dict


@dataclass
class Here:
    """This machine, as a place to make runs: so many at once, which share its cores.

    Attributes:
        at_once: how many.
    """

    at_once: int = 1
    _processes: list = field(default_factory=list)
    _stopped: bool = False

    @property
    def alone(self):
        """Whether a run has the machine to itself, so that its seconds mean something."""
        return self.at_once == 1

    def make(self, plan):
        """Makes a run as of a `Plan`.

        Raises:
            UserError: it failed; what it printed is on standard error.
            RunInterrupted: it was interrupted.
        """
        if self._stopped:
            raise RunInterrupted
        command = [*plan.command, "--run-dir", str(plan.path), *plan.mode]
        started = [sys.executable, PROJECT / command[0], *command[1:]]
        process = subprocess.Popen(started, stdout=subprocess.DEVNULL)
        self._processes.append(process)
        if self._stopped:  # meanwhile
            process.terminate()
        status = process.wait()
        if status in INTERRUPTED:
            raise RunInterrupted
        if status:
            raise UserError(f"{shlex.join(command)}: ended with status {status}")

    def stop(self, by_ctrl_c):
        """Ends the runs that are being made; they save what they have.

        Args:
            by_ctrl_c: whether that was the reason; then it came to them as well.
        """
        self._stopped = True
        for process in () if by_ctrl_c else self._processes:
            process.terminate()


def run_all(wanted, data, directory, place=None):
    """The results of runs; a line is printed for each.

    A run that the directory holds, finished, is not made again; one that is unfinished goes on.
    One that fails does not stop the others.

    Args:
        wanted: list of (`Experiment`, seed), in the order in which they are to be made.
        data: as of the scripts' --data.
        directory: of the runs.
        place: where runs are made: `Here`, one after the other, or a `cluster.Cluster`.

    Returns:
        Dict of (experiment, seed) to the contents of a result.json, with "alone" besides: whether
        the run had its machine to itself.

    Raises:
        UserError: a run failed; or the directory holds one on other rows.
        KeyboardInterrupt, SystemExit: it was interrupted; the runs were, too.
    """
    place = place or Here()
    plans = {one: plan(*one, data, directory) for one in wanted}
    todo = {one: how for one, how in plans.items() if how is not None}
    progress, results = _Progress(todo, len(plans)), {}
    for one in [one for one in plans if one not in todo]:
        results[one] = _result(*one, directory)
        progress.show(one, results[one])
    if todo and not place.alone:
        print("seconds are left out: a run has no machine to itself")

    def done(one, error):
        progress.done(one)
        if error is None:
            results[one] = _result(*one, directory)
            progress.show(one, results[one])
        else:
            command_line.tell(str(error))

    _make_all(todo, place, done)
    if len(results) < len(plans):
        failed = [f"{e.command} --seed {seed}" for e, seed in plans if (e, seed) not in results]
        raise UserError(f"failed: {', '.join(failed)}; the same command makes them again")
    return results


def _make_all(todo, place, done):
    """Makes runs.

    Args:
        todo: dict of a run to its `Plan`.
        place: as of `run_all`.
        done: a function of each run that is over, and the `UserError` of one that failed, or None.
    """
    with ThreadPoolExecutor(place.at_once) as threads:
        waiting = {threads.submit(_make, place, how): one for one, how in todo.items()}
        try:
            for future in as_completed(waiting):
                error = future.exception()
                if not isinstance(error, UserError | None):
                    raise error
                done(waiting[future], error)
        except BaseException as error:
            for future in waiting:
                future.cancel()
            place.stop(by_ctrl_c=type(error) is KeyboardInterrupt)
            raise


def plan(experiment, seed, data, directory):
    """The `Plan` of a run; None where it is there, finished.

    Args:
        experiment, seed, data, directory: as of `run_all`.

    Raises:
        UserError: the directory holds its run on other rows.
    """
    path, mode = _path(experiment, seed, directory), []
    asked = json.loads(json.dumps(experiment.hyperparameters()))
    asked |= {"seed": seed, "rows_hash": rows_hash(data, asked["train_rows"])}
    before = RunDirectory(path).settings()
    if before is not None:
        if before and before.get("rows_hash") != asked["rows_hash"]:
            raise UserError(f"{path}: holds a run on other rows; name another --dir")
        same = asked.items() <= before.items()
        if same and RunDirectory(path).finished:
            return None
        mode = ["--resume" if same else "--overwrite"]
    command = [f"{experiment.script}.py", experiment.recipe, *experiment.options]
    return Plan([*command, "--data", data, "--seed", str(seed), "--quiet"], path, mode, asked)


@cache
def rows_hash(data, train_rows):
    """The hash of the rows that a run on `data` has."""
    return corpus.load(data, train_rows).hash


def _path(experiment, seed, directory):
    return Path(directory) / f"{experiment.name}-seed{seed}"


def _make(place, plan):
    """Makes a run, and notes before it whether its seconds will mean something."""
    shared = _mark(plan.path)
    if place.alone and plan.mode != ["--resume"]:
        shared.unlink(missing_ok=True)
    elif not place.alone:
        shared.parent.mkdir(parents=True, exist_ok=True)
        shared.touch()
    place.make(plan)


def _mark(path):
    return path.with_name(f"{path.name}.shared")


def _result(experiment, seed, directory):
    path = _path(experiment, seed, directory)
    return load_result(path) | {"alone": not _mark(path).exists()}


class _Progress:
    """Prints a line for each run, with the time that the rest will take."""

    def __init__(self, todo, count):
        self.count, self.printed, seconds = count, 0, _published_seconds()
        self.expected = {one: seconds.get(one[0].command, UNKNOWN_SECONDS) for one in todo}
        self.behind, self.begin = 0, time.monotonic()

    def done(self, one):
        """Notes that a run was made, or has failed."""
        self.behind += self.expected.pop(one)

    def show(self, one, result):
        """Prints what came of a run."""
        self.printed += 1
        (experiment, seed), accuracy = one, result["test_accuracy"]
        seconds = f", {result['seconds']['total']:.0f} s" if result["alone"] else ""
        place = f"{self.printed}/{self.count} {experiment.command} --seed {seed}"
        print(f"{place}: {accuracy:.4f}{seconds}{self._left()}", flush=True)

    def _left(self):
        left = sum(self.expected.values())
        if not left or not self.behind:
            return ""
        seconds = (time.monotonic() - self.begin) * left / self.behind
        about = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
        return f"; about {about} left"


@cache
def _published_seconds():
    """How long each command takes elsewhere: its share of all the time is about the same here."""
    report = json.loads((PROJECT / "docs" / "results.json").read_text(encoding="utf-8"))
    entries = report["recipes"] + report["switches"]
    return {e["command"]: statistics.median(e["seconds"]) for e in entries if "seconds" in e}
