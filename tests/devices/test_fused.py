import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import comparison_of_outputs_and_gradients

import models
from devices import fused

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
    compare = comparison_of_outputs_and_gradients(builder(50, **options))
    compare(builder(50, **options, layer=layer))
    if layer is fused.LSTM:  # it has another gradient from some units on
        monkeypatch.setattr(fused, "MANY_UNITS", 1)
        compare(builder(50, **options, layer=layer))


@pytest.mark.parametrize(("builder", "layer"), BUILDERS)
def test_a_copy_to_save_has_plain_layers(builder, layer):
    model = builder(50, embed_size=6, units=5, layer=layer)
    assert "fused" not in models.mask_padding(model, portable=True).to_json()
    assert "fused" in models.mask_padding(model).to_json()
    copy = models.mask_padding(model, portable=True)
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


@pytest.mark.parametrize("within", [lambda layer: layer, keras.layers.Bidirectional])
@pytest.mark.parametrize(
    ("own", "ours", "many_units"),
    [
        (keras.layers.SimpleRNN, fused.SimpleRNN, 32),
        (keras.layers.LSTM, fused.LSTM, 32),
        (keras.layers.LSTM, fused.LSTM, 1),
    ],
)
def test_padding_gives_what_it_gives_in_keras(own, ours, within, many_units, monkeypatch):
    monkeypatch.setattr(fused, "MANY_UNITS", many_units)
    x = np.random.default_rng(0).normal(size=(4, 7, 3)).astype("float32")
    mask = tf.sequence_mask([5, 0, 2, 1], 7)
    layers = [within(kind(6, seed=1, return_sequences=True)) for kind in (own, ours)]
    for layer in layers:
        layer.build(x.shape)
    layers[1].set_weights(layers[0].get_weights())
    expected, actual = (layer(x, mask=mask) for layer in layers)
    np.testing.assert_allclose(actual, expected, atol=1e-6)
