"""The four networks, and the layers of every saved model: import this before you load one."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from corpus.classes import INVISIBLE

# What is taken out: ASCII punctuation, all Unicode punctuation, the full-width forms of ASCII's
# symbols, and what is invisible or only changes the look of the character before it: format
# characters (soft hyphen, zero-width space), variation selectors, keycaps, skin tones, and the
# control characters (U+0080 on) that cp1252's quotes and dashes become if they are read as latin-1.
_REMOVED = (
    r"[!-/:-@\[-`{-~\p{P}＄＋＜＝＞＾｀｜～"
    r"\p{Cf}\x{80}-\x{84}\x{86}-\x{9F}\x{20E3}\x{1F3FB}-\x{1F3FF}" + INVISIBLE + "]"
)
# Emoji and other pictographs: category So from U+2190 on, which RE2 can express only as a double
# negation, and the emoji blocks, since RE2 knows only the emoji of its own Unicode version.
_PICTOGRAPH = r"[^\x{0}-\x{218F}\P{So}]|[\x{1F000}-\x{1FAFF}]"
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
class Vectorizer(keras.layers.TextVectorization):
    """Turns raw texts into token ids, and holds everything that decides how a row is read.

    Attributes:
        text: the columns of a row that are read: "title" or "title+description".
        tokens: what an id stands for: "words", split at white space, or "characters".
        markup: leftovers of a news feed: "kept" or "removed"; see `standardize`.
        max_words: how many tokens of a text are read at most; 0 means all.
    """

    def __init__(
        self,
        vocabulary=None,
        *,
        text="title",
        tokens="words",
        markup="kept",
        max_words=0,
        **options,
    ):
        """Makes a vectorizer of a vocabulary, or one to `adapt`.

        Args:
            vocabulary: list of `str` without padding and unknown token; None to `adapt` it.
            text, tokens, markup, max_words: see the attributes.
            options: `name`; `max_tokens`, the largest vocabulary that `adapt` collects.
        """
        if isinstance(vocabulary, str):  # Keras would read a file of this name
            raise ValueError("vocabulary must be a list of tokens")
        if text not in ("title", "title+description") or not (
            type(max_words) is int and max_words >= 0
        ):
            raise ValueError("text or max_words is not one of those that are possible")
        super().__init__(
            standardize={"kept": standardize, "removed": standardize_without_markup}[markup],
            split={"words": split_words, "characters": "character"}[tokens],
            # No list: Keras tracks each of its items.
            vocabulary=None if vocabulary is None else np.array(vocabulary, object),
            ragged=True,
            **options,
        )
        self.text, self.tokens, self.markup, self.max_words = text, tokens, markup, max_words

    def tokenize(self, texts):
        """Splits texts into tokens, also beyond `max_words`: a string `tf.RaggedTensor`.

        Args:
            texts: see `all_token_ids`.
        """
        return self._preprocess(texts)

    def all_token_ids(self, texts):
        """Looks up all tokens of texts, also beyond `max_words`: an int64 `tf.RaggedTensor`.

        Args:
            texts: string tensor of shape (batch,), or list of `str`.
        """
        return super().call(texts)

    def call(self, texts):
        """Looks up the tokens that a network reads: int64 (batch, width), padded with 0.

        A text without a token becomes one unknown token: cuDNN refuses a row that is all padding.
        A batch of no texts gets one, which `Labels` takes out: Keras's layers refuse an empty one.
        """
        ids = self.all_token_ids(texts)
        if self.max_words:
            ids = ids[:, : self.max_words]
        missing = tf.maximum(1 - tf.size(texts), 0)
        ids = tf.pad(ids.to_tensor(), ((0, missing), (0, 1)))  # empty texts have width 0
        first = tf.maximum(ids[:, :1], 1)  # 0, which is padding, means a text without a token
        return tf.concat([first, ids[:, 1:]], axis=1)

    def get_config(self):
        """The arguments of the constructor."""
        # An adapted layer saves its vocabulary as a file of lines instead, which a word that
        # contains a line separator would break.
        names = "text", "tokens", "markup", "max_words", "name"
        vocabulary = self.get_vocabulary(include_special_tokens=False)
        return {"vocabulary": vocabulary} | {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config):
        """Makes the layer that `get_config` describes."""
        return cls(**config)


@keras.saving.register_keras_serializable("models")
class Labels(keras.layers.Layer):
    """Stores the names of the classes in the saved model; probabilities pass through it unchanged.

    It is called with these and, to be left without a row if there are no texts, with the texts.

    Attributes:
        classes: tuple of the classes' names, in the order of their probabilities.
        labels: tuple of the classes as they are written in the training rows.
        text_names: tuple of the names of the text columns there, () where they have none.
        label_name: the name of the column of labels there, "" where it has none.
        encoding: of the files that are not UTF-8 or UTF-16, "" if it was not named.
    """

    def __init__(
        self, classes, labels=None, text_names=(), label_name="", encoding="", name="labels"
    ):
        super().__init__(name=name)
        self.classes, self.text_names = tuple(classes), tuple(text_names)
        self.label_name, self.encoding = label_name, encoding
        self.labels = self.classes if labels is None else tuple(labels)
        names = (*self.classes, *self.labels, *self.text_names, label_name, encoding)
        if not all(type(name) is str for name in names):
            raise ValueError("classes, labels, names of columns and encoding must be strings")
        sizes = map(len, (self.classes, {*self.classes}, self.labels, {*self.labels}))
        if len({*sizes}) != 1:
            raise ValueError("each class must have a name and a label of its own")
        self.supports_masking = True

    def call(self, probabilities, texts=None):
        return probabilities if texts is None else probabilities[: tf.size(texts)]

    def get_config(self):
        """The arguments of the constructor."""
        names = "classes", "labels", "text_names", "label_name", "encoding", "name"
        return {name: getattr(self, name) for name in names}


def standardize(texts):
    """Makes texts lower case and takes out punctuation and invisible characters.

    For ASCII this is what Keras's default does. `texts` is a string tensor, UTF-8, composed (NFC).
    White space beyond ASCII's becomes a space.
    """
    return _plain(tf.strings.lower(texts, encoding="utf-8"))


def standardize_without_markup(texts):
    """`standardize` for a text from a news feed: `company #39;s`, `&lt;b&gt;`, `bank\\striker`."""
    texts = tf.strings.lower(texts, encoding="utf-8")
    for markup, replacement in _MARKUP.items():
        texts = tf.strings.regex_replace(texts, markup, replacement)
    return _plain(texts)


def _plain(texts):
    texts = tf.strings.regex_replace(texts, _REMOVED, "")
    return tf.strings.regex_replace(texts, _WHITE_SPACE, " ")


def split_words(texts):
    """Splits standardized texts at white space: a `tf.RaggedTensor` of strings (batch, words).

    An emoji or another pictograph is a word of its own. A word of more than 256 characters becomes
    the unknown token.
    """
    words = tf.strings.split(tf.strings.regex_replace(texts, _PICTOGRAPH, r" \0 "))
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
        units: the length of the hidden state.
        classes: number of classes.
        one_hot: whether a token's vector has a single 1 instead of learned numbers; it is then
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
    """`simple_rnn` with the padding masked, and with its other arguments: the second network."""
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
        layer: class of the recurrent layer: `keras.layers.LSTM`, or one with its arguments.
        Others, and the model that is returned: see `simple_rnn`.
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
        units: hidden units of each direction of each layer.
        dropout: see `simple_rnn`; between the two layers it drops single numbers.
        Others, and the model that is returned: see `lstm`.
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
    options = {"weights": np.eye(vocab_size, vocab_size - 1, k=-1), "trainable": False}
    return layers.Embedding(vocab_size, vocab_size - 1, mask_zero=mask, name="embedding", **options)


def _dropout(probability):
    if not probability:
        return []
    return [
        layers.Dropout(probability, noise_shape=(None, None, 1), name="word_dropout"),
        layers.SpatialDropout1D(probability, name="column_dropout"),
    ]


def _pooling(pooling):
    if pooling == "last":
        return []
    # With the ReLU, padding changes no maximum: a masked layer gives 0 there, or the last state.
    return [layers.ReLU(name="relu"), layers.GlobalMaxPooling1D(name="max_pooling")]


def part(model, kind):
    """The `Vectorizer` or the `Labels` of a model of `end_to_end`; ValueError if it has none."""
    for layer in model.layers:
        if isinstance(layer, kind):
            return layer
    raise ValueError(f"the model has no {kind.__name__}: it is not one of this project")


def embedding_of(model):
    """The first embedding layer of a model; without one, the first layer."""
    return next((layer for layer in model.layers if hasattr(layer, "embeddings")), model.layers[0])


def mask_padding(model, portable=False):
    """Copies a model; the copy masks padding, whether or not the model was trained with a mask.

    So the probabilities of a text do not depend on the rest of its batch.

    Args:
        model: a model on token ids that begins with an embedding.
        portable: whether to replace layers made for training (`devices.fused`) by the Keras layers
            that they extend, which load in safe mode. Saved models are portable.
    """

    def changed(node):
        # Through the config, not from layer to layer: this reaches layers within wrappers, and
        # keeps whatever options they have.
        if isinstance(node, list | tuple):
            return [changed(item) for item in node]
        if not isinstance(node, dict):
            return node
        node = {key: changed(value) for key, value in node.items()}
        if node.get("class_name") == "Embedding":
            node["config"]["mask_zero"] = True
        if portable and (node.get("registered_name") or "").startswith("fused>"):
            node |= {"module": "keras.layers", "registered_name": None}
        return node

    copy = type(model).from_config(changed(model.get_config()))
    copy.set_weights(model.get_weights())
    return copy


def end_to_end(model, vectorizer, labels):
    """Joins a fitted network with its vectorizer and its classes, ready to be saved.

    Args:
        model: a fitted model on token ids.
        vectorizer: the `Vectorizer` that made its token ids.
        labels: `Labels`, or the names of the classes.

    Returns:
        A `keras.Model` from strings (batch,) to float32 probabilities (batch, classes).
    """
    labels = labels if isinstance(labels, Labels) else Labels(labels)
    text = keras.Input(shape=(), dtype="string", name="text")
    probabilities = mask_padding(model, portable=True)(vectorizer(text))
    return keras.Model(text, labels(probabilities, text), name=f"{model.name}_end_to_end")
