"""How well a fitted model does on labelled texts."""

import csv
import math
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from data import without_padding


@dataclass(frozen=True)
class Predictions:
    """What a model predicts for labelled texts.

    Attributes:
        labels: int array of shape (texts,), the true classes.
        predicted: int array of shape (texts,), the predicted classes.
        confidence: float array of shape (texts,), the probabilities of the predicted classes.
    """

    labels: np.ndarray
    predicted: np.ndarray
    confidence: np.ndarray

    def matrix(self, classes):
        """The confusion matrix: int array of shape (classes, classes), true by predicted class."""
        pairs = self.labels * classes + self.predicted
        return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def predict(model, tokens, verbose=0):
    """Predicts the class of each text.

    Args:
        model: from token ids to probabilities of shape (batch, classes).
        tokens: the `data.Tokens`; they are read without padding.
        verbose: 1 for a bar on standard error that shows the time left.

    Returns:
        `Predictions`.
    """
    signature = [tf.TensorSpec((None,), tf.int64), tf.TensorSpec((), tf.int64)]

    # `Model.predict` would trace the model again for each of the first widths.
    @tf.function(input_signature=signature, autograph=False)
    def largest(positions, width):
        probabilities = model(tokens.batch(positions, width)[0], training=False)
        return tf.argmax(probabilities, axis=1), tf.reduce_max(probabilities, axis=1)

    predicted, confidence = np.zeros(len(tokens), int), np.zeros(len(tokens), np.float32)
    batches = without_padding(tokens.lengths)
    for positions, width in tqdm(batches, "evaluating", leave=False, disable=verbose != 1):
        predicted[positions], confidence[positions] = map(np.asarray, largest(positions, width))
    return Predictions(tokens.labels, predicted, confidence)


def write_errors(path, texts, predictions, classes):
    """Writes the misclassified texts to a CSV file, the most confident predictions first.

    Args:
        path: the file; its columns are text, class, answer and probability.
        texts: sequence of `str`.
        predictions: the `Predictions` of the texts.
        classes: the names of the classes.
    """
    labels, predicted, confidence = vars(predictions).values()
    wrong = np.flatnonzero(labels != predicted)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "class", "answer", "probability"])
        for i in wrong:
            names = classes[labels[i]], classes[predicted[i]]
            writer.writerow([texts[i], *names, f"{confidence[i]:.4f}"])


def reliability(predictions, bins=15):
    """Computes accuracy and mean confidence in confidence bins, for a reliability diagram.

    After Guo et al., On Calibration of Modern Neural Networks, https://arxiv.org/abs/1706.04599.

    Args:
        predictions: a `Predictions`.
        bins: the number of bins of equal width between 0 and 1.

    Returns:
        (texts, mean probability of the predicted class, accuracy, expected calibration error): the
        first three are arrays of shape (bins,), the second and third with NaN where a bin has no
        text; the last is the mean of |accuracy - confidence| over the texts' bins.
    """
    index = np.minimum((predictions.confidence * bins).astype(int), bins - 1)
    texts = np.bincount(index, minlength=bins)
    values = predictions.confidence, predictions.predicted == predictions.labels
    with np.errstate(invalid="ignore"):
        confidence, accuracy = (np.bincount(index, each, bins) / texts for each in values)
    error = np.nansum(texts * np.abs(confidence - accuracy)) / texts.sum()
    return texts, confidence, accuracy, float(error)


def scores(matrix, names):
    """Scores a confusion matrix.

    Macro F1 is the mean over the classes that occur, as true or as predicted ones.

    Args:
        matrix: int array of shape (classes, classes).
        names: the names of the classes.

    Returns:
        Dict of "accuracy", "macro_f1" and "per_class", a dict of name to {"precision", "recall",
        "f1", "rows"}; the first three are 0 where a class is empty.
    """
    correct, predicted, true = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    per_class = {
        "precision": correct / np.maximum(predicted, 1),
        "recall": correct / np.maximum(true, 1),
        "f1": 2 * correct / np.maximum(predicted + true, 1),
    }
    return {
        "accuracy": float(correct.sum() / matrix.sum()),
        "macro_f1": float(per_class["f1"][predicted + true > 0].mean()),
        "per_class": {
            name: {score: float(values[i]) for score, values in per_class.items()}
            | {"rows": int(true[i])}
            for i, name in enumerate(names)
        },
    }


def report(predictions, names, train_labels):
    """Returns the scores that result.json contains, None for those that have no rows.

    Args:
        predictions: dict of "test" and "held_out" to `Predictions`.
        names: the names of the classes.
        train_labels: int array, the classes of the training rows.
    """
    keys = "test_accuracy", "macro_f1", "per_class", "test_interval", "majority_accuracy"
    result = dict.fromkeys([*keys, "validation_accuracy", "validation_macro_f1"])
    if test := predictions.get("test"):
        result |= scores(test.matrix(len(names)), names)
        result["test_accuracy"] = accuracy = result.pop("accuracy")
        result["test_interval"] = wilson_interval(accuracy, len(test.labels))
        majority = np.bincount(train_labels).argmax()
        result["majority_accuracy"] = float(np.mean(test.labels == majority))
    if held_out := predictions.get("held_out"):
        values = scores(held_out.matrix(len(names)), names)
        result["validation_accuracy"] = values["accuracy"]
        result["validation_macro_f1"] = values["macro_f1"]
    return result


def wilson_interval(proportion, count, z=1.96):
    """Wilson score interval of a proportion: (low, high).

    Wilson, Probable inference, the law of succession, and statistical inference, 1927.

    Args:
        proportion: the observed one, from 0 to 1.
        count: the number of observations, at least 1.
        z: quantile of the normal distribution; 1.96 for 95 per cent.
    """
    center = proportion + z**2 / (2 * count)
    half = z * math.sqrt(proportion * (1 - proportion) / count + z**2 / (4 * count**2))
    return (center - half) / (1 + z**2 / count), (center + half) / (1 + z**2 / count)
