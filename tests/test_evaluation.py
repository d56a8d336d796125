import keras
import numpy as np
import pytest

import data
import evaluation


class SaysItsFirstToken(keras.layers.Layer):
    def call(self, ids):
        return keras.ops.one_hot(ids[:, 0] - 1, 4)


def test_the_matrix_counts_true_by_predicted_class():
    tokens = data.Tokens(np.array([1, 2, 2, 2, 4], dtype=np.int32), np.arange(5), np.ones(5, int))
    batches = data.evaluation_batches(tokens, np.array([0, 1, 1, 2, 3]), np.array([1]))
    model = keras.Sequential([keras.Input((None,), dtype="int32"), SaysItsFirstToken()])
    matrix = evaluation.confusion_matrix(model, batches)
    assert matrix.tolist() == [[1, 0, 0, 0], [0, 2, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
    assert evaluation.accuracy(matrix) == pytest.approx(0.8)
    scores = evaluation.per_class(matrix)
    assert scores["Sports"] == {"precision": pytest.approx(2 / 3), "recall": 1}
    assert scores["Business"] == {"precision": 0, "recall": 0}
