"""What a script does to its process: errors in one line, signals, output of any text."""

import errno
import os
import signal
import sys
import threading
import warnings
from contextlib import ExitStack, contextmanager, redirect_stdout, suppress

from corpus.errors import UserError, escaped


def show(*values):
    """Prints lines on standard output, `escaped`: everything that may hold a name or a path."""
    print(*map(escaped, values), sep="\n")


def print_error(message):
    """Prints one line on standard error, `escaped`; nowhere if that is closed or has gone."""
    if sys.stderr is not None:  # print would use standard output
        with suppress(OSError):
            print(escaped(message).replace("\n", r"\n"), file=sys.stderr)


@contextmanager
def one_line_errors(program, interrupted="interrupted"):
    """Ends a block in one line on standard error where something is wrong that a user can mend.

    In the block, standard output shows characters that its encoding lacks as `\\u0416`, and a
    library may warn even with Python's -W error.

    Args:
        program: the name of the script, with .py.
        interrupted: what is printed after Ctrl-C.

    Raises:
        SystemExit: with status 1 after an error (or its own), 130 after Ctrl-C.
    """
    with ExitStack() as stack:
        if hasattr(sys.stdout, "reconfigure"):  # a notebook's takes any text
            stack.callback(sys.stdout.reconfigure, errors=sys.stdout.errors)
            sys.stdout.reconfigure(errors="backslashreplace")
        stack.enter_context(warnings.catch_warnings())  # imported packages add filters
        warnings.filterwarnings("ignore", "Glyph")  # Matplotlib's font lacks a name's script
        if any(option.startswith("e") for option in sys.warnoptions):  # "error", or shorter
            warnings.simplefilter("default")
        try:
            yield
        except UserError as error:
            message, status = str(error), error.status
        except OSError as error:  # of a file, which it names, or of a stream
            where = error.filename or (error.errno != errno.ENOENT and "standard output")
            message, status = f"{where}: " * bool(where) + (error.strerror or str(error)), 1
        except KeyboardInterrupt:
            print_error("")  # after the ^C that a terminal shows
            message, status = interrupted, 130
        except Exception as error:
            # By name: TensorFlow's, which is not imported here. --help should not wait for it.
            exhausted = type(error).__name__ == "ResourceExhaustedError"
            if not (exhausted or isinstance(error, MemoryError)):
                raise
            message, status = "out of memory; try smaller --batch-size, --max-words or --units", 1
        else:
            return
        print_error(f"{program}: {message}")
        raise SystemExit(status)


@contextmanager
def reader_may_leave():
    """Ends a block quietly where the reader of standard output, `head` for one, has enough."""
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Lasting:
    """A stream that can be written to after its terminal or its reader has gone."""

    def __init__(self, stream):
        self._stream = stream

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text):
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.EIO):
                print_error(f"standard output: {error.strerror}; the rest is not printed")
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())


@contextmanager
def long_work():
    """Handles `signals` in a block, which goes on where nobody takes its output any more."""
    with redirect_stdout(sys.stdout and _Lasting(sys.stdout)), signals():
        yield


def _raise(number, frame):
    raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)


@contextmanager
def signals(handler=_raise):
    """Raises KeyboardInterrupt on Ctrl-C and SystemExit on SIGTERM and SIGHUP, within a block.

    Args:
        handler: another one, as `signal.signal` takes it. With nohup, SIGHUP stays ignored.
    """
    hang_up = getattr(signal, "SIGHUP", signal.SIGTERM)  # Windows has none
    numbers = {signal.SIGINT, signal.SIGTERM, hang_up}
    if signal.getsignal(hang_up) == signal.SIG_IGN:
        numbers.remove(hang_up)
    if threading.current_thread() is not threading.main_thread():
        numbers.clear()  # Python handles none elsewhere
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for item in before.items():
            signal.signal(*item)


@contextmanager
def signals_later():
    """Lets signals wait for the end of a block.

    Within C++ code, as in TensorFlow's import, an exception would be lost or become another one.
    """
    arrived = []
    with signals(lambda number, frame: arrived.append(number)):
        yield
    for number in arrived:
        signal.raise_signal(number)
