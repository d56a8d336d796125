"""Whether a model can be saved, and read texts side by side, found out before it is trained."""

from contextlib import contextmanager

import keras
import numpy as np

import models
from training.directory import RunError

LENGTHS = (7, 3, 1)  # of the texts that a model is tried with
WIDTH = 12  # that they are padded to
TOLERANCE = 1e-5  # of probabilities; rounding is far below
CANNOT_BE_LOADED = (TypeError, ValueError, AttributeError, NotImplementedError)


def check(model):
    """Refuses a model that could not be saved as it is trained.

    It has to load in safe mode with no classes but Keras's own and those registered in `models`,
    and then give each text the probabilities that the model gives it alone, whatever texts it is
    padded beside.

    Args:
        model: a built model on token ids.

    Raises:
        RunError: it is refused; the message names the layer and says what to do.
    """
    network = _as_loaded(model)
    rng = np.random.default_rng(0)
    largest = getattr(model.layers[0], "input_dim", 3)
    texts = [rng.integers(1, largest, length) for length in LENGTHS]
    if not all(np.allclose(_says(model, [t]), _says(network, [t]), atol=TOLERANCE) for t in texts):
        raise RunError(
            f"model {model.name!r}: gives other probabilities once its layers are made anew from "
            "their configs; does the get_config() of each layer of your own name all its arguments?"
        )
    _disturb(network, rng)
    alone = np.concatenate([_says(network, [text]) for text in texts])
    if not np.allclose(_says(network, texts, WIDTH), alone, atol=TOLERANCE):
        raise RunError(_why_padded(model))


def _as_loaded(model):
    """What would be loaded from a file that the model was saved in, once it masks padding."""
    try:
        masked = models.mask_padding(model)
        with only_known_classes():
            return models.with_keras_layers(masked)
    except CANNOT_BE_LOADED as error:
        layer, cause = _first_that_fails(model) or (model, error)
        reason = " ".join(str(cause).split())[:150]
        raise RunError(
            f"layer {layer.name!r} ({type(layer).__name__}): with it a saved model could not be "
            f"loaded ({reason}); put its class into models.py, with a get_config() and under "
            '@keras.saving.register_keras_serializable("models")'
        ) from error


def _first_that_fails(model):
    """(layer, error) of the first layer that cannot be made anew from its config, or None."""
    for layer in model.layers:
        alone = keras.Sequential([layer], name="alone")
        try:
            masked = models.mask_padding(alone)
            with only_known_classes():
                models.with_keras_layers(masked)
        except CANNOT_BE_LOADED as error:
            return layer, error
    return None


@contextmanager
def only_known_classes():
    """Hides what is registered with Keras elsewhere than in `models`, as predict.py has no more."""
    registered = keras.saving.get_custom_objects()
    known = ("keras", "models")
    hidden = {n: o for n, o in registered.items() if o.__module__.split(".")[0] not in known}
    for name in hidden:
        del registered[name]
    try:
        yield
    finally:
        registered.update(hidden)


def _says(model, texts, width=None):
    """The probabilities of texts (int arrays of token ids), padded to a width."""
    ids = np.zeros((len(texts), width or max(map(len, texts))), np.int32)
    for row, text in zip(ids, texts, strict=True):
        row[: len(text)] = text
    return np.asarray(model(ids, training=False))


def _disturb(model, rng):
    """Gives a model weights by which what it reads makes a difference, as training will."""
    for weight in model.weights:
        value = 3 * np.asarray(weight) + rng.normal(scale=0.3, size=weight.shape)
        weight.assign(np.abs(value) if weight.path.endswith("variance") else value)


def _why_padded(model):
    before_masks = (keras.layers.InputLayer, keras.layers.Embedding)
    later = [layer for layer in model.layers if not isinstance(layer, before_masks)]
    unaware = [layer for layer in later if not layer.supports_masking] or [model]
    return (
        f"layer {unaware[0].name!r} ({type(unaware[0]).__name__}): takes padding for text, so that "
        "what the saved model says of a text would depend on the texts beside it; use one that "
        "supports masking, or a class of your own that does: docs/reference.md, Your own layers"
    )
