"""The one exception that ends a script in one line, and errors of libraries in one line."""

from textwrap import shorten

KERAS_CAUSE = "Exception encountered: "  # Keras puts a long account of what it was doing before it


class UserError(Exception):
    """Something that the user can put right. The message is one line: what, where, what to do."""


def in_one_line(error):
    """A library's error message in one line of at most 200 characters, or its class name."""
    cause = str(error).rpartition(KERAS_CAUSE)[2]
    return shorten(cause, 200, placeholder=" ...") or type(error).__name__
