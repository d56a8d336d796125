"""Draws the pictures of error_analysis.md and prints its tables; trains the runs that are missing.

    python -m experiments.error_analysis --data DIR

It looks for runs where `reproduce.py` puts them.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from corpus import load
from experiments import PROJECT, experiment
from experiments.runs import run_all
from predict import load_model, probabilities
from training import backend, command_line, evaluation, plots

MODELS = {
    "SimpleRNN on titles": experiment("train_rnn", "best", text="title"),
    "SimpleRNN": experiment("train_rnn", "best"),
    "LSTM": experiment("train_lstm", "best"),
    "stacked BiLSTM": experiment("train_bilstm", "best"),
}
BASELINE = "TF-IDF, logistic regression"
OKABE_ITO = ["#999999", plots.ORANGE, "#009E73", plots.BLUE, "#000000"]
COLORS = dict(zip([*MODELS, BASELINE], OKABE_ITO, strict=True))
TRAIN_ROWS = (5000, 15000, 30000)
SEED = 1
LENGTH_GROUPS = 6
SURE = 0.9  # a model of a class, at the least, for a label to look wrong
FEWEST_TEXTS = 20  # of a point of the reliability picture


def draw_confusion(matrices, classes, path):
    """A confusion matrix for each model."""
    figure = Figure(figsize=(10, 9), layout="constrained")
    for axes, (name, matrix) in zip(figure.subplots(2, 2).flat, matrices.items(), strict=True):
        plots.draw_confusion_matrix(axes, matrix, classes)
        axes.set_title(f"{name}: {evaluation.accuracy(matrix):.4f}")
    figure.savefig(path, dpi=100, format="png")


def draw_lengths(right, lengths, path):
    """Accuracy in groups of about equally many texts, from the shortest to the longest."""
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, LENGTH_GROUPS + 1)))
    group = np.searchsorted(edges[1:-1], lengths, side="left")
    labels = [
        f"{lengths[group == i].min()}–{lengths[group == i].max()}" for i in range(len(edges) - 1)
    ]
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for name, correct in right.items():
        accuracy = [correct[group == i].mean() for i in range(len(labels))]
        axes.plot(labels, accuracy, color=COLORS[name], marker="o", label=name)
    axes.set(xlabel="words of title and description", ylabel="test accuracy")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120, format="png")


def draw_rows(accuracies, path):
    """Accuracy against the number of train rows."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for name, points in accuracies.items():
        rows, accuracy = zip(*points, strict=True)
        axes.plot(rows, accuracy, color=COLORS[name], marker="o", label=name)
    axes.set(xscale="log", xlabel="train rows (logarithmic)", ylabel="test accuracy")
    axes.set_xticks(rows, [f"{count:,}" for count in rows])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120, format="png")


def draw_reliability(shares, labels, path):
    """How often each model is right against how sure it is."""
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="black", linewidth=0.5)
    for name, said in shares.items():
        texts, sure, right = evaluation.reliability(said, labels)
        enough = texts >= FEWEST_TEXTS
        axes.plot(sure[enough], right[enough], color=COLORS[name], marker="o", label=name)
    axes.set(xlabel="probability of the predicted class", ylabel="share of texts that are right")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120, format="png")


def print_confusions(name, matrix, classes):
    """The pairs of classes from the most to the least confused."""
    errors = matrix - np.diag(np.diag(matrix))
    print(f"\n{name}: {errors.sum()} errors\n\n| true class | taken for | texts | of all errors |")
    print("|---|---|---|---|")
    for place in np.argsort(errors, axis=None)[::-1][:6]:
        true, predicted = np.unravel_index(place, errors.shape)
        count = errors[true, predicted]
        share = count / max(errors.sum(), 1)
        print(f"| {classes[true]} | {classes[predicted]} | {count} | {share:.0%} |")


def print_sure_mistakes(name, test, classes, shares, count=10):
    """The titles that a model was surest to be of another class."""
    predicted = shares.argmax(axis=1)
    wrong = np.flatnonzero(predicted != test.labels)
    print(f"\n{name}, the surest mistakes:")
    for i in wrong[np.argsort(-shares[wrong, predicted[wrong]])][:count]:
        true, said = classes[test.labels[i]], classes[predicted[i]]
        print(f"- {said} ({shares[i].max():.3f}), in AG News {true}: {test.texts('title')[i]}")


def doubtful_labels(said, labels):
    """Where all models give one and the same class, which is not the label, more than `SURE`.

    Args:
        said: arrays of shape (texts, classes), the probabilities of each model.
        labels: int array of shape (texts,).

    Returns:
        int array of positions.
    """
    least = np.min(list(said), axis=0)
    return np.flatnonzero((least.max(axis=1) > SURE) & (least.argmax(axis=1) != labels))


def growth(chosen, data, corpus, whole, directory):
    """Pairs of (train rows, test accuracy); `whole` is the result with all rows."""
    sizes = [size for size in TRAIN_ROWS if size < len(corpus.train)]
    changes = [dict(chosen.changes) | {"train_rows": size} for size in sizes]
    fewer = [experiment(chosen.script, chosen.recipe, **change) for change in changes]
    results = run_all([(one, SEED) for one in fewer], data, directory)
    points = [results[one, SEED]["test_accuracy"] for one in fewer]
    return [*zip(sizes, points, strict=True), (len(corpus.train), whole["test_accuracy"])]


def baseline_growth(corpus):
    """What `growth` gives for TF-IDF with logistic regression, by name; {} where it fails."""
    from experiments import baselines  # imports TensorFlow

    sizes = [size for size in TRAIN_ROWS if size < len(corpus.train)] + [len(corpus.train)]
    text = "title+description"
    runs = [(size, baselines.tf_idf(corpus.train[:size], corpus.test, text)) for size in sizes]
    points = [(size, run[0]) for size, run in runs if run]
    return {BASELINE: points} if points else {}


def analyse(corpus, results, grown, runs, pictures):
    """Writes four pictures into a directory and prints the tables.

    Args:
        corpus: the `corpus.Corpus` of the runs.
        results: dict of (experiment, seed) to result.json.
        grown: dict of model to pairs as of `growth`.
        runs: the directory of the runs.
        pictures: the directory for the pictures.
    """
    test, classes, matrices, right, said = corpus.test, corpus.classes, {}, {}, {}
    for name, chosen in MODELS.items():
        model = load_model(Path(runs) / f"{chosen.name}-seed{SEED}")
        shares = probabilities(model, test.texts(results[chosen, SEED]["hyperparameters"]["text"]))
        predicted = shares.argmax(axis=1)
        said[name], right[name] = shares, predicted == test.labels
        matrices[name] = evaluation.count(test.labels, predicted, len(classes))
        print_confusions(name, matrices[name], classes)
        print_sure_mistakes(name, test, classes, shares)
        print(f"\ncalibration error {evaluation.calibration_error(shares, test.labels):.4f}")
    wrong_everywhere = ~np.any(list(right.values()), axis=0)
    print(f"\n{wrong_everywhere.sum()} texts are mistaken by all {len(MODELS)} models")
    doubtful = doubtful_labels(said.values(), test.labels)
    print(f"{len(doubtful)} labels look wrong: all are surer than {SURE} of one other class")
    for name, points in grown.items():
        print(name, *(f"{size:,}: {accuracy:.4f}" for size, accuracy in points), sep="  ")
    lengths = np.array([len(text.split()) for text in test.texts("title+description")])
    draw_confusion(matrices, classes, pictures / "confusion.png")
    draw_lengths(right, lengths, pictures / "lengths.png")
    draw_reliability(said, test.labels, pictures / "reliability.png")
    draw_rows(grown, pictures / "rows.png")


def main(arguments=None):
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="ag_news", help="as of the training scripts")
    parser.add_argument("--dir", default="runs/reproduce", help="where the runs are or go")
    parser.add_argument(
        "--pictures", type=Path, default=PROJECT / "docs", help="where the pictures go"
    )
    options = parser.parse_args(arguments)
    with command_line.errors("error_analysis.py") as end:
        corpus = load(options.data)
        results = run_all([(one, SEED) for one in MODELS.values()], options.data, options.dir)
        grown = {
            name: growth(chosen, options.data, corpus, results[chosen, SEED], options.dir)
            for name, chosen in MODELS.items()
        }
        backend.start()  # all runs are made: they have the terminal themselves
        from training import devices

        devices.prepare()
        grown |= baseline_growth(corpus)
        analyse(corpus, results, grown, options.dir, options.pictures)
    return end.status


if __name__ == "__main__":
    sys.exit(main())
