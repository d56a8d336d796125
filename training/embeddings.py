"""Pretrained word vectors for a model's embedding layer."""

from pathlib import Path

import numpy as np

from corpus.rows import DataError


def load(path, vocabulary):
    """Reads the vectors of a vocabulary's words, with gensim; nothing in the file is unpickled.

    Args:
        path: GloVe's text format (a word and its numbers a line), word2vec's text format (the same
            behind a line with count and width), or, where its name has `.bin`, word2vec's binary;
            packed as `.gz` or not. A word has no space in it.
        vocabulary: list of `str`.

    Returns:
        (float32 array of shape (found words, width), int array of their places in `vocabulary`).

    Raises:
        DataError: gensim is missing, the file cannot be read, or none of the words is in it.
    """
    try:
        from gensim import utils
        from gensim.models import KeyedVectors
    except ImportError as error:
        raise DataError("--embeddings needs gensim: pip install 'gensim>=4.4,<5'") from error
    path = Path(path)
    try:
        binary = ".bin" in path.suffixes
        with utils.open(path, "rb") as file:  # packed (.gz) or not
            has_header = binary or len(file.readline(1000).split()) == 2
        vectors = KeyedVectors.load_word2vec_format(
            path, binary=binary, no_header=not has_header, unicode_errors="replace"
        )
        if not vectors.vector_size:
            raise ValueError("words without numbers")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # gensim raises nearly anything for a file of another format
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"{path}: no whole file of GloVe's text or word2vec's text or binary format "
            f"(binary: .bin): {reason}"
        ) from error
    found = np.array([i for i, word in enumerate(vocabulary) if word in vectors], dtype=int)
    if not len(found):
        raise DataError(f"{path}: none of its {len(vectors):,} words is in the vocabulary")
    matrix = vectors[[vocabulary[i] for i in found]]
    if not np.isfinite(matrix).all():
        raise DataError(f"{path}: holds a number that is not finite")
    return matrix, found


def layer_of(model):
    """The first embedding among a model's layers; without one, the first layer."""
    return next((layer for layer in model.layers if hasattr(layer, "embeddings")), model.layers[0])


def put_into(layer, path, vocabulary, tokens="words"):
    """Replaces the vectors of an embedding layer by pretrained ones where there are some.

    Args:
        layer: a built `keras.layers.Embedding` with a row for each entry of the vocabulary.
        path, vocabulary: as of `load`.
        tokens: what the vocabulary consists of: "words" or "characters".

    Returns:
        The number of words found.

    Raises:
        DataError: as of `load`, or the vectors have another width than the layer's, or are not for
            its tokens.
    """
    if tokens != "words":
        raise DataError(f"--embeddings {path}: for words, not for {tokens}")
    matrix, found = load(path, vocabulary)
    weights = layer.get_weights()[0]
    width = matrix.shape[1]
    if width != weights.shape[1]:
        raise DataError(
            f"{path}: vectors of {width} numbers, where the embedding has {weights.shape[1]}: "
            f"use --embed-size {width}"
        )
    weights[found] = matrix
    layer.set_weights([weights])
    return len(found)
