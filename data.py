"""Corpus -> fitted vectorizer -> token ids -> bucketed batches: what the scripts call in turn."""

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from corpus import loading
from corpus.description import describe  # noqa: F401 - the scripts call it here
from corpus.errors import UserError
from corpus.rows import fold, held_out
from models import Vectorizer
from training.clock import clock
from training.recipes import Options

EVALUATION_BATCH_SIZE = 256
CHUNK = 4096  # texts that are vectorised at once
LONG = 2048  # tokens; longer texts must not widen the batches of others
as_is = tf.autograph.experimental.do_not_convert  # AutoGraph is slow, and not needed


@clock.stage("load")
def load(options, train_rows=0):
    """Loads a corpus, its rows in an order that does not depend on where they come from.

    Args:
        options: the `training.Options` of a run, or only its `data`: "ag_news", "sample",
            "tfds:NAME", a directory or a file; see `corpus.loading`.
        train_rows: use at most this many training rows; 0 means all.

    Returns:
        A `corpus.Corpus`.

    Raises:
        UserError: the rows cannot be found, read or used.
    """
    options = Options(data=options) if isinstance(options, str) else options
    rows = train_rows, options.test_rows
    return loading.load(options.data, *rows, test=not options.trial, **options.columns())


@clock.stage("adapt")
def fit_vectorizer(
    rows,
    vectorizer_text,
    vocab_size,
    reads=None,
    tokens="words",
    markup="kept",
    max_words=0,
    vocabulary=None,
):
    """Collects the vocabulary of texts, and decides how every text is read from here on.

    Args:
        rows: `corpus.Rows` whose texts the vocabulary comes from.
        vectorizer_text: the columns that it comes from: "title" or "title+description".
        vocab_size: the largest vocabulary, padding (id 0) and unknown token (id 1) included.
        reads: the columns that the network will read; defaults to `vectorizer_text`.
        tokens, markup, max_words: see `models.Vectorizer`.
        vocabulary: list of `str` to use in place of the words of these texts, or None.

    Returns:
        A `models.Vectorizer`.

    Raises:
        UserError: the texts contain no word.
    """
    how = {"tokens": tokens, "markup": markup, "max_words": max_words}
    if vocabulary is None:
        adapted = Vectorizer(max_tokens=vocab_size, **how)
        with suppress(tf.errors.InvalidArgumentError):  # Keras's, for an empty vocabulary
            adapted.adapt(_text_chunks(rows, vectorizer_text))
        vocabulary = adapted.get_vocabulary(include_special_tokens=False)
    if not vocabulary:
        problem = f"the {len(rows):,} texts that the vocabulary comes from contain no word"
        raise UserError(f"{problem}; see --vectorizer-text and --vectorizer-rows")
    return Vectorizer(vocabulary, text=reads or vectorizer_text, **how)


@dataclass(frozen=True)
class Tokens:
    """Labelled texts as token ids, end to end without padding: NumPy arrays, or tensors.

    Attributes:
        ids: int32 tensor of shape (tokens + 1,); the last is padding (0).
        starts: int64 array of shape (texts,), where each text begins in `ids`.
        lengths: int64 array of shape (texts,), the number of tokens of each text.
        labels: int32 array of shape (texts,), the class of each text.
        cut: bool array of shape (texts,), whether a text was longer than `max_words`.
    """

    ids: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    cut: np.ndarray

    def __len__(self):
        return len(self.lengths)

    @property
    def hash(self):
        """Differs for other texts, another vocabulary or way of reading: hexadecimal `str`."""
        digest = sha256()
        for part in self.ids, self.starts, self.labels:
            digest.update(np.ascontiguousarray(part))  # as it is: a copy would take memory
        return digest.hexdigest()

    def __getitem__(self, selection):
        """The texts of a slice or of an array of positions."""
        names = ("starts", "lengths", "labels", "cut")
        return replace(self, **{name: getattr(self, name)[selection] for name in names})

    def batch(self, positions, width):
        """A batch of texts, padded with 0: int32 tensors (positions, width) and (positions,)."""
        columns = tf.range(width, dtype=tf.int64)
        starts, lengths = tf.gather(self.starts, positions), tf.gather(self.lengths, positions)
        padding = tf.size(self.ids, tf.int64) - 1
        token_positions = tf.where(columns < lengths[:, None], starts[:, None] + columns, padding)
        return tf.gather(self.ids, token_positions), tf.gather(self.labels, positions)


@clock.stage("vectorise")
def vectorize(vectorizer, rows):
    """Turns `corpus.Rows` into `Tokens` once, so that no epoch has to do it again.

    As in `Vectorizer.call`, a text without a word has one token, the unknown one.
    """
    chunks = _text_chunks(rows, vectorizer.text)
    chunks = chunks.map(as_is(vectorizer.all_token_ids), num_parallel_calls=2)
    ids, lengths, cut = [], [np.zeros(0, int)], [np.zeros(0, bool)]  # a trial has no test rows
    total = -(-len(rows) // CHUNK)
    for chunk in tqdm(chunks, "vectorising", total, leave=False, delay=1, disable=None):
        kept = chunk[:, : vectorizer.max_words or None]
        counts = kept.row_lengths().numpy()
        empty = (np.cumsum(counts) - counts)[counts == 0]
        ids.append(tf.constant(np.insert(kept.flat_values, empty, 1), tf.int32))
        lengths.append(counts.clip(min=1))
        cut.append(chunk.row_lengths().numpy() > counts)
    with tf.device("CPU"):  # not in the memory of a GPU
        ids = tf.concat([*ids, [0]], axis=0)
    lengths, cut = np.concatenate(lengths), np.concatenate(cut)
    return Tokens(ids, np.cumsum(lengths) - lengths, lengths, rows.labels, cut)


def _text_chunks(rows, columns):
    """A dataset of text chunks; one tensor of all texts would double the memory."""

    def chunks():
        for first in range(0, len(rows), CHUNK):
            yield rows[first : first + CHUNK].texts(columns).tolist()

    signature = tf.TensorSpec((None,), tf.string)
    return tf.data.Dataset.from_generator(chunks, output_signature=signature)


def hold_out(train, validation, test, choice):
    """Decides what to validate on: (`Tokens` to train on, `Tokens` to validate on or None).

    Args:
        train, validation, test: `Tokens`.
        choice: "held-out" for the validation texts; if there are none, a tenth of the training
            texts, chosen by class and not trained on, see `corpus.rows.held_out` (None if every
            text is the only one of a class); "2/5" for the second of five parts of the training
            texts, see `corpus.rows.fold`; "test" for the test texts; "none".
    """
    if choice == "test":
        return train, test
    if choice == "none":
        return train, None
    if choice == "held-out" and len(validation):
        return train, validation
    ids, begin = np.asarray(train.ids), train.starts
    texts = [hash(ids[i:j].tobytes()) for i, j in zip(begin, begin + train.lengths, strict=True)]
    choose = held_out if choice == "held-out" else partial(fold, *map(int, choice.split("/")))
    aside = choose(train.labels, np.array(texts))
    return train[~aside], train[aside] if aside.any() else None


def bucket_boundaries(lengths, buckets):
    """The widths that batches are padded to: ascending int array, the last is the longest length.

    They are the quantiles of the lengths, so that the buckets have about the same size.

    Args:
        lengths: int array, tokens of each text.
        buckets: the largest number of buckets.
    """
    quantiles = np.quantile(lengths, np.arange(1, buckets + 1) / buckets)
    return np.unique(np.ceil(quantiles).astype(int).clip(min=1))


def bucketed(lengths, batch_size, boundaries):
    """Cuts texts into batches of similar length: list of (positions in `lengths`, width).

    Narrow batches come first. The leftover texts of a bucket go into the next wider one, so that
    only one batch is not full. Texts of more than `LONG` tokens have a bucket for each length, and
    a batch with some is smaller: padded, it has at most as many tokens as a full one of `LONG`.

    Args:
        lengths: int array, tokens of each text, in the order in which texts should be used.
        batch_size: texts per batch.
        boundaries: ascending int array of widths; texts that are longer get one of their own.
    """
    longest = lengths[lengths <= LONG].max(initial=1)
    boundaries = np.union1d(boundaries, [longest, *lengths[lengths > LONG]])
    bucket = np.searchsorted(boundaries, lengths)
    order = np.argsort(bucket, kind="stable")
    widths, batches, first = boundaries[bucket[order]], [], 0
    while first < len(order):
        few = widths[first : first + batch_size]
        size = len(few)
        if few[-1] > LONG:
            fits = np.arange(1, size + 1) * few <= batch_size * LONG
            size = max(1, np.count_nonzero(fits))
        batches.append((order[first : first + size], int(few[size - 1])))
        first += size
    return batches


def without_padding(lengths, batch_size=EVALUATION_BATCH_SIZE):
    """Cuts texts into batches of one length each: list of (positions in `lengths`, width)."""
    alike = [(np.flatnonzero(lengths == length), max(length, 1)) for length in np.unique(lengths)]
    return [
        (positions[first : first + batch_size], width)
        for positions, width in alike
        for first in range(0, len(positions), batch_size)
    ]


class TrainingBatches(keras.callbacks.Callback):
    """Batches of token ids and labels in a new random order each epoch.

    The order is a function of the seed and the epoch alone: a run that is resumed at any step sees
    the batches that it would have seen. As a callback, the last one of `fit`, this learns from it
    which epoch comes next.

    A `keras.utils.PyDataset`, the usual way to do this, makes each batch in Python, which is too
    slow when a step takes 1.6 ms; here Python only plans an epoch.

    Attributes:
        boundaries: the widths that texts are padded to.
        epoch: the epoch, from 0, whose batches come next.
        first_step: the step, from 0, at which that epoch begins; a run that is resumed sets it.
    """

    def __init__(self, tokens, batch_size, buckets, seed=1, class_weights="none"):
        """Plans batches.

        Args:
            tokens: `Tokens`.
            batch_size: texts per batch.
            buckets: the largest number of `boundaries`.
            seed: for the shuffling.
            class_weights: "none", or "balanced": a text of a rare class counts for more, n texts
                in all / (classes * n texts of its class), as scikit-learn's "balanced".
        """
        super().__init__()
        self.boundaries = bucket_boundaries(tokens.lengths, buckets)
        self.tokens, self.batch_size, self.seed = tokens, batch_size, seed
        self.epoch = self.first_step = 0
        self._steps = len(bucketed(tokens.lengths, batch_size, self.boundaries))  # in any order
        self.class_weights = None
        if class_weights == "balanced":
            counts = np.bincount(tokens.labels)
            weights = len(tokens) / (np.count_nonzero(counts) * counts.clip(min=1))
            self.class_weights = weights.astype(np.float32)

    def __len__(self):
        """The number of batches in an epoch."""
        return self._steps

    def __str__(self):
        low, high = self.boundaries[0], self.boundaries[-1]
        widths = f"padded to {high} tokens"
        if len(self.boundaries) > 1:
            widths = f"in {len(self.boundaries)} length buckets ({low} to {high} tokens)"
        cut = np.count_nonzero(self.tokens.cut)
        cut = f"; {cut:,} of the texts were longer and are cut" if cut else ""
        return f"{len(self):,} batches of {self.batch_size} texts, {widths}{cut}"

    def set_model(self, model):
        """Keeps no model: tf.data keeps `_plan`, and would keep the model with it for good."""

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        # The end of a first epoch that began within. Keras would notice it only by taking, and
        # counting, a step without data.
        if self.first_step and self.first_step + batch + 1 >= len(self):
            raise StopIteration

    def on_epoch_end(self, epoch, logs=None):
        self.first_step = 0

    def _plan(self):
        """The batches of the epoch from `first_step` on, in the form of `bucketed`."""
        rng = np.random.default_rng([self.seed, self.epoch])
        shuffled = rng.permutation(len(self.tokens))
        batches = bucketed(self.tokens.lengths[shuffled], self.batch_size, self.boundaries)
        batches = [batches[i] for i in rng.permutation(len(batches))]
        self.epoch += 1  # in case that `fit` does not say which is next
        return [(shuffled[positions], width) for positions, width in batches[self.first_step :]]

    def dataset(self):
        """A `tf.data.Dataset` of int32 token ids (batch, width) and labels (batch,).

        With class weights also the weight of each text, float32 (batch,).
        """
        return _dataset(self.tokens, self._plan, len(self), self.class_weights)


def evaluation_batches(tokens, boundaries=None, mask=True):
    """Makes a dataset like `TrainingBatches.dataset` for evaluation: large batches, short first.

    Args:
        tokens: `Tokens`, or None, for which None is returned.
        boundaries: the widths that texts are padded to; without them no text is padded.
        mask: whether the network masks padding; if not, a batch has texts of one length.
    """
    if tokens is None:
        return None
    batches = without_padding(tokens.lengths)
    if mask and boundaries is not None:
        batches = bucketed(tokens.lengths, EVALUATION_BATCH_SIZE, boundaries)
    return _dataset(tokens, lambda: batches, len(batches))


def _dataset(tokens, plan_epoch, steps, class_weights=None):
    """A dataset of batches: Python plans them, TensorFlow alone puts them together.

    Args:
        plan_epoch: a function that returns an epoch's batches in the form of `bucketed`.
        steps: the number of batches in a whole epoch.
        class_weights: float32 array, the weight of a text of each class, or None.
    """

    def plan():
        # The whole plan crosses from Python to TensorFlow at once: two arrays an epoch.
        positions, widths = zip(*plan_epoch(), strict=True)
        ends = np.cumsum([len(texts) for texts in positions])
        yield np.concatenate(positions), np.stack([np.append(0, ends[:-1]), ends, widths], axis=1)

    with tf.device("CPU"):  # tensors, since arrays would be copied into the dataset's graph
        tensors = {name: tf.convert_to_tensor(value) for name, value in vars(tokens).items()}
    tokens = replace(tokens, **tensors)

    def batch(positions, limits):
        first, end, width = tf.unstack(limits)
        ids, labels = tokens.batch(positions[first:end], width)
        if class_weights is None:
            return ids, labels
        return ids, labels, tf.gather(class_weights, labels)

    @as_is
    def batches(positions, limits):
        limits = tf.data.Dataset.from_tensor_slices(limits)
        return limits.map(as_is(lambda limits: batch(positions, limits)))

    signature = (tf.TensorSpec((None,), tf.int64), tf.TensorSpec((None, 3), tf.int64))
    dataset = tf.data.Dataset.from_generator(plan, output_signature=signature).flat_map(batches)
    options = tf.data.Options()  # no optimization of the graph, which would copy all tokens
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    dataset = dataset.prefetch(16).with_options(options)
    # Not `assert_cardinality`: when a run resumes within an epoch, Keras has to be given the length
    # of a whole epoch, and to find this one shorter.
    dataset.cardinality = lambda: tf.constant(steps, tf.int64)
    return dataset
