"""Trains the baselines that a network has to beat: majority class, bag of words and TF-IDF.

They use the same rows as a training script with the same --data and --train-rows. Without the name
of a baseline, all three are trained. compare.py lists them together with the networks.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from corpus.errors import UserError
from training import Recipe, command_line, start
from training.recipes import RunOptions

EMBED_SIZE, BATCH_SIZE, EPOCHS, LEARNING_RATE = 64, 128, 2, 0.004
VOCAB_SIZE, BUCKETS = 30000, 32
LEAST_STEPS = 400  # chosen on held-out rows of AG News, after 500, 2,000 and 5,000 training rows


@dataclass(frozen=True)
class Hyperparameters:
    """What all baselines have."""

    # What is read of each row.
    text: Literal["title", "title+description"] = "title+description"
    # Count words or characters; use characters for languages written without spaces.
    tokens: Literal["words", "characters"] = "words"
    # Use at most this many training rows (0 = all).
    train_rows: int = 0


RECIPES = {
    "majority": Recipe("always predicts the most frequent class of the training rows"),
    "bag-of-words": Recipe("a network on the mean of a text's word vectors, like fastText"),
    "tf-idf": Recipe("logistic regression on TF-IDF of words and pairs of words"),
}


def majority(corpus, vectorizer, seed):
    """Always predicts the most frequent class of the training rows.

    Args:
        corpus: a `corpus.Corpus`.
        vectorizer: the `models.Vectorizer` by which texts are read.
        seed: of the initial weights and the order of the batches, if there are any.

    Returns:
        (`evaluation.Predictions` of the test rows, number of parameters).
    """
    from training.evaluation import Predictions

    counts, labels = np.bincount(corpus.train.labels), corpus.test.labels
    predicted = np.full_like(labels, counts.argmax())
    return Predictions(labels, predicted, np.full(len(labels), counts.max() / counts.sum())), 0


def bag_of_words(corpus, vectorizer, seed):
    """Trains a network on the mean of a text's word vectors, which ignores the order of words.

    After Joulin et al., Bag of Tricks for Efficient Text Classification (fastText):
    https://arxiv.org/abs/1607.01759, without n-grams.

    Args, Returns:
        See `majority`.
    """
    import keras
    from keras import layers

    import data
    from training import evaluation

    train, test = (data.vectorize(vectorizer, rows) for rows in (corpus.train, corpus.test))
    batches = data.TrainingBatches(train, BATCH_SIZE, BUCKETS, seed)
    model = keras.Sequential(
        [
            keras.Input(shape=(None,), dtype="int32"),
            layers.Embedding(vectorizer.vocabulary_size(), EMBED_SIZE, mask_zero=True),
            layers.GlobalAveragePooling1D(),
            layers.Dense(len(corpus.classes), activation="softmax"),
        ]
    )
    epochs = max(EPOCHS, -(-LEAST_STEPS // len(batches)))
    steps = epochs * len(batches)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps))
    model.compile(optimizer, "sparse_categorical_crossentropy", jit_compile=False)
    # As one long epoch: if epochs are short, Keras spends more time between them than on the steps.
    model.fit(batches.dataset().repeat(epochs), steps_per_epoch=steps, verbose=0, shuffle=False)
    return evaluation.predict(model, test), model.count_params()


def tf_idf(corpus, vectorizer, seed):
    """Trains a logistic regression on TF-IDF of words and pairs of words, or of characters.

    Words are scikit-learn's own, of two letters or more: with the words that the networks read,
    accuracy on AG News is lower by 0.001 to 0.008.

    Args, Returns:
        See `majority`.

    Raises:
        UserError: nothing occurs in two rows, or all rows have one class.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    from training.evaluation import Predictions

    analyzer = {"words": "word", "characters": "char"}[vectorizer.tokens]
    counts = TfidfVectorizer(analyzer=analyzer, ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=10, max_iter=1000)
    train, test = (rows.texts(vectorizer.text) for rows in (corpus.train, corpus.test))
    try:
        model.fit(counts.fit_transform(train), corpus.train.labels)
    except ValueError as error:
        reason = f"no {vectorizer.tokens} occur in two rows, or all rows have the same class"
        raise UserError(f"{corpus.name}: tf-idf cannot be trained: {reason}") from error
    probabilities = model.predict_proba(counts.transform(test))
    predicted = model.classes_[probabilities.argmax(axis=1)]
    predictions = Predictions(corpus.test.labels, predicted, probabilities.max(axis=1))
    return predictions, model.coef_.size + model.intercept_.size


BASELINES = {"majority": majority, "bag-of-words": bag_of_words, "tf-idf": tf_idf}


def train(arguments):
    """Trains one baseline, with arguments as `main` has them."""
    run, hp = start(__file__, __doc__, Hyperparameters, RECIPES, arguments, RunOptions())
    with run:
        import data
        from training.clock import clock

        corpus = data.load(run.options, hp.train_rows)
        vectorizer = data.fit_vectorizer(corpus.train, hp.text, VOCAB_SIZE, tokens=hp.tokens)
        run.print(data.describe(corpus, vectorizer))
        with clock.stage("fit"):
            predictions, parameters = BASELINES[run.recipe_name](corpus, vectorizer, run.seed)
        run.report(vectorizer, {"test": predictions}, corpus, {"parameters": parameters})


def main(arguments=None):
    """Trains the baseline that the command line names, or all of them.

    Raises:
        SystemExit: status 1 after an error, 2 for wrong usage, 130 or 143 if interrupted.
    """
    words = command_line.typed_arguments() if arguments is None else [*map(str, arguments)]
    named = words[:1] if words and not words[0].startswith("-") else []
    if named or not {"--help", "-h"}.isdisjoint(words):
        train(arguments)
        return
    with command_line.wrong_usage("baselines.py"):
        if any(word.startswith("--run-dir") for word in words):
            raise UserError("--run-dir needs the name of a baseline before it, such as tf-idf")
    for name, recipe in RECIPES.items():
        print(f"{name}: {recipe.about}")
        train([name, *words, *(["--quiet"] if name != "majority" else [])])  # same rows again


if __name__ == "__main__":
    main()
