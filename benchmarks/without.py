"""Runs a training script without one of its levers that no option removes; for `levers.py`.

python benchmarks/without.py LEVER SCRIPT.py RECIPE [OPTIONS]
"""

import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import keras
import tensorflow as tf

import data
import models
from training import clock, devices

PLAIN = {
    "simple_rnn": keras.layers.SimpleRNN,
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
}


class Texts(data.Tokens):
    """Token ids whose batches are made from `texts` by `vectorizer`, when their turn comes."""

    def batch(self, positions, width):
        """As `data.Tokens.batch`."""
        ids = tf.cast(self.vectorizer(tf.gather(self.texts, positions)), tf.int32)
        ids = tf.pad(ids, [[0, 0], [0, tf.cast(width, tf.int32) - tf.shape(ids)[1]]])
        return ids, tf.gather(self.labels, positions)


def without_token_ids_once():
    """Each batch's texts go through the vectorizer when their turn comes, in every epoch."""
    vectorize = data.vectorize

    def keep_texts(vectorizer, rows, text, max_words=0, verbose=0):
        tokens = vectorize(vectorizer, rows, text, max_words, verbose)
        clock.SECONDS["vectorise"] = 0.0  # was done only for the lengths
        if hasattr(Texts, "texts"):  # the test rows, which come second
            return tokens
        Texts.vectorizer, Texts.texts = vectorizer, tf.constant(rows.texts(text).tolist())
        return Texts(**vars(tokens))

    data.vectorize = keep_texts


def without_steps_per_execution():
    """Keras's own value: one step."""
    devices.STEPS_PER_EXECUTION = 1


def without_embedding_of_the_vocabulary():
    """20,000 rows whatever the vocabulary, as in the tutorial."""
    for name in ("simple_rnn", "lstm", "stacked_bilstm"):
        builder = getattr(models, name)
        setattr(models, name, lambda _, build=builder, **sizes: build(20000, **sizes))


def without_fused_layers():
    """Keras's own recurrent layers."""
    devices.layers = lambda _: PLAIN


def without_fused_adam():
    """Keras's own optimizer."""
    devices.Adam = keras.optimizers.Adam


def with_xla():
    """Keras's own recurrent layers, each training step compiled with XLA."""
    without_fused_layers()
    execution = devices.execution
    devices.execution = lambda *arguments: execution(*arguments) | {"jit_compile": True}


PATCHES = {
    "fused layers rather than XLA": with_xla,
    "texts to token ids once": without_token_ids_once,
    "16 steps per execution": without_steps_per_execution,
    "embedding of the vocabulary's size": without_embedding_of_the_vocabulary,
    "fused layers rather than Keras's": without_fused_layers,
    "fused Adam": without_fused_adam,
}

if __name__ == "__main__":
    PATCHES[sys.argv.pop(1)]()
    sys.argv.pop(0)
    runpy.run_path(str(ROOT / sys.argv[0]), run_name="__main__")
