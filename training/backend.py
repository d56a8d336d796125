"""Starts TensorFlow: its backend, its memory, its log, and what Python does beside it."""

import atexit
import ctypes
import gc
import logging
import os
import sys
import tempfile
from contextlib import contextmanager, suppress

from corpus.errors import UserError
from training import quiet

# https://man7.org/linux/man-pages/man3/mallopt.3.html
M_TOP_PAD = -2
KEPT = 64 << 20  # bytes
SET_BY_USER = ("MALLOC_TOP_PAD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_")


def start():
    """Imports Keras, and with it TensorFlow: the only place where a script waits for them.

    Raises:
        UserError: the environment, or a notebook that has imported Keras, names another backend; or
            there is no folder for temporary files, which the import wants.
    """
    _require_temporary_folder()
    _require_tensorflow()
    _keep_memory()
    quiet.hide_native_logs()
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # Keras imports it; it warns of homes
    if "keras" in sys.modules:  # what an earlier run left is not kept for ever
        return
    with _no_search_for_garbage():
        import keras  # noqa: F401


def _require_temporary_folder():
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        advice = "set TMPDIR to a folder that can be written to"
        raise UserError(f"{error.strerror}: {advice}") from error


def _require_tensorflow():
    asked = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if "keras" in sys.modules:
        asked = sys.modules["keras"].config.backend()
    if asked != "tensorflow":
        raise UserError(
            f"Keras's backend is {asked!r}, and this project needs TensorFlow: "
            "set KERAS_BACKEND=tensorflow, before Keras is imported"
        )


@contextmanager
def _no_search_for_garbage():
    """Python looks for none in the block, nor ever among what is there after it, nor at the end.

    An import makes hundreds of thousands of objects and no garbage; looking through them takes 0.6
    seconds within it and 1.3 at the end.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
        atexit.unregister(gc.freeze)
        atexit.register(gc.freeze)


def _keep_memory():
    """Lets the C library keep the memory that a training step frees, for the next step.

    glibc gives it back to the system, which has to clear it page by page when the next step asks
    for it: for the bidirectional LSTM that takes longer than the arithmetic. Other C libraries and
    a user's own setting in the environment are left alone.
    """
    tunables = os.environ.get("GLIBC_TUNABLES", "")
    if "glibc.malloc" in tunables or any(name in os.environ for name in SET_BY_USER):
        return
    with suppress(AttributeError, ValueError, OSError):  # another system or C library
        if os.confstr("CS_GNU_LIBC_VERSION"):
            ctypes.CDLL(None).mallopt(M_TOP_PAD, KEPT)
