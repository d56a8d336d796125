"""Loads saved models, and verifies before and after training that a model is saved as it is."""

import io
import json
import math
import re
import warnings
import zipfile

import h5py
import keras
import numpy as np
import tensorflow as tf

import models
from corpus.errors import UserError, in_one_line

LENGTHS = (4, 1)  # of the texts that a model is tried with; short, since this takes its time
WIDTH = 6  # that they are padded to
SHORTEST = 5  # texts, whose probabilities are compared
TOLERANCE = 1e-5  # of probabilities; rounding is far below
LEAST_KERAS = "3.15.1"  # as in requirements.txt, which says why
NO_SIZES = {"seed": None, "shared_object_id": None, "max_words": None}  # may be large
PARTS = ["config.json", "metadata.json", "model.weights.h5"]  # of a .keras file
# What a model may contain beside the classes of models.py: data, and Keras's own classes but for
# those that run code or read files. Keras's safe mode refuses only some of the others.
PERMITTED = re.compile(
    r"None\.__(keras_tensor|slice|ellipsis)__|None\.__(tensor|numpy)__[a-z]+\d{0,3}"
    r"|keras(\.(layers|initializers|regularizers|constraints|losses|optimizers(\.schedules)?"
    r"|src\.models\.functional|src\.ops\.\w+))?"
    r"\.(?!function|Lambda|TFSM|Jax|Flax|Torch|TextVectorization|StringLookup|IntegerLookup)\w+"
)


def check(model, classes=None):
    """Refuses a model that could not be saved as it is trained.

    It may contain only what `load` accepts, and has to give each text the probabilities that the
    model gives it alone, whatever the other texts of its batch are.

    Args:
        model: a built model on token ids.
        classes: the number of probabilities that it has to give; None for any.

    Raises:
        UserError: it is refused; the message names the layer and says what to do.
    """
    network = _as_loaded(model)
    last, shape = model.layers[-1], network.output_shape
    if len(shape) != 2 or classes not in (None, shape[1]):
        problem = f"its output is {shape}, but the network has to end in (None, {classes})"
        raise UserError(f"{_described(last)}: {problem}: a probability for each class of each text")
    try:
        _check_answers(model, network)
    except UserError:
        raise
    except Exception as error:  # TensorFlow raises nearly anything for a text that is too short
        texts = f"texts of {min(LENGTHS)} to {max(LENGTHS)} words, padded to {WIDTH}"
        problem = f"the network cannot read {texts}: {in_one_line(error)}"
        raise UserError(f"{_unaware(model)}: {problem}") from error


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
    model = load(path)
    read = np.asarray(models.part(model, models.Vectorizer)(texts))
    width = ids.shape[1]
    if read[:, width:].any() or not np.array_equal(read[:, :width], ids):
        raise UserError("the saved model reads texts differently from those measured")
    # Keras's layers take long for long texts, whose token ids will do.
    compare(model(tf.constant(texts[:SHORTEST])), network(ids[:SHORTEST]), "the saved model")


def load(path):
    """Loads a model of `models.end_to_end` from a file that anybody may have made.

    A file is refused if it would run code, read other files or take far more memory than it has
    bytes, which no file of this project does.

    Args:
        path: the .keras file, a `Path`.

    Returns:
        A `keras.Model`.

    Raises:
        UserError: it is refused, damaged or another model, or Keras is too old to load it safely.
    """
    sizes, add_weight = [], keras.Layer.add_weight

    def counted(layer, *arguments, shape=None, **options):
        sizes.append(np.prod(shape or (), dtype=float))
        if sum(sizes) > 2 * weights.file_size:
            raise ValueError("its weights would take far more memory than it has bytes")
        return add_weight(layer, *arguments, shape=shape, **options)

    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
            if sorted(archive.namelist()) != PARTS or unpacked > 2**20 + 4 * path.stat().st_size:
                raise ValueError(f"its parts are not {', '.join(PARTS)}, or they are far too large")
            check_config(archive.read(PARTS[0]), path.stat().st_size)
            weights = archive.getinfo(PARTS[-1])
            with h5py.File(io.BytesIO(archive.read(weights))) as file:
                file.visititems(lambda _, item: sizes.append(getattr(item, "nbytes", 0)))
        # Keras allocates all weights, as large as the config says, before it reads the first.
        keras.Layer.add_weight = counted
        with warnings.catch_warnings(action="ignore"):
            model = keras.models.load_model(path, compile=False, safe_mode=True)
        if not all(np.isfinite(weight).all() for weight in model.weights):
            raise ValueError("a weight is not finite")
        _, labels = (models.part(model, kind) for kind in (models.Vectorizer, models.Labels))
        answer = np.asarray(model(tf.constant([""])))
        if answer.shape != (1, len(labels.classes)) or not np.isclose(answer.sum(), 1, atol=1e-3):
            raise ValueError("it does not turn texts into the probabilities of its classes")
        return model
    except UserError:
        raise
    except Exception as error:  # Keras raises nearly anything for a damaged or foreign file
        advice = "use a model.keras as a training script has saved it"
        raise UserError(f"{path}: cannot be used ({in_one_line(error)}); {advice}") from error
    finally:
        keras.Layer.add_weight = add_weight


def check_config(config, largest=math.inf):
    """Checks the config of a model, which may contain layers of Keras and the classes of models.py.

    Args:
        config: JSON.
        largest: the largest number in it, but for `NO_SIZES`: what a layer repeats or pads so many
            times has no weights that could be counted.

    Raises:
        UserError: Keras is too old to load any model safely.
        ValueError: it is not JSON, or contains something else.
    """
    if np.lib.NumpyVersion(keras.__version__) < LEAST_KERAS:
        raise UserError(
            f"Keras {keras.__version__} may run code that is hidden in a model; version "
            f"{LEAST_KERAS} or later is needed: pip install 'keras>={LEAST_KERAS}'"
        )
    own = {n for n, o in keras.saving.get_custom_objects().items() if o.__module__ == "models"}

    def permitted(node):
        numbers = tf.nest.flatten(node | NO_SIZES)
        if any(type(number) is int and number > largest for number in numbers):
            raise ValueError("it contains a number that is larger than the file")
        if "class_name" in node:
            what = f"{node.get('module')}.{node['class_name']}"
            if what in ("None.__numpy__", "None.__tensor__"):
                what += str(node["config"]["dtype"])
            name = node.get("config" if what.endswith(".function") else "registered_name")
            if name not in own and not PERMITTED.fullmatch(what):
                raise ValueError(f"it contains {name or what!r}, which is not in models.py")
        return {"dtype": node.get("dtype")}  # all that the node around it needs

    json.loads(config, object_hook=permitted)


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
        problem = "gives different probabilities when its layers are rebuilt from their configs"
        advice = "does get_config() of each layer of your own return all its arguments?"
        raise UserError(f"model {model.name!r}: {problem}; {advice}")
    if (before < 0).any() or not np.allclose(before.sum(axis=1), 1, atol=1e-3):
        problem = "its output is no probabilities; end in a softmax"
        raise UserError(f"{_described(model.layers[-1])}: {problem}")
    for weight in network.weights:  # with these, every token makes a difference, as after training
        value = 3 * np.asarray(weight) + rng.normal(scale=0.3, size=weight.shape)
        weight.assign(np.abs(value) if weight.path.endswith("variance") else value)
    alone = np.concatenate([_probabilities(network, [text]) for text in texts])
    if not np.allclose(_probabilities(network, texts, WIDTH), alone, atol=TOLERANCE):
        problem = "treats padding as text, so a prediction would depend on the rest of its batch"
        advice = "use one that supports masking, or write it: docs/reference/layers.md"
        raise UserError(f"{_unaware(model)}: {problem}; {advice}")


def _as_loaded(model):
    """What would be loaded from a file that the model was saved in, once it masks padding."""
    try:
        copy = models.mask_padding(model, portable=True)
        check_config(copy.to_json())
        return copy
    except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
        several = len(model.layers) > 1
        for layer in model.layers if several else ():
            _as_loaded(keras.Sequential([layer]))  # raises an error that names the layer
        raise UserError(
            f"{_described(model if several else model.layers[0])}: a saved model with it could not "
            f"be loaded ({in_one_line(error)}); write it as a class in models.py, with a "
            'get_config() and @keras.saving.register_keras_serializable("models")'
        ) from error


def _probabilities(model, texts, width=None):
    """The probabilities of texts (int arrays of token ids), padded to a width."""
    ids = keras.utils.pad_sequences(texts, width, padding="post")
    return np.asarray(model(ids, training=False))


def _unaware(model):
    """The first layer after the embedding that does not support masking, for messages."""
    before_masks = (keras.layers.InputLayer, keras.layers.Embedding)
    later = [layer for layer in model.layers if not isinstance(layer, before_masks)]
    return _described(next((layer for layer in later if not layer.supports_masking), model))


def _described(layer):
    return f"layer {layer.name!r} ({type(layer).__name__})"
