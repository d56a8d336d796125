"""Trains a SimpleRNN on AG News: the tutorial's first network and, masked, its second (RNNTF).

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

    text: Literal["title", "title+description"] = "title"  # what the network reads
    vocab_size: int = 20000  # words with their own vector; rarer words share one
    one_hot: bool = False  # do not learn word vectors: each is a single 1 at its id
    embed_size: int = 64  # length of a word vector; longer ones can learn more, and overfit more
    units: int = 16  # length of the hidden state that is carried from word to word
    mask: bool = False  # skip padding; if off, each padding 0 is read as another word
    buckets: int = 32  # groups of similar length; more of them mean less padding
    batch_size: int = 16  # texts per step; larger is faster, and needs a larger rate
    epochs: int = 1  # passes over the training rows
    learning_rate: float = 0.001  # Adam's step size; too large diverges, too small is slow


# Description, the tutorial's own accuracy (with all rows), what differs from the values above.
RECIPES = {
    "titles": Recipe("titles, padding not masked: 0.797 in 8 s", 0.7995),
    "masked": Recipe("full text, padding masked: 0.850 in 14 s", 0.8822,
        text="title+description", mask=True, buckets=1),
    "titles-fast": Recipe("titles, faster: 0.797 in 5 s", None,
        train_rows=20000, vectorizer_rows=0, vectorizer_text="title+description", vocab_size=10000,
        batch_size=64, learning_rate=0.006, schedule="cosine", validation="none"),
    "masked-fast": Recipe("masked, faster: 0.868 in 8 s", None, vocab_size=10000,
        text="title+description", mask=True, vectorizer_rows=0, vectorizer_text="title+description",
        batch_size=64, learning_rate=0.004, schedule="cosine", clip_norm=1.0, validation="none"),
    "characters": Recipe("titles, character by character: 0.450 in 13 s", None,
        tokens="characters", one_hot=True, units=64, mask=True, batch_size=64, schedule="cosine",
        epochs=3, vectorizer_rows=0, vectorizer_text="title+description", validation="none"),
    "best": Recipe("the highest accuracy of a SimpleRNN: 0.920 in 83 s", None, units=64,
        text="title+description", vocab_size=40000, embed_size=128, mask=True, pooling="max",
        vectorizer_rows=0, vectorizer_text="title+description", dropout=0.3, adversarial=0.125,
        batch_size=64, epochs=5, learning_rate=0.002, schedule="cosine", validation="none"),
    "own": Recipe("your own corpus, of any size; 500 rows of AG News: 0.73 in 22 s", None,
        text="title+description", vocab_size=40000, embed_size=128, units=64, mask=True,
        pooling="max", dropout=0.3, vectorizer_rows=0, vectorizer_text="title+description",
        embeddings="corpus", adversarial=0.15, batch_size=32, epochs=5, min_steps=900,
        learning_rate=0.004, schedule="cosine", validation="held-out", patience=5),
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
        model = models.simple_rnn(
            vectorizer.vocabulary_size(),
            embed_size=hp.embed_size,
            units=hp.units,
            classes=len(corpus.classes),
            one_hot=hp.one_hot,
            mask=hp.mask,
            dropout=hp.dropout,
            pooling=hp.pooling,
            layer=devices.layers()["simple_rnn"],  # Keras's, or one that trains faster on a CPU
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
