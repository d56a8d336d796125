"""Loads saved models, classifies texts with them, and evaluates them on labelled rows."""

import unicodedata
from pathlib import Path

import numpy as np
from tqdm import tqdm

from corpus import loading
from corpus.errors import UserError


def load_model(path):
    """Loads the model of a run; a file that would run code of its own is refused.

    Args:
        path: a run directory, or a .keras file.

    Returns:
        A `keras.Model` from strings of shape (batch,) to probabilities of shape (batch, classes).
        See `models.part` for its `models.Vectorizer` and `models.Labels`.

    Raises:
        UserError: there is no such file, it cannot be loaded safely, or it is another model.
    """
    from saving import verification

    path = Path(path)
    file = path / "model.keras" if path.is_dir() else path
    if file.suffix != ".keras" or not file.exists():
        raise UserError(f"{file}: no such model; give a run directory or a .keras file")
    return verification.load(file)


def classify(model, texts):
    """Classifies texts.

    Args:
        model: a model that `load_model` returned.
        texts: list of `str`.

    Returns:
        A list of dicts: "text"; "class"; "probabilities", a dict of class name to float; "words",
        how many words (or characters) the network reads; "unknown", how many of them are unknown.
    """
    import models

    answers, classes = [], models.part(model, models.Labels).classes
    rows = probabilities(model, texts).tolist(), *count_words(model, texts).T.tolist()
    for text, row, words, unknown in zip(texts, *rows, strict=True):
        by_class = dict(zip(classes, row, strict=True))
        best = max(by_class, key=by_class.get)
        answers.append({"text": text, "class": best, "probabilities": by_class})
        answers[-1] |= {"words": words, "unknown": unknown}
    return answers


def count_words(model, texts):
    """Counts the words (or characters) of each text that the network reads.

    Args:
        model, texts: see `probabilities`.

    Returns:
        int64 array of shape (texts, 2): how many are read, and how many of these are unknown.
    """
    import tensorflow as tf

    import models

    vectorizer = models.part(model, models.Vectorizer)
    counts = np.empty((len(texts), 2), np.int64)
    for batch in _batches(texts):
        ids = vectorizer.all_token_ids(_encoded(texts, batch))[:, : vectorizer.max_words or None]
        unknown = tf.reduce_sum(tf.cast(ids == 1, tf.int64), axis=1)
        counts[batch] = tf.stack([ids.row_lengths(), unknown], axis=1)
    return counts


def probabilities(model, texts):
    """Computes the probabilities of many texts, with a bar in a terminal if it takes long.

    Args:
        model: a model that `load_model` returned.
        texts: list or array of `str`.

    Returns:
        float32 array of shape (texts, classes).
    """
    result = np.empty((len(texts), model.output_shape[-1]), np.float32)
    for batch in tqdm(_batches(texts), "predicting", leave=False, delay=1, disable=None):
        result[batch] = model.predict_on_batch(_encoded(texts, batch))
    return result


def _batches(texts):
    """The positions of texts of similar length, which need little padding: list of int arrays."""
    from data import EVALUATION_BATCH_SIZE, bucketed

    lengths = np.array([len(text) for text in texts], int)  # in characters
    return [positions for positions, _ in bucketed(lengths, EVALUATION_BATCH_SIZE, lengths)]


def _encoded(texts, positions):
    """The texts at some positions as the model reads them: tensor of composed UTF-8."""
    import tensorflow as tf

    # An argument that is not valid UTF-8 reaches Python as surrogates, which TensorFlow refuses.
    texts = [unicodedata.normalize("NFC", texts[i]).encode("utf-8", "replace") for i in positions]
    return tf.constant(texts, tf.string)


def checked_output(path, source):
    """Returns the path of a CSV file to write.

    Args:
        path: the file, which may exist.
        source: the file that is read.

    Raises:
        UserError: it is not called .csv, or it is the file that is read.
    """
    path = Path(path)
    if path.suffix.lower() != ".csv":
        raise UserError(f"{path}: the name of a file to write must end in .csv")
    if path.exists() and path.samefile(source):
        raise UserError(f"{path}: the same file as the one that is read; use another name")
    return path


def evaluate(model, file, text_columns=(), label_column=None, encoding=None, errors=None):
    """Scores a model on labelled texts.

    Args:
        model: a model that `load_model` returned.
        file: rows in one of the forms that a corpus may have.
        text_columns, label_column, encoding: see `corpus.loading.read`.
        errors: a CSV file to write the rows that were wrong to, see `evaluation.write_errors`.

    Returns:
        (dict of "rows", "accuracy", "interval" (low, high; 95 per cent), "macro_f1" and
        "per_class", see `evaluation.scores`; which columns were used).

    Raises:
        UserError: the file cannot be used, or has a class that the model does not have.
    """
    import models
    from training import evaluation
    from training.atomic import atomic_write

    errors = errors if errors is None else checked_output(errors, file)
    labels, vectorizer = models.part(model, models.Labels), models.part(model, models.Vectorizer)
    rows, about = loading.read(file, labels, text_columns, label_column, encoding)
    texts, classes = rows.texts(vectorizer.text), labels.classes
    each = probabilities(model, texts)
    predictions = evaluation.Predictions(rows.labels, each.argmax(axis=1), each.max(axis=1))
    scores = evaluation.scores(predictions.matrix(len(classes)), classes)
    interval = evaluation.wilson_interval(scores["accuracy"], len(rows))
    if errors is not None:
        with atomic_write(errors) as partial:
            evaluation.write_errors(partial, texts, predictions, classes)
    return {"rows": len(rows), "interval": interval, **scores}, about
