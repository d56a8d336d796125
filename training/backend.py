"""What is settled before Keras is imported: backend, memory, and where it can write."""

import ctypes
import logging
import os
import sys
import tempfile
from contextlib import suppress

from training.directory import RunError

# https://man7.org/linux/man-pages/man3/mallopt.3.html
M_TOP_PAD = -2
KEPT = 64 << 20  # bytes
SET_BY_USER = ("MALLOC_TOP_PAD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_")


def prepare():
    """Settles, before Keras is imported, that it uses TensorFlow, and how memory is kept.

    Raises:
        RunError: the environment, or a notebook that has imported Keras, says otherwise; or there
            is no folder for temporary files, which TensorFlow's import wants.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        advice = "set TMPDIR to a folder that can be written to"
        raise RunError(f"{error.strerror}: {advice}") from error
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # Keras imports it; it warns of homes
    asked = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if "keras" in sys.modules:
        asked = sys.modules["keras"].config.backend()
    if asked != "tensorflow":
        raise RunError(
            f"Keras's backend is {asked!r}, and this project needs TensorFlow: "
            "set KERAS_BACKEND=tensorflow, before Keras is imported"
        )
    _keep_memory()


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
