"""Pretrained word vectors for a model's embedding layer."""

import keras
import numpy as np

from corpus.errors import UserError
from training import vector_files, word_vectors

FROM_CORPUS = "corpus"  # in place of a file: made from the train texts


def layer_of(model):
    """The first embedding among a model's layers; without one, the first layer."""
    return next((layer for layer in model.layers if hasattr(layer, "embeddings")), model.layers[0])


def apply(model, vectorizer, tokens, hyperparameters, say, verbose=0):
    """Does what the switches `embeddings` and `train_embeddings` say.

    Args:
        model: a network with a `keras.layers.Embedding`.
        vectorizer: the `keras.layers.TextVectorization` of its token ids.
        tokens: the `data.Tokens` that it is trained on.
        hyperparameters: those of the run.
        say: a function that prints a line.
        verbose: as of `vector_files.load`.

    Raises:
        UserError: as of `put_into`, or there are no vectors, or one-hot ones.
    """
    file, layer = hyperparameters.embeddings, layer_of(model)
    if file and not isinstance(layer, keras.layers.Embedding):
        raise UserError(f"--embeddings {file}: the network has no layer that it could go into")
    if file and not layer.trainable:
        raise UserError(
            f"--embeddings {file}: with --one-hot no vector is learned, and none replaced"
        )
    if file == FROM_CORPUS:
        found = put_those_of_texts(layer, tokens)
        say(f"vectors of {found:,} of {layer.input_dim:,} entries from the train texts")
    elif file:
        vocabulary = vectorizer.get_vocabulary()
        found, odd = put_into(layer, file, vocabulary, hyperparameters.tokens, verbose)
        say(f"{file}: vectors of {found:,} of {len(vocabulary):,} entries")
        if odd:
            say(f"{file}: {len(odd):,} lines left out that are no vector, the first: line {odd[0]}")
    if not hyperparameters.train_embeddings:
        layer.trainable = False


def put_those_of_texts(layer, tokens):
    """Replaces vectors of an embedding layer by those of `word_vectors.of_texts`.

    Args:
        layer: a built `keras.layers.Embedding`.
        tokens: as of `apply`.

    Returns:
        The number of words that got one; the others keep what they have.
    """
    weights = layer.get_weights()[0]
    vectors = word_vectors.of_texts(tokens, *weights.shape)
    found = vectors.any(axis=1)
    weights[found, : vectors.shape[1]] = vectors[found]
    layer.set_weights([weights])
    return np.count_nonzero(found)


def put_into(layer, path, vocabulary, tokens="words", verbose=0):
    """Replaces the vectors of an embedding layer by pretrained ones where there are some.

    Args:
        layer: a built `keras.layers.Embedding` with a row for each entry of the vocabulary.
        path, vocabulary, verbose: as of `vector_files.load`.
        tokens: what the vocabulary consists of: "words" or "characters".

    Returns:
        (number of words found, numbers of the lines left out, as of `vector_files.load`).

    Raises:
        UserError: as of `vector_files.load`, or the vectors are not for its tokens.
    """
    if tokens != "words":
        raise UserError(f"--embeddings {path}: for words, not for {tokens}")
    weights = layer.get_weights()[0]
    matrix, found, odd = vector_files.load(path, vocabulary, weights.shape[1], verbose)
    weights[found] = matrix
    layer.set_weights([weights])
    return len(found), odd
