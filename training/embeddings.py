"""Pretrained word vectors for a model's embedding layer."""

import gzip
import unicodedata
import zlib
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from tqdm import tqdm

from corpus.rows import DataError

CHUNK = 1 << 20  # bytes that are read at once; no line is longer


class _Damaged(Exception):
    """A file that is not, or not whole, what it should be. The message says why."""


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
        DataError: the file cannot be read, its vectors have another width, or none is of a word of
            the vocabulary.
    """
    path = Path(path)
    places = {word: place for place, word in enumerate(vocabulary) if place > 1}
    try:
        with _opened(path, verbose) as lines:
            vectors, odd, words = _collect(lines, width, places)
    except DataError as error:
        raise DataError(f"{path}, {error}") from error
    except (_Damaged, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"{path}: no whole file of GloVe's text or word2vec's text or binary format "
            f"(binary: .bin): {error}"
        ) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    if not vectors:
        raise DataError(
            f"{path}: none of its {words:,} words is in the vocabulary; lines that are not a word "
            f"and {width} numbers: {len(odd):,}"
        )
    found = np.array(sorted(places[word] for word in vectors))
    return np.stack([vectors[vocabulary[place]] for place in found]), found, odd


@contextmanager
def _opened(path, verbose):
    """Gives a function of the width that yields the file's lines, as of `_text`."""
    with ExitStack() as stack:
        raw = stack.enter_context(open(path, "rb"))
        file = stack.enter_context(gzip.open(raw)) if path.suffix == ".gz" else raw
        size = path.stat().st_size
        bar = tqdm(
            total=size, desc=path.name, unit="B", unit_scale=True, leave=False, disable=verbose != 1
        )
        stack.enter_context(bar)

        def lines(width):
            for number, *line in (_binary if ".bin" in path.suffixes else _text)(file, width):
                if number % 10_000 == 0:
                    bar.update(raw.tell() - bar.n)
                yield number, *line

        yield lines


def _collect(lines, width, places):
    """(dict of word to vector, numbers of the odd lines, number of words that were read)."""
    vectors, exact, odd, words = {}, set(), [], 0
    for number, word, numbers in lines(width):
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
        line = line.strip()
        if len(line) == CHUNK:
            raise _Damaged(f"line {number} does not end")
        if not begun and line:
            begun = True
            if len(header := line.split()) == 2 and all(part.isdigit() for part in header):
                _check_width(int(header[1]), width, number)
                announced = number + int(header[0])
                continue
            _check_width(_numbers(header) or width, width, number)
        parts = [] if line.count(b" ") != width else line.split(b" ")
        parts = parts if all(parts) and parts else line.split()
        if len(parts) != width + 1:
            yield number, None, None
        else:
            yield number, parts[0].decode(errors="replace"), parts[1:]
    if number < announced:
        raise _Damaged(f"it ends with line {number:,} of {announced:,}")


def _numbers(parts):
    """How many numbers a line ends with, behind its word."""
    count = 0
    while count < len(parts) - 1 and _vector(parts[-1 - count :][:1]) is not None:
        count += 1
    return count


def _vector(numbers):
    """Numbers, as text or not, as a float32 array; None if one is no number or not finite."""
    try:
        vector = np.array([float(number) for number in numbers], np.float32)
    except ValueError:
        return None
    return vector if np.isfinite(vector).all() else None


def _binary(file, width):
    """As `_text`, of words with their float32 numbers behind a header line."""
    header = file.readline(CHUNK).split()
    if len(header) != 2 or not all(part.isdigit() for part in header):
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


def _check_width(found, width, number):
    if found != width:
        raise DataError(
            f"line {number}: vectors of {found} numbers, where the embedding has {width}: "
            f"use --embed-size {found}"
        )


def layer_of(model):
    """The first embedding among a model's layers; without one, the first layer."""
    return next((layer for layer in model.layers if hasattr(layer, "embeddings")), model.layers[0])


def apply(model, vectorizer, hyperparameters, say, verbose=0):
    """Does what the switches `embeddings` and `train_embeddings` say.

    Args:
        model: a network with a `keras.layers.Embedding`.
        vectorizer: the `keras.layers.TextVectorization` of its token ids.
        hyperparameters: those of the run.
        say: a function that prints a line.
        verbose: as of `load`.

    Raises:
        DataError: as of `put_into`.
    """
    file, layer = hyperparameters.embeddings, layer_of(model)
    if file:
        vocabulary = vectorizer.get_vocabulary()
        found, odd = put_into(layer, file, vocabulary, hyperparameters.tokens, verbose)
        say(f"{file}: vectors of {found:,} of {len(vocabulary):,} entries")
        if odd:
            say(f"{file}: {len(odd):,} lines left out that are no vector, the first: line {odd[0]}")
    if not hyperparameters.train_embeddings:
        layer.trainable = False


def put_into(layer, path, vocabulary, tokens="words", verbose=0):
    """Replaces the vectors of an embedding layer by pretrained ones where there are some.

    Args:
        layer: a built `keras.layers.Embedding` with a row for each entry of the vocabulary.
        path, vocabulary, verbose: as of `load`.
        tokens: what the vocabulary consists of: "words" or "characters".

    Returns:
        (number of words found, numbers of the lines left out, as of `load`).

    Raises:
        DataError: as of `load`, or the vectors are not for its tokens.
    """
    if tokens != "words":
        raise DataError(f"--embeddings {path}: for words, not for {tokens}")
    weights = layer.get_weights()[0]
    matrix, found, odd = load(path, vocabulary, weights.shape[1], verbose)
    weights[found] = matrix
    layer.set_weights([weights])
    return len(found), odd
