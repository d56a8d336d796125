"""Word vectors for a network's embedding layer, from a file or from the training texts."""

import gzip
import re
import sys
import unicodedata
import zlib
from itertools import chain, takewhile
from pathlib import Path

import numpy as np
from tqdm import tqdm

from corpus.errors import UserError

CORPUS = "corpus"  # instead of a file: vectors made from the training texts
MEGABYTE = 1 << 20  # the most that is read at once, and the longest line
BINARY = "is the file text or binary? Binary ones, and no others, have .bin in their names"
HEADER = re.compile(rb"(\d{1,15})\s+([1-9]\d{0,14})\s*")  # word2vec's: number of vectors, width


def load(model, source, vectorizer, tokens, trainable, print=print):
    """Initialises, and on request freezes, the embedding layer of a network.

    Words without a vector keep their initial one.

    Args:
        model: a network with a `keras.layers.Embedding`.
        source: a file in GloVe's text format, word2vec's text format or, if its name contains
            `.bin`, word2vec's binary format, each also as `.gz`; or "corpus": vectors made from
            the training texts by `word_vectors.of_texts`. A word that a file has only with
            capitals gets that vector.
        vectorizer: the `models.Vectorizer` that made the token ids.
        tokens: the `data.Tokens` that the model is trained on.
        trainable: whether the vectors are trained further.
        print: a function that prints a line.

    Raises:
        UserError: the network has no embedding layer, or one-hot vectors; the file cannot be read,
            has vectors of another width or none for the vocabulary.
    """
    from models import embedding_of

    layer = embedding_of(model)
    if not hasattr(layer, "embeddings"):
        raise UserError(f"--embeddings {source}: the network has no embedding layer")
    if not layer.trainable:
        raise UserError(f"--embeddings {source}: not with --one-hot; add --no-one-hot")
    weights = layer.get_weights()[0]
    if source == CORPUS:
        from training import word_vectors

        vectors = word_vectors.of_texts(tokens, *weights.shape)
        rows = vectors.any(axis=1)
        weights[rows, : vectors.shape[1]] = vectors[rows]
        print(f"training texts: vectors for {rows.sum():,} of {len(rows):,} vocabulary entries")
    else:
        if vectorizer.tokens != "words":
            raise UserError(f"--embeddings {source}: word vectors, but the tokens are characters")
        _load_file(source, vectorizer.get_vocabulary(), weights, print)
    layer.set_weights([weights])
    layer.trainable = trainable


def _load_file(path, vocabulary, weights, print):
    """Replaces rows of `weights` by the file's vectors; reads until every word has its own."""
    path, width = Path(path), weights.shape[1]
    wanted = {word: i for i, word in enumerate(vocabulary) if i > 1}  # 0 is padding, 1 unknown
    done, left_out, first = set(), 0, None
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
            vectors = _vectors(file, ".bin" in path.suffixes, width)
            hidden = sys.stderr is None or None  # closed; None: unless it is a terminal
            bar = tqdm(vectors, path.name, unit=" vectors", leave=False, delay=1, disable=hidden)
            for number, word, numbers in bar:
                key = unicodedata.normalize("NFC", word).lower()
                if len(numbers) == width and (key not in wanted or key in done and key != word):
                    continue
                vector = _vector(numbers, width)
                if vector is None:
                    left_out, first = left_out + 1, first or number
                    continue
                weights[wanted[key]] = vector
                done.add(key)
                if key == word:  # no better spelling can follow
                    del wanted[key]
                    if not wanted:
                        break
    except UserError as error:
        raise UserError(f"{path}, {error}") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be read: {reason}") from error
    odd = f"lines that are not a word and {width} numbers: {left_out:,}"
    if not done:
        raise UserError(f"{path}: no vector of a word in the vocabulary; {odd}")
    print(f"{path}: vectors for {len(done):,} of {len(vocabulary):,} vocabulary entries")
    if left_out:
        print(f"{path}: left out {odd}, the first is line {first:,}")


def _vectors(file, binary, width):
    """Yields (number of the line or vector, word, sequence of numbers) of a file."""
    line = file.readline(MEGABYTE).removeprefix(b"\xef\xbb\xbf")
    if header := HEADER.fullmatch(line):
        count, own_width = int(header[1]), int(header[2])
    else:
        numbers = takewhile(lambda part: _vector([part], 1) is not None, reversed(line.split()[1:]))
        count, own_width = None, sum(1 for _ in numbers)
    if not own_width or (binary and not header):
        raise UserError(f"line 1: neither a word and its vector nor word2vec's header; {BINARY}")
    if own_width != width:
        problem = f"vectors of {own_width} numbers, but the embedding layer has {width}"
        raise UserError(f"line 1: {problem}; use --embed-size {own_width}")
    yield from _binary(file, width, count) if binary else _text(file, line, width, count)


def _text(file, line, width, count):
    """Yields the vectors of a text file from its first line on."""
    lines = chain([line], iter(lambda: file.readline(MEGABYTE), b""))
    for number, line in enumerate(lines, start=1):
        if len(line) == MEGABYTE:
            raise UserError(f"line {number:,}: longer than a megabyte; not a file of vectors")
        if number > 1 or count is None:
            word, *numbers = line.rsplit(None, width) or [b""]  # a word may contain spaces
            yield number, word.strip().decode(errors="replace"), numbers
    if count is not None and number <= count:
        raise UserError(f"line {number:,} is the last, but line 1 announces {count:,} vectors")


def _binary(file, width, count):
    """Yields the vectors of a binary file after its header: a word, a space, `width` float32."""
    buffer, start = b"", 0
    for number in range(1, count + 1):
        while (space := buffer.find(b" ", start)) < 0 or len(buffer) <= space + 4 * width:
            chunk = file.read(MEGABYTE)
            if not chunk or len(buffer) - start > MEGABYTE:
                raise UserError(f"vector {number:,} of {count:,}: the file is cut off or damaged")
            buffer, start = buffer[start:] + chunk, 0
        word = buffer[start:space].lstrip(b"\n").decode(errors="replace")
        yield number, word, np.frombuffer(buffer, "<f4", width, space + 1)
        start = space + 1 + 4 * width
    if (buffer[start:] + file.read(MEGABYTE)).strip():
        raise UserError(f"vector {count:,}: more follows it than line 1 announces; {BINARY}")


def _vector(numbers, width):
    """Converts numbers, or text, to a float32 array; None unless they are `width` finite ones."""
    try:
        with np.errstate(over="ignore"):
            vector = np.array([float(number) for number in numbers], np.float32)
    except ValueError:
        return None
    return vector if len(vector) == width and np.isfinite(vector).all() else None
