"""How well a fitted model does on labelled batches."""

import numpy as np
import tensorflow as tf
from tqdm import tqdm


def confusion_matrix(model, batches, verbose=0):
    """Counts true class by predicted class.

    Args:
        model: from token ids to probabilities of shape (batch, classes).
        batches: a `tf.data.Dataset` of (token ids, labels), in the same order each time.
        verbose: as of `fit`: 1 for a bar on standard error that shows the time left.

    Returns:
        int array of shape (classes, classes).
    """

    # `Model.predict` would trace the model anew for each of the first widths.
    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)])
    def predict(ids):
        return tf.argmax(model(ids, training=False), axis=1)

    classes = model.output_shape[-1]
    matrix = np.zeros((classes, classes), dtype=int)
    for ids, labels in tqdm(batches, "evaluating", leave=False, disable=verbose != 1):
        matrix += count(np.asarray(labels), np.asarray(predict(ids)), classes)
    return matrix


def count(labels, predicted, classes):
    """The confusion matrix of two int arrays of classes, the true and the predicted ones."""
    matrix = np.zeros((classes, classes), dtype=int)
    np.add.at(matrix, (labels, predicted), 1)
    return matrix


def reliability(shares, labels, bins=15):
    """How often a model is right when it is so and so sure, in bins of sureness of equal width.

    Args:
        shares: float array of shape (texts, classes), its probabilities.
        labels: int array of shape (texts,), the true classes.
        bins: how many, between 0 and 1.

    Returns:
        (texts, mean probability of the predicted class, share of texts that are right), arrays of
        shape (bins,); the last two are NaN where a bin has no text.
    """
    sure, right = shares.max(axis=1), shares.argmax(axis=1) == labels
    place = np.minimum((sure * bins).astype(int), bins - 1)
    texts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        return texts, *(np.bincount(place, of, bins) / texts for of in (sure, right))


def calibration_error(shares, labels, bins=15):
    """Expected calibration error: the mean distance of sureness and accuracy over the bins.

    After Guo et al., On Calibration of Modern Neural Networks, https://arxiv.org/abs/1706.04599.

    Args:
        shares, labels, bins: as of `reliability`.
    """
    texts, sure, right = reliability(shares, labels, bins)
    return float(np.nansum(texts * np.abs(sure - right)) / texts.sum())


def accuracy(matrix):
    """The share of a confusion matrix that lies on its diagonal."""
    return float(np.trace(matrix) / matrix.sum())


def per_class(matrix, names):
    """Precision, recall and F1 of each class of a confusion matrix; 0 where a class is empty.

    Args:
        matrix: int array of shape (classes, classes).
        names: the names of the classes.

    Returns:
        Dict of name to {"precision": float, "recall": float, "f1": float}.
    """
    correct, predicted, true = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    scores = {
        "precision": correct / np.maximum(predicted, 1),
        "recall": correct / np.maximum(true, 1),
        "f1": 2 * correct / np.maximum(predicted + true, 1),
    }
    return {
        name: {score: float(values[i]) for score, values in scores.items()}
        for i, name in enumerate(names)
    }


def macro_f1(matrix):
    """The mean F1 of the classes that a confusion matrix has, as true or as predicted ones."""
    scores = per_class(matrix, range(len(matrix)))
    there = np.flatnonzero(matrix.sum(axis=0) + matrix.sum(axis=1))
    return float(np.mean([scores[i]["f1"] for i in there]))


def scores(matrix, names):
    """What is said of a confusion matrix: dict of "accuracy", "macro_f1" and "per_class".

    Args:
        matrix, names: as of `per_class`.
    """
    return {
        "accuracy": accuracy(matrix),
        "macro_f1": macro_f1(matrix),
        "per_class": per_class(matrix, names),
    }
