"""Corpus -> fitted vectorizer -> token ids -> bucketed batches: what the scripts call in turn."""

from contextlib import suppress
from dataclasses import dataclass, replace

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

import corpus
import models
from corpus.errors import UserError
from corpus.rows import last_tenth
from training.buckets import bucket_boundaries, bucketed, without_padding
from training.clock import stage

EVALUATION_BATCH_SIZE = 256
TEXTS_AT_ONCE = 4096  # as vectorised
PREFETCHED = 16  # batches, made while the step before them is taken
MARKUP = {"kept": models.standardize, "removed": models.standardize_without_markup}


@stage("load")
def load(source, train_rows=0, test_rows=0):
    """Loads a corpus, its rows in an order that does not depend on where they come from.

    Args:
        source: "ag_news", "sample", or a directory, as of `corpus.load`.
        train_rows, test_rows: at most so many rows; 0 means all.

    Returns:
        A `corpus.Corpus`.

    Raises:
        UserError: the rows cannot be found, read or used.
    """
    return corpus.load(source, train_rows, test_rows)


@stage("adapt")
def fit_vectorizer(rows, text, vocab_size, tokens="words", markup="kept"):
    """Adapts a `keras.layers.TextVectorization` layer to texts: it has their vocabulary.

    Args:
        rows: `corpus.Rows`.
        text: what of them is read: "title" or "title+description".
        vocab_size: the largest vocabulary, padding (id 0) and unknown token (id 1) included.
        tokens: what an id stands for: "words", split at white space, or "characters".
        markup: of a news feed: "kept" or "removed"; see `models.standardize`.

    Raises:
        UserError: the texts hold no word.
    """
    options = {
        "standardize": MARKUP[markup],
        "split": {"words": models.split_words, "characters": "character"}[tokens],
    }
    adapted = keras.layers.TextVectorization(max_tokens=vocab_size, **options)
    with suppress(tf.errors.InvalidArgumentError):  # Keras's, where no word is a known one
        adapted.adapt(_text_batches(rows, text))
    words = adapted.get_vocabulary(include_special_tokens=False)
    if not words:
        raise UserError(
            f"the {len(rows):,} texts that the vocabulary comes from hold no word; see "
            "--vectorizer-text and --vectorizer-rows"
        )
    # Given to the constructor, a vocabulary is saved in the layer's config. An adapted layer saves
    # it as a file of lines, which a word that holds a line separator breaks.
    return keras.layers.TextVectorization(**options, vocabulary=words)


@dataclass(frozen=True)
class Tokens:
    """Labelled texts as token ids, end to end without padding. Arrays, or tensors of their kind.

    Attributes:
        ids: int32 tensor of shape (tokens + 1,); the last is padding (0).
        starts: int64 array of shape (texts,), where each text begins in `ids`.
        lengths: int64 array of shape (texts,), the number of tokens of each text.
        labels: int32 array of shape (texts,), the class of each text.
        cut: bool array of shape (texts,), whether a text was longer.
    """

    ids: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    cut: np.ndarray

    def __len__(self):
        return len(self.lengths)

    def __getitem__(self, selection):
        """The texts of a slice or of an array of positions."""
        names = ("starts", "lengths", "labels", "cut")
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
def vectorize(vectorizer, rows, text, max_words=0, verbose=0):
    """Turns texts into token ids once, so that no epoch has to do it again.

    Args:
        vectorizer: as of `fit_vectorizer`.
        rows, text: as of `fit_vectorizer`.
        max_words: at most so many tokens of each text; 0 means all.
        verbose: as of `fit`: 1 for a bar on standard error that shows the time left.

    Returns:
        `Tokens`. A text of no words has one, unknown, as of `models.token_ids`.
    """
    # A copy without padding: a long text would pad those beside it to its length.
    layer = keras.saving.serialize_keras_object(vectorizer)
    layer["config"]["ragged"] = True
    ragged = keras.saving.deserialize_keras_object(layer)
    batches = _text_batches(rows, text).map(ragged, num_parallel_calls=2)
    ids, lengths, cut = [], [], []
    total = -(-len(rows) // TEXTS_AT_ONCE)
    bar = {"leave": False, "delay": 1, "disable": verbose != 1}
    for batch in tqdm(batches, "vectorising", total, **bar):
        kept = batch[:, :max_words] if max_words else batch
        counts = kept.row_lengths().numpy()
        of_no_words = (np.cumsum(counts) - counts)[counts == 0]
        ids.append(tf.constant(np.insert(kept.flat_values, of_no_words, 1), tf.int32))
        lengths.append(counts.clip(min=1))
        cut.append(batch.row_lengths().numpy() > counts)
    with tf.device("CPU"):  # a GPU has better use for its memory
        ids = tf.concat([*ids, [0]], axis=0)
    lengths, cut = np.concatenate(lengths), np.concatenate(cut)
    return Tokens(ids, np.cumsum(lengths) - lengths, lengths, rows.labels, cut)


def _text_batches(rows, text):
    """The texts of rows some thousand at a time, since all at once would be held twice."""

    def batches():
        for first in range(0, len(rows), TEXTS_AT_ONCE):
            yield rows[first : first + TEXTS_AT_ONCE].texts(text).tolist()

    signature = tf.TensorSpec((None,), tf.string)
    return tf.data.Dataset.from_generator(batches, output_signature=signature)


def hold_out(train, test, validation, replicas=1):
    """Sets texts aside to validate on.

    Args:
        train, test: `Tokens`.
        validation: "held-out" for the last tenth of the train texts, which are then not trained on;
            "test" for the test texts; "none".
        replicas: devices that share each batch: the texts to train on divide among them.

    Returns:
        (`Tokens` to train on, `Tokens` to validate on or None).

    Raises:
        UserError: there are too few texts for that.
    """
    if validation == "held-out":
        train, to_validate = last_tenth(train)
    else:
        to_validate = test if validation == "test" else None
    # MirroredStrategy splits each batch evenly, so the last one must divide too.
    train = train[: len(train) - len(train) % replicas]
    if not len(train):
        raise UserError("no train row is left to train on; take more --train-rows")
    return train, to_validate


class TrainingBatches:
    """Batches of token ids and labels in a new random order each epoch.

    The order is a function of the seed and the epoch alone: a run that is resumed at any step sees
    the batches that it would have seen.

    A `keras.utils.PyDataset` would be the usual way to have this. It makes each batch in Python,
    which for a step of 1.6 ms takes too long; here Python only plans an epoch.

    Attributes:
        boundaries: the widths that texts are padded to.
        class_weights: float32 array, the weight of a text of each class, or None.
        epoch: the epoch, from 0, whose batches come next. Set it before each epoch.
        first_step: the step, from 0, at which that epoch begins.
    """

    def __init__(self, tokens, batch_size, buckets, seed=1, class_weights="none"):
        """Plans batches.

        Args:
            tokens: `Tokens`.
            batch_size: texts per batch.
            buckets: the number of bucket boundaries at most.
            seed: of the order.
            class_weights: "none", or "balanced": a text of a rare class counts for more, n texts
                in all / (classes * n texts of its class), as scikit-learn's "balanced".
        """
        self.boundaries = bucket_boundaries(tokens.lengths, buckets)
        self.tokens, self.batch_size, self.seed = tokens, batch_size, seed
        self.epoch = self.first_step = 0
        self.class_weights = None
        if class_weights == "balanced":
            counts = np.bincount(tokens.labels)
            weights = len(tokens) / (np.count_nonzero(counts) * counts.clip(min=1))
            self.class_weights = weights.astype(np.float32)

    def __len__(self):
        """The number of batches in an epoch."""
        return -(-len(self.tokens) // self.batch_size)

    def __str__(self):
        widths = ", ".join(map(str, self.boundaries))
        if len(self.boundaries) > 4:
            low, high = self.boundaries[0], self.boundaries[-1]
            widths = f"{len(self.boundaries)} widths from {low} to {high}"
        cut = np.count_nonzero(self.tokens.cut)
        cut = f"; {cut:,} of the texts were longer and are cut" if cut else ""
        return f"{len(self):,} batches of {self.batch_size}, padded to {widths} tokens{cut}"

    def _plan(self):
        """The batches of the epoch, from `first_step` on, as of `bucketed`."""
        rng = np.random.default_rng([self.seed, self.epoch])
        shuffled = rng.permutation(len(self.tokens))
        batches = bucketed(self.tokens.lengths[shuffled], self.batch_size, self.boundaries)
        batches = [batches[i] for i in rng.permutation(len(batches))]
        return [(shuffled[positions], width) for positions, width in batches[self.first_step :]]

    def dataset(self):
        """A `tf.data.Dataset` of (token ids (batch, width) int32, labels (batch,) int32).

        With class weights also the weight of each text, float32 (batch,).
        """
        dataset = _dataset(self.tokens, self._plan, len(self) - self.first_step)
        if self.class_weights is None:
            return dataset
        # Not `class_weight` of `fit`: that of a run that goes on would have to be given it too.
        return dataset.map(lambda ids, labels: (ids, labels, tf.gather(self.class_weights, labels)))


def evaluation_batches(tokens, boundaries=None, mask=True):
    """A dataset like that of `TrainingBatches`, for evaluation: large batches, shortest first.

    Args:
        tokens: `Tokens`, or None.
        boundaries: as of `TrainingBatches`; without, no text is padded.
        mask: whether the network masks padding. One that does not would read it, so that no text is
            padded.

    Returns:
        The dataset; None for no tokens.
    """
    if tokens is None:
        return None
    if boundaries is None or not mask:
        batches = without_padding(tokens.lengths, EVALUATION_BATCH_SIZE)
    else:
        batches = bucketed(tokens.lengths, EVALUATION_BATCH_SIZE, boundaries)
    return _dataset(tokens, lambda: batches, len(batches))


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
        tensors = {name: tf.convert_to_tensor(value) for name, value in vars(tokens).items()}
    tokens = replace(tokens, **tensors)
    signature = (tf.TensorSpec((None,), tf.int64), tf.TensorSpec((None, 3), tf.int64))
    dataset = tf.data.Dataset.from_generator(plan, output_signature=signature).flat_map(batches)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(steps))
    options = tf.data.Options()  # its graph is simple; to rewrite it, all tokens would be copied
    options.autotune.enabled = False
    options.experimental_optimization.apply_default_optimizations = False
    return dataset.prefetch(PREFETCHED).with_options(options)
