"""A model to take away: a SavedModel, which TensorFlow alone can load, and its card."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from corpus.errors import UserError, in_one_line
from training import card, proof
from training.directory import EXPORT, load_result
from training.whole import whole

DIRECTORY, CARD = EXPORT

AGAIN = "; the run is finished: predict.py RUN --export DIR tries again"
TEXTS, WORDS = 10, 12  # that a SavedModel is proved with, and of each at most


def into_run(model, reading, result, run):
    """Adds model/ and README.md to a finished run.

    Args:
        model, reading: as of `write`.
        result: what its result.json holds.
        run: its directory.

    Raises:
        UserError: they cannot be written, their names are in use, or the SavedModel does not
            say what the model says. The run is there all the same.
    """
    for name in EXPORT:
        if os.path.lexists(run / name):
            raise UserError(f"{run / name}: is there already, and no export of a run{AGAIN}")
    try:
        with whole(run / DIRECTORY) as path:
            write(model, reading, path, card.markdown(result, reading, "."))
        _add_card(result, reading, run, DIRECTORY)
    except OSError as error:
        raise UserError(f"{error.filename or run}: {error.strerror or error}{AGAIN}") from error
    except UserError as error:
        raise UserError(f"{error}{AGAIN}") from error
    print(f"exported: {run / DIRECTORY}, a SavedModel; its card is {run / CARD}")


def of_run(model, reading, run, directory):
    """Writes the SavedModel of a run that exists, or of a .keras file.

    The card of a run is in it as README.md, and in the run's directory unless there is one. A file
    that is in no run's directory has none.

    Args:
        model, reading: as of `write`.
        run: the run's directory, or the file.
        directory: where to; it has to be empty, or absent, and cannot be a mount point.

    Returns:
        List of the paths written.

    Raises:
        UserError: the directory is not empty or cannot be written, or the SavedModel does not say
            what the model says; nothing is left behind.
    """
    run, directory = Path(run), Path(os.path.abspath(directory))
    run = run.parent if run.name == "model.keras" else run
    result, about = None, None
    with suppress(UserError, KeyError, TypeError, ValueError, AttributeError):  # a former version's
        result = load_result(run)
        about = card.markdown(result, reading, ".")
    if os.path.lexists(directory) and not (directory.is_dir() and not any(directory.iterdir())):
        raise UserError(f"--export {directory}: is there already; name another directory")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="export-", dir=directory.parent) as folder:
            path = Path(folder) / directory.name
            write(model, reading, path, about)
            if directory.exists():  # Windows replaces no directory
                directory.rmdir()
            os.replace(path, directory)
    except OSError as error:
        raise UserError(f"--export {directory}: {error.strerror or error}") from error
    written = [directory]
    with suppress(OSError):  # somebody else's run may be there to be read alone
        if about is not None and not (run / CARD).exists():
            _add_card(result, reading, run, _seen_from(run, directory))
            written.append(run / CARD)
    return written


def _seen_from(run, directory):
    try:
        return Path(os.path.relpath(directory, run)).as_posix()
    except ValueError:  # another drive of Windows
        return directory.name


def _add_card(result, reading, run, place):
    """Writes a run's README.md; `place` is what it calls the SavedModel's directory."""
    with whole(run / CARD) as path:
        path.write_text(card.markdown(result, reading, place), encoding="utf-8")


def write(model, reading, path, about=None):
    """Writes a SavedModel, loads it again and compares what it says.

    Its signature "serving_default" has one input, "text" (strings of shape (batch,), UTF-8), and
    one output, "probabilities" (float32 of shape (batch, classes)); its signature "classes" has no
    input, and the names of the classes as its output "classes". They are in assets/classes.txt as
    well, a name a line.

    Args:
        model: a Keras model from raw text to class probabilities, as of `models.end_to_end`.
        reading: its `saved.Reading`.
        path: the directory; made anew.
        about: the text of its README.md, None for none.

    Raises:
        UserError: it cannot be written or loaded, or says something else.
    """
    _without_cudnn(model)
    vectorizers = [v for v in model.layers if isinstance(v, keras.layers.TextVectorization)]
    module = tf.Module(name="text_classifier")
    # Not the model itself: TensorFlow would write each weight twice, once under Keras's names.
    module.weights = [weight.value for weight in model.variables]
    module.vectorizers = vectorizers  # with the table of the vocabulary

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="text")])
    def probabilities(text):
        return {"probabilities": model(text, training=False)}

    @tf.function(input_signature=[])
    def classes():
        return {"classes": tf.constant(reading.classes)}

    signatures = {"serving_default": probabilities, "classes": classes}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "classes.txt"
        file.write_text("".join(f"{name}\n" for name in reading.classes), encoding="utf-8")
        module.class_names = tf.saved_model.Asset(str(file))
        try:
            tf.saved_model.save(module, str(path), signatures)
        except Exception as error:  # a full disk, or a layer that holds what cannot be saved
            raise UserError(f"the SavedModel cannot be written: {in_one_line(error)}") from error
    if about is not None:
        (path / CARD).write_text(about, encoding="utf-8")
    vocabulary = [word for v in vectorizers for word in v.get_vocabulary()]
    _prove(path, model, reading, _some_texts(vocabulary))


def _prove(path, model, reading, texts):
    """Loads a SavedModel, and compares its answers with those of the model it was made from."""
    try:
        signatures = tf.saved_model.load(str(path)).signatures
        said = signatures["serving_default"](text=texts)["probabilities"]
        names = [name.decode() for name in signatures["classes"]()["classes"].numpy()]
    except Exception as error:  # TensorFlow raises nearly anything for what it cannot load
        raise UserError(f"the SavedModel cannot be loaded: {in_one_line(error)}") from error
    proof.compare(said, model(texts, training=False), "the SavedModel")
    if names != list(reading.classes):
        raise UserError("the SavedModel has other classes than the model")


def _some_texts(vocabulary):
    """Strings of shape (texts,): words of a vocabulary, an unknown one, and a text of no words."""
    rng = np.random.default_rng(0)
    known = np.array([*vocabulary[2:], "[unknown]"], object)
    texts = [" ".join(rng.choice(known, 1 + i % WORDS)) for i in range(TEXTS)]
    return tf.constant([*texts, ""])


def _without_cudnn(model):
    """Lets the layers of a model, which has a GPU here, compute what any device can."""
    for layer in model._flatten_layers():  # Keras has no public way into wrappers
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False
