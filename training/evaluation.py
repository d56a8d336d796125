"""How well a fitted model does on labelled batches."""

import numpy as np
import tensorflow as tf
from tqdm import tqdm


def confusion_matrix(model, batches, classes, verbose=0):
    """Counts true class by predicted class.

    Args:
        model: from token ids to probabilities of shape (batch, classes).
        batches: a `tf.data.Dataset` of (token ids, labels), in the same order each time.
        classes: the number of classes.
        verbose: as of `fit`: 1 for a bar on standard error that shows the time left.

    Returns:
        int array of shape (classes, classes).
    """

    # `Model.predict` would trace the model anew for each of the first widths.
    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)])
    def predict(ids):
        return tf.argmax(model(ids, training=False), axis=1)

    matrix = np.zeros((classes, classes), dtype=int)
    for ids, labels in tqdm(batches, "evaluating", leave=False, delay=1, disable=verbose != 1):
        matrix += count(np.asarray(labels), np.asarray(predict(ids)), classes)
    return matrix


def count(labels, predicted, classes):
    """The confusion matrix of two int arrays of classes, the true and the predicted ones."""
    matrix = np.zeros((classes, classes), dtype=int)
    np.add.at(matrix, (labels, predicted), 1)
    return matrix


def accuracy(matrix):
    """The share of a confusion matrix that lies on its diagonal."""
    return float(np.trace(matrix) / matrix.sum())


def per_class(matrix, names):
    """Precision and recall of each class of a confusion matrix; 0 where a class is empty.

    Args:
        matrix: int array of shape (classes, classes).
        names: the names of the classes.

    Returns:
        Dict of name to {"precision": float, "recall": float}.
    """
    correct = np.diag(matrix)
    precision = correct / np.maximum(matrix.sum(axis=0), 1)
    recall = correct / np.maximum(matrix.sum(axis=1), 1)
    return {
        name: {"precision": float(precision[i]), "recall": float(recall[i])}
        for i, name in enumerate(names)
    }
