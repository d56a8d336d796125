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
import training


def without_token_ids_once():
    """Each batch's texts go through the vectorizer when their turn comes, in every epoch."""
    vectorize = training.Session._vectorize

    def keep_texts(session):
        train, test = vectorize(session)
        texts = tf.constant(session.corpus.train.texts(session.hyperparameters.text).tolist())
        data.Tokens.padded_once = data.Tokens.padded

        def padded(tokens, positions, width):
            if tokens.lengths.shape[0] != len(texts):  # the test split
                return tokens.padded_once(positions, width)
            ids = tf.cast(session.vectorizer(tf.gather(texts, positions)), tf.int32)
            return tf.pad(ids, [[0, 0], [0, tf.cast(width, tf.int32) - tf.shape(ids)[1]]])

        data.Tokens.padded = padded
        session.seconds["vectorise"] = 0.0  # was done only for the lengths
        return train, test

    training.Session._vectorize = keep_texts


def without_steps_per_execution():
    """Keras's own value: one step."""
    training.STEPS_PER_EXECUTION = 1


def without_embedding_of_the_vocabulary():
    """20,000 rows whatever the vocabulary, as in the tutorial."""
    choose = training.Session._choose_execution

    def large(session):
        choose(session)
        session.vocab_size = 20000

    training.Session._choose_execution = large


def plainly(**attributes):
    """Keras's own classes in the place of the fused ones."""
    choose = training.Session._choose_execution

    def choose_plainly(session):
        choose(session)
        vars(session).update(attributes)

    training.Session._choose_execution = choose_plainly


def without_fused_layers():
    """Keras's own recurrent layers."""
    plainly(layers={"simple_rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM})


def with_xla():
    """Keras's own recurrent layers, each training step compiled with XLA."""
    without_fused_layers()
    compile_model = keras.Model.compile

    def with_jit(model, *arguments, **options):
        compile_model(model, *arguments, **(options | {"jit_compile": True}))

    keras.Model.compile = with_jit


PATCHES = {
    "fused layers rather than XLA": with_xla,
    "texts to token ids once": without_token_ids_once,
    "16 steps per execution": without_steps_per_execution,
    "embedding of the vocabulary's size": without_embedding_of_the_vocabulary,
    "fused layers rather than Keras's": without_fused_layers,
    "fused Adam": lambda: plainly(adam=keras.optimizers.Adam),
}

if __name__ == "__main__":
    PATCHES[sys.argv.pop(1)]()
    sys.argv.pop(0)
    runpy.run_path(str(ROOT / sys.argv[0]), run_name="__main__")
