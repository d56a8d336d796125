"""The pictures of a run."""

import io
import textwrap
import warnings
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from corpus.errors import UserError, in_one_line
from training.atomic import atomic_write

# Okabe and Ito's colours, distinguishable with any colour vision: https://jfly.uni-koeln.de/color/
BLUE, ORANGE = "#0072B2", "#D55E00"
MOST_NUMBERED = 20  # classes of a confusion matrix that has a number in each cell
MOST_NAMED = 60  # classes of one that has their names at its sides
LONGEST_NAME = 20  # characters of a class's name
WIDEST_NAMES = 45  # characters of all names side by side
CHARACTERS_PER_INCH = 10  # of a title, so that it fits


def add_title(figure, title):
    """Writes a title above a Matplotlib figure, in at most three lines, shortened at the end."""
    width = int(figure.get_figwidth() * CHARACTERS_PER_INCH)
    lines = textwrap.wrap(title, width, break_on_hyphens=False, max_lines=3, placeholder=" …")
    figure.suptitle("\n".join(lines), fontsize=10, parse_math=False)


def save(figure, path):
    """Saves a Matplotlib figure of `--picture` in the format that the suffix of `path` names.

    Raises:
        UserError: Matplotlib does not know the format, or cannot write it on this machine.
        OSError: the file cannot be written.
    """
    content = io.BytesIO()  # in memory first, so that a failure leaves no file
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name in a script that the font lacks
        try:
            figure.savefig(content, format=Path(path).suffix[1:].lower(), dpi=200)
        except Exception as error:  # an unknown format, or LaTeX is missing, for example
            raise UserError(f"--picture {path}: {in_one_line(error)}") from error
    with atomic_write(Path(path)) as partial:
        partial.write_bytes(content.getvalue())


def learning_curve(history, title, path):
    """Draws accuracy and loss against the training step.

    Args:
        history: list of dicts with "step", "acc" and "loss" of the steps since the last one, and
            "val_acc" and "val_loss" (None except at the end of an epoch).
        title: written above the picture, see `add_title`.
        path: the PNG file.
    """
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    add_title(figure, title)
    labels = {"acc": "accuracy", "loss": "loss"}
    for axes, (name, label) in zip(figure.subplots(1, 2), labels.items(), strict=True):
        alone = "." if len(history) == 1 else None  # no line leads to it
        for key, style in (
            (name, {"color": BLUE, "marker": alone, "label": "training"}),
            (f"val_{name}", {"color": ORANGE, "marker": "o", "label": "validation"}),
        ):
            points = [(point["step"], point[key]) for point in history if point[key] is not None]
            if points:
                axes.plot(*zip(*points, strict=True), **style)
        axes.set(xlabel="training step", ylabel=label)
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
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name in a script that the font lacks
        figure.savefig(path, dpi=120, format="png")


def draw_confusion_matrix(axes, matrix, classes):
    """Draws a matrix as `confusion_matrix` has it into Matplotlib axes; returns the image."""
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    numbered = np.ndenumerate(shares) if len(classes) <= MOST_NUMBERED else ()
    for (true, predicted), share in numbered:
        if not matrix[true].any():  # no row has the class
            continue
        axes.text(
            predicted,
            true,
            f"{share:.1%}\n{matrix[true, predicted]:,}",
            ha="center",
            va="center",
            color="white" if share > 0.5 else "black",
        )
    names = [name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}..." for name in classes]
    upright = max(map(len, names)) * len(names) > WIDEST_NAMES
    if len(names) <= MOST_NAMED:
        axes.set_xticks(range(len(names)), names, rotation=90 * upright, parse_math=False)
        axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set(xlabel="predicted class", ylabel="true class")
    return image


def cycle_colors():
    return [BLUE, ORANGE, "#009E73", "#000000"]
