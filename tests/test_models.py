import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import rows

import data
import models

BUILDERS = [models.simple_rnn, models.masked_rnn, models.lstm, models.stacked_bilstm]
WORDS = "oil match shares software minister goal profit chip".split()


def small(builder, vectorizer, **options):
    """A model with weights large enough that what it reads makes a difference."""
    keras.utils.set_random_seed(3)
    model = builder(vectorizer.vocabulary_size(), embed_size=8, units=4, **options)
    model.set_weights([weights * 3 for weights in model.get_weights()])
    return model


@pytest.fixture(scope="module")
def vectorizer():
    return data.fit_vectorizer(rows([" ".join(WORDS)]), "title", 100)


@pytest.mark.parametrize(
    ("builder", "parameters"),
    zip(BUILDERS, [1_281_364, 1_281_364, 1_282_372, 2_758_148], strict=True),
)
def test_the_tutorials_parameter_counts(builder, parameters):
    assert builder().count_params() == parameters


@pytest.mark.parametrize("builder", BUILDERS)
def test_a_builder_gives_an_unfitted_sequential_of_four_probabilities(builder):
    model = builder(vocab_size=50, embed_size=8, units=4)
    assert isinstance(model, keras.Sequential)
    assert model.output_shape == (None, 4)
    probabilities = model.predict(np.ones((3, 7), dtype="int32"), verbose=0)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert not model.compiled


@pytest.mark.parametrize(
    ("builder", "pooling"),
    [(builder, "max") for builder in BUILDERS] + [(models.stacked_bilstm, "last")],
)
def test_padding_leaves_a_masked_models_probabilities_as_they_were(builder, pooling, vectorizer):
    model = models.mask_padding(small(builder, vectorizer, pooling=pooling))
    ids = np.array([[2, 5, 3]], dtype="int32")
    padded = np.pad(ids, ((0, 0), (0, 197)))
    beside = np.vstack([padded, np.full((1, 200), 4, dtype="int32")])
    alone = model.predict(ids, verbose=0)[0]
    np.testing.assert_allclose(model.predict(padded, verbose=0)[0], alone, atol=1e-6)
    np.testing.assert_allclose(model.predict(beside, verbose=0)[0], alone, atol=1e-6)


@pytest.mark.parametrize("builder", [models.simple_rnn, models.lstm])
def test_padding_changes_what_an_unmasked_model_says_but_not_its_copy_without(builder, vectorizer):
    model = small(builder, vectorizer)
    ids = np.array([[2, 5, 3]], dtype="int32")
    padded = np.pad(ids, ((0, 0), (0, 20)))
    alone = model.predict(ids, verbose=0)
    assert np.abs(model.predict(padded, verbose=0) - alone).max() > 0.01
    copy = models.mask_padding(model)
    np.testing.assert_allclose(copy.predict(padded, verbose=0), alone, atol=1e-6)


@pytest.mark.parametrize("builder", BUILDERS)
def test_a_saved_model_reads_raw_text_and_reloads_to_the_last_bit(builder, vectorizer, tmp_path):
    tokens_model = small(builder, vectorizer, pooling="max", dropout=0.5)
    model = models.end_to_end(tokens_model, vectorizer, "abcd")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    texts = tf.constant(["Oil, match!", "", "\U0001f600", "日本 goal", "goal " * 300])
    before, after = model.predict(texts, verbose=0), loaded.predict(texts, verbose=0)
    assert np.array_equal(before, after)
    unclean = ["O\u00adil, mat\u200bch!", "\u200b", "\U0001f600\ufe0f", "日本 go\u2060al"]
    answers = loaded.predict(tf.constant(unclean), verbose=0)
    assert np.array_equal(answers, loaded.predict(texts[:4], verbose=0))
    one = loaded.predict(texts[:1], verbose=0)
    np.testing.assert_allclose(one[0], after[0], atol=1e-6)
    ids = np.asarray(vectorizer(texts[:1]))[:, :-1]  # without padding
    np.testing.assert_allclose(one, tokens_model.predict(ids, verbose=0), atol=1e-6)


def test_a_batch_of_empty_texts_gets_probabilities(vectorizer):
    model = small(models.stacked_bilstm, vectorizer)
    model = models.end_to_end(model, vectorizer, "abcd")
    assert np.isfinite(model.predict(tf.constant(["", "  ", "!?"]), verbose=0)).all()


@pytest.mark.parametrize("builder", BUILDERS)
def test_an_empty_batch_gets_no_probabilities(builder, vectorizer, tmp_path):
    models.end_to_end(small(builder, vectorizer), vectorizer, "abcd").save(tmp_path / "m.keras")
    model = keras.models.load_model(tmp_path / "m.keras")
    for call in (model, model.predict_on_batch, tf.function(lambda texts: model(texts))):
        assert call(tf.constant([], tf.string)).shape == (0, 4)
        assert call(tf.constant(["", "goal"])).shape == (2, 4)


def test_a_gru_stands_in_for_the_lstm():
    for builder in (models.lstm, models.stacked_bilstm):
        model = builder(30, embed_size=4, units=3, layer=keras.layers.GRU)
        assert model.count_params() < builder(30, embed_size=4, units=3).count_params()
        ids = np.array([[3, 4, 5, 0]])
        copy = models.mask_padding(model, portable=True)
        np.testing.assert_allclose(copy(ids), model(ids[:, :3]), atol=1e-6)


def test_dropout_takes_whole_words_and_whole_columns_in_training_alone():
    model = models.lstm(50, embed_size=40, units=3, dropout=0.5)
    ids = np.full((4, 30), 7)
    embedded = keras.Sequential(model.layers[:3])
    kept = np.asarray(embedded(ids, training=True)) != 0
    words, columns = kept.any(axis=2), kept.any(axis=1)
    assert 0.2 < words.mean() < 0.8
    assert 0.2 < columns.mean() < 0.8
    np.testing.assert_array_equal(kept, words[:, :, None] & columns[:, None, :])
    assert (np.asarray(embedded(ids, training=False)) != 0).all()


def test_characters_are_one_hot_and_padding_is_masked():
    model = models.simple_rnn(vocab_size=6, units=4, one_hot=True, mask=True)
    one_hot = keras.Sequential(model.layers[:1])(np.array([[1, 5, 0]]))[0]
    np.testing.assert_array_equal(one_hot, [[1, 0, 0, 0, 0], [0, 0, 0, 0, 1], [0, 0, 0, 0, 0]])
    assert [bool(layer.trainable_weights) for layer in model.layers] == [False, True, True]
    alone, padded = model(np.array([[1, 5]])), model(np.array([[1, 5, 0, 0]]))
    np.testing.assert_allclose(padded, alone, atol=1e-6)
    unmasked = models.simple_rnn(vocab_size=6, units=4, one_hot=True)
    unmasked.set_weights(model.get_weights())
    assert np.abs(unmasked(np.array([[1, 5, 0, 0]])) - alone).max() > 1e-4
    np.testing.assert_allclose(
        models.mask_padding(unmasked)(np.array([[1, 5, 0, 0]])), alone, atol=1e-6
    )


@pytest.mark.parametrize(
    "options",
    [{"vocabulary": "words.txt"}, {"text": "body"}, {"max_words": -3}, {"max_words": 2.5}],
)
def test_a_vectorizer_that_could_not_read_is_refused(options):
    with pytest.raises(ValueError, match="is|must be"):
        models.Vectorizer(**{"vocabulary": ["a"]} | options)


@pytest.mark.parametrize("names", [("aabb", "1122"), ("ab", "123"), (["a", 1], "12")])
def test_classes_without_a_name_and_a_label_of_their_own_are_refused(names):
    with pytest.raises(ValueError, match="must"):
        models.Labels(*names)


def read(standardized):
    """The words of texts that are standardized."""
    texts = models.split_words(standardized).to_list()
    return [" ".join(word.decode() for word in text) for text in texts]


def test_ascii_is_standardized_as_keras_does_it():
    texts = [f"{chr(i)}A b{chr(i)}c {chr(j)}" for i in range(1, 128) for j in (9, 31, 127, 92)]
    layer = keras.layers.TextVectorization()
    layer.adapt(texts)
    ours = keras.layers.TextVectorization(standardize=models.standardize, split=models.split_words)
    ours.adapt(texts)
    assert ours.get_vocabulary() == layer.get_vocabulary()
    np.testing.assert_array_equal(ours(texts), layer(texts))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("МАТЧ ÀÉ ΟΔΟΣ", "матч àé οδος"),
        ("\u201cprofit\u201d falls \u2014 bank", "profit falls bank"),
        ("a\u00a0b\u3000c\u2028d\u0085e\u2029f", "a b c d e f"),
        ("５＋３＝８ ａ｜ｂ ～", "５３８ ａｂ"),
        ("€5 😀 £3 $4", "€5 😀 £3 4"),
        ("。你好，世界！", "你好世界"),
        ("pro\u00adfit\u200b \ufeffrises\u202c at\u2060 ban\ufe0f\u034fk", "profit rises at bank"),
        ("\u845b\U000e0100\u57ce می\u200cخواهم", "\u845b\u57ce میخواهم"),
        ("profit😀 rises📈📈bank ❤\ufe0f", "profit 😀 rises 📈 📈 bank ❤"),
        ("👍🏽 👩\u200d👧 5\ufe0f\u20e3 🇩🇪", "👍 👩 👧 5 🇩 🇪"),
        ("new\U0001fae9one", "new \U0001fae9 one"),  # an emoji of Unicode 16
        ("a€b n° 5© x™", "a€b n° 5© x™"),
        ("pro\u3164fit ri\uffa0ses\u115f \u1820\u180b", "profit rises \u1820"),
        ("company\x92s \x93ok\x94 a\x85b", "companys ok a b"),  # cp1252's quotes, read as latin-1
        ("x" * 256, "x" * 256),
        ("a " + "x" * 257 + " é" + "ж" * 256, "a [UNK] [UNK]"),
    ],
)
def test_all_of_unicode_is_standardized(text, words):
    assert read(models.standardize(tf.constant([text]))) == [words]


def test_an_emoji_is_a_single_character_among_characters():
    vectorizer = models.Vectorizer(list("a b😀"), tokens="characters")
    ids = vectorizer(tf.constant(["A😀b", "a\u200b😀\ufe0f b"]))[:, :-1]
    assert ids.numpy().tolist() == [[2, 5, 4, 0], [2, 5, 3, 4]]


@pytest.mark.parametrize(
    ("markup", "plain"),
    [
        ("bank\\striker", "bank striker"),
        ("the company #39;s plan", "the company's plan"),
        ("workers #39; suit", "workers' suit"),
        ("said  #39;very #39; bad", "said 'very' bad"),
        ("a  #36;500 loan, S\\$5", "a $500 loan, S$5"),
        ("new &lt;b&gt;...&lt;/b&gt; x", "new x"),
        ('&lt;A HREF="http://x.y?a=b&amp;c"&gt;BP.L&lt;/A&gt; rises', "BP.L rises"),
        ("the quot;big quot; one", 'the "big" one'),
        ("R&amp;D", "R&D"),
        ("war &mdash; peace&nbsp;now", "war peace now"),
        ("a &#x27; b &#8212; c", "a b c"),
        ("<br/><p>x</p >", "x"),
        ("if a<b and then c>d", "if ab and then cd"),
        ("5 &gt; 4", "5 > 4"),
        ("the company #39;s pro\u00adfit\u200b😀", "the company's profit 😀"),
    ],
)
def test_markup_is_read_as_what_it_stands_for(markup, plain):
    first, second = read(models.standardize_without_markup(tf.constant([markup, plain])))
    assert first == second
