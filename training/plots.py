"""The pictures of a run."""

import textwrap
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from corpus.description import shortened
from corpus.errors import UserError, in_one_line
from training.atomic import atomic_write

# Okabe and Ito's colours, distinguishable with any colour vision: https://jfly.uni-koeln.de/color/
NETWORK_COLORS = {"rnn": "#0072B2", "lstm": "#D55E00", "bilstm": "#009E73", "baselines": "#999999"}
OTHER_COLOR = "#CC79A7"  # of a network of the user's own
AMBER, SKY, BLACK = "#E69F00", "#56B4E9", "#000000"  # of no network
MOST_NUMBERED = 20  # classes of a confusion matrix that has a number in each cell
MOST_NAMED = 60  # classes of one that has their names at its sides
LONGEST_NAME = 20  # characters of a class's name
WIDEST_NAMES = 45  # characters of all names side by side
CHARACTERS_PER_INCH = 10  # of a title, so that it fits


def network_color(script):
    """The colour of a script's network, the same in every picture."""
    return NETWORK_COLORS.get(script.removeprefix("train_"), OTHER_COLOR)


def add_title(figure, title):
    """Writes a title above a Matplotlib figure, in at most three lines, shortened at the end."""
    width = int(figure.get_figwidth() * CHARACTERS_PER_INCH)
    title = shortened(title, 500)  # without what Matplotlib does not take
    lines = textwrap.wrap(title, width, break_on_hyphens=False, max_lines=3, placeholder=" …")
    figure.suptitle("\n".join(lines), fontsize=10, parse_math=False)


def save(figure, path):
    """Saves a Matplotlib figure of `--picture` in the format that the suffix of `path` names.

    Raises:
        UserError: Matplotlib does not know the format, or cannot write it on this machine.
        OSError: the file cannot be written.
    """
    with atomic_write(Path(path)) as partial:
        try:
            figure.savefig(partial, format=Path(path).suffix[1:].lower(), dpi=200)
        except OSError:
            raise
        except Exception as error:  # an unknown format, or LaTeX is missing, for example
            raise UserError(f"--picture {path}: {in_one_line(error)}") from error


def learning_curve(history, steps_per_epoch, title, path, validation="test", best_epoch=None):
    """Draws accuracy and loss against the epoch.

    Args:
        history: list of dicts with "step", "acc" and "loss" of the steps since the last one, and
            "val_acc" and "val_loss" (None except at the end of an epoch).
        steps_per_epoch: an int.
        title: written above the picture, see `add_title`.
        path: the PNG file.
        validation: which rows the validation is on, "test" or "held-out".
        best_epoch: the epoch whose weights are kept, from 1; None for the last.
    """
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    add_title(figure, title)
    labels = {"acc": "accuracy", "loss": "loss"}
    for axes, (name, label) in zip(figure.subplots(1, 2), labels.items(), strict=True):
        curves = (name, "train rows", AMBER), (f"val_{name}", f"{validation} rows", BLACK)
        for key, rows, color in curves:
            points = [(p["step"] / steps_per_epoch, p[key]) for p in history if p[key] is not None]
            style = "o" if len(points) == 1 else "-"  # a point alone has no line
            if points:
                axes.plot(*zip(*points, strict=True), style, color=color, label=rows)
        if best_epoch:
            axes.axvline(best_epoch, color="0.5", linestyle="--", label=f"kept: epoch {best_epoch}")
        axes.set(xlabel="epoch", ylabel=label, xlim=(0, None))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(path, dpi=120, format="png")


def confusion_matrix(matrix, classes, title, path):
    """Draws a confusion matrix: the share of each true class, and the number of rows.

    Args:
        matrix: int array of shape (classes, classes), true class by predicted class.
        classes: the names of the classes.
        title: written above the picture, see `add_title`.
        path: the PNG file.
    """
    side = max(4.2, 0.75 * min(len(classes), MOST_NUMBERED))  # inches of the matrix
    figure = Figure(figsize=(side + 1.4, side + 0.6), layout="constrained")
    add_title(figure, title)
    axes = figure.subplots()
    image = draw_confusion_matrix(axes, matrix, classes)
    figure.colorbar(image, label="share of the true class", shrink=0.8)
    figure.savefig(path, dpi=120, format="png")


def draw_confusion_matrix(axes, matrix, classes):
    """Draws a matrix as `confusion_matrix` has it into Matplotlib axes; returns the image."""
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for true, predicted in np.argwhere(matrix) if len(classes) <= MOST_NUMBERED else ():
        share, rows = shares[true, predicted], matrix[true, predicted]
        color = "white" if share > 0.5 else "black"
        text = f"{share:.1%}\n{rows:,}"
        axes.text(predicted, true, text, ha="center", va="center", color=color)
    names = [name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..." for name in classes]
    upright = max(map(len, names)) * len(names) > WIDEST_NAMES
    if len(names) <= MOST_NAMED:
        axes.set_xticks(range(len(names)), names, rotation=90 * upright, parse_math=False)
        axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set(xlabel="predicted class", ylabel="true class")
    return image
