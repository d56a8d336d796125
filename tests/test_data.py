from dataclasses import replace

import keras
import numpy as np
import pytest
from conftest import rows

import data
import models
from corpus import loading
from corpus.errors import UserError

TEXTS = np.array(["Oil, up!", "", "a goal and a goal", "oil oil oil oil oil oil"], dtype=object)


@pytest.fixture(scope="module")
def vectorizer():
    return data.fit_vectorizer(rows(TEXTS), "title", 20)


@pytest.fixture(scope="module")
def many():
    lengths = np.random.default_rng(0).integers(0, 40, size=101)
    starts = np.cumsum(lengths) - lengths
    ids = np.random.default_rng(1).integers(1, 50, size=lengths.sum()).astype(np.int32)
    labels, cut = np.arange(101, dtype=np.int32), np.zeros(101, bool)
    return data.Tokens(np.append(ids, np.int32(0)), starts, lengths, labels, cut)


def test_the_vocabulary_is_capped_and_comes_from_lower_case_words_without_punctuation():
    vectorizer = data.fit_vectorizer(rows(TEXTS), "title", 4)
    assert vectorizer.get_vocabulary() == ["", "[UNK]", "oil", "goal"]


@pytest.mark.parametrize("texts", [["", "!"], ["q" * 300, "r" * 1000]])
def test_texts_without_a_word_are_refused(texts):
    with pytest.raises(UserError, match="the 2 texts .* contain no word"):
        data.fit_vectorizer(rows(texts), "title", 20)


def test_token_ids_are_those_of_the_layer(vectorizer):
    tokens = data.vectorize(vectorizer, rows(TEXTS))
    assert tokens.lengths.tolist() == [2, 1, 5, 6]
    expected = np.asarray(vectorizer(TEXTS.tolist()))[:, :6]
    ids, labels = tokens.batch(np.arange(4), 6)
    assert ids.numpy().tolist() == expected.tolist()
    assert labels.numpy().tolist() == [0, 1, 2, 3]
    ids, labels = tokens.batch(np.array([2, 0]), 7)
    assert ids.numpy()[:, 5:].max() == 0
    assert labels.numpy().tolist() == [2, 0]


def test_no_row_is_masked_whole_which_cudnn_refuses(vectorizer):
    texts = np.array(["", "!?", "oil", "", "a goal"], dtype=object)
    tokens = data.vectorize(vectorizer, rows(texts))
    for ids, _ in data.evaluation_batches(tokens, np.array([2])).as_numpy_iterator():
        assert (ids != 0).any(axis=1).all()
    for some in (texts, texts[:2]):
        ids = np.asarray(vectorizer(some.tolist()))
        assert (ids[:, 0] != 0).all()
        assert (ids[:2] == [1] + [0] * (ids.shape[1] - 1)).all()


def test_an_unknown_word_is_not_padding(vectorizer):
    tokens = data.vectorize(vectorizer, rows(np.array(["zebra oil"], dtype=object)))
    assert np.asarray(tokens.ids).tolist() == [1, vectorizer.get_vocabulary().index("oil"), 0]


def test_bucket_boundaries_are_quantiles_and_end_at_the_longest():
    lengths = np.array([0, 3, 3, 5, 8, 9, 20, 90])
    assert data.bucket_boundaries(lengths, 1).tolist() == [90]
    assert data.bucket_boundaries(lengths, 2).tolist() == [7, 90]
    assert data.bucket_boundaries(np.zeros(5, dtype=int), 4).tolist() == [1]


def test_buckets_hold_every_text_once_at_a_width_that_fits(many):
    tokens = many
    boundaries = data.bucket_boundaries(tokens.lengths, 5)
    batches = data.bucketed(tokens.lengths, 8, boundaries)
    positions = np.concatenate([rows for rows, _ in batches])
    assert sorted(positions) == list(range(101))
    assert [len(rows) for rows, _ in batches] == [8] * 12 + [5]
    assert all(tokens.lengths[rows].max() <= width for rows, width in batches)
    assert {width for _, width in batches} <= set(boundaries.tolist())


def test_bucketing_pads_less_than_one_width_does(many):
    tokens = many

    def padded(buckets):
        batches = data.bucketed(tokens.lengths, 8, data.bucket_boundaries(tokens.lengths, buckets))
        return sum(len(rows) * width for rows, width in batches)

    assert padded(5) < 0.75 * padded(1)


def test_a_text_longer_than_every_boundary_is_not_cut():
    [(rows, width)] = data.bucketed(np.array([2, 30]), 8, np.array([5, 10]))
    assert width == 30


@pytest.mark.parametrize("longest", [1, 40, 3000, 200_000])
def test_a_long_text_takes_no_more_than_its_own_memory_and_time(longest):
    lengths = np.random.default_rng(0).integers(1, 41, 1000)
    lengths = np.concatenate([lengths, [longest], np.full(10, 1 + longest // 50)])
    boundaries = data.bucket_boundaries(lengths, 16)
    sizes = [len(rows) * width for rows, width in data.bucketed(lengths, 64, boundaries)]
    assert max(sizes) <= max(64 * data.LONG, longest)
    assert sum(sizes) <= 1.5 * lengths.sum() + 64 * data.LONG


def test_an_epoch_has_as_many_steps_in_any_order():
    random = np.random.default_rng(0)
    lengths = np.concatenate([random.integers(1, 60, 200), random.integers(1000, 9000, 30)])
    starts, labels = np.cumsum(lengths) - lengths, np.zeros(230, np.int32)
    ids = np.zeros(lengths.sum() + 1, np.int32)
    batches = data.TrainingBatches(data.Tokens(ids, starts, lengths, labels, labels > 0), 8, 4)
    for _ in range(5):
        planned = batches._plan()
        assert len(planned) == len(batches)
        assert sorted(np.concatenate([rows for rows, _ in planned])) == list(range(230))
        assert max(len(rows) * width for rows, width in planned) <= 8 * data.LONG


def test_an_epoch_has_every_row_once_in_an_order_of_seed_and_epoch_alone(many):
    tokens = many

    def epoch(seed, number, first_step=0):
        batches = data.TrainingBatches(tokens, 8, buckets=3, seed=seed)
        batches.epoch, batches.first_step = number, first_step
        return [rows.tolist() for _, rows in batches.dataset().as_numpy_iterator()]

    first = epoch(seed=1, number=0)
    assert sorted(sum(first, [])) == list(range(101))
    assert first == epoch(seed=1, number=0)
    assert first != epoch(seed=1, number=1)
    assert first != epoch(seed=2, number=0)
    assert first[5:] == epoch(seed=1, number=0, first_step=5)


def test_training_and_evaluation_batches_hold_the_texts_of_their_labels(many):
    tokens = many
    boundaries = np.array([10, 20, 40])
    training = data.TrainingBatches(tokens, 8, buckets=3, seed=1)
    for dataset in (
        training.dataset(),
        data.evaluation_batches(tokens, boundaries),
        data.evaluation_batches(tokens),
    ):
        seen = []
        for ids, labels in dataset.as_numpy_iterator():
            assert ids.dtype == np.int32
            for row, text in zip(labels, ids, strict=True):
                start, length = tokens.starts[row], tokens.lengths[row]
                assert (
                    text[:length].tolist()
                    == np.asarray(tokens.ids)[start : start + length].tolist()
                )
                assert not text[length:].any()
            seen += labels.tolist()
        assert sorted(seen) == tokens.labels.tolist()


def test_without_boundaries_only_texts_of_one_length_share_a_batch(many):
    tokens = many
    for ids, labels in data.evaluation_batches(tokens).as_numpy_iterator():
        assert set(tokens.lengths[labels].clip(min=1)) == {ids.shape[1]}


def test_what_is_validated_on(many, vectorizer):
    test, file, empty = many[:7], many[:5], data.vectorize(vectorizer, rows([]))
    assert data.hold_out(many, file, test, "test") == (many, test)
    assert data.hold_out(many, file, test, "none") == (many, None)
    assert data.hold_out(many, file, test, "held-out") == (many, file)
    train, held_out = data.hold_out(many, empty, test, "held-out")  # a class has one text
    assert (len(train), held_out) == (101, None)
    assert data.evaluation_batches(None) is None


def test_a_tenth_of_each_class_is_held_out_and_texts_that_are_read_alike_stay_together(vectorizer):
    texts = [f"{word} {'a ' * i}" for i in range(15) for word in ("oil", "goal")]
    tokens = data.vectorize(vectorizer, rows([*texts, "Oil, a!", "goal A"]))
    tokens = replace(tokens, labels=np.array([0, 1] * 16, np.int32))
    train, held_out = data.hold_out(tokens, tokens[:0], tokens, "held-out")
    assert held_out.labels.tolist() == [0, 1, 0, 1]
    assert sorted([*train.starts, *held_out.starts]) == tokens.starts.tolist()
    assert held_out.lengths.tolist() == [14, 14, 15, 15]  # the last, which no other text equals
    for part in (train, held_out):  # the first texts of two tokens, and the two that equal them
        assert (part.lengths == 2).sum() in (0, 4)


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize("steps_per_execution", [1, 4])
def test_a_fit_that_resumes_within_an_epoch_takes_the_steps_that_were_left(
    many, steps_per_execution
):
    def compiled():
        keras.utils.set_random_seed(1)
        model = models.lstm(50, embed_size=4, units=3, classes=101)
        loss = "sparse_categorical_crossentropy"
        model.compile("sgd", loss, steps_per_execution=steps_per_execution, jit_compile=False)
        return model

    def fit(model, batches, **options):
        model.fit(batches.dataset(), callbacks=[batches], shuffle=False, verbose=0, **options)

    whole, resumed = compiled(), compiled()
    fit(whole, data.TrainingBatches(many, 8, buckets=3), epochs=3)
    batches = data.TrainingBatches(many, 8, buckets=3)
    batches.epoch = 1
    first = list(data.TrainingBatches(many, 8, buckets=3).dataset())
    for ids, labels in [*first, *list(batches.dataset())[:8]]:
        resumed.train_on_batch(ids, labels)
    batches.first_step = 8
    fit(resumed, batches, initial_epoch=1, epochs=3)
    assert int(resumed.optimizer.iterations) == int(whole.optimizer.iterations) == 39
    for ours, expected in zip(resumed.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-7)


def test_the_length_buckets_are_described(many):
    batches = data.TrainingBatches(many, 8, buckets=32)
    low, *_, high = batches.boundaries
    count = len(batches.boundaries)
    assert f"in {count} length buckets ({low} to {high} tokens)" in str(batches)
    assert f"padded to {high} tokens" in str(data.TrainingBatches(many, 8, buckets=1))


@pytest.mark.parametrize(
    ("how", "columns", "example"),
    [
        ({"reads": "title"}, "column 'title'", "the goal\\x1b31m"),
        ({"max_words": 5}, "columns 'title', 'text'", "the goal\\x1b31m was very very"),
        ({"tokens": "characters", "max_words": 5, "reads": "title"}, "column 'title'", "t h e g"),
        (
            {},
            "columns 'title', 'text'",
            "the goal\\x1b31m was " + "very " * 8 + "...",
        ),
    ],
)
def test_a_corpus_is_described_with_a_text_as_it_is_read(how, columns, example, tmp_path):
    rows = "".join(f"{label},The Goal\x1b[31m!,was {'very ' * 20}{label}\n" for label in "aabb")
    (tmp_path / "train.csv").write_text(f"label,title,text\n{rows}")
    (tmp_path / "test.csv").write_text(f"label,title,text\n{rows}")
    corpus = data.load(str(tmp_path))
    vectorizer = data.fit_vectorizer(corpus.train, "title+description", 20, **how)
    assert data.describe(corpus, vectorizer).splitlines()[2:4] == [
        f'texts: {columns}, such as "{example}"',
        "notes: train rows that repeat the text of another: 2; "
        "4 of 4 test texts are also in train: the test accuracy is too high",
    ]


def test_texts_that_are_empty_are_counted_in_the_columns_that_are_read(tmp_path):
    rows = "".join(f"{label},{' ' * i},text {label}{i}\n" for label in "ab" for i in range(9))
    (tmp_path / "train.csv").write_text(f"label,title,text\n{rows}")
    corpus = data.load(str(tmp_path))
    for text, said in (("title", True), ("title+description", False)):
        vectorizer = data.fit_vectorizer(corpus.train, "title+description", 20, reads=text)
        assert ("train rows without text: 16" in data.describe(corpus, vectorizer)) == said


def test_longer_texts_are_cut_and_counted():
    shorter = data.fit_vectorizer(rows(TEXTS), "title", 20, max_words=2)
    tokens = data.vectorize(shorter, rows(TEXTS))
    assert tokens.lengths.tolist() == [2, 1, 2, 2]
    assert tokens.cut.tolist() == [False, False, True, True]
    ids, _ = tokens.batch(np.arange(4), 2)
    expected = shorter(TEXTS.tolist())
    assert ids.numpy().tolist() == np.asarray(expected)[:, :2].tolist()
    assert "; 1 of the texts were longer" in str(data.TrainingBatches(tokens[:3], 2, buckets=1))


def test_balanced_class_weights_are_those_of_scikit_learn():
    labels = np.array([0, 0, 0, 2], dtype=np.int32)  # and no text of class 1
    ids, starts, lengths = np.array([1, 0], np.int32), np.zeros(4, int), np.ones(4, int)
    tokens = data.Tokens(ids, starts, lengths, labels, np.zeros(4, bool))
    batches = data.TrainingBatches(tokens, 3, buckets=1, class_weights="balanced")
    seen = [pair for _, *pair in batches.dataset().as_numpy_iterator()]
    weights = {label: w for some, ws in seen for label, w in zip(some, ws, strict=True)}
    assert weights == pytest.approx({0: 4 / (2 * 3), 2: 4 / (2 * 1)})


def test_word_ids_are_those_of_keras_on_ag_news(ag_news_dir):
    corpus = loading.load(ag_news_dir)
    keras_own = keras.layers.TextVectorization(max_tokens=20000)
    keras_own.adapt(corpus.train[:5000].texts("title+description").tolist())
    vectorizer = data.fit_vectorizer(corpus.train[:5000], "title+description", 20000)
    assert vectorizer.get_vocabulary() == keras_own.get_vocabulary()
    for split in (corpus.train, corpus.test):
        texts = split.texts("title+description").tolist()
        ids = [np.asarray(keras_own(texts[i : i + 1024])) for i in range(0, len(texts), 1024)]
        expected = np.concatenate([*(padded[padded != 0] for padded in ids), [0]])
        np.testing.assert_array_equal(data.vectorize(vectorizer, split).ids, expected)
