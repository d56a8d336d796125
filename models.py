"""The four networks as `keras.Sequential` models on token ids, and the form they are saved in.

A saved model reads text with functions of this module: import it before loading one.
"""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

# ASCII punctuation, what Unicode has as punctuation, and the full-width forms of ASCII's symbols.
_PUNCTUATION = r"[!-/:-@\[-`{-~\p{P}＄＋＜＝＞＾｀｜～]"
# White space beyond ASCII's, https://www.unicode.org/Public/UCD/latest/ucd/PropList.txt
_WHITE_SPACE = r"[\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]"
# Leftovers of a news feed, in lower case, and what is put in their place.
_MARKUP = {
    r"\s?(?:&?#(?:39|146|8217);|['’])(s|t|re|ve|ll|d|m)\b": r" \1",  # company #39;s, company's
    r"(?:&lt;|<)/?[a-z][a-z0-9]*(?:\s[^<>]*?=[^<>]*?)?\s*/?(?:&gt;|>)": " ",  # &lt;b&gt;
    r"&(?:quot|amp|lt|gt|apos);|&?#(?:3[4689]|6[02]);|\b(?:quot|amp|lt|gt);|\\\$": "",  # \$500
    r"&[a-z]+;|&?#(?:[0-9]+|x[0-9a-f]+);|\\": " ",  # &mdash; bank\striker
}
LONGEST_WORD = 256  # characters


@keras.saving.register_keras_serializable("models")
def standardize(texts):
    """Lower case, no punctuation, for all of Unicode; for ASCII what Keras's default does.

    Args:
        texts: string tensor, UTF-8, composed (NFC).

    Returns:
        A string tensor of the same shape. White space beyond ASCII's has become a space.
    """
    return _without_punctuation(tf.strings.lower(texts, encoding="utf-8"))


@keras.saving.register_keras_serializable("models")
def standardize_without_markup(texts):
    """`standardize` for a text from a news feed: `company #39;s`, `&lt;b&gt;`, `bank\\striker`."""
    texts = tf.strings.lower(texts, encoding="utf-8")
    for markup, replacement in _MARKUP.items():
        texts = tf.strings.regex_replace(texts, markup, replacement)
    return _without_punctuation(texts)


def _without_punctuation(texts):
    return tf.strings.regex_replace(
        tf.strings.regex_replace(texts, _PUNCTUATION, ""), _WHITE_SPACE, " "
    )


@keras.saving.register_keras_serializable("models")
def split_words(texts):
    """Splits texts at white space; a word of more than 256 characters is an unknown one, [UNK].

    Args:
        texts: string tensor of shape (batch,), as of `standardize`.

    Returns:
        A `tf.RaggedTensor` of strings of shape (batch, words).
    """
    words = tf.strings.split(texts)
    too_long = tf.strings.length(words.flat_values, "UTF8_CHAR") > LONGEST_WORD
    return words.with_flat_values(tf.where(too_long, "[UNK]", words.flat_values))


def simple_rnn(
    vocab_size=20000,
    *,
    embed_size=64,
    units=16,
    classes=4,
    one_hot=False,
    mask=False,
    dropout=0.0,
    pooling="last",
    layer=layers.SimpleRNN,
):
    """Embedding, SimpleRNN, softmax: the tutorial's first network.

    Args:
        vocab_size: entries of the vocabulary, padding (id 0) and unknown token (id 1) included.
        embed_size: length of a token's vector.
        units: hidden units: the length of the state.
        classes: number of classes.
        one_hot: whether a token's vector has a single 1 in place of learned numbers; it is then
            `vocab_size - 1` long, and padding has no 1.
        mask: whether padding is masked, so that the state stays as the last token left it.
        dropout: in training, drop whole tokens and whole embedding columns with this probability.
        pooling: what the classifier sees: "last", the state after the last token, or "max", for
            each hidden unit the largest value that it has at any token, or 0 if that is larger.
        layer: class of the recurrent layer, with the arguments of `keras.layers.SimpleRNN`.

    Returns:
        An unfitted `keras.Sequential` from int32 token ids of shape (batch, width), padded with 0
        on the right, to float32 class probabilities of shape (batch, classes).
    """
    return keras.Sequential(
        [
            keras.Input(shape=(None,), dtype="int32"),
            _one_hot(vocab_size, mask) if one_hot else _embedding(vocab_size, embed_size, mask),
            *_dropout(dropout),
            layer(units, return_sequences=pooling != "last", name="recurrent"),
            *_pooling(pooling),
            layers.Dense(classes, activation="softmax", name="classifier"),
        ],
        name="simple_rnn",
    )


def masked_rnn(vocab_size=20000, **options):
    """`simple_rnn`, whose arguments it has, with the padding masked: the second network."""
    return simple_rnn(vocab_size, mask=True, **options)


def lstm(
    vocab_size=20000,
    *,
    embed_size=64,
    units=8,
    classes=4,
    mask=False,
    dropout=0.0,
    pooling="last",
    layer=layers.LSTM,
):
    """Embedding, LSTM, softmax: the tutorial's third network.

    Args:
        vocab_size, embed_size, units, classes, mask, dropout, pooling: as of `simple_rnn`.
        layer: class of the recurrent layer: `keras.layers.LSTM`, or one with its arguments, as
            `keras.layers.GRU` is.

    Returns:
        An unfitted `keras.Sequential`, from and to what that of `simple_rnn` is.
    """
    return keras.Sequential(
        [
            keras.Input(shape=(None,), dtype="int32"),
            _embedding(vocab_size, embed_size, mask),
            *_dropout(dropout),
            layer(units, return_sequences=pooling != "last", name="recurrent"),
            *_pooling(pooling),
            layers.Dense(classes, activation="softmax", name="classifier"),
        ],
        name="lstm",
    )


def stacked_bilstm(
    vocab_size=20000,
    *,
    embed_size=128,
    units=64,
    classes=4,
    mask=True,
    dropout=0.0,
    pooling="last",
    layer=layers.LSTM,
):
    """Embedding, two bidirectional LSTM layers, softmax: the tutorial's fourth network.

    Args:
        vocab_size, embed_size, classes, mask, pooling: as of `simple_rnn`.
        units: hidden units of each direction of each layer.
        dropout: as of `simple_rnn`; between the two layers it drops single numbers.
        layer: as of `lstm`.

    Returns:
        An unfitted `keras.Sequential`, from and to what that of `simple_rnn` is.
    """
    return keras.Sequential(
        [
            keras.Input(shape=(None,), dtype="int32"),
            _embedding(vocab_size, embed_size, mask),
            *_dropout(dropout),
            layers.Bidirectional(layer(units, return_sequences=True), name="recurrent_1"),
            *([layers.Dropout(dropout, name="dropout")] if dropout else []),
            layers.Bidirectional(
                layer(units, return_sequences=pooling != "last"), name="recurrent_2"
            ),
            *_pooling(pooling),
            layers.Dense(classes, activation="softmax", name="classifier"),
        ],
        name="stacked_bilstm",
    )


def _embedding(vocab_size, embed_size, mask):
    return layers.Embedding(vocab_size, embed_size, mask_zero=mask, name="embedding")


def _one_hot(vocab_size, mask):
    size = vocab_size - 1
    layer = layers.Embedding(vocab_size, size, mask_zero=mask, trainable=False, name="embedding")
    layer.build()
    layer.set_weights([np.eye(vocab_size, size, k=-1)])
    return layer


def _dropout(probability):
    if not probability:
        return []
    return [
        layers.Dropout(probability, noise_shape=(None, None, 1), name="word_dropout"),
        layers.SpatialDropout1D(probability, name="column_dropout"),
    ]


def _pooling(pooling):
    # With the ReLU, padding changes no maximum: a masked layer gives 0 there, or the last state.
    if pooling == "last":
        return []
    return [layers.ReLU(name="relu"), layers.GlobalMaxPooling1D(name="max_pooling")]


def mask_padding(model):
    """A copy of a model that masks padding, whether or not it was trained with a mask.

    It gives each text the probabilities that it has alone, unpadded, whatever else is in the batch.

    Args:
        model: a model on token ids that begins with an embedding.
    """
    return _rebuilt(model, _masking)


def as_saved(model):
    """The copy of a model that is saved: it masks padding, and its layers load in safe mode.

    Those made for training (`training.fused`) are replaced by those of Keras that they extend.
    """
    return _rebuilt(model, _masking, _of_keras)


def end_to_end(model, vectorizer, max_words=0):
    """Puts a fitted model behind its vectorizer: raw strings in, class probabilities out.

    Args:
        model: a fitted model on token ids.
        vectorizer: the `keras.layers.TextVectorization` that made its token ids.
        max_words: at most so many tokens of each text are read; 0 means all.

    Returns:
        A `keras.Model` from strings of shape (batch,) to float32 probabilities of shape
        (batch, classes), with the layers of `as_saved`.
    """
    text = keras.Input(shape=(), dtype="string", name="text")
    probabilities = as_saved(model)(token_ids(vectorizer, text, max_words))
    return keras.Model(text, probabilities, name=f"{model.name}_end_to_end")


def token_ids(vectorizer, texts, max_words=0):
    """What a network reads of texts: int64 tensor of shape (batch, width), padded with 0.

    A text of no words is read as one unknown word, since cuDNN refuses a row that is masked whole.

    Args:
        vectorizer, max_words: as of `end_to_end`.
        texts: string tensor of shape (batch,), or list of `str`.
    """
    ids = vectorizer(texts)
    if max_words:
        ids = ids[:, :max_words]
    ids = keras.ops.pad(ids, ((0, 0), (0, 1)))  # a batch of such texts has width 0
    first = keras.ops.maximum(ids[:, :1], 1)  # it is 0, padding, in a text of no words alone
    return keras.ops.concatenate([first, ids[:, 1:]], axis=1)


def _masking(node):
    if node["class_name"] != "Embedding":
        return node
    return node | {"config": node["config"] | {"mask_zero": True}}


def _of_keras(node):
    if not (node.get("registered_name") or "").startswith("fused>"):
        return node
    return node | {"module": "keras.layers", "registered_name": None}


def _rebuilt(model, *changes):
    """A copy of a model with the same weights, where changes were made to each layer's config.

    Going through the config, and not from layer to layer, reaches what stands within wrappers, and
    keeps whatever options they have.
    """

    def changed(node):
        if isinstance(node, dict):
            node = {key: changed(value) for key, value in node.items()}
            for change in changes if "class_name" in node and "config" in node else ():
                node = change(node)
            return node
        return [changed(item) for item in node] if isinstance(node, list | tuple) else node

    copy = type(model).from_config(changed(model.get_config()))
    copy.set_weights(model.get_weights())
    return copy
