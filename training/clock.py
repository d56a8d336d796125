"""The seconds of each stage of a run."""

import time
from contextlib import contextmanager

IMPORTED = time.perf_counter()  # a few milliseconds after the process began


class Clock:
    """Adds up the seconds of a run's stages.

    Attributes:
        begin: when the run began, in `time.perf_counter()`.
        seconds: dict of stage to seconds; a stage that occurs twice is added up.
        earlier: the same of the parts of a run before it was resumed.
    """

    def __init__(self):
        self.reset(IMPORTED)

    def reset(self, begin):
        """Begins a run: at `begin`, in `time.perf_counter()`."""
        self.begin, self.seconds, self.earlier = begin, {}, {}

    @contextmanager
    def stage(self, name):
        """Adds the seconds of a block, or of each call of a decorated function, to a stage."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begin

    def so_far(self):
        """The seconds of each stage and in total, including earlier parts of a resumed run."""
        now = self.seconds | {"total": time.perf_counter() - self.begin}
        names = self.earlier | now
        return {name: round(self.earlier.get(name, 0) + now.get(name, 0), 3) for name in names}


clock = Clock()
