"""The seconds of each stage of a run."""

import time
from contextlib import contextmanager

START = time.perf_counter()  # of the process, less the few milliseconds before this import
SECONDS = {}  # of the stages so far; a stage that comes twice is added up
_runs = 0


def begin():
    """Begins a run: the first one with the process, another, in a notebook, now."""
    global START, _runs
    if _runs:
        START = time.perf_counter()
    _runs += 1
    SECONDS.clear()


def since_start():
    """The seconds since the run began."""
    return time.perf_counter() - START


@contextmanager
def stage(name):
    """Adds the seconds of a block, or of each call of a function decorated with it, to a stage."""
    begin = time.perf_counter()
    try:
        yield
    finally:
        SECONDS[name] = SECONDS.get(name, 0.0) + time.perf_counter() - begin
