import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import assert_same_outputs_and_gradients

import models
from training import fused

BUILDERS = [
    (models.simple_rnn, fused.SimpleRNN),
    (models.lstm, fused.LSTM),
    (models.stacked_bilstm, fused.LSTM),
]


@pytest.mark.parametrize(("builder", "layer"), BUILDERS)
@pytest.mark.parametrize("pooling", ["last", "max"])
@pytest.mark.parametrize("mask", [False, True])
def test_outputs_and_gradients_are_those_of_keras(builder, layer, mask, pooling, monkeypatch):
    options = {"embed_size": 6, "units": 5, "mask": mask, "pooling": pooling}
    plain = builder(50, **options)
    assert_same_outputs_and_gradients(plain, builder(50, **options, layer=layer))
    monkeypatch.setattr(fused, "MANY_UNITS", 1)
    assert_same_outputs_and_gradients(plain, builder(50, **options, layer=layer))


@pytest.mark.parametrize(("builder", "layer"), BUILDERS)
def test_a_copy_to_save_has_plain_layers(builder, layer):
    model = builder(50, embed_size=6, units=5, layer=layer)
    assert "fused" not in models.as_saved(model).to_json()
    assert "fused" in models.mask_padding(model).to_json()
    copy = models.as_saved(model)
    ids = np.array([[3, 4, 5]])
    np.testing.assert_allclose(copy(ids), model(ids), atol=1e-6)


@pytest.mark.parametrize(
    "option",
    [
        {"activation": "relu"},
        {"use_bias": False},
        {"recurrent_dropout": 0.5},
        {"dropout": 0.5},
        {"go_backwards": True},
        {"return_state": True},
    ],
)
@pytest.mark.parametrize(
    ("own", "ours"), [(keras.layers.SimpleRNN, fused.SimpleRNN), (keras.layers.LSTM, fused.LSTM)]
)
def test_an_option_of_keras_does_what_it_does_in_keras(own, ours, option):
    x = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")
    expected_layer, actual_layer = own(6, seed=1, **option), ours(6, seed=1, **option)
    for layer in (expected_layer, actual_layer):
        layer.build(x.shape)
    actual_layer.set_weights(expected_layer.get_weights())
    for training in (False, True):
        expected, actual = (
            tf.nest.flatten(layer(x, training=training)) for layer in (expected_layer, actual_layer)
        )
        for a, b in zip(expected, actual, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)


def trained(optimizer):
    """A model with an embedding, some of whose rows get no gradient, after five steps."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Embedding(50, 4), keras.layers.Flatten()]
        + [keras.layers.Dense(4, activation="softmax")]
    )
    model.compile(optimizer, loss="sparse_categorical_crossentropy")
    random = np.random.default_rng(1)
    for _ in range(5):
        words = random.permutation(40)[:24].reshape(8, 3)  # none twice
        model.train_on_batch(words, random.integers(0, 4, 8))
    return model


def test_it_takes_the_steps_of_keras_adam():
    schedule = keras.optimizers.schedules.CosineDecay(0.01, 10)
    for rate in (0.01, schedule):
        ours, keras_own = trained(fused.Adam(rate)), trained(keras.optimizers.Adam(rate))
        for a, b in zip(ours.get_weights(), keras_own.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
        for a, b in zip(ours.optimizer.variables, keras_own.optimizer.variables, strict=True):
            np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=1e-6)


def test_its_checkpoint_is_that_of_keras_adam(tmp_path):
    ours = trained(fused.Adam(0.01))
    ours.save_weights(tmp_path / "a.weights.h5")
    other = trained(keras.optimizers.Adam(0.01))
    other.load_weights(tmp_path / "a.weights.h5")
    assert int(other.optimizer.iterations) == 5
    for a, b in zip(ours.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_a_repeated_word_gets_the_square_of_the_sum():
    embedding = keras.layers.Embedding(3, 1)
    embedding.build()
    optimizer = fused.Adam(0.1)
    optimizer.build(embedding.trainable_variables)
    values = tf.constant([[1.0], [2.0]])
    gradient = tf.IndexedSlices(values, tf.constant([1, 1]), tf.constant([3, 1]))
    optimizer.apply([gradient])
    _, _, momentum, velocity = optimizer.variables
    np.testing.assert_allclose(np.ravel(momentum), [0, 0.1 * 3, 0], rtol=1e-5)
    np.testing.assert_allclose(np.ravel(velocity), [0, 0.001 * 9, 0], rtol=1e-4)


def test_amsgrad_is_that_of_keras():
    ours, own = (trained(kind(0.01, amsgrad=True)) for kind in (fused.Adam, keras.optimizers.Adam))
    for a, b in zip(ours.get_weights(), own.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
