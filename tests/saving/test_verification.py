import keras
import numpy as np
import pytest
from conftest import python_blocks
from keras import layers

import models
from corpus.errors import UserError
from devices import fused
from saving import verification


class Unregistered(layers.Layer):
    def call(self, inputs):
        return inputs


@keras.saving.register_keras_serializable("tests")
class RegisteredElsewhere(Unregistered):
    pass


@keras.saving.register_keras_serializable("tests")
class WithoutConfig(layers.Layer):
    def __init__(self, factor, **options):
        super().__init__(**options)
        self.factor = factor
        self.supports_masking = True

    def call(self, inputs):
        return inputs * self.factor


def shown_in_the_docs():
    """The class MaskedConv1D of docs/reference/layers.md, as if it stood in models.py."""
    [code] = python_blocks("reference/layers.md")
    names = {"keras": keras, "layers": layers, "__name__": "models"}
    exec(code, names)
    return names["MaskedConv1D"]


def network(*between, recurrent=None, top=(), classes=4):
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            layers.Embedding(30, 8),
            *between,
            recurrent or layers.LSTM(6),
            *top,
            layers.Dense(classes, activation="softmax", name="end"),
        ],
        name="network",
    )


BACKWARD = layers.GRU(5, go_backwards=True)


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("mask", "pooling"),
    [
        (True, "last"),
        (False, "max"),
        pytest.param(True, "max", marks=SLOW),
        pytest.param(False, "last", marks=SLOW),
    ],
)
def test_the_projects_own_networks_can_be_saved(mask, pooling):
    options = {"mask": mask, "pooling": pooling, "dropout": 0.2, "units": 5}
    for one_hot in (False, True):
        verification.check(models.simple_rnn(30, **options, one_hot=one_hot, layer=fused.SimpleRNN))
    for layer in (fused.LSTM, layers.LSTM, layers.GRU):
        verification.check(models.lstm(30, **options, layer=layer))
        verification.check(models.stacked_bilstm(30, **options, layer=layer))


@pytest.mark.parametrize(
    "change",
    [
        {"recurrent": layers.Bidirectional(fused.LSTM(5), merge_mode="ave")},
        {
            "recurrent": layers.Bidirectional(
                fused.LSTM(5), backward_layer=layers.GRU(5, go_backwards=True)
            )
        },
        {"recurrent": layers.RNN([layers.LSTMCell(4), layers.GRUCell(3)])},
        {"top": [layers.Dense(5, "relu"), layers.BatchNormalization(), layers.Dropout(0.5)]},
        {"top": [keras.Sequential([layers.Dense(3), layers.Dense(2)])]},
    ],
)
def test_a_change_that_reads_no_padding_is_taken(change):
    verification.check(network(**change))


def test_a_layer_of_ones_own_that_knows_the_mask_is_taken():
    verification.check(network(shown_in_the_docs()(5, 3, padding="same")))


def test_a_functional_model_is_taken_or_refused_as_well():
    ids = keras.Input((None,), dtype="int32")
    words = layers.Embedding(30, 8)(ids)
    both = [fused.LSTM(5)(words), layers.GRU(4)(words)]
    classes = layers.Dense(3, activation="softmax")
    verification.check(keras.Model(ids, classes(layers.Concatenate()(both))))
    around = layers.Conv1D(4, 3, padding="same", name="around")(words)
    with pytest.raises(UserError, match="layer 'around' "):
        verification.check(
            keras.Model(ids, layers.Dense(3, activation="softmax")(layers.LSTM(5)(around)))
        )


@pytest.mark.parametrize("layer", [fused.LSTM, fused.SimpleRNN])
def test_layers_for_training_give_at_padding_what_those_that_are_saved_do(layer):
    ids = [keras.Input((None,), dtype="int32"), layers.Embedding(30, 8, mask_zero=True)]
    both = layers.Bidirectional(layer(16, return_sequences=True))
    top = [layers.Dense(32, "relu", use_bias=False), layers.GlobalMaxPooling1D()]
    verification.check(keras.Sequential([*ids, both, *top, layers.Dense(4, activation="softmax")]))


REFUSED = {
    "conv1d": lambda: network(layers.Conv1D(5, 3, padding="same", name="conv1d")),
    "valid": lambda: network(layers.Conv1D(5, 3, name="valid")),
    "halved": lambda: network(layers.MaxPooling1D(2, name="halved")),
    "pool": lambda: network(
        recurrent=layers.Bidirectional(layers.LSTM(5, return_sequences=True)),
        top=[layers.GlobalMaxPooling1D(name="pool")],
    ),
    "shorter": lambda: network(layers.AveragePooling1D(2, padding="same", name="shorter")),
    "sneaky": lambda: network(layers.Lambda(lambda x: x, name="sneaky")),
    "abs": lambda: network(layers.Lambda(keras.ops.abs, name="abs")),
    "foreign": lambda: network(Unregistered(name="foreign")),
    "elsewhere": lambda: network(RegisteredElsewhere(name="elsewhere")),
    "bare": lambda: network(WithoutConfig(2.0, name="bare")),
    "within": lambda: network(top=[keras.Sequential([RegisteredElsewhere()], name="within")]),
    "around": lambda: network(
        layers.TimeDistributed(RegisteredElsewhere(), name="around"),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_model_that_could_not_be_saved_is_refused_with_the_layers_name(name):
    with pytest.raises(UserError, match=f"^layer '{name}' ") as error:
        verification.check(REFUSED[name]())
    assert "\n" not in str(error.value)


def test_an_end_that_gives_no_probability_for_each_class_is_refused():
    verification.check(network(classes=4), classes=4)
    for classes in (3, 5):
        with pytest.raises(UserError, match=r"^layer 'end' .*\(None, 4\)"):
            verification.check(network(classes=classes), classes=4)
    with pytest.raises(UserError, match="^layer 'end'"):
        verification.check(network(recurrent=layers.LSTM(6, return_sequences=True)), classes=4)


def test_outputs_that_are_no_probabilities_are_refused():
    model = network()
    model.layers[-1].activation = keras.activations.linear
    with pytest.raises(UserError, match="^layer 'end' .* end in a softmax"):
        verification.check(model)


def test_a_check_changes_neither_weights_nor_what_is_registered():
    model = models.lstm(30, dropout=0.2, layer=fused.LSTM)
    before, registered = model.get_weights(), dict(keras.saving.get_custom_objects())
    verification.check(model)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert keras.saving.get_custom_objects() == registered
