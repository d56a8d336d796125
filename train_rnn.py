"""Trains a SimpleRNN on AG News: the tutorial's first network and, with a mask, its second."""

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
    text: Literal["title", "title+description"] = "title"
    # What it reads: words, each with a vector that is learned, or characters, each one-hot.
    tokens: Literal["words", "characters"] = "words"
    # Train rows that the vocabulary is collected from; 0 means all. More: fewer unknown words.
    vectorizer_rows: int = 2000
    # Text that the vocabulary is collected from.
    vectorizer_text: Literal["title", "title+description"] = "title"
    # Most entries of the vocabulary; rarer words become "unknown".
    vocab_size: int = 20000
    # -- model --
    # Length of each word's vector. Longer: more to learn from, and to overfit with.
    embed_size: int = 64
    # Hidden units: the length of the state that the network carries from word to word.
    units: int = 16
    # What the classifier sees: the last state, or each hidden unit's largest value at any word.
    pooling: Literal["last", "max"] = "last"
    # Mask the padding. Without a mask the network reads the zeros behind each text, and forgets.
    mask: bool = False
    # File of pretrained vectors (GloVe, word2vec; needs gensim), as wide as embed_size.
    embeddings: str | None = None
    # Whether training changes the vectors. If not, words without a pretrained one stay random.
    train_embeddings: bool = True
    # Share of words, and of vector entries, hidden from each training step. More: overfits later.
    dropout: float = 0.0
    # -- training --
    # Bucket boundaries: texts of like length share a batch, padded to the next. More: less padding.
    buckets: int = 32
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
BIGGER = {"vocab_size": 40000, "embed_size": 64, "units": 64, "pooling": "max", "dropout": 0.3}
LONGER = {"batch_size": 64, "epochs": 3, "learning_rate": 0.002}
TITLES = Hyperparameters()
MASKED = replace(TITLES, text="title+description", mask=True)
FAST = {"vocab_size": 10000, "batch_size": 64}
TITLES_FAST = replace(TITLES, **TUNED, **FAST, train_rows=20000, learning_rate=0.006)
MASKED_FAST = replace(MASKED, **TUNED, **FAST, learning_rate=0.003)
CHARACTERS = {"tokens": "characters", "units": 64, "batch_size": 64, "epochs": 3}
CHARACTERS = replace(TITLES, **TUNED, **CHARACTERS, mask=True)
BEST = replace(MASKED, **TUNED, **BIGGER, **LONGER)
RECIPES = {
    "titles": Recipe(TITLES, "titles, padding unmasked: 0.80 in twenty seconds", 0.7995),
    "masked": Recipe(MASKED, "full text, padding masked: 0.84 in half a minute", 0.8822),
    "titles-fast": Recipe(TITLES_FAST, "titles, sooner: 0.80 in ten seconds", 0.7995),
    "masked-fast": Recipe(MASKED_FAST, "masked, sooner: 0.87 in twenty seconds", 0.8822),
    "characters": Recipe(CHARACTERS, "titles, letter by letter: 0.45 in forty seconds"),
    "best": Recipe(BEST, "the highest accuracy of a SimpleRNN: 0.913 in a good minute", 0.8822),
}


def main():
    """Trains as the command line says."""
    with session("train_rnn", __doc__, RECIPES) as run:
        import models  # here, so that --help and typing errors need not wait for TensorFlow

        hp = run.hyperparameters
        layer = run.layers["simple_rnn"]
        with run.strategy.scope():
            if hp.tokens == "characters":
                sizes = run.vocab_size, hp.units
                model = models.character_rnn(*sizes, hp.mask, hp.dropout, hp.pooling, layer)
            else:
                sizes = run.vocab_size, hp.embed_size, hp.units
                model = models.simple_rnn(*sizes, hp.mask, hp.dropout, hp.pooling, layer)
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
