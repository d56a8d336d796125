"""Trains a SimpleRNN on AG News: the tutorial's first network and, masked, its second (RNNTF).

Accuracies and times of the recipes: with 61,424 train rows, half of AG News, on two cores.
"""

from dataclasses import dataclass
from typing import Literal

from training import Recipe, Switches, start


@dataclass(frozen=True, kw_only=True)
class Hyperparameters(Switches):
    """The tutorial's values. Change one here, or for one run on the command line.

    Inherited from Switches, all off: tokens, max_words, markup, train_rows, vectorizer_rows,
    vectorizer_text, pooling, dropout, adversarial, embeddings, train_embeddings, schedule,
    class_weights, validation, patience (--help says each). `dropout: float = 0.3` turns one on.
    """

    text: Literal["title", "title+description"] = "title"  # what the network reads
    vocab_size: int = 20000  # words with a vector of their own; all rarer ones share one
    one_hot: bool = False  # a word's vector is not learned: a single 1, at the place of its id
    embed_size: int = 64  # length of a word's vector; longer: learns more, overfits more
    units: int = 16  # hidden units: length of the state that is carried from word to word
    mask: bool = False  # skip the padding; without, each 0 behind a text is one more word
    buckets: int = 32  # widths that texts are padded to; more: less padding
    batch_size: int = 16  # texts per step; larger: faster, and wants a larger learning rate
    epochs: int = 1  # passes over the train rows
    learning_rate: float = 0.001  # Adam's step; too large: the loss jumps, too small: it crawls


# Name: what it is, the tutorial's own accuracy, and what differs from the values above.
RECIPES = {
    "titles": Recipe("titles, padding unmasked: 0.791 in 9 s", 0.7995),
    "masked": Recipe("full text, padding masked: 0.854 in 18 s", 0.8822,
        text="title+description", mask=True, buckets=1),
    "titles-fast": Recipe("titles, sooner: 0.797 in 6 s", 0.7995,
        train_rows=20000, vectorizer_rows=0, vectorizer_text="title+description", vocab_size=10000,
        batch_size=64, learning_rate=0.006, schedule="cosine", validation="none"),
    "masked-fast": Recipe("masked, sooner: 0.867 in 9 s", 0.8822, vocab_size=10000,
        text="title+description", mask=True, vectorizer_rows=0, vectorizer_text="title+description",
        batch_size=64, learning_rate=0.003, schedule="cosine", validation="none"),
    "characters": Recipe("titles, letter by letter: 0.450 in 16 s", None,
        tokens="characters", one_hot=True, units=64, mask=True, batch_size=64, schedule="cosine",
        epochs=3, vectorizer_rows=0, vectorizer_text="title+description", validation="none"),
    "best": Recipe("the highest accuracy of a SimpleRNN: 0.921 in 99 s", 0.8822, units=64,
        text="title+description", vocab_size=40000, embed_size=128, mask=True, pooling="max",
        vectorizer_rows=0, vectorizer_text="title+description", dropout=0.3, adversarial=0.125,
        batch_size=64, epochs=5, learning_rate=0.002, schedule="cosine", validation="none"),
}  # fmt: skip


def main(arguments=None):
    """Trains as the command line says, or as `arguments`, a list of its words, do."""
    run, hp = start(__file__, __doc__, Hyperparameters, RECIPES, arguments)
    with run:  # memory growth on every GPU, seed; an error ends in one line, Ctrl-C in a saved run
        import data  # only now, so that --help need not wait for TensorFlow
        import models

        corpus = data.load(run.options.data, hp.train_rows, run.options.test_rows)
        run.check_rows(corpus)  # --resume wants those that the run began with
        rows = corpus.train[: hp.vectorizer_rows or None]
        vectorizer = data.fit_vectorizer(
            rows, hp.vectorizer_text, hp.vocab_size, hp.tokens, hp.markup
        )
        train = data.vectorize(vectorizer, corpus.train, hp.text, hp.max_words, run.verbose)
        test = data.vectorize(vectorizer, corpus.test, hp.text, hp.max_words, run.verbose)
        train, to_validate = data.hold_out(train, test, run.validation, run.replicas)
        batches = data.TrainingBatches(train, hp.batch_size, hp.buckets, run.seed, hp.class_weights)
        validation = data.evaluation_batches(to_validate, batches.boundaries, hp.mask)
        run.print(f"vocabulary of {vectorizer.vocabulary_size():,}; {batches}")
        with run.strategy.scope():  # one GPU or CPU, or --devices all
            model = models.simple_rnn(
                vectorizer.vocabulary_size(),
                embed_size=hp.embed_size,
                units=hp.units,
                classes=len(corpus.classes),
                one_hot=hp.one_hot,
                mask=hp.mask,
                dropout=hp.dropout,
                pooling=hp.pooling,
                layer=run.layers["simple_rnn"],  # Keras's, or one that trains faster on a CPU
            )
            model = run.prepared(model, vectorizer, batches)  # --embeddings, --adversarial
            model.compile(
                optimizer=run.adam(hp.learning_rate, hp.schedule, hp.epochs * len(batches)),
                loss="sparse_categorical_crossentropy",
                metrics=["acc"],
                **run.execution(len(batches)),  # steps_per_execution and jit_compile: speed only
            )
        model.summary(print_fn=run.print)
        run.check_model(model)  # that what is saved and tested, a masked copy, can be loaded
        callbacks = run.callbacks(batches)  # history, checkpoints, Ctrl-C, order of the batches
        epoch = run.resume(model, batches, validation, callbacks)  # 0; --resume ends a part epoch
        model.fit(
            batches.dataset(),
            validation_data=validation,
            initial_epoch=epoch,
            epochs=hp.epochs,
            callbacks=callbacks,
            verbose=run.verbose,
            shuffle=False,  # the batches are shuffled already
        )
        run.finish(model, vectorizer, data.evaluation_batches(test, batches.boundaries), corpus)


if __name__ == "__main__":
    main()
