import keras
import numpy as np
import pytest

import data
from corpus.ag_news import CLASSES
from training import evaluation


class SaysItsFirstToken(keras.layers.Layer):
    def call(self, ids):
        return keras.ops.one_hot(ids[:, 0] - 1, 4)


def test_the_interval_of_a_proportion_is_wilsons():
    assert evaluation.wilson_interval(0.9, 100) == pytest.approx((0.8256, 0.9448), abs=1e-4)
    assert evaluation.wilson_interval(1.0, 30) == pytest.approx((0.8865, 1), abs=1e-4)


def test_the_matrix_counts_true_by_predicted_class():
    ids, labels = np.array([1, 2, 2, 2, 4], dtype=np.int32), np.array([0, 1, 1, 2, 3])
    tokens = data.Tokens(ids, np.arange(5), np.ones(5, int), labels, np.zeros(5, bool))
    model = keras.Sequential([keras.Input((None,), dtype="int32"), SaysItsFirstToken()])
    predictions = evaluation.predict(model, tokens)
    matrix = predictions.matrix(4)
    np.testing.assert_allclose(predictions.confidence, 1, atol=1e-5)
    assert matrix.tolist() == [[1, 0, 0, 0], [0, 2, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
    assert evaluation.scores(matrix, range(4))["accuracy"] == pytest.approx(0.8)
    scores = evaluation.scores(matrix, CLASSES)["per_class"]
    sports = {"precision": 2 / 3, "recall": 1, "f1": 0.8, "rows": 2}
    assert scores["Sports"] == pytest.approx(sports)
    assert scores["Business"] == {"precision": 0, "recall": 0, "f1": 0, "rows": 1}
    assert evaluation.scores(matrix, range(len(matrix)))["macro_f1"] == pytest.approx(
        (1 + 0.8 + 0 + 1) / 4
    )


def test_macro_f1_is_of_the_classes_that_are_there():
    # As scikit-learn: one that is neither true nor predicted has no part in the mean.
    matrix = np.array([[3, 1, 0], [1, 3, 0], [0, 0, 0]])
    assert evaluation.scores(matrix, range(len(matrix)))["macro_f1"] == pytest.approx(0.75)


def test_calibration_is_the_distance_of_sureness_and_accuracy():
    shares = np.array([[0.95, 0.05], [0.95, 0.05], [0.35, 0.65], [1.0, 0.0]])
    labels = np.array([0, 1, 1, 0])
    predictions = evaluation.Predictions(labels, shares.argmax(axis=1), shares.max(axis=1))
    texts, sure, right, error = evaluation.reliability(predictions, bins=10)
    assert texts.tolist() == [0, 0, 0, 0, 0, 0, 1, 0, 0, 3]
    assert np.isnan(sure[0])
    assert sure[9] == pytest.approx(2.9 / 3)
    assert right[[6, 9]] == pytest.approx([1, 2 / 3])
    expected = (abs(0.65 - 1) + 3 * abs(2.9 / 3 - 2 / 3)) / 4
    assert error == pytest.approx(expected)
