"""The picture of several runs: accuracy against time, colours for families, shapes for recipes."""

import io
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib import ticker
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from corpus.errors import UserError, in_one_line
from training import labels
from training.plots import BLUE, ORANGE
from training.whole import whole

# Of Okabe and Ito's colours the three that differ most for every kind of colour-blindness, and in
# grey. Others serve families of a user's own.
COLORS = {"rnn": BLUE, "lstm": ORANGE, "bilstm": "#000000"}
MORE_COLORS = ("#56B4E9", "#CC79A7", "#E69F00", "#009E73")
MARKERS = {
    "titles": "o",
    "masked": "s",
    "tutorial": "D",
    "titles-fast": "v",  # the fast ones: triangles
    "masked-fast": ">",
    "fast": "^",
    "characters": "P",
    "best": "*",
}
MORE_MARKERS = ("X", "p", "h", "<", "d", "8")
MARKER_SIZE = 7.2  # points
RADIUS = 4.8  # points that a marker takes, edge included
WIDER = {"*": 1.5, "P": 1.15, "X": 1.15}  # than others of the same size, so as to look as large
MOST_COLUMNS = 6  # of a legend
LONGEST_NAME = 40  # characters of a name in it
ENOUGH_TICKS = 4


@dataclass(frozen=True)
class Point:
    """A run in the picture.

    Attributes:
        label: what is written beside it; points of the same label share one.
        family: of the network, decides its colour.
        recipe: decides its shape.
        accuracy: on the test rows.
        seconds: of the whole run, above 0.
        filled: False for one that is drawn hollow.
    """

    label: str
    family: str
    recipe: str
    accuracy: float
    seconds: float
    filled: bool = True


def draw(points, hollow, path, accuracy="test accuracy"):
    """Draws test accuracy against the seconds of whole runs.

    Args:
        points: list of `Point`s.
        hollow: what the hollow ones are, for the legend.
        path: the file, in a format that Matplotlib knows by its name.
        accuracy: what the axis of accuracies is called.

    Returns:
        The labels that found no room: list of `str`.

    Raises:
        UserError: Matplotlib knows no such format, or cannot write it here.
        OSError: the file cannot be written.
    """
    figure = Figure(figsize=(8.3, 5.2), dpi=200, layout="constrained")
    FigureCanvasAgg(figure)  # measures text
    kind = Path(path).suffix[1:].lower()
    formats = figure.canvas.get_supported_filetypes()
    if kind not in formats:
        raise UserError(f"--picture {path}: its name has to end in one of .{', .'.join(formats)}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name in a script that the font lacks
        unlabelled = fill(figure, points, hollow, accuracy)
        picture = io.BytesIO()  # so that a format that fails leaves no file
        try:
            figure.savefig(picture, format=kind)
        except Exception as error:  # each format has its own: LaTeX missing, a library of Pillow's
            raise UserError(
                f"--picture {path}: .{kind} cannot be written: {in_one_line(error)}"
            ) from error
    with whole(Path(path)) as partial:
        partial.write_bytes(picture.getvalue())
    return unlabelled


def fill(figure, points, hollow, accuracy="test accuracy"):
    """Draws into an empty figure.

    Args:
        figure: in constrained layout, on an Agg canvas.
        points, hollow, accuracy: as of `draw`.

    Returns:
        The labels that found no room: list of `str`.
    """
    axes = figure.subplots()
    colors = assigned([point.family for point in points], COLORS, MORE_COLORS)
    markers = assigned([point.recipe for point in points], MARKERS, MORE_MARKERS)
    for point in points:
        style = _style(colors[point.family], markers[point.recipe], point.filled)
        axes.plot(point.seconds, point.accuracy, **style)
    axes.set(xscale="log", xlabel="seconds (logarithmic)", ylabel=accuracy)
    axes.margins(x=0.12, y=0.12)
    _set_ticks(axes)
    axes.grid(alpha=0.3)
    _add_legends(figure, points, colors, markers, hollow)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # what is measured from here on stays where it is
    places = {}
    for point in points:
        label = re.sub(r"(--\S+) (?!-)", "\\1\u00a0", point.label)  # no line ends behind a flag
        places.setdefault(label, []).append((point.seconds, point.accuracy))
    return labels.place(axes, places, RADIUS)


def assigned(names, known, others):
    """A colour or shape for each name: its own, or one of the others in turn.

    Args:
        names: list of `str`, some perhaps more than once.
        known: dict of name to its own.
        others: those for further names; where they are too few, they begin again.

    Returns:
        Dict of name to colour or shape, in the order of `known`, further names behind.
    """
    result = {name: own for name, own in known.items() if name in names}
    further = sorted(set(names) - set(known))
    return result | {name: others[i % len(others)] for i, name in enumerate(further)}


def ticks(low, high):
    """At least three round numbers between two positive ones, as even as may be on a log axis."""
    for locator in (
        ticker.LogLocator(numticks=9),
        ticker.LogLocator(subs=(1, 3), numticks=9),
        ticker.LogLocator(subs=(1, 2, 5), numticks=9),
        ticker.MaxNLocator(6, steps=(1, 2, 5, 10)),
        ticker.MaxNLocator(12),
    ):
        found = [tick for tick in locator.tick_values(low, high) if low <= tick <= high]
        if len(found) >= ENOUGH_TICKS:
            break
    return found


def _style(color, marker, filled=True):
    """Keyword arguments of `plot` for a point, and of its entry in the legend."""
    return {
        "linestyle": "none",
        "marker": marker,
        "markersize": MARKER_SIZE * WIDER.get(marker, 1),
        "markerfacecolor": color if filled else "white",
        "markeredgecolor": "white" if filled else color,  # overlapping ones are told apart
        "markeredgewidth": 0.5 if filled else 1.5,
    }


def _set_ticks(axes):
    low, high = axes.get_xlim()
    middle = np.sqrt(low * high)  # at the least 5 per cent around it, where all took the same time
    axes.set_xlim(min(low, middle / 1.05), max(high, middle * 1.05))
    places = ticks(*axes.get_xlim())
    axes.set_xticks(places, [f"{place:,.10g}" for place in places])
    axes.minorticks_off()
    axes.ticklabel_format(axis="y", useOffset=False)


def _add_legends(figure, points, colors, markers, hollow):
    families = {name: Line2D([], [], color=color, linewidth=5) for name, color in colors.items()}
    recipes = {name: Line2D([], [], **_style("0.4", marker)) for name, marker in markers.items()}
    if not all(point.filled for point in points):
        recipes[hollow] = Line2D([], [], **_style("0.4", "o", filled=False))
    _add_legend(figure, families, "upper")
    _add_legend(figure, recipes, "lower")


def _add_legend(figure, entries, side):
    """Adds a legend, in as many columns as the figure is wide for."""
    names = [labels.shortened(name, LONGEST_NAME) for name in entries]
    for columns in range(MOST_COLUMNS, 0, -1):
        legend = figure.legend(
            list(entries.values()),
            names,
            loc=f"outside {side} center",
            ncols=columns,
            fontsize=labels.SIZE,
            frameon=False,
        )
        for text in legend.get_texts():
            text.set_parse_math(False)
        if legend.get_window_extent().width < figure.bbox.width or columns == 1:
            break
        legend.remove()
