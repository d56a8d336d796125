"""Decodes lines of text: UTF-8 with or without a byte order mark, or UTF-16 with one."""

import codecs
import io
import unicodedata

from corpus.errors import UserError

BYTE_ORDER_MARK = "\ufeff"
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def line_feed(encoding):
    """The bytes of a line feed in an encoding.

    Raises:
        UserError: there is no such encoding.
    """
    try:
        return "\n".encode(encoding)
    except (LookupError, ValueError):
        raise UserError(
            f"--encoding {encoding!r}: no such encoding; try cp1252 or latin-1"
        ) from None


def decode(stream, encoding=None):
    """Yields the lines of a binary stream that can seek, with their ends, one at a time.

    Only a line feed, a carriage return or both end a line. Lines are not normalised yet: that would
    turn a Greek question mark into the semicolon that separates columns.

    Raises:
        ValueError: the next line is in another encoding or holds a NUL.
    """
    utf_16 = stream.read(2) in UTF_16_MARKS
    stream.seek(0)
    # The decoder works on many lines at once. These handlers turn damaged bytes into halves of
    # surrogate pairs, which `check` then finds in the very line that they are in.
    plain = ("utf-16", "surrogatepass") if utf_16 else ("utf-8", "surrogateescape")
    encoding, errors = (encoding, "strict") if encoding else plain
    try:
        for line in io.TextIOWrapper(stream, encoding, errors, newline=""):
            check(line)
            yield line if line.isascii() else line.replace(BYTE_ORDER_MARK, "")
    except UnicodeError:
        raise ValueError("not UTF-8 or UTF-16 with a byte order mark; convert to UTF-8") from None


def check(text):
    """Raises a UnicodeError for a text that holds a NUL or half a surrogate pair."""
    if "\0" in text:
        raise UnicodeError("a NUL character")
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
