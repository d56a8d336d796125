import numpy as np
import pytest

import data
from rows import DataError

TEXTS = np.array(["Oil, up!", "", "a goal and a goal", "oil oil oil oil oil oil"], dtype=object)


@pytest.fixture(scope="module")
def vectorizer():
    return data.fit_vectorizer(TEXTS, 20)


@pytest.fixture(scope="module")
def many():
    lengths = np.random.default_rng(0).integers(0, 40, size=101)
    starts = np.cumsum(lengths) - lengths
    ids = np.random.default_rng(1).integers(1, 50, size=lengths.sum()).astype(np.int32)
    return data.Tokens(np.append(ids, np.int32(0)), starts, lengths), np.arange(101, dtype=np.int32)


def test_the_vocabulary_is_capped_and_comes_from_lower_case_words_without_punctuation():
    vectorizer = data.fit_vectorizer(TEXTS, 4)
    assert vectorizer.get_vocabulary() == ["", "[UNK]", "oil", "goal"]


def test_texts_without_a_word_are_refused():
    with pytest.raises(DataError, match="the 2 texts .* hold no word"):
        data.fit_vectorizer(np.array(["", "!"], dtype=object), 20)


def test_token_ids_are_those_of_the_layer(vectorizer):
    tokens = data.vectorize(vectorizer, TEXTS)
    assert tokens.lengths.tolist() == [2, 0, 5, 6]
    expected = np.asarray(vectorizer(TEXTS.tolist()))
    assert tokens.padded(np.arange(4), 6).numpy().tolist() == expected.tolist()
    assert tokens.padded(np.array([2, 0]), 7).numpy()[:, 5:].max() == 0


def test_an_unknown_word_is_not_padding(vectorizer):
    tokens = data.vectorize(vectorizer, np.array(["zebra oil"], dtype=object))
    assert tokens.ids.tolist() == [1, vectorizer.get_vocabulary().index("oil"), 0]


def test_bucket_boundaries_are_quantiles_and_end_at_the_longest():
    lengths = np.array([0, 3, 3, 5, 8, 9, 20, 90])
    assert data.bucket_boundaries(lengths, 1).tolist() == [90]
    assert data.bucket_boundaries(lengths, 2).tolist() == [7, 90]
    assert data.bucket_boundaries(np.zeros(5, dtype=int), 4).tolist() == [1]


def test_buckets_hold_every_text_once_at_a_width_that_fits(many):
    tokens, _ = many
    boundaries = data.bucket_boundaries(tokens.lengths, 5)
    batches = data.bucketed(tokens.lengths, 8, boundaries)
    positions = np.concatenate([rows for rows, _ in batches])
    assert sorted(positions) == list(range(101))
    assert [len(rows) for rows, _ in batches] == [8] * 12 + [5]
    assert all(tokens.lengths[rows].max() <= width for rows, width in batches)
    assert {width for _, width in batches} <= set(boundaries.tolist())


def test_bucketing_pads_less_than_one_width_does(many):
    tokens, _ = many

    def padded(buckets):
        batches = data.bucketed(tokens.lengths, 8, data.bucket_boundaries(tokens.lengths, buckets))
        return sum(len(rows) * width for rows, width in batches)

    assert padded(5) < 0.75 * padded(1)


def test_a_text_longer_than_every_boundary_is_not_cut():
    [(rows, width)] = data.bucketed(np.array([2, 30]), 8, np.array([5, 10]))
    assert width == 30


def test_an_epoch_has_every_row_once_in_an_order_of_seed_and_epoch_alone(many):
    tokens, labels = many

    def epoch(seed, number, first_step=0):
        batches = data.TrainingBatches(tokens, labels, 8, np.array([10, 20, 40]), seed)
        batches.epoch, batches.first_step = number, first_step
        return [rows.tolist() for _, rows in batches.dataset().as_numpy_iterator()]

    first = epoch(seed=1, number=0)
    assert sorted(sum(first, [])) == list(range(101))
    assert first == epoch(seed=1, number=0)
    assert first != epoch(seed=1, number=1)
    assert first != epoch(seed=2, number=0)
    assert first[5:] == epoch(seed=1, number=0, first_step=5)


def test_training_and_evaluation_batches_hold_the_texts_of_their_labels(many):
    tokens, labels = many
    boundaries = np.array([10, 20, 40])
    training = data.TrainingBatches(tokens, labels, 8, boundaries, seed=1)
    for dataset in (
        training.dataset(),
        data.evaluation_batches(tokens, labels, boundaries),
        data.evaluation_batches(tokens, labels),
    ):
        seen = []
        for ids, rows in dataset.as_numpy_iterator():
            assert ids.dtype == np.int32
            for row, text in zip(rows, ids, strict=True):
                start, length = tokens.starts[row], tokens.lengths[row]
                assert text[:length].tolist() == tokens.ids[start : start + length].tolist()
                assert not text[length:].any()
            seen += rows.tolist()
        assert sorted(seen) == labels.tolist()


def test_without_boundaries_only_texts_of_one_length_share_a_batch(many):
    tokens, labels = many
    for ids, rows in data.evaluation_batches(tokens, labels).as_numpy_iterator():
        assert set(tokens.lengths[rows].clip(min=1)) == {ids.shape[1]}
