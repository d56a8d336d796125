"""Decodes lines of text: UTF-8, UTF-16 with a byte order mark, or what --encoding says."""

import codecs
import io
import unicodedata
from contextlib import suppress

from corpus.errors import UserError

BYTE_ORDER_MARK = "\ufeff"
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def decode(stream, encoding=None):
    """Yields the lines of a binary stream that can seek, with their ends, one at a time.

    Only a line feed, a carriage return or both end a line. Lines are not normalised yet: that would
    turn a Greek question mark into the semicolon that separates columns.

    Args:
        encoding: the name of one that Python has, for what is neither UTF-8 nor, by its byte order
            mark, UTF-16.

    Raises:
        ValueError: the next line is in another encoding or holds a NUL.
        UserError: Python has no such encoding of text.
    """
    name = "utf-8" if encoding is None else _codec(stream, encoding)
    if stream.read(2) in UTF_16_MARKS and not name.startswith("utf-32"):
        name = "utf-16"
    stream.seek(0)
    # The decoder works on many lines at once. These handlers turn damaged bytes into halves of
    # surrogate pairs, which `check` then finds in the very line that they are in.
    errors = "surrogatepass" if name.startswith(("utf-16", "utf-32")) else "surrogateescape"
    try:
        with io.TextIOWrapper(stream, name, errors, newline="") as text:
            for line in text:
                check(line)
                yield line if line.isascii() else line.replace(BYTE_ORDER_MARK, "")
    except UnicodeError:
        problem = f"not text in {encoding}; try another --encoding"
        if encoding is None:
            advice = "name its encoding, such as --encoding cp1252 for a CSV file from Excel"
            problem = f"not text in UTF-8, or UTF-16 with a byte order mark; {advice}"
        raise ValueError(problem) from None


def _codec(stream, encoding):
    """Returns the name of an encoding, or "utf-8" if the stream certainly is that.

    A corpus may have files in both, and cp1252 would silently decode UTF-8 as the wrong letters.
    """
    try:
        io.TextIOWrapper(io.BytesIO(), encoding)  # it refuses codecs that are not for text
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError):
        problem = "Python has no such encoding of text; cp1252, for example, is one"
        raise UserError(f"--encoding {encoding!r}: {problem}") from None
    with suppress(UnicodeError):
        parts = iter(lambda: stream.read1(2**20), b"")  # not lines, which may be of any length
        if sum(not text.isascii() for text in codecs.iterdecode(parts, "utf-8")):  # reads it all
            name = "utf-8"
    stream.seek(0)
    return name


def check(text):
    """Raises a ValueError for a text that holds a NUL or half a surrogate pair."""
    if "\0" in text:
        advice = "remove it or, if the file is UTF-16, name that: --encoding utf-16-le"
        raise ValueError(f"a NUL character; {advice}")
    if not text.isascii():
        text.encode()


def composed(text):
    """A text in composed form (NFC), without byte order marks."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", text.replace(BYTE_ORDER_MARK, ""))


def lines(content, name, first=1, encoding=None):
    """Yields the lines of bytes as `composed` text, without their ends.

    Args:
        content: bytes.
        name: where they come from, for messages.
        first: the number of the first line, for messages.
        encoding: see `decode`.

    Raises:
        UserError: a line is in another encoding or holds a NUL.
    """
    number = first
    try:
        for line in decode(io.BytesIO(content), encoding):
            yield composed(line.rstrip("\r\n"))
            number += 1
    except ValueError as error:
        raise UserError(f"{name}, line {number}: {error}") from None
