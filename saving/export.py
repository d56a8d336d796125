"""Exports a model as a SavedModel, which TensorFlow loads without Keras and this project."""

import os
import shutil
import tempfile
from pathlib import Path

import tensorflow as tf

import models
from corpus.errors import UserError, in_one_line
from saving import card, verification
from training.atomic import atomic_write
from training.directory import load_result
from training.process import show


def export(model, run, directory):
    """Writes a SavedModel and its model card (README.md), loads it again and compares it.

    Its signature "serving_default" has one input, "text" (strings of shape (batch,), UTF-8), and
    one output, "probabilities" (float32 of shape (batch, classes)). Its signature "classes" has no
    input and one output, "classes", the names of the classes. They are also in assets/classes.txt,
    one per line.

    Args:
        model: a Keras model from raw text to class probabilities, see `models.end_to_end`; cuDNN is
            switched off in it.
        run: the directory of its run, or its .keras file; the figures on the card are from the
            run's result.json; without one there is no card.
        directory: the directory of the SavedModel, new or empty.

    Raises:
        UserError: the directory is not empty or cannot be written, or the SavedModel gives other
            probabilities than the model. Nothing is left behind.
    """
    target = Path(os.path.abspath(directory))
    try:
        if target.exists() and not (target.is_dir() and not any(target.iterdir())):
            raise UserError("not an empty directory; use a new one: predict.py RUN --export DIR")
        about = _card(model, run)
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(target) as path, tempfile.TemporaryDirectory() as folder:
            made = Path(folder, "model")  # TensorFlow would read "run [1]" as a pattern
            _write(model, made)
            _verify(model, made)
            if about is not None:
                (made / "README.md").write_bytes(about.encode("utf-8", "surrogateescape"))
            shutil.move(made, path)
    except Exception as error:  # TensorFlow raises nearly anything, for a full disk too
        reason = getattr(error, "strerror", None) or in_one_line(error)
        raise UserError(f"--export {directory}: {reason}") from error
    show(f"exported: {directory}, a SavedModel{' and its model card' if about else ''}")


def _card(model, run):
    """The text of the model card, or None and a printed line."""
    run = Path(run)
    try:
        result = load_result(run.parent if run.name == "model.keras" else run)
        parts = (models.part(model, kind) for kind in (models.Labels, models.Vectorizer))
        return card.markdown(result, *parts)
    except (UserError, LookupError, TypeError, ValueError, AttributeError):  # edited, or older
        show(f"no model card: {run} has no complete result.json")
        return None


def _write(model, path):
    """Writes the SavedModel, and beside it the names of the classes for its asset."""
    names = models.part(model, models.Labels).classes
    for layer in model._flatten_layers():  # Keras has no public way into wrappers
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False  # so that it runs without a GPU
    module = tf.Module(name="text_classifier")
    # Not the model itself: TensorFlow would write each weight twice, once under Keras's names.
    module.weights = [weight.value for weight in model.variables]
    module.vectorizer = models.part(model, models.Vectorizer)  # with its table of the vocabulary

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="text")])
    def probabilities(text):
        return {"probabilities": model(text, training=False)}

    @tf.function(input_signature=[])
    def classes():
        return {"classes": tf.constant(names)}

    signatures = {"serving_default": probabilities, "classes": classes}
    file = path.with_name("classes.txt")
    file.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    module.class_names = tf.saved_model.Asset(str(file))
    tf.saved_model.save(module, str(path), signatures)


def _verify(model, path):
    """Loads a SavedModel and compares its probabilities with the model's."""
    words = models.part(model, models.Vectorizer).get_vocabulary()[2:]
    texts = tf.constant([*(" ".join(words[i::10][:12]) for i in range(10)), "[unknown]", ""])
    signatures = tf.saved_model.load(str(path)).signatures
    probabilities = signatures["serving_default"](text=texts)["probabilities"]
    verification.compare(probabilities, model(texts, training=False), "the SavedModel")
