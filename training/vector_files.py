"""Files of pretrained word vectors: GloVe's text format, word2vec's text and binary."""

import codecs
import gzip
import unicodedata
import zlib
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from tqdm import tqdm

from corpus.errors import UserError

CHUNK = 1 << 20  # bytes that are read at once; no line is longer


class _Damaged(Exception):
    """A file that is not, or not whole, what it should be. The message says why."""


class _WrongWidth(Exception):
    """Vectors of another width. The message says which, and what to do."""


def load(path, vocabulary, width, verbose=0):
    """Reads the vectors of a vocabulary's words; the file is read until all have one.

    A word that the file has only with capitals gets that vector.

    Args:
        path: GloVe's text format (a word and its numbers a line), word2vec's text format (the same
            behind a line with count and width), or, where its name has `.bin`, word2vec's binary;
            packed as `.gz` or not.
        vocabulary: list of `str`.
        width: how many numbers a vector has to have.
        verbose: as of `fit`: 1 for a bar on standard error that shows the time left.

    Returns:
        (float32 array of shape (found words, width), int array of their places in `vocabulary`,
        list of the numbers of the lines that were left out, since they are not a word and `width`
        finite numbers).

    Raises:
        UserError: the file cannot be read, its vectors have another width, or none is of a word of
            the vocabulary.
    """
    path = Path(path)
    places = {word: place for place, word in enumerate(vocabulary) if place > 1}
    with _opened(path) as (file, read_bytes):
        bar = tqdm(
            total=path.stat().st_size,
            desc=path.name,
            unit="B",
            unit_scale=True,
            leave=False,
            disable=verbose != 1,
        )
        with bar:
            lines = _binary(file, width) if ".bin" in path.suffixes else _text(file, width)
            shown = _with_bar(lines, bar, read_bytes)
            vectors, odd, words = _collect(shown, places)
    if not vectors:
        raise UserError(
            f"{path}: none of its {words:,} words is in the vocabulary; {len(odd):,} lines are not "
            f"a word and {width} numbers, with spaces between them, in UTF-8"
        )
    found = np.array(sorted(places[word] for word in vectors))
    return np.stack([vectors[vocabulary[place]] for place in found]), found, odd


def width_of(path):
    """How many numbers the vectors of a file have, by its first line.

    Raises:
        UserError: the file cannot be read, or does not begin with a vector.
    """
    with _opened(path) as (file, _):
        width = _announced_width(_first_line(file).split())
        if not width:
            raise _Damaged("it does not begin with a vector")
        return width


@contextmanager
def _opened(path):
    """Gives a file, unpacked, and a function that says how much of it was read; names errors."""
    path = Path(path)
    try:
        with ExitStack() as stack:
            raw = stack.enter_context(open(path, "rb"))
            yield stack.enter_context(gzip.open(raw)) if path.suffix == ".gz" else raw, raw.tell
    except _WrongWidth as error:
        raise UserError(f"{path}, {error}") from error
    except (_Damaged, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            f"{path}: no whole file of GloVe's text or word2vec's text or binary format "
            f"(binary: .bin): {error}"
        ) from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error


def _with_bar(lines, bar, read_bytes):
    for number, *line in lines:
        if number % 10_000 == 0:
            bar.update(read_bytes() - bar.n)
        yield number, *line


def _collect(lines, places):
    """(dict of word to vector, numbers of the odd lines, number of words that were read)."""
    vectors, exact, odd, words = {}, set(), [], 0
    for number, word, numbers in lines:
        if word is None:
            odd.append(number)
            continue
        words += 1
        key = unicodedata.normalize("NFC", word).lower()
        if key not in places or key in exact or (key in vectors and key != word):
            continue
        vector = _vector(numbers)
        if vector is None:
            odd.append(number)
            continue
        vectors[key] = vector
        if key == word:
            exact.add(key)
        if len(exact) == len(places):
            break
    return vectors, odd, words


def _text(file, width):
    """Yields (number of the line, word, its numbers); None as the word of an odd line."""
    begun, announced, number = False, 0, 0
    for number, line in enumerate(iter(lambda: file.readline(CHUNK), b""), start=1):
        if len(line) == CHUNK:
            raise _Damaged(f"line {number} does not end")
        parts = line.removeprefix(codecs.BOM_UTF8).split()
        if parts and not begun:
            begun = True
            _check_width(_announced_width(parts) or width, width, number)
            if _is_header(parts):
                announced = number + int(parts[0])
                continue
        if len(parts) != width + 1:
            yield number, None, None
        else:
            yield number, parts[0].decode(errors="replace"), parts[1:]
    if number < announced:
        raise _Damaged(f"it ends with line {number:,} of {announced:,}")


def _first_line(file):
    """The first line that is not blank."""
    return next((line for line in iter(lambda: file.readline(CHUNK), b"") if line.split()), b"")


def _is_header(parts):
    """Whether the parts of a first line are the count and the width of the vectors."""
    return len(parts) == 2 and all(part.isdigit() and len(part) < 16 for part in parts)


def _announced_width(parts):
    """The width that a first line tells: the header's, or how many numbers end it, 0 for none."""
    if _is_header(parts):
        return int(parts[1])
    width = 0
    while width < len(parts) - 1 and _is_number(parts[-1 - width]):
        width += 1
    return width


def _is_number(part):
    try:
        float(part)
    except ValueError:
        return False
    return True


def _vector(numbers):
    """Numbers, as text or not, as a float32 array; None if one is no number or not finite."""
    try:
        with np.errstate(over="ignore"):
            vector = np.array([float(number) for number in numbers], np.float32)
    except ValueError:
        return None
    return vector if np.isfinite(vector).all() else None


def _binary(file, width):
    """As `_text`, of words with their float32 numbers behind a header line."""
    header = file.readline(CHUNK).split()
    if not _is_header(header):
        raise _Damaged("its first line is not the count and the width")
    _check_width(int(header[1]), width, 1)
    buffer, begin = b"", 0
    for number in range(1, int(header[0]) + 1):
        while (space := buffer.find(b" ", begin)) < 0 or len(buffer) < space + 1 + 4 * width:
            chunk = file.read(CHUNK)
            if not chunk or len(buffer) - begin > CHUNK:
                raise _Damaged(f"it ends within word {number:,} of {int(header[0]):,}")
            buffer, begin = buffer[begin:] + chunk, 0
        word = buffer[begin:space].lstrip(b"\n").decode(errors="replace")
        yield number, word, np.frombuffer(buffer, "<f4", width, space + 1)
        begin = space + 1 + 4 * width
    if (buffer[begin:] + file.read(CHUNK)).strip():
        raise _Damaged("more follows its last word; is it text? That has no .bin in its name")


def _check_width(found, width, number):
    if found != width:
        raise _WrongWidth(
            f"line {number}: vectors of {found} numbers, where the embedding has {width}: "
            f"use --embed-size {found}"
        )
