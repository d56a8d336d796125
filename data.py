"""Corpus -> fitted vectorizer -> token ids -> bucketed batches: what the scripts call in turn."""

from dataclasses import dataclass, replace

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

import corpus
from corpus import DataError
from training.clock import stage

EVALUATION_BATCH_SIZE = 256
HELD_OUT_SHARE = 0.05


@stage("load")
def load(source, train_rows=0, test_rows=0):
    """Loads a corpus, its rows in an order that does not depend on where they come from.

    Args:
        source: "ag_news", "sample", or a directory that holds train.csv and test.csv.
        train_rows, test_rows: at most so many rows; 0 means all.

    Returns:
        A `corpus.Corpus`.

    Raises:
        DataError: the rows cannot be found, read or used.
    """
    return corpus.load(source, train_rows, test_rows)


@stage("adapt")
def fit_vectorizer(texts, vocab_size, tokens="words"):
    """Adapts a `keras.layers.TextVectorization` layer: lower case, no punctuation.

    Args:
        texts: object array of `str`.
        vocab_size: the largest vocabulary, padding (id 0) and unknown token (id 1) included.
        tokens: what an id stands for: "words", split at spaces, or "characters".

    Raises:
        DataError: the texts hold no word.
    """
    split = {"words": "whitespace", "characters": "character"}[tokens]
    vectorizer = keras.layers.TextVectorization(max_tokens=vocab_size, split=split)
    vectorizer.adapt(_text_batches(texts))
    if vectorizer.vocabulary_size() <= 2:
        raise DataError(f"the {len(texts):,} texts that the vocabulary comes from hold no word")
    return vectorizer


@dataclass(frozen=True)
class Tokens:
    """Labelled texts as token ids, end to end without padding. Arrays, or tensors of their kind.

    Attributes:
        ids: int32 array of shape (tokens + 1,); the last is padding (0).
        starts: int64 array of shape (texts,), where each text begins in `ids`.
        lengths: int64 array of shape (texts,), the number of tokens of each text.
        labels: int32 array of shape (texts,), the class of each text.
    """

    ids: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray

    def __len__(self):
        return len(self.lengths)

    def __getitem__(self, selection):
        """The texts of a slice or of an array of positions."""
        names = ("starts", "lengths", "labels")
        return replace(self, **{name: getattr(self, name)[selection] for name in names})

    def batch(self, positions, width):
        """A batch of texts, with zeros on the right.

        Returns:
            (int32 tensor of shape (positions, width), int32 tensor of the labels).
        """
        columns = tf.range(width, dtype=tf.int64)
        starts, lengths = tf.gather(self.starts, positions), tf.gather(self.lengths, positions)
        padding = tf.size(self.ids, tf.int64) - 1
        token_positions = tf.where(columns < lengths[:, None], starts[:, None] + columns, padding)
        return tf.gather(self.ids, token_positions), tf.gather(self.labels, positions)


@stage("vectorise")
def vectorize(vectorizer, rows, text, verbose=0):
    """Turns texts into token ids once, so that no epoch has to do it again.

    Args:
        vectorizer: an adapted `keras.layers.TextVectorization`.
        rows: `corpus.Rows`.
        text: what of them is read: "title" or "title+description".
        verbose: as of `fit`: 1 for a bar on standard error that shows the time left.

    Returns:
        `Tokens`. A text of no words has length 0.
    """
    ids, lengths = [], []
    batches = _text_batches(rows.texts(text)).map(vectorizer, num_parallel_calls=2)
    bar = tqdm(batches, "vectorising", leave=False, delay=1, disable=verbose != 1)
    for padded in map(np.asarray, bar):
        is_token = padded != 0
        ids.append(padded[is_token].astype(np.int32))
        lengths.append(is_token.sum(axis=1))
    lengths = np.concatenate(lengths)
    ids = np.concatenate([*ids, np.zeros(1, np.int32)])
    return Tokens(ids, np.cumsum(lengths) - lengths, lengths, rows.labels)


def _text_batches(texts):
    return tf.data.Dataset.from_tensor_slices(texts.tolist()).batch(1024)


def hold_out(train, test, validation):
    """Sets texts aside to validate on.

    Args:
        train, test: `Tokens`.
        validation: "held-out" for the last of the train texts, which are then not trained on;
            "test" for the test texts; "none".

    Returns:
        (`Tokens` to train on, `Tokens` to validate on or None).
    """
    if validation == "held-out":
        kept = len(train) - int(len(train) * HELD_OUT_SHARE)
        return train[:kept], train[kept:] if kept < len(train) else None
    return train, test if validation == "test" else None


def bucket_boundaries(lengths, buckets):
    """Bucket boundaries: the widths that batches are padded to.

    They stand at the quantiles of the lengths, so that each bucket holds about as many texts.

    Args:
        lengths: int array, tokens of each text.
        buckets: the number of buckets at most.

    Returns:
        Ascending int array of distinct widths, none below 1; the last is the longest length.
    """
    quantiles = np.quantile(lengths, np.arange(1, buckets + 1) / buckets)
    return np.unique(np.ceil(quantiles).astype(int).clip(min=1))


def bucketed(lengths, batch_size, boundaries):
    """Cuts texts into batches of like length.

    A bucket's leftover texts go into the next wider one, so that only one batch is not full.

    Args:
        lengths: int array, tokens of each text, in the order in which texts should be used.
        batch_size: texts per batch.
        boundaries: ascending int array, as of `bucket_boundaries`; a longer text has its own width.

    Returns:
        List of (positions in `lengths`, width): narrow batches first.
    """
    bucket = np.searchsorted(boundaries, lengths)
    order = np.argsort(bucket, kind="stable")
    batches = []
    for first in range(0, len(order), batch_size):
        positions = order[first : first + batch_size]
        last = bucket[positions[-1]]
        width = boundaries[last] if last < len(boundaries) else lengths[positions].max()
        batches.append((positions, int(width)))
    return batches


class TrainingBatches:
    """Batches of token ids and labels in a new random order each epoch.

    The order is a function of the seed and the epoch alone: a run that is resumed at any step sees
    the batches that it would have seen.

    A `keras.utils.PyDataset` would be the usual way to have this. It makes each batch in Python,
    which for a step of 1.6 ms takes too long; here Python only plans an epoch.

    Attributes:
        boundaries: the widths that texts are padded to.
        epoch: the epoch, from 0, whose batches come next. Set it before each epoch.
        first_step: the step, from 0, at which that epoch begins.
    """

    def __init__(self, tokens, batch_size, buckets, seed=1, replicas=1):
        """Plans batches.

        Args:
            tokens: `Tokens`.
            batch_size: texts per batch.
            buckets: the number of bucket boundaries at most.
            seed: of the order.
            replicas: devices that share each batch.
        """
        self.boundaries = bucket_boundaries(tokens.lengths, buckets)
        # MirroredStrategy splits each batch evenly, so the last one must divide too.
        self.tokens = tokens[: len(tokens) - len(tokens) % replicas]
        self.batch_size, self.seed = batch_size, seed
        self.epoch = self.first_step = 0

    def __len__(self):
        """The number of batches in an epoch."""
        return -(-len(self.tokens) // self.batch_size)

    def __str__(self):
        widths = ", ".join(map(str, self.boundaries))
        return f"{len(self):,} batches of {self.batch_size}, padded to {widths} tokens"

    def _plan(self):
        """The batches of the epoch, from `first_step` on, as of `bucketed`."""
        rng = np.random.default_rng([self.seed, self.epoch])
        shuffled = rng.permutation(len(self.tokens))
        batches = bucketed(self.tokens.lengths[shuffled], self.batch_size, self.boundaries)
        batches = [batches[i] for i in rng.permutation(len(batches))]
        return [(shuffled[positions], width) for positions, width in batches[self.first_step :]]

    def dataset(self):
        """A `tf.data.Dataset` of (token ids (batch, width) int32, labels (batch,) int32)."""
        return _dataset(self.tokens, self._plan, len(self) - self.first_step)


def evaluation_batches(tokens, boundaries=None):
    """A dataset like that of `TrainingBatches`, for evaluation: large batches, shortest first.

    Args:
        tokens: `Tokens`, or None.
        boundaries: as of `TrainingBatches`; without, only texts of the same length share a batch,
            so that none is padded.

    Returns:
        The dataset; None for no tokens.
    """
    if tokens is None:
        return None
    if boundaries is None:
        batches = _without_padding(tokens.lengths)
    else:
        batches = bucketed(tokens.lengths, EVALUATION_BATCH_SIZE, boundaries)
    return _dataset(tokens, lambda: batches, len(batches))


def _without_padding(lengths):
    alike = [(np.flatnonzero(lengths == length), max(length, 1)) for length in np.unique(lengths)]
    return [
        (positions[first : first + EVALUATION_BATCH_SIZE], width)
        for positions, width in alike
        for first in range(0, len(positions), EVALUATION_BATCH_SIZE)
    ]


def _dataset(tokens, plan_epoch, steps):
    """A dataset of batches: Python plans them, TensorFlow alone puts them together.

    Args:
        tokens: `Tokens`.
        plan_epoch: a function that gives an epoch's batches, as of `bucketed`.
        steps: the number of them.
    """

    def plan():
        positions, widths = zip(*plan_epoch(), strict=True)
        ends = np.cumsum([len(texts) for texts in positions])
        yield np.concatenate(positions), np.stack([np.append(0, ends[:-1]), ends, widths], axis=1)

    def batches(positions, limits):
        return tf.data.Dataset.from_tensor_slices(limits).map(
            lambda limit: tokens.batch(positions[limit[0] : limit[1]], limit[2])
        )

    with tf.device("CPU"):  # tensors, since arrays would be copied into the dataset's graph
        tokens = replace(tokens, **{name: tf.constant(a) for name, a in vars(tokens).items()})
    signature = (tf.TensorSpec((None,), tf.int64), tf.TensorSpec((None, 3), tf.int64))
    dataset = tf.data.Dataset.from_generator(plan, output_signature=signature).flat_map(batches)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(steps))
    return dataset.prefetch(tf.data.AUTOTUNE)
