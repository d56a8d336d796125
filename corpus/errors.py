"""The exception that ends a script with one line, and errors of libraries in one line."""

from textwrap import shorten

KERAS_CAUSE = "Exception encountered: "  # Keras puts a long description of the context before it


class UserError(Exception):
    """A mistake that the user can correct. Its message is one line: what, where, what to do.

    Attributes:
        status: what the script exits with: 1, or 2 for options that do not fit together.
    """

    def __init__(self, message, status=1):
        super().__init__(message)
        self.status = status


def in_one_line(error):
    """A library's error message in one line of at most 200 characters, or its class name."""
    cause = str(error).rpartition(KERAS_CAUSE)[2]
    return shorten(cause, 200, placeholder=" ...") or type(error).__name__
