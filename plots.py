"""The pictures of a run."""

import numpy as np
from matplotlib.figure import Figure

from rows import CLASSES

# Okabe and Ito's colours, told apart by the colour-blind: https://jfly.uni-koeln.de/color/
BLUE, ORANGE = "#0072B2", "#D55E00"


def learning_curve(history, title, path):
    """Draws accuracy and loss against the training step.

    Args:
        history: list of dicts with "step", "acc" and "loss" of the steps since the last one, and
            "val_acc" and "val_loss" (None except at the end of an epoch).
        title: a line above the picture.
        path: the PNG file.
    """
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    figure.suptitle(title)
    for axes, name, label in zip(
        figure.subplots(1, 2), ("acc", "loss"), ("accuracy", "loss"), strict=True
    ):
        steps = [point["step"] for point in history]
        axes.plot(steps, [point[name] for point in history], color=BLUE, label="training")
        validated = [point for point in history if point[f"val_{name}"] is not None]
        if validated:
            axes.plot(
                [point["step"] for point in validated],
                [point[f"val_{name}"] for point in validated],
                color=ORANGE,
                marker="o",
                label="validation",
            )
        axes.set(xlabel="training step", ylabel=label)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=120, format="png")


def confusion_matrix(matrix, title, path):
    """Draws a confusion matrix: the share of each true class, and the number of rows.

    Args:
        matrix: int array of shape (4, 4), true class by predicted class.
        title: a line above the picture.
        path: the PNG file.
    """
    figure = Figure(figsize=(5.6, 4.8), layout="constrained")
    axes = figure.subplots()
    image = draw_confusion_matrix(axes, matrix)
    axes.set_title(title)
    figure.colorbar(image, label="share of the true class", shrink=0.8)
    figure.savefig(path, dpi=120, format="png")


def draw_confusion_matrix(axes, matrix):
    """Draws a matrix as `confusion_matrix` has it into Matplotlib axes; returns the image."""
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (true, predicted), share in np.ndenumerate(shares):
        axes.text(
            predicted,
            true,
            f"{share:.1%}\n{matrix[true, predicted]:,}",
            ha="center",
            va="center",
            color="white" if share > 0.5 else "black",
        )
    places = range(len(CLASSES))
    axes.set_xticks(places, CLASSES)
    axes.set_yticks(places, CLASSES)
    axes.set(xlabel="predicted class", ylabel="true class")
    return image


def comparison(runs, tutorial, path):
    """Draws test accuracy against the seconds of whole runs.

    Args:
        runs: list of (name, test accuracy, seconds).
        tutorial: the same of the tutorial's models, drawn beside the runs.
        path: the PNG file.
    """
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    axes = figure.subplots()
    for points, color, marker, label in (
        (runs, BLUE, "o", "runs"),
        (tutorial, ORANGE, "s", "the tutorial, 120,000 rows, GPU"),
    ):
        if not points:
            continue
        _, accuracies, seconds = zip(*points, strict=True)
        axes.scatter(seconds, accuracies, color=color, marker=marker, label=label)
    for i, (name, accuracy, second) in enumerate(sorted(runs + tutorial, key=lambda p: p[2])):
        place = (5, 4 if i % 2 else -10)  # above, below, so that neighbours' names do not meet
        axes.annotate(name, (second, accuracy), place, textcoords="offset points", fontsize=8)
    axes.set(xscale="log", xlabel="seconds (logarithmic)", ylabel="test accuracy")
    axes.margins(x=0.2, y=0.1)
    left, right = axes.get_xlim()
    ticks = [digit * 10**power for power in range(-1, 6) for digit in (1, 2, 3, 5, 7)]
    ticks = [tick for tick in ticks if left <= tick <= right]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2)
    figure.savefig(path, dpi=120, format="png")
