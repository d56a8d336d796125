import keras
import numpy as np
import pytest
import tensorflow as tf

import models
from fused_rnn import FusedRNN


@pytest.mark.parametrize("mask", [False, True])
def test_outputs_and_gradients_are_those_of_keras(mask):
    keras.utils.set_random_seed(1)
    plain = models.simple_rnn(50, embed_size=6, units=5, mask=mask)
    fused = models.simple_rnn(50, embed_size=6, units=5, mask=mask, rnn_layer=FusedRNN)
    plain.set_weights([weights * 2 for weights in plain.get_weights()])
    fused.set_weights(plain.get_weights())
    lengths = np.array([9, 0, 1, 4, 11, 7])
    ids = np.random.default_rng(0).integers(1, 50, size=(6, 11))
    ids = tf.constant(ids * (np.arange(11) < lengths[:, None]), dtype="int32")

    @tf.function
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


def test_a_copy_to_save_has_plain_layers():
    fused = models.masked_rnn(50, embed_size=6, units=5, rnn_layer=FusedRNN)
    assert "FusedRNN" not in models.without_padding(fused).to_json()
    assert "FusedRNN" in models.without_padding(fused, plain=False).to_json()
