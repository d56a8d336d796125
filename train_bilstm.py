"""Trains a stacked bidirectional LSTM on AG News: the tutorial's fourth network."""

from dataclasses import dataclass, replace
from typing import Literal

from command_line import Recipe
from training import session


@dataclass(frozen=True)
class Hyperparameters:
    """The tutorial's values. Change one here, or on the command line for one run."""

    # -- data --
    # At most so many train rows; 0 means all. Fewer train sooner and worse.
    train_rows: int = 0
    # -- text --
    # Text that the network reads. With descriptions it sees five times the words: slower, better.
    text: Literal["title", "title+description"] = "title+description"
    # Train rows that the vocabulary is collected from; 0 means all. More: fewer unknown words.
    vectorizer_rows: int = 2000
    # Text that the vocabulary is collected from.
    vectorizer_text: Literal["title", "title+description"] = "title"
    # Most entries of the vocabulary; rarer words become "unknown".
    vocab_size: int = 20000
    # -- model --
    # Length of each word's vector. Longer: more to learn from, and to overfit with.
    embed_size: int = 128
    # LSTM, or GRU: two gates, not three, and no cell; much the same accuracy, slower on a CPU here.
    cell: Literal["lstm", "gru"] = "lstm"
    # Hidden units: the length of the state, in each direction of each layer.
    units: int = 64
    # What the classifier sees: the last state, or each hidden unit's largest value at any word.
    pooling: Literal["last", "max"] = "last"
    # Mask the padding. Read backwards, an unmasked text would begin with its padding.
    mask: bool = True
    # File of pretrained vectors (GloVe, word2vec; needs gensim), as wide as embed_size.
    embeddings: str | None = None
    # Whether training changes the vectors. If not, words without a pretrained one stay random.
    train_embeddings: bool = True
    # Share of words, vector entries and states of layer 1 hidden from each training step.
    dropout: float = 0.0
    # -- training --
    # Bucket boundaries: texts of like length share a batch, padded to the next. More: less padding.
    buckets: int = 16
    # Texts a training step. Larger: fewer, faster steps; raise the learning rate with it.
    batch_size: int = 16
    # Passes over the train rows.
    epochs: int = 1
    # Step size of Adam. Too large: the loss jumps; too small: it crawls.
    learning_rate: float = 0.001
    # "cosine": the learning rate falls, to nothing at the end; it may then begin larger.
    schedule: Literal["constant", "cosine"] = "constant"
    # Rows behind val_acc: "test" as in the tutorial; "held-out" of train, to choose by; or "none".
    validation: Literal["test", "held-out", "none"] = "test"


# What `fast` and `best` have in common.
TUNED = {"vectorizer_rows": 0, "vectorizer_text": "title+description", "buckets": 32}
TUNED |= {"schedule": "cosine", "validation": "none"}
BIGGER = {"vocab_size": 40000, "embed_size": 64, "units": 32, "pooling": "max", "dropout": 0.3}
LONGER = {"batch_size": 64, "epochs": 3, "learning_rate": 0.002}
TUTORIAL = Hyperparameters()
FAST = replace(TUTORIAL, **TUNED, train_rows=20000, batch_size=128, learning_rate=0.008)
BEST = replace(TUTORIAL, **TUNED, **BIGGER, **LONGER, mask=True)
RECIPES = {
    "tutorial": Recipe(TUTORIAL, "the tutorial's: 0.88 in two minutes"),
    "fast": Recipe(FAST, "as accurate, sooner: 0.89 in three quarters of a minute"),
    "best": Recipe(BEST, "the highest accuracy of a BiLSTM: 0.916 in two minutes"),
}


def main():
    """Trains as the command line says."""
    with session("train_bilstm", __doc__, RECIPES) as run:
        import models  # here, so that --help and typing errors need not wait for TensorFlow

        hp = run.hyperparameters
        layer = run.layers[hp.cell]
        with run.strategy.scope():
            sizes = run.vocab_size, hp.embed_size, hp.units
            model = models.stacked_bilstm(*sizes, hp.mask, hp.dropout, hp.pooling, layer)
            run.load_embeddings(model)
            model.compile(
                optimizer=run.adam(run.learning_rate),
                loss="sparse_categorical_crossentropy",
                metrics=["acc"],
                jit_compile=False,  # XLA would compile anew for each bucket
                steps_per_execution=run.steps_per_execution,
            )
        model.summary(print_fn=run.print)
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
