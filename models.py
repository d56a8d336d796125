"""The networks as `keras.Sequential` models on token ids, and the form they are saved in.

Each builder returns an unfitted model from int32 token ids of shape (batch, width), padded with 0
on the right, to float32 class probabilities of shape (batch, 4). It takes, where it has use for it:
    vocab_size: rows of the embedding, the ids of padding (0) and of unknown words (1) included.
    embed_size: length of a word's vector.
    units: hidden units of the recurrent layer (of each direction of each layer in the BiLSTM).
    mask: whether padding is masked, so that the state stays as the last real word left it.
    dropout: share of the words, and of the numbers in the other words' vectors, that are taken for
        0 in training; of the numbers between two recurrent layers too.
    pooling: what the classifier sees: "last", the state after the last word, or "max", for each
        hidden unit the largest value that it has at any word, or 0 if that is larger.
    rnn_layer or lstm_layer: the class of the recurrent layer: Keras's or one that computes the same
        (`keras.layers.GRU` too in the place of the LSTM).
"""

import keras
import numpy as np
from keras import layers

from rows import CLASSES


def simple_rnn(
    vocab_size=20000,
    embed_size=64,
    units=16,
    mask=False,
    dropout=0.0,
    pooling="last",
    rnn_layer=layers.SimpleRNN,
):
    """Embedding, SimpleRNN, softmax: the tutorial's first network."""
    return keras.Sequential(
        [
            keras.Input(shape=(None,), dtype="int32"),
            layers.Embedding(vocab_size, embed_size, mask_zero=mask),
            *_dropout(dropout),
            rnn_layer(units, return_sequences=pooling != "last", name="simple_rnn"),
            *_pooling(pooling),
            layers.Dense(len(CLASSES), activation="softmax"),
        ],
        name="simple_rnn",
    )


def masked_rnn(vocab_size=20000, embed_size=64, units=16, **options):
    """`simple_rnn` with the padding masked: the tutorial's second network."""
    return simple_rnn(vocab_size, embed_size, units, mask=True, **options)


def character_rnn(
    vocab_size=100,
    units=16,
    mask=True,
    dropout=0.0,
    pooling="last",
    rnn_layer=layers.SimpleRNN,
):
    """One-hot characters straight into a SimpleRNN: the tutorial's remark on representing text.

    It has no `embed_size`: a vector is as long as there are characters. Padding, the character 0,
    has no 1 in its vector; the Masking layer knows it by that.
    """
    one_hot = layers.Embedding(vocab_size, vocab_size - 1, trainable=False, name="one_hot")
    model = keras.Sequential(
        [
            keras.Input(shape=(None,), dtype="int32"),
            one_hot,
            *([layers.Masking()] if mask else []),
            *_dropout(dropout),
            rnn_layer(units, return_sequences=pooling != "last", name="simple_rnn"),
            *_pooling(pooling),
            layers.Dense(len(CLASSES), activation="softmax"),
        ],
        name="character_rnn",
    )
    one_hot.set_weights([np.eye(vocab_size, vocab_size - 1, k=-1)])
    return model


def lstm(
    vocab_size=20000,
    embed_size=64,
    units=8,
    mask=False,
    dropout=0.0,
    pooling="last",
    lstm_layer=layers.LSTM,
):
    """Embedding, LSTM, softmax: the tutorial's third network."""
    return keras.Sequential(
        [
            keras.Input(shape=(None,), dtype="int32"),
            layers.Embedding(vocab_size, embed_size, mask_zero=mask),
            *_dropout(dropout),
            lstm_layer(units, return_sequences=pooling != "last", name="recurrent"),
            *_pooling(pooling),
            layers.Dense(len(CLASSES), activation="softmax"),
        ],
        name="lstm",
    )


def stacked_bilstm(
    vocab_size=20000,
    embed_size=128,
    units=64,
    mask=True,
    dropout=0.0,
    pooling="last",
    lstm_layer=layers.LSTM,
):
    """Embedding, two bidirectional LSTM layers, softmax: the tutorial's fourth network."""
    return keras.Sequential(
        [
            keras.Input(shape=(None,), dtype="int32"),
            layers.Embedding(vocab_size, embed_size, mask_zero=mask),
            *_dropout(dropout),
            layers.Bidirectional(lstm_layer(units, return_sequences=True)),
            *([layers.Dropout(dropout)] if dropout else []),
            layers.Bidirectional(lstm_layer(units, return_sequences=pooling != "last")),
            *_pooling(pooling),
            layers.Dense(len(CLASSES), activation="softmax"),
        ],
        name="stacked_bilstm",
    )


def _dropout(share):
    if not share:
        return []
    whole_words = layers.Dropout(share, noise_shape=(None, None, 1), name="word_dropout")
    return [whole_words, layers.SpatialDropout1D(share)]


def _pooling(pooling):
    # With the ReLU, padding changes no maximum: a masked layer gives 0 there, or the last state.
    return [] if pooling == "last" else [layers.ReLU(), layers.GlobalMaxPooling1D()]


def without_padding(model, plain=True):
    """A copy of a fitted model that masks padding, whether or not it was trained with a mask.

    Padding is there only because texts in a batch must have one width. The copy gives each text the
    probabilities that the model gives it alone, unpadded, whatever else is in the batch.

    Args:
        model: a fitted `keras.Sequential` of this module.
        plain: whether the copy has Keras's own recurrent layers, as one to be saved must.
    """

    def masking(layer):
        config = layer.get_config()
        if isinstance(layer, layers.Embedding):
            config["mask_zero"] = True
        if isinstance(layer, layers.Bidirectional):
            return layers.Bidirectional(masking(layer.forward_layer), name=layer.name)
        kinds = [layers.SimpleRNN, layers.LSTM] if plain else []
        kind = next((kind for kind in kinds if isinstance(layer, kind)), type(layer))
        return kind.from_config(config)

    ids = keras.Input(shape=(None,), dtype="int32")
    copy = keras.Sequential([ids, *map(masking, model.layers)], name=model.name)
    copy.set_weights(model.get_weights())
    return copy


def on_raw_text(model, vectorizer):
    """Puts a fitted model behind its vectorizer: raw strings in, class probabilities out.

    Args:
        model: a fitted model on token ids that masks padding, as of `without_padding`.
        vectorizer: the adapted `keras.layers.TextVectorization` that made its token ids.

    Returns:
        A `keras.Model` from strings of shape (batch,) to float32 probabilities of shape (batch, 4).
        It consists of plain Keras layers only and loads in safe mode.
    """
    text = keras.Input(shape=(), dtype="string", name="text")
    # One column of padding: a batch of empty texts would have none, and no network reads nothing.
    ids = keras.ops.pad(vectorizer(text), ((0, 0), (0, 1)))
    return keras.Model(text, model(ids), name=f"{model.name}_on_raw_text")
