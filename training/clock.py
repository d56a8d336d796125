"""The seconds of each stage of a run."""

import builtins
import time
from contextlib import contextmanager

START = time.perf_counter()  # of the process, less the few milliseconds before this import
SECONDS = {}  # of the stages so far; a stage that comes twice is added up
_running = {}  # the moments at which stages began that have no end yet
_before = {}  # those of a run's parts before the last interruption
_runs = 0


def begin():
    """Begins a run: with the process, or, where that is not a script's or has made one, now."""
    global START, _runs
    if _runs or hasattr(builtins, "__IPYTHON__"):
        START = time.perf_counter()
    _runs += 1
    SECONDS.clear()
    _running.clear()
    _before.clear()


def start(stage):
    """Begins a stage that `stop` ends."""
    _running[stage] = time.perf_counter()


def stop(stage):
    """Ends a stage that `start` began."""
    SECONDS[stage] = time.perf_counter() - _running.pop(stage)


def add(seconds):
    """Adds those of the parts of a run that were before this one: dict of stage to seconds."""
    _before.update({name: float(value) for name, value in seconds.items()})


def so_far():
    """The seconds of each stage and in total, those of earlier parts of the run included."""
    moment = time.perf_counter()
    now = SECONDS | {name: moment - begin for name, begin in _running.items()}
    now["total"] = moment - START
    names = [*_before, *(name for name in now if name not in _before)]
    return {name: round(_before.get(name, 0.0) + now.get(name, 0.0), 3) for name in names}


@contextmanager
def stage(name):
    """Adds the seconds of a block, or of each call of a function decorated with it, to a stage."""
    begin = time.perf_counter()
    try:
        yield
    finally:
        SECONDS[name] = SECONDS.get(name, 0.0) + time.perf_counter() - begin
