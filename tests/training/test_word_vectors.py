from types import SimpleNamespace

import keras
import numpy as np
import pytest

import data
import models
from training import embeddings, word_vectors

DAYS, FRUIT = ["monday", "friday", "sunday"], ["apple", "cherry", "plum"]


def tokens(texts):
    """Token ids of texts, and their vocabulary."""
    vectorizer = keras.layers.TextVectorization()
    vectorizer.adapt(texts)
    ids = [np.asarray(vectorizer(text)) for text in texts]
    lengths = np.array([len(text_ids) for text_ids in ids])
    starts = np.cumsum(lengths) - lengths
    labels = np.zeros(len(texts), np.int32)
    padded = np.concatenate([*ids, [0]]).astype(np.int32)
    return data.Tokens(padded, starts, lengths, labels, labels > 0), vectorizer.get_vocabulary()


def corpus():
    """Texts in which days have the same neighbours, and fruit has others."""
    rng = np.random.default_rng(0)
    texts = [f"we meet on {rng.choice(DAYS)} at noon" for _ in range(200)]
    texts += [f"she eats a ripe {rng.choice(FRUIT)} from market" for _ in range(200)]
    return [texts[i] for i in rng.permutation(len(texts))]


def mutual_information(texts, vocabulary):
    """The matrix that the vectors factorise, counted pair by pair."""
    counts = np.zeros((len(vocabulary), len(vocabulary)))
    for text in texts:
        ids = [vocabulary.index(word) for word in text.split()]
        for i, word in enumerate(ids):
            for j, neighbour in enumerate(ids):
                if i != j:
                    counts[word, neighbour] += max(0, 1 - (abs(i - j) - 1) / word_vectors.WINDOW)
    frequency = counts.sum(axis=1)
    smoothed = frequency**0.75
    with np.errstate(divide="ignore", invalid="ignore"):
        information = np.log(counts / np.outer(frequency, smoothed / smoothed.sum()))
    return np.nan_to_num(information, nan=0, neginf=0).clip(min=0)


def test_the_vectors_factorise_the_mutual_information_of_near_words():
    rng = np.random.default_rng(0)
    words = [f"w{i}" for i in range(30)]
    texts = [" ".join(rng.choice(words, rng.integers(1, 9))) for _ in range(60)]
    read, vocabulary = tokens(texts)
    selection = rng.permutation(len(texts))[:50]  # a part, in another order
    vectors = word_vectors.of_texts(read[selection], len(vocabulary), 6)
    matrix = mutual_information([texts[i] for i in selection], vocabulary)
    left, values, _ = np.linalg.svd(matrix)
    expected = left[:, :6] * np.sqrt(values[:6])
    alike = [v @ v.T / np.square(v).sum() for v in (vectors, expected)]  # whatever their signs
    np.testing.assert_allclose(*alike, atol=1e-4)
    np.testing.assert_allclose(vectors[2:].std(), word_vectors.SPREAD, rtol=1e-5)
    assert vectors.dtype == np.float32


def test_words_with_the_same_neighbours_have_similar_vectors():
    read, vocabulary = tokens(corpus())
    vectors = word_vectors.of_texts(read, len(vocabulary), 4)
    assert not vectors[:2].any()  # padding and the unknown word
    direction = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-9)
    cosine = direction @ direction.T
    days, fruit = ([vocabulary.index(word) for word in words] for words in (DAYS, FRUIT))
    assert cosine[np.ix_(days, days)].min() > 0.9
    assert cosine[np.ix_(fruit, fruit)].min() > 0.9
    assert cosine[np.ix_(days, fruit)].max() < 0.5
    assert np.array_equal(vectors, word_vectors.of_texts(read, len(vocabulary), 4))


@pytest.mark.parametrize("trainable", [True, False])
def test_words_without_neighbours_keep_their_vectors(trainable):
    read, vocabulary = tokens(["a b", "a b", "lone"])
    model, lines = models.simple_rnn(len(vocabulary), embed_size=7, units=2), []
    before = model.layers[0].get_weights()[0].copy()
    vectorizer = SimpleNamespace(tokens="characters")  # accepted: the vectors are of its tokens
    embeddings.load(model, "corpus", vectorizer, read, trainable, lines.append)
    after = model.layers[0].get_weights()[0]
    changed = (before != after).any(axis=1)
    assert sorted(np.array(vocabulary)[changed]) == ["a", "b"]
    assert np.array_equal(after[:, 5:], before[:, 5:])  # there are five entries
    assert lines == ["training texts: vectors for 2 of 5 vocabulary entries"]
    assert model.layers[0].trainable == trainable
    lone, vocabulary = tokens(["a", "b"])
    assert not word_vectors.of_texts(lone, len(vocabulary), 7).any()


def test_the_number_of_tokens_that_are_read_is_limited(monkeypatch):
    read, vocabulary = tokens(["a b", "c d"])
    monkeypatch.setattr(word_vectors, "MAX_TOKENS", 3)
    vectors = word_vectors.of_texts(read, len(vocabulary), 2)
    assert sorted(np.array(vocabulary)[vectors.any(axis=1)]) == ["a", "b"]
