import keras
import numpy as np
import tensorflow as tf

import data
from training import embeddings, word_vectors

DAYS, FRUIT = ["monday", "friday", "sunday"], ["apple", "cherry", "plum"]


def tokens(texts):
    """Token ids of texts, and their vocabulary."""
    vectorizer = keras.layers.TextVectorization()
    vectorizer.adapt(texts)
    ids = [np.asarray(vectorizer(text)) for text in texts]
    lengths = np.array([len(one) for one in ids])
    starts = np.cumsum(lengths) - lengths
    labels = np.zeros(len(texts), np.int32)
    every = np.concatenate([*ids, [0]]).astype(np.int32)
    return data.Tokens(every, starts, lengths, labels, labels > 0), vectorizer.get_vocabulary()


def corpus():
    """Texts in which days stand among the same words, and fruit among others."""
    rng = np.random.default_rng(0)
    texts = [f"we meet on {rng.choice(DAYS)} at noon" for _ in range(200)]
    texts += [f"she eats a ripe {rng.choice(FRUIT)} from market" for _ in range(200)]
    return [texts[i] for i in rng.permutation(len(texts))]


def test_words_that_stand_among_the_same_others_are_alike():
    read, vocabulary = tokens(corpus())
    vectors = word_vectors.of_texts(read, len(vocabulary), 4)
    assert vectors.shape == (len(vocabulary), 4)
    assert vectors.dtype == np.float32
    assert not vectors[:2].any()  # padding and the unknown word
    np.testing.assert_allclose(vectors[2:].std(), word_vectors.SPREAD, rtol=1e-5)
    direction = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-9)
    alike = direction @ direction.T
    days, fruit = ([vocabulary.index(word) for word in words] for words in (DAYS, FRUIT))
    assert alike[np.ix_(days, days)].min() > 0.9
    assert alike[np.ix_(fruit, fruit)].min() > 0.9
    assert alike[np.ix_(days, fruit)].max() < 0.5
    assert np.array_equal(vectors, word_vectors.of_texts(read, len(vocabulary), 4))


def test_pairs_do_not_reach_over_the_end_of_a_text_and_count_less_far_apart():
    read, vocabulary = tokens(["a b c", "d e"])
    codes, counts = word_vectors._neighbours(read, len(vocabulary))
    names = [(vocabulary[c // len(vocabulary)], vocabulary[c % len(vocabulary)]) for c in codes]
    found = dict(zip(names, counts, strict=True))
    assert found["a", "b"] == found["b", "a"] == found["d", "e"] == 1
    assert found["a", "c"] == 0.8
    assert len(found) == 8
    part, _ = word_vectors._neighbours(read[np.array([1])], len(vocabulary))
    assert len(part) == 2  # of the chosen texts alone


def test_words_without_neighbours_keep_their_vectors():
    read, vocabulary = tokens(["a b", "a b", "lone"])
    layer = keras.layers.Embedding(len(vocabulary), 7)
    layer.build()
    before = layer.get_weights()[0]
    assert embeddings.put_those_of_texts(layer, read) == 2
    after = layer.get_weights()[0]
    changed = (before != after).any(axis=1)
    assert sorted(np.array(vocabulary)[changed]) == ["a", "b"]
    assert np.array_equal(after[:, 5:], before[:, 5:])  # there are five entries
    lone, vocabulary = tokens(["a", "b"])
    assert not word_vectors.of_texts(lone, len(vocabulary), 7).any()


def test_a_matrix_is_factorised_as_by_a_whole_decomposition():
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(30, 30)).astype(np.float32) * (rng.random((30, 30)) < 0.3)
    found = word_vectors._factorised(tf.sparse.from_dense(dense), 6)
    vectors, values, _ = np.linalg.svd(dense)
    expected = vectors[:, :6] * np.sqrt(values[:6])
    np.testing.assert_allclose(found @ found.T, expected @ expected.T, atol=2e-3)


def test_association_is_positive_mutual_information():
    counted = np.array([[0.0, 9, 9], [9, 0, 1], [9, 1, 0]])  # how often words stand near others
    codes = np.flatnonzero(counted)
    matrix = tf.sparse.to_dense(word_vectors._association(codes, counted.flat[codes], 3)).numpy()
    occurs = counted.sum(axis=1)
    chance = np.outer(occurs, occurs**0.75 / (occurs**0.75).sum())
    with np.errstate(divide="ignore"):
        expected = np.log(counted / chance).clip(min=0)
    np.testing.assert_allclose(matrix, expected, atol=1e-6)
    assert expected[1, 2] == 0 < counted[1, 2] < chance[1, 2]  # rarer than by chance


def test_only_so_many_tokens_are_read(monkeypatch):
    read, vocabulary = tokens(["a b", "c d"])
    monkeypatch.setattr(word_vectors, "TOKENS", 3)
    vectors = word_vectors.of_texts(read, len(vocabulary), 2)
    assert sorted(np.array(vocabulary)[vectors.any(axis=1)]) == ["a", "b"]
