"""Trains an LSTM on AG News: the third network of the tutorial (AI-For-Beginners, RNNTF).

Recipe accuracies and times were measured with at most 61,424 training rows, about half of AG News,
on two CPU cores.
"""

import math
from dataclasses import dataclass
from typing import Literal

from training import Recipe, Switches, start


@dataclass(frozen=True, kw_only=True)
class Hyperparameters(Switches):
    """The tutorial's values. Change one here, or for a single run on the command line.

    Inherited from Switches, set as in the tutorial: tokens, max_words, markup, train_rows,
    vectorizer_rows, vectorizer_text, pooling, dropout, adversarial, embeddings, train_embeddings,
    schedule, clip_norm, class_weights, validation, patience, min_steps (see --help). To change one,
    add it here, with its type: `dropout: float = 0.3`.
    """

    text: Literal["title", "title+description"] = "title+description"  # what the network reads
    vocab_size: int = 20000  # words with their own vector; rarer words share one
    embed_size: int = 64  # length of a word vector; longer ones can learn more, and overfit more
    cell: Literal["lstm", "gru"] = "lstm"  # a GRU has two gates instead of three, and no cell state
    units: int = 8  # length of the hidden state that is carried from word to word
    mask: bool = False  # skip padding; the gates of an LSTM can also learn to ignore it
    buckets: int = 16  # groups of similar length; more of them mean less padding
    batch_size: int = 8  # texts per step; larger is faster, and needs a larger rate
    epochs: int = 1  # passes over the training rows
    learning_rate: float = 0.001  # Adam's step size; too large diverges, too small is slow


# Description, the tutorial's own accuracy (with all rows), what differs from the values above.
RECIPES = {
    "tutorial": Recipe("as in the tutorial: 0.876 in 13 s", 0.8870),
    "fast": Recipe("as accurate as `tutorial`, faster: 0.884 in 7 s", None,
        train_rows=30000, vectorizer_rows=0, vectorizer_text="title+description", buckets=32,
        batch_size=64, learning_rate=0.01, schedule="cosine", validation="none"),
    "best": Recipe("the highest accuracy of an LSTM: 0.923 in 138 s", None,
        vocab_size=40000, embed_size=128, units=64, mask=True, pooling="max", dropout=0.3,
        vectorizer_rows=0, vectorizer_text="title+description", buckets=32,
        embeddings="corpus", adversarial=0.125,
        batch_size=128, epochs=5, learning_rate=0.004, schedule="cosine", validation="none"),
    "own": Recipe("your own corpus, of any size; 500 rows of AG News: 0.78 in 17 s", None,
        vocab_size=40000, embed_size=128, units=64, mask=True, pooling="max", dropout=0.3,
        vectorizer_rows=0, vectorizer_text="title+description", buckets=32,
        embeddings="corpus", adversarial=0.15, batch_size=32, epochs=5, min_steps=450,
        learning_rate=0.003, schedule="cosine", validation="held-out", patience=5),
}  # fmt: skip


def main(arguments=None):
    """Trains with `arguments`, a list of command-line words (default: the process's own)."""
    run, hp = start(__file__, __doc__, Hyperparameters, RECIPES, arguments)  # --help ends here
    with run:  # sets GPU memory growth and the seed; reports errors; saves on Ctrl-C
        import data  # only now: memory growth comes first, and --help need not wait
        import devices
        import models
        from training import adversarial, embeddings

        # Rows -> vocabulary -> token ids -> batches of similar length
        corpus = data.load(run.options, hp.train_rows)  # --data, --test-rows
        vectorizer = data.fit_vectorizer(
            corpus.train[: hp.vectorizer_rows or None],
            hp.vectorizer_text,
            hp.vocab_size,
            reads=hp.text,  # this and the rest hold for training, test and the saved model
            tokens=hp.tokens,
            markup=hp.markup,
            max_words=hp.max_words,
            vocabulary=run.vocabulary,  # with --start-from, that of another run
        )
        run.print(data.describe(corpus, vectorizer))
        splits = corpus.train, corpus.validation, corpus.test
        train, validation, test = (data.vectorize(vectorizer, rows) for rows in splits)
        train, validation = data.hold_out(train, validation, test, hp.validation)
        batches = data.TrainingBatches(train, hp.batch_size, hp.buckets, run.seed, hp.class_weights)
        epochs = max(hp.epochs, math.ceil(hp.min_steps / len(batches)))  # few rows need more
        why = f" (--min-steps {hp.min_steps})" * (epochs > hp.epochs)
        run.print(f"{batches}; epochs: {epochs}{why}")

        # Network
        model = models.lstm(
            vectorizer.vocabulary_size(),
            embed_size=hp.embed_size,
            units=hp.units,
            classes=len(corpus.classes),
            mask=hp.mask,
            dropout=hp.dropout,
            pooling=hp.pooling,
            layer=devices.layers()[hp.cell],  # Keras's, or one that trains faster on a CPU
        )
        if hp.embeddings and not run.options.start_from:
            embeddings.load(model, hp.embeddings, vectorizer, train, hp.train_embeddings, run.print)
        if hp.adversarial:
            model = adversarial.Adversarial(model, hp.adversarial)
        model.compile(
            optimizer=devices.adam(
                hp.learning_rate, hp.schedule, epochs * len(batches), hp.clip_norm
            ),
            loss="sparse_categorical_crossentropy",
            metrics=["acc"],
            **devices.execution(len(batches)),  # affects the speed alone
        )
        model.summary(line_length=70, print_fn=run.print)

        # Training; the callbacks check that the model can be saved, log, checkpoint, resume, stop
        model.fit(
            batches.dataset(),
            validation_data=data.evaluation_batches(validation, batches.boundaries, hp.mask),
            epochs=epochs,
            callbacks=run.callbacks(corpus, batches),
            verbose=run.verbose,
            shuffle=False,  # the batches are shuffled already
        )
        run.finish(model, vectorizer, test, validation, corpus)  # tests, saves, verifies, reports


if __name__ == "__main__":
    main()
