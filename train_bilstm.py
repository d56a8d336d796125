"""Trains a stacked bidirectional LSTM on AG News: the tutorial's fourth network."""

from dataclasses import dataclass, replace
from typing import Literal

from command_line import Recipe
from training import session


@dataclass(frozen=True)
class Hyperparameters:
    """The tutorial's values. Change one here, or on the command line for one run."""

    # Text that the network reads. With descriptions it sees five times the words: slower, better.
    text: Literal["title", "title+description"] = "title+description"
    # At most so many train rows; 0 means all. Fewer train sooner and worse.
    train_rows: int = 0
    # Train rows that the vocabulary is collected from; 0 means all. More: fewer unknown words.
    vectorizer_rows: int = 2000
    # Text that the vocabulary is collected from.
    vectorizer_text: Literal["title", "title+description"] = "title"
    # Most entries of the vocabulary; rarer words become "unknown".
    vocab_size: int = 20000
    # Length of each word's vector. Longer: more to learn from, and to overfit with.
    embed_size: int = 128
    # The recurrent layer: an LSTM, or a GRU, which has three gates instead of four and no cell
    # beside its state: fewer weights, much the same accuracy, here slower for want of a fused one.
    cell: Literal["lstm", "gru"] = "lstm"
    # Hidden units: the length of the state, in each direction of each layer.
    units: int = 64
    # Mask the padding. Read backwards, an unmasked text would begin with its padding.
    mask: bool = True
    # Bucket boundaries: texts of like length share a batch and are padded to the next boundary.
    # More: less padding. 1: all texts are padded to the longest.
    buckets: int = 16
    # Compile each training step with XLA in place of the fused layers: seconds for each bucket,
    # then steps about as fast. Not used on a GPU.
    xla: bool = False
    # Texts a training step. Larger: fewer, faster steps; raise the learning rate with it.
    batch_size: int = 16
    # Passes over the train rows.
    epochs: int = 1
    # Step size of Adam. Too large: the loss jumps; too small: it crawls.
    learning_rate: float = 0.001
    # What becomes of it: the same in all steps, or ever smaller along a cosine, to nothing at the
    # end. With it, a larger learning rate and fewer rows reach the same accuracy.
    schedule: Literal["constant", "cosine"] = "constant"
    # Rows behind val_acc: the test split as in the tutorial, rows held out of train (choose
    # hyperparameters by these), or none, which saves the time.
    validation: Literal["test", "held-out", "none"] = "test"


TUTORIAL = Hyperparameters()
FULL_VOCABULARY = {"vectorizer_rows": 0, "vectorizer_text": "title+description"}
FAST = FULL_VOCABULARY | {"buckets": 32, "schedule": "cosine", "validation": "none"}
RECIPES = {
    "tutorial": Recipe(TUTORIAL, "the tutorial's hyperparameters: 0.87 in two minutes"),
    "fast": Recipe(
        replace(TUTORIAL, **FAST, train_rows=20000, batch_size=128, learning_rate=0.008),
        "the accuracy of tutorial, sooner: 0.89 in three quarters of a minute",
    ),
    "best": Recipe(
        replace(TUTORIAL, **FULL_VOCABULARY, batch_size=64, epochs=2, validation="none"),
        "the highest accuracy of a stacked bidirectional LSTM, so far: 0.90 in five minutes",
    ),
}


def main():
    """Trains as the command line says."""
    with session("train_bilstm", __doc__, RECIPES) as run:
        import keras  # here, so that --help and typing errors need not wait for TensorFlow

        import models

        hp = run.hyperparameters
        layer = run.lstm_layer if hp.cell == "lstm" else keras.layers.GRU
        model = models.stacked_bilstm(
            run.vocab_size, hp.embed_size, hp.units, mask=hp.mask, lstm_layer=layer
        )
        model.summary(print_fn=run.print)
        model.compile(
            optimizer=run.adam(run.learning_rate),
            loss="sparse_categorical_crossentropy",
            metrics=["acc"],
            jit_compile=run.jit_compile,
            steps_per_execution=run.steps_per_execution,
        )
        run.restore(model)
        model.fit(
            run.training_data,
            validation_data=run.validation_data,
            initial_epoch=run.initial_epoch,
            epochs=hp.epochs,
            callbacks=run.callbacks,
            verbose=run.verbose,
            shuffle=False,  # the batches come in a new random order each epoch
        )
        run.finish(model)


if __name__ == "__main__":
    main()
