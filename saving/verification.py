"""Verifies before training that a model can be saved, and after it that it was saved as it is."""

from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf

import models
from corpus.errors import UserError, in_one_line

LENGTHS = (4, 1)  # of the texts that a model is tried with; short, since this takes its time
WIDTH = 6  # that they are padded to
SHORTEST = 5  # texts, whose probabilities are compared
TOLERANCE = 1e-5  # of probabilities; rounding is far below
CANNOT_BE_LOADED = (TypeError, ValueError, AttributeError, NotImplementedError)


def check(model, classes=None):
    """Refuses a model that could not be saved as it is trained.

    It has to load in safe mode with no classes but Keras's own and those registered in `models`,
    and then give each text the probabilities that the model gives it alone, whatever the other
    texts of its batch are.

    Args:
        model: a built model on token ids.
        classes: the number of probabilities that it has to give; None for any.

    Raises:
        UserError: it is refused; the message names the layer and says what to do.
    """
    network = _as_loaded(model)
    last, shape = model.layers[-1], network.output_shape
    if len(shape) != 2 or classes not in (None, shape[1]):
        raise UserError(
            f"{_described(last)}: its output is {shape}, but the network has to end in "
            f"(None, {classes}): a probability for each class of each text"
        )
    try:
        _check_answers(model, network)
    except UserError:
        raise
    except Exception as error:  # TensorFlow raises nearly anything for a text that is too short
        raise UserError(
            f"{_unaware(model)}: the network cannot read texts of {min(LENGTHS)} to {max(LENGTHS)} "
            f"words, padded to {WIDTH}: {in_one_line(error)}"
        ) from error


def check_saved(path, texts, ids, network):
    """Loads a saved model as predict.py does, and compares it with what was measured.

    Args:
        path: the .keras file.
        texts: list of `str`, the shortest first.
        ids: int tensor of shape (texts, width), the token ids that the texts had.
        network: the model on token ids.

    Raises:
        UserError: it cannot be loaded, or it gives other token ids or probabilities.
    """
    some = slice(SHORTEST)  # Keras's layers take long for long texts, whose token ids will do
    try:
        with only_known_classes():
            model = keras.models.load_model(path, compile=False, safe_mode=True)
        read = np.asarray(models.part(model, models.Vectorizer)(texts))
        probabilities = model(tf.constant(texts[some]))
    except Exception as error:  # Keras raises nearly anything for a model that it cannot load
        raise UserError(f"the saved model cannot be loaded: {in_one_line(error)}") from error
    width = ids.shape[1]
    if read[:, width:].any() or not np.array_equal(read[:, :width], ids):
        raise UserError("the saved model reads texts differently from those measured")
    compare(probabilities, network(ids[some]), "the saved model")


def compare(probabilities, expected, what):
    """Refuses probabilities that differ by more than rounding does.

    Args:
        probabilities, expected: float arrays of the same shape.
        what: whose probabilities they are, for the message.

    Raises:
        UserError: they differ.
    """
    tolerance = 1e-3 if tf.config.list_physical_devices("GPU") else TOLERANCE
    if not np.allclose(probabilities, expected, rtol=0, atol=tolerance):
        raise UserError(f"{what} gives different probabilities from those measured")


def _check_answers(model, network):
    rng = np.random.default_rng(0)
    embedding = models.embedding_of(model)
    largest = getattr(embedding, "input_dim", 3)
    texts = [rng.integers(1, largest, length) for length in LENGTHS]
    # A network without a mask reads padding in training.
    batch = (texts, WIDTH) if getattr(embedding, "mask_zero", False) else (texts[:1],)
    before, after = _probabilities(model, *batch), _probabilities(network, *batch)
    if not np.allclose(before, after, atol=TOLERANCE):
        raise UserError(
            f"model {model.name!r}: gives different probabilities when its layers are rebuilt from "
            "their configs; does get_config() of each layer of your own return all its arguments?"
        )
    if (before < 0).any() or not np.allclose(before.sum(axis=1), 1, atol=1e-3):
        raise UserError(
            f"{_described(model.layers[-1])}: its output is no probabilities; end in a softmax"
        )
    _disturb(network, rng)
    alone = np.concatenate([_probabilities(network, [text]) for text in texts])
    if not np.allclose(_probabilities(network, texts, WIDTH), alone, atol=TOLERANCE):
        raise UserError(
            f"{_unaware(model)}: treats padding as text, so the prediction for a text would depend "
            "on the rest of its batch; use a layer that supports masking, or write one that does: "
            "docs/reference.md, Your own layers"
        )


def _as_loaded(model):
    """What would be loaded from a file that the model was saved in, once it masks padding."""
    try:
        with only_known_classes():
            return models.mask_padding(model, portable=True)
    except CANNOT_BE_LOADED as error:
        several = len(model.layers) > 1
        for layer in model.layers if several else ():
            _as_loaded(keras.Sequential([layer]))  # raises an error that names the layer
        raise UserError(
            f"{_described(model if several else model.layers[0])}: a saved model with it could not "
            f"be loaded ({in_one_line(error)}); write it as a class in models.py, with a "
            'get_config() and @keras.saving.register_keras_serializable("models")'
        ) from error


@contextmanager
def only_known_classes():
    """Hides what is registered with Keras outside `models`: predict.py does not have it."""
    registered = keras.saving.get_custom_objects()
    known = ("keras", "models")
    hidden = {n: o for n, o in registered.items() if o.__module__.split(".")[0] not in known}
    for name in hidden:
        del registered[name]
    try:
        yield
    finally:
        registered.update(hidden)


def _probabilities(model, texts, width=None):
    """The probabilities of texts (int arrays of token ids), padded to a width."""
    ids = np.zeros((len(texts), width or max(map(len, texts))), np.int32)
    for row, text in zip(ids, texts, strict=True):
        row[: len(text)] = text
    return np.asarray(model(ids, training=False))


def _disturb(model, rng):
    """Gives a model weights with which every token makes a difference, as training will."""
    for weight in model.weights:
        value = 3 * np.asarray(weight) + rng.normal(scale=0.3, size=weight.shape)
        weight.assign(np.abs(value) if weight.path.endswith("variance") else value)


def _unaware(model):
    """The first layer after the embedding that does not support masking, for messages."""
    before_masks = (keras.layers.InputLayer, keras.layers.Embedding)
    later = [layer for layer in model.layers if not isinstance(layer, before_masks)]
    return _described(next((layer for layer in later if not layer.supports_masking), model))


def _described(layer):
    return f"layer {layer.name!r} ({type(layer).__name__})"
