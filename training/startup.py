"""Imports TensorFlow through Keras: quietly, quickly, and with memory that steps can use again."""

import atexit
import ctypes
import gc
import os
import sys
import tempfile
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from corpus.errors import UserError
from training.machine import PROJECT

BACKEND = "tensorflow"
UNUSED = "sklearn", "matplotlib.pyplot"  # Keras imports them where they are installed
LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"  # a user who sets it wants to see TensorFlow's log
DRIVER = "/proc/driver/nvidia"  # whoever has it wants to know why no GPU is used


@contextmanager
def tensorflow():
    """Imports Keras, and with it TensorFlow: the only place where a script waits for them.

    Until the block ends, Python does not search for garbage among what was imported.

    Raises:
        UserError: the environment, or a program that has imported Keras, chose another backend.
    """
    imported = "keras" in sys.modules
    asked = os.environ.get("KERAS_BACKEND") or BACKEND
    backend = sys.modules["keras"].config.backend() if imported else asked
    if backend != BACKEND:
        advice = f"set KERAS_BACKEND={BACKEND} before Keras is imported"
        raise UserError(f"Keras's backend is {backend!r}; this project needs TensorFlow: {advice}")
    if imported:  # what a program has is not ours
        yield
        return
    _keep_memory()
    _import_keras()
    gc.freeze()
    atexit.register(gc.freeze)  # the search for garbage in TensorFlow at exit takes a second
    try:
        yield
    finally:
        gc.unfreeze()


def _import_keras():
    """Imports Keras with TensorFlow, without its log where nobody has asked for it.

    A script of this project leaves out what takes longest of what it does not use. Another program
    may use it, and Keras remembers that it was absent.
    """
    program = Path(getattr(sys.modules["__main__"], "__file__", None) or "-").resolve()
    unused = UNUSED if PROJECT in (program.parent, program.parent.parent) else ()
    quiet = not (LOG_LEVEL in os.environ or os.path.exists(DRIVER) or sys.stderr is None)
    # In this home, Keras finds no keras.json, which may name another float type or backend.
    variables = {"KERAS_BACKEND": BACKEND, "KERAS_HOME": os.devnull}
    variables |= {LOG_LEVEL: "3"} if quiet else {}
    before, collects = dict(os.environ), gc.isenabled()
    absent = dict.fromkeys({*unused} - sys.modules.keys())
    os.environ.update(variables)
    sys.modules.update(absent)  # None: cannot be imported
    gc.disable()  # an import makes many objects and no garbage; to search them takes 0.6 seconds
    try:
        with _held_back_errors() if quiet else nullcontext():
            import keras  # noqa: F401
    finally:
        if collects:
            gc.enable()
        for name in absent:
            del sys.modules[name]
        for name in variables:
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _held_back_errors():
    """Shows what is written to standard error only if the block fails.

    TensorFlow reads its log level once, at its import; some lines before that go to file
    descriptor 2 whatever the level is.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as log:
        os.dup2(log.fileno(), 2)
        try:
            yield
        except BaseException:
            log.seek(0)
            os.write(terminal, log.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)


def _keep_memory():
    """Lets the C library keep the memory that a training step frees, for the next step.

    glibc returns it to the system, which has to clear it page by page when the next step asks for
    it: for the bidirectional LSTM that takes longer than the arithmetic. Other C libraries and a
    user's own setting in the environment are left alone.
    """
    if any(name.startswith(("MALLOC_", "GLIBC_TUNABLES")) for name in os.environ):
        return
    with suppress(AttributeError, ValueError, OSError):  # another system or C library
        if os.confstr("CS_GNU_LIBC_VERSION"):
            # M_TOP_PAD, bytes: https://man7.org/linux/man-pages/man3/mallopt.3.html
            ctypes.CDLL(None).mallopt(-2, 64 << 20)
