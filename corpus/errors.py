"""The exception that ends a script with one line, and text that is safe to print."""

import re
from textwrap import shorten

# Control characters but line feeds, and what reverses the order of the characters after it.
CONTROL = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
KERAS_CAUSE = "Exception encountered: "  # Keras puts a long description of the context before it


class UserError(Exception):
    """A mistake that the user can correct. Its message is one line: what, where, what to do.

    Attributes:
        status: what the script exits with: 1, or 2 for options that do not fit together.
    """

    def __init__(self, message, status=1):
        super().__init__(message)
        self.status = status


def escaped(text):
    r"""A text to print: names and file names may hold what controls a terminal, such as \x1b."""
    return CONTROL.sub(lambda control: repr(control[0])[1:-1], str(text))


def in_one_line(error):
    """A library's error message in one line of at most 200 characters, or its class name."""
    cause = str(error).rpartition(KERAS_CAUSE)[2]
    return shorten(cause, 200, placeholder=" ...") or type(error).__name__
