"""The picture of several runs: accuracy against time, colours for networks, shapes for recipes."""

import io
import re
import textwrap
import warnings
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke
from matplotlib.ticker import AutoLocator, LogLocator

from corpus.errors import UserError, in_one_line
from training.atomic import atomic_write
from training.plots import BLUE, ORANGE

# Each of these looks the same in every picture; others get what is left, in alphabetical order.
NETWORKS = ("rnn", "lstm", "bilstm", "baseline")
# Okabe and Ito's, and grey.
COLORS = (BLUE, ORANGE, "#000000", "#999999", "#56B4E9", "#CC79A7", "#E69F00", "#009E73")
RECIPES = "titles masked tutorial titles-fast masked-fast fast characters best own".split()
RECIPES += "majority bag-of-words tf-idf".split()
MARKERS = "osDv>^P*Xph<d8"
MOST_ENTRIES = 25  # of the key; with more runs, the table explains the numbers
LINE_LENGTH = 40  # characters in a line of the key
FONT_SIZE = 8  # points, of the numbers and the key
PAD = "\u2007"  # a space as wide as a digit
# Where a number can be written: offsets from the centre of its marker, in points.
OFFSETS = ((11, 0), (0, 10), (-11, 0), (0, -10), (8, 7), (-8, 7), (8, -7), (-8, -7))


def draw(runs, path, ylabel="test accuracy"):
    """Draws accuracy against the seconds of whole runs into a file.

    Args:
        runs: list of dicts, the contents of each result.json, and "number", which is written beside
            the run's marker, and "label", which explains the number. Runs with the same number have
            the same label.
        path: the file, whose suffix is one of Matplotlib's formats.
        ylabel: the label of the vertical axis.

    Raises:
        UserError: Matplotlib does not know the format, or cannot write it on this machine.
        OSError: the file cannot be written.
    """
    content = io.BytesIO()  # in memory first, so that a failure leaves no file
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name in a script that the font lacks
        figure = plot(runs, ylabel)
        try:
            figure.savefig(content, format=Path(path).suffix[1:].lower(), dpi=200)
        except Exception as error:  # an unknown format, or LaTeX is missing, for example
            raise UserError(f"--picture {path}: {in_one_line(error)}") from error
    with atomic_write(Path(path)) as partial:
        partial.write_bytes(content.getvalue())


def plot(runs, ylabel="test accuracy"):
    """Returns a Matplotlib figure of runs; for the arguments see `draw`."""
    colors = _assign(COLORS, NETWORKS, [_network(run) for run in runs])
    markers = _assign(MARKERS, RECIPES, [run["recipe"] for run in runs])
    figure = Figure(figsize=(10, 5.2), layout="constrained")
    axes = figure.subplots()
    key = {}  # text to style
    for run in runs:
        style = _style(colors[_network(run)], markers[run["recipe"]])
        axes.plot(run["seconds"]["total"], run["test_accuracy"], **style)
        key[_wrap(f"{run['number']:{PAD}>2}{PAD}{run['label']}")] = style
    if len(key) > MOST_ENTRIES:
        key = {"numbers: see # in the table": {"linestyle": "none"}}
        key |= {name: {"color": color, "linewidth": 5} for name, color in colors.items()}
        key |= {f"recipe {name}": _style("0.4", marker) for name, marker in markers.items()}
    _format_axes(axes, [run["seconds"]["total"] for run in runs], ylabel)
    _add_key(figure, key)
    _add_numbers(axes, runs)
    return figure


def _network(run):
    return run["script"].removeprefix("train_")


def _assign(values, standard, names):
    """Maps names to colours or markers; the first ones belong to the standard names."""
    order = [*standard, *sorted(set(names) - set(standard))]
    return {name: value for name, value in zip(order, cycle(values), strict=False) if name in names}


def _style(color, marker):
    """Keyword arguments of `Line2D` for a marker."""
    return {
        "linestyle": "none",
        "marker": marker,
        "markersize": 11 if marker == "*" else 7.5,  # a star fills less of its size
        "color": color,
        "markeredgecolor": "white",  # separates overlapping markers
        "markeredgewidth": 0.5,
    }


def _wrap(label):
    """Breaks a label into lines, never within a flag or between a flag and its value."""
    words = re.sub(r"(--\S+) (?!-)", "\\1\u00a0", label).split(" ")
    words = [w if len(w) <= LINE_LENGTH else f"{w[:20]}…{w[21 - LINE_LENGTH :]}" for w in words]
    lines = textwrap.wrap(" ".join(words), LINE_LENGTH, break_on_hyphens=False)
    return f"\n{3 * PAD}".join(lines)


def _format_axes(axes, seconds, ylabel):
    axes.set(xscale="log", xlabel="seconds (logarithmic)", ylabel=ylabel)
    axes.set_xlim(min(seconds) / 1.3, max(seconds) * 1.3)
    narrow = max(seconds) < 4 * min(seconds)
    axes.xaxis.set_major_locator(AutoLocator() if narrow else LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:,.10g}")
    axes.minorticks_off()
    axes.margins(y=0.1)
    axes.ticklabel_format(axis="y", useOffset=False)
    axes.grid(alpha=0.3)


def _add_key(figure, entries):
    """Adds a legend to the right of the axes, in a figure that is high enough for it."""
    legend = figure.legend(
        [Line2D([], [], **style) for style in entries.values()],
        entries,
        loc="outside right upper",
        fontsize=FONT_SIZE,
        frameon=False,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    height = legend.get_window_extent().height / figure.dpi
    figure.set_figheight(max(figure.get_figheight(), height))


def _add_numbers(axes, runs):
    """Writes each number beside its marker, on the side that is farthest from everything else."""
    axes.figure.draw_without_rendering()  # lays the figure out, so that distances are known
    points = [(run["seconds"]["total"], run["test_accuracy"]) for run in runs]
    occupied = axes.transData.transform(points) * 72 / axes.figure.dpi
    for i, run in enumerate(runs):
        sides = occupied[i] + OFFSETS
        best = np.linalg.norm(sides[:, None] - occupied, axis=2).min(axis=1).argmax()
        occupied = np.vstack([occupied, sides[best]])
        axes.annotate(
            str(run["number"]),
            points[i],
            OFFSETS[best],
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=FONT_SIZE,
            path_effects=[withStroke(linewidth=2, foreground="white")],  # legible over markers
        )
