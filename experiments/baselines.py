"""Measures what a network has to beat: the most frequent class, and classifiers of word counts.

They are trained and tested on the rows that a training script reads with the same --data and
--train-rows. Each saves a run directory, so that compare.py can list it with the networks.
"""

import json
import time
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np

from corpus.errors import UserError
from training import command_line, machine, process, recipes, startup
from training.atomic import atomic_write
from training.clock import IMPORTED, clock

PROGRAM = "python -m experiments.baselines"
EMBED_SIZE, BATCH_SIZE, EPOCHS, LEARNING_RATE = 64, 128, 2, 0.004
VOCAB_SIZE, BUCKETS = 30000, 32
LEAST_STEPS = 400  # chosen on held-out rows of AG News, after 500, 2,000 and 5,000 training rows


@dataclass(frozen=True)
class Options(recipes.DataOptions):
    """What the command line says."""

    # What is read of each row.
    text: Literal["title", "title+description"] = "title+description"
    # Count words or characters; use characters for languages written without spaces.
    tokens: Literal["words", "characters"] = "words"
    # Use at most this many training rows (0 = all).
    train_rows: int = 0
    # Seed of the bag of words.
    seed: int = 1
    # Where to create the run directories; compare.py reads runs by default.
    dir: str = "runs"


def majority_class(corpus):
    """Scores always predicting the most frequent class of the training rows.

    Args:
        corpus: a `corpus.Corpus`.

    Returns:
        Dict of `evaluation.scores` and of "parameters", their number.
    """
    most_frequent = np.bincount(corpus.train.labels).argmax()
    return _scores(corpus, np.full(len(corpus.test), most_frequent), parameters=0)


def fit_vectorizer(corpus, text, tokens="words"):
    """Collects the vocabulary that `bag_of_words` reads: a `models.Vectorizer`.

    Args:
        corpus: a `corpus.Corpus`.
        text: "title" or "title+description".
        tokens: "words" or "characters".

    Raises:
        UserError: the training texts contain no word.
    """
    import data

    try:
        return data.fit_vectorizer(corpus.train, text, VOCAB_SIZE, tokens=tokens)
    except UserError as error:  # whose advice is for training scripts
        raise UserError(f"{corpus.name}: no training text contains a word; see --text") from error


def bag_of_words(corpus, vectorizer, seed):
    """Trains a network on the mean of a text's word vectors, which ignores the order of words.

    After Joulin et al., Bag of Tricks for Efficient Text Classification (fastText):
    https://arxiv.org/abs/1607.01759, without n-grams.

    Args:
        corpus: a `corpus.Corpus`.
        vectorizer: the `models.Vectorizer` of `fit_vectorizer`.
        seed: of the initial weights and the order of the batches.

    Returns:
        See `majority_class`.
    """
    import keras
    from keras import layers

    import data
    from training import evaluation

    keras.utils.set_random_seed(seed)
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
    schedule = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
    model.compile(
        keras.optimizers.Adam(schedule), "sparse_categorical_crossentropy", jit_compile=False
    )
    # As one long epoch: if epochs are short, Keras spends more time between them than on the steps.
    model.fit(batches.dataset().repeat(epochs), steps_per_epoch=steps, verbose=0, shuffle=False)
    test_batches = data.evaluation_batches(test, batches.boundaries)
    matrix = evaluation.confusion_matrix(model, test_batches)
    return evaluation.scores(matrix, corpus.classes) | {"parameters": model.count_params()}


def tf_idf(corpus, text, tokens="words"):
    """Trains a logistic regression on TF-IDF of words and pairs of words, or of characters.

    Words are scikit-learn's own, of two letters or more: with the words that the networks read,
    accuracy on AG News is lower by 0.001 to 0.008.

    Args:
        corpus, text, tokens: see `fit_vectorizer`.

    Returns:
        See `majority_class`; None if nothing occurs in two rows, or if all rows have one class.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    analyzer = {"words": "word", "characters": "char"}[tokens]
    vectorizer = TfidfVectorizer(analyzer=analyzer, ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=10, max_iter=1000)
    try:
        model.fit(vectorizer.fit_transform(corpus.train.texts(text)), corpus.train.labels)
    except ValueError:
        return None
    predicted = model.predict(vectorizer.transform(corpus.test.texts(text)))
    return _scores(corpus, predicted, model.coef_.size + model.intercept_.size)


def _scores(corpus, predicted, parameters):
    """What a baseline returns, from the class that it predicts for each test row."""
    from training import evaluation

    matrix = evaluation.count(corpus.test.labels, predicted, len(corpus.classes))
    return evaluation.scores(matrix, corpus.classes) | {"parameters": parameters}


def measure(options):
    """Trains all baselines; prints a table and leaves a run directory of each that can be trained.

    Raises:
        UserError: the rows or the directory cannot be used.
    """
    with startup.tensorflow():
        import data
        import devices

        corpus = data.load(options, options.train_rows)
        vectorizer = fit_vectorizer(corpus, options.text, options.tokens)
        print(data.describe(corpus, vectorizer))
        print(f"{'baseline':14}accuracy  macro F1  seconds")
        before, time_stamp = clock.so_far(), datetime.now().strftime("%Y%m%d-%H%M%S-%f")
        for name, baseline in {
            "majority": lambda: majority_class(corpus),
            "bag-of-words": lambda: bag_of_words(corpus, vectorizer, options.seed),
            "tf-idf": lambda: tf_idf(corpus, options.text, options.tokens),
        }.items():
            begin = time.perf_counter()
            with devices.prepared():
                scores = baseline()
            if scores is None:
                reason = f"no {options.tokens} occur in two rows, or all rows have the same class"
                print(f"{name:14}skipped: {reason}")
                continue
            fit = round(time.perf_counter() - begin, 3)
            seconds = before | {"fit": fit, "total": before["total"] + fit}
            result = _result(name, scores, seconds, corpus, options)
            with atomic_write(Path(options.dir) / f"baseline-{name}-{time_stamp}") as partial:
                partial.mkdir(parents=True)
                (partial / "result.json").write_text(json.dumps(result, indent=2), encoding="utf-8")
            figures = f"{result['test_accuracy']:8.4f}{result['macro_f1']:10.4f}"
            print(f"{name:14}{figures}{seconds['total']:9.0f}", flush=True)
    print(f"runs: {Path(options.dir) / f'baseline-*-{time_stamp}'}")


def _result(name, scores, seconds, corpus, options):
    """Returns the contents of result.json, as for a training script; null if not applicable."""
    names, rows = ("text", "tokens", "train_rows"), {"train": len(corpus.train), "held_out": 0}
    changed = recipes.changes(Options(), options)
    return {
        "script": "baseline",
        "recipe": name,
        "hyperparameters": {key: getattr(options, key) for key in names},
        "changed": {key: changed[key] for key in names if key in changed},
        "data": {
            "name": corpus.name,
            "rows": rows | {"test": len(corpus.test)},
            "hash": corpus.hash,
            "test_hash": corpus.test_hash,
            "options": options.columns(),
        },
        "seed": options.seed,
        "parameters": scores["parameters"],
        "classes": corpus.classes,
        "tutorial_accuracy": None,
        "seconds": seconds,
        "peak_memory_mb": None,
        "versions": machine.versions() | {"scikit-learn": version("scikit-learn")},
        "device": None,
        "best_epoch": None,
        "interrupted": False,
        "resumed_from_epoch": 0,
        "machine": machine.machine(),
        "test_accuracy": scores["accuracy"],
        "macro_f1": scores["macro_f1"],
        "per_class": scores["per_class"],
    }


def main(arguments=None):
    """Runs the command line.

    Raises:
        SystemExit: status 1 after an error, 2 for wrong usage, 130 or 143 if interrupted.
    """
    clock.reset(IMPORTED if arguments is None else time.perf_counter())
    words = command_line.typed_arguments() if arguments is None else list(arguments)
    options = command_line.parse_options(PROGRAM, __doc__, Options(), words)
    with process.one_line_errors(PROGRAM), process.signals():
        measure(options)


if __name__ == "__main__":
    main()
