import keras
import numpy as np
import pytest
import tensorflow as tf

import models
from fused_lstm import FusedLSTM


@pytest.mark.parametrize("builder", [models.lstm, models.stacked_bilstm])
@pytest.mark.parametrize("mask", [False, True])
def test_outputs_and_gradients_are_those_of_keras(builder, mask):
    keras.utils.set_random_seed(1)
    plain = builder(50, embed_size=6, units=5, mask=mask)
    fused = builder(50, embed_size=6, units=5, mask=mask, lstm_layer=FusedLSTM)
    plain.set_weights([weights * 2 for weights in plain.get_weights()])
    fused.set_weights(plain.get_weights())
    lengths = np.array([9, 0, 1, 4, 9, 7])
    ids = np.random.default_rng(0).integers(1, 50, size=(6, 11))
    ids = tf.constant(ids * (np.arange(11) < lengths[:, None]), dtype="int32")

    def outputs_and_gradients(model):
        with tf.GradientTape() as tape:
            outputs = model(ids)
            loss = tf.reduce_sum(outputs[:, 0] ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        return [outputs, *map(tf.convert_to_tensor, gradients)]

    pairs = zip(outputs_and_gradients(plain), outputs_and_gradients(fused), strict=True)
    for expected, actual in pairs:
        assert np.abs(expected).max() > 1e-5
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("builder", [models.lstm, models.stacked_bilstm])
def test_a_copy_to_save_has_plain_layers(builder):
    fused = builder(50, embed_size=6, units=5, lstm_layer=FusedLSTM)
    copy = models.without_padding(fused)
    assert "FusedLSTM" not in copy.to_json()
    ids = np.array([[3, 4, 5]])
    np.testing.assert_allclose(copy(ids), fused(ids), atol=1e-6)
