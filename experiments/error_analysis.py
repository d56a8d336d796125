"""Draws the pictures of docs/error_analysis.md and prints its figures.

It uses the runs of `reproduce.py` and trains those that are missing.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import predict
from corpus.loading import load
from experiments import FULL_TEXT, experiment
from experiments.executors import LocalExecutor
from experiments.runs import run_all
from training import command_line, plots, process, startup
from training.machine import PROJECT
from training.recipes import DataOptions

MODELS = {
    "SimpleRNN on titles": experiment("train_rnn", "best", text="title"),
    "SimpleRNN": experiment("train_rnn", "best"),
    "LSTM": experiment("train_lstm", "best"),
    "stacked BiLSTM": experiment("train_bilstm", "best"),
}
COLORS = {name: plots.network_color(model.script) for name, model in MODELS.items()}
COLORS["SimpleRNN on titles"] = plots.SKY
SEED = 1
LENGTH_GROUPS = 6
DOUBTFUL = 0.9  # a label looks wrong if all models give another class more than this
FEWEST_TEXTS = 20  # in a bin of the reliability diagram


def draw_lines(path, lines, xlabel, ylabel="test accuracy"):
    """Draws a line for each model: dict of name to (x, y)."""
    figure = Figure(figsize=(8, 4), dpi=120, layout="constrained")
    axes = figure.subplots()
    for name, points in lines.items():
        axes.plot(*points, marker="o", label=name, color=COLORS.get(name, "#000000"))
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path)


def draw_confusion(path, matrices, classes):
    """Draws the confusion matrix of each model: dict of name to int array (classes, classes)."""
    figure = Figure(figsize=(10, 9), layout="constrained")
    for axes, (name, matrix) in zip(figure.subplots(2, 2).flat, matrices.items(), strict=True):
        plots.draw_confusion_matrix(axes, matrix, classes)
        axes.set_title(f"{name}: {np.trace(matrix) / matrix.sum():.4f}")
    figure.savefig(path)


def accuracy_by_length(correct, lengths):
    """Computes accuracy in groups of about equally many texts, from the shortest to the longest.

    Args:
        correct: dict of name to bool array of shape (texts,).
        lengths: int array of shape (texts,), the number of words.

    Returns:
        Dict of name to (labels of the groups, accuracies), two lists.
    """
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, LENGTH_GROUPS + 1)))
    group = np.searchsorted(edges[1:-1], lengths, side="left")
    members = [group == i for i in range(len(edges) - 1)]
    labels = [f"{lengths[texts].min()}–{lengths[texts].max()}" for texts in members]
    return {name: (labels, [c[texts].mean() for texts in members]) for name, c in correct.items()}


def doubtful_labels(predictions):
    """Finds labels where all models give the same other class more than `DOUBTFUL`.

    Args:
        predictions: list of the `evaluation.Predictions` of each model.

    Returns:
        bool array of shape (texts,).
    """
    first, doubtful = predictions[0], predictions[0].predicted != predictions[0].labels
    for model in predictions:
        doubtful &= (model.predicted == first.predicted) & (model.confidence > DOUBTFUL)
    return doubtful


def analyse(corpus, predictions, pictures):
    """Draws pictures of the models' predictions and prints the tables.

    Args:
        corpus: the `corpus.Corpus` of the runs.
        predictions: dict of name to the `evaluation.Predictions` of the test rows.
        pictures: the directory for the pictures.
    """
    from training import evaluation

    correct, matrices, diagram = {}, {}, {}
    for name, predicted in predictions.items():
        correct[name] = predicted.predicted == predicted.labels
        matrices[name] = predicted.matrix(len(corpus.classes))
        texts, confidence, accuracy, error = evaluation.reliability(predicted)
        diagram[name] = confidence[texts >= FEWEST_TEXTS], accuracy[texts >= FEWEST_TEXTS]
        print(f"{name}: calibration error {error:.4f}")
    wrong = ~np.any([*correct.values()], axis=0)
    print(f"\n{wrong.sum()} texts are misclassified by all {len(correct)} models")
    doubtful = doubtful_labels([*predictions.values()]).sum()
    print(f"{doubtful} labels look wrong: all models give another class over {DOUBTFUL}")
    draw_confusion(pictures / "confusion.png", matrices, corpus.classes)
    lengths = np.array([len(text.split()) for text in corpus.test.texts(FULL_TEXT)])
    lines = accuracy_by_length(correct, lengths)
    draw_lines(pictures / "lengths.png", lines, "words of title and description")
    diagram["perfectly calibrated"] = (0, 1), (0, 1)
    axis_labels = "probability of the predicted class", "share of texts that are right"
    draw_lines(pictures / "reliability.png", diagram, *axis_labels)


def predict_test(test, directory):
    """Classifies the test rows with each model: dict of name to `evaluation.Predictions`."""
    from training.evaluation import Predictions

    predictions = {}
    for name, run in MODELS.items():
        model = predict.load_model(Path(directory, run.directory_name(SEED)))
        each = predict.probabilities(model, test.texts(run.hyperparameters().text))
        predictions[name] = Predictions(test.labels, each.argmax(axis=1), each.max(axis=1))
    return predictions


def main(arguments=None):
    """Runs the command line.

    Raises:
        SystemExit: status 1 after an error, 2 for wrong usage, 130 or 143 if interrupted.
    """
    parser = command_line.parser_of_paths("python -m experiments.error_analysis", __doc__)
    parser.add_argument("--data", default="ag_news", help="see the training scripts")
    parser.add_argument("--dir", default="runs/reproduce", help="of the runs; default: %(default)s")
    parser.add_argument("--pictures", type=Path, default=PROJECT / "docs", help="default: docs/")
    options = parser.parse_args(arguments)
    with process.one_line_errors("error_analysis.py"), process.long_work():
        corpus = load(options.data)
        runs = [(model, SEED) for model in MODELS.values()]
        run_all(runs, DataOptions(options.data), options.dir, LocalExecutor())
        with startup.tensorflow():
            import devices

            with devices.prepared():
                analyse(corpus, predict_test(corpus.test, options.dir), options.pictures)


if __name__ == "__main__":
    main()
