"""Ctrl-C and SIGTERM, from the start of a run to its end. During `fit` see `callbacks`."""

import builtins
import os
import signal
import sys
import threading
from contextlib import contextmanager


def _exit_on_sigterm(number, frame):
    raise SystemExit(128 + number)


@contextmanager
def handled(interrupt=signal.default_int_handler, terminate=_exit_on_sigterm):
    """Raises KeyboardInterrupt on Ctrl-C and SystemExit on SIGTERM, within a block.

    Args:
        interrupt, terminate: other handlers of the two, as `signal.signal` takes them.
    """
    if threading.current_thread() is not threading.main_thread():  # Python handles none elsewhere
        yield
        return
    handlers = {signal.SIGINT: interrupt, signal.SIGTERM: terminate}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def ending_the_process(program, clean_up):
    """Ends the process on either signal while TensorFlow is imported within a block.

    An exception would be lost or turned into another within C++ code. In a notebook, whose process
    is not a script's, and where TensorFlow is imported already, it does nothing.

    Args:
        program: the name of the script, with .py.
        clean_up: a function to call before.
    """

    def end(number, frame):
        clean_up()
        if number == signal.SIGINT:
            os.write(2, f"\n{program}: interrupted\n".encode())
        os._exit(128 + number)

    if hasattr(builtins, "__IPYTHON__") or "tensorflow" in sys.modules:
        yield
        return
    with handled(end, end):
        yield
