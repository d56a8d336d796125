"""AG News -> fitted vectorizer -> token ids -> bucketed batches."""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from corpus import Corpus, load
from rows import DataError

__all__ = [
    "Corpus",
    "Tokens",
    "TrainingBatches",
    "bucket_boundaries",
    "bucketed",
    "evaluation_batches",
    "fit_vectorizer",
    "load",
    "vectorize",
]

EVALUATION_BATCH_SIZE = 256


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
    """Texts as token ids, end to end without padding.

    Attributes:
        ids: int32 array of shape (tokens + 1,); the last is padding (0).
        starts: int64 array of shape (texts,), where each text begins in `ids`.
        lengths: int64 array of shape (texts,), the number of tokens of each text.
    """

    ids: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray

    def __len__(self):
        return len(self.lengths)

    def __getitem__(self, selection):
        """The texts of a slice or of an array of positions."""
        return Tokens(self.ids, self.starts[selection], self.lengths[selection])

    def padded(self, positions, width):
        """Texts side by side, zeros on the right: int32 tensor of shape (positions, width)."""
        columns = tf.range(width, dtype=tf.int64)
        starts, lengths = tf.gather(self.starts, positions), tf.gather(self.lengths, positions)
        padding = tf.size(self.ids, tf.int64) - 1
        places = tf.where(columns < lengths[:, None], starts[:, None] + columns, padding)
        return tf.gather(self.ids, places)


def vectorize(vectorizer, texts, show_progress=False):
    """Turns texts into token ids once, so that no epoch has to do it again.

    Args:
        vectorizer: an adapted `keras.layers.TextVectorization`.
        texts: object array of `str`.
        show_progress: whether a bar on standard error shows the time left.

    Returns:
        `Tokens`. A text of no words has length 0.
    """
    ids, lengths = [], []
    batches = _text_batches(texts).map(vectorizer, num_parallel_calls=2)
    bar = tqdm(batches, "vectorising", leave=False, delay=1, disable=not show_progress)
    for padded in map(np.asarray, bar):
        is_word = padded != 0
        ids.append(padded[is_word].astype(np.int32))
        lengths.append(is_word.sum(axis=1))
    lengths = np.concatenate(lengths)
    ids = np.concatenate([*ids, np.zeros(1, np.int32)])
    return Tokens(ids, np.cumsum(lengths) - lengths, lengths)


def _text_batches(texts):
    return tf.data.Dataset.from_tensor_slices(texts.tolist()).batch(1024)


def bucket_boundaries(lengths, buckets):
    """Bucket boundaries: the widths that batches are padded to.

    They stand at the quantiles of the lengths, so that each bucket holds about as many texts.

    Args:
        lengths: int array, tokens of each text.
        buckets: the number of buckets at the most.

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
        batch_size: texts a batch.
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

    Attributes:
        epoch: the epoch, from 0, whose batches come next. Set it before each epoch.
        first_step: the step, from 0, at which that epoch begins.
    """

    def __init__(self, tokens, labels, batch_size, boundaries, seed):
        self.tokens, self.labels = tokens, labels
        self.batch_size, self.boundaries, self.seed = batch_size, boundaries, seed
        self.epoch = self.first_step = 0

    def __len__(self):
        """The number of batches in an epoch."""
        return -(-len(self.tokens) // self.batch_size)

    def _epoch(self):
        random = np.random.default_rng([self.seed, self.epoch])
        shuffled = random.permutation(len(self.tokens))
        batches = bucketed(self.tokens.lengths[shuffled], self.batch_size, self.boundaries)
        batches = [batches[i] for i in random.permutation(len(batches))]
        return [(shuffled[positions], width) for positions, width in batches[self.first_step :]]

    def dataset(self):
        """A `tf.data.Dataset` of (token ids (batch, width) int32, labels (batch,) int32)."""
        return _dataset(self.tokens, self.labels, self._epoch, len(self) - self.first_step)


def evaluation_batches(tokens, labels, boundaries=None):
    """The same (token ids, labels) dataset for evaluation: large batches, shortest first.

    Without boundaries only texts of the same length share a batch, so that none is padded.
    """
    if boundaries is None:
        batches = _without_padding(tokens.lengths)
    else:
        batches = bucketed(tokens.lengths, EVALUATION_BATCH_SIZE, boundaries)
    return _dataset(tokens, labels, lambda: batches, len(batches))


def _without_padding(lengths):
    alike = [(np.flatnonzero(lengths == length), max(length, 1)) for length in np.unique(lengths)]
    return [
        (positions[first : first + EVALUATION_BATCH_SIZE], width)
        for positions, width in alike
        for first in range(0, len(positions), EVALUATION_BATCH_SIZE)
    ]


def _dataset(tokens, labels, epoch, batches):
    """Python plans an epoch's batches; TensorFlow alone puts them together, beside the training."""

    def plan():
        positions, widths = zip(*epoch(), strict=True)
        ends = np.cumsum([len(texts) for texts in positions])
        yield np.concatenate(positions), np.stack([np.append(0, ends[:-1]), ends, widths], axis=1)

    def batch(positions, limits):
        texts = positions[limits[0] : limits[1]]
        return tokens.padded(texts, limits[2]), tf.gather(labels, texts)

    with tf.device("CPU"):  # tensors, since arrays would be copied into the dataset's graph
        tokens = Tokens(*map(tf.constant, (tokens.ids, tokens.starts, tokens.lengths)))
        labels = tf.constant(labels)
    signature = (tf.TensorSpec((None,), tf.int64), tf.TensorSpec((None, 3), tf.int64))
    dataset = tf.data.Dataset.from_generator(plan, output_signature=signature).flat_map(
        lambda positions, limits: tf.data.Dataset.from_tensor_slices(limits).map(
            lambda limits: batch(positions, limits)
        )
    )
    return dataset.apply(tf.data.experimental.assert_cardinality(batches)).prefetch(
        tf.data.AUTOTUNE
    )
