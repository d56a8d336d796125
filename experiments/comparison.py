"""Several runs beside each other: a table, and a picture of their scores and seconds."""

from statistics import fmean, median

import numpy as np
from matplotlib.figure import Figure

from corpus.description import shortened
from training import plots

SCORES = "validation_accuracy", "validation_macro_f1", "test_accuracy", "macro_f1"
PANELS = {"validation_accuracy": "held-out accuracy", "test_accuracy": "test accuracy"}
PANELS |= {"seconds": "seconds"}
PANEL_WIDTH = 3  # inches
CHARACTER, LINE = 0.08, 0.17  # width and height in inches


def group(label, runs):
    """Puts runs together that differ only in the seed or fold.

    Args:
        label: what they are called, a list of `str`.
        runs: list of the contents of result.json.

    Returns:
        Dict of "label", "runs", and lists of their `SCORES`, without None.
    """
    scores = {name: [run[name] for run in runs if run[name] is not None] for name in SCORES}
    return {"label": label, "runs": runs} | scores


def table(rows):
    """Formats a table, without the columns that are empty.

    Args:
        rows: list of dicts of a column's name to its text.

    Returns:
        `str`, lines after a header; whole numbers are aligned on the right.
    """
    columns = []
    for name in rows[0]:
        cells = [row[name] for row in rows]
        if any(cells):
            whole = all(cell.replace(",", "").isdecimal() for cell in cells if cell)
            width = max(map(len, [name, *cells]))
            columns.append([f"{cell:{'>' if whole else '<'}{width}}" for cell in [name, *cells]])
    return "\n".join("  ".join(cells).rstrip() for cells in zip(*columns, strict=True))


def spread(scores):
    """The mean of scores, with the lowest and the highest of several: `str`, empty without any."""
    several = f" ({min(scores):.4f}-{max(scores):.4f})" if len(scores) > 1 else ""
    return f"{fmean(scores):.4f}{several}" if scores else ""


def plot(groups, title):
    """Draws runs as a Matplotlib figure.

    Args:
        groups: list of dicts from `group`, perhaps with a list of "seconds"; they are drawn in this
            order, from the top.
        title: written above the picture.
    """
    labels = ["\n".join(shortened(part, 200) for part in group["label"]) for group in groups]
    heights = np.array([1.8 + label.count("\n") for label in labels])  # in lines
    ys = np.cumsum(heights) - heights / 2
    panels = [panel for panel in PANELS if any(group.get(panel) for group in groups)]
    longest = max(len(line) for label in labels for line in label.split("\n"))
    size = longest * CHARACTER + len(panels) * PANEL_WIDTH, heights.sum() * LINE + 1.2
    figure = Figure(figsize=size, layout="constrained")
    plots.add_title(figure, title)
    every = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, panel in zip(every, panels, strict=True):
        for y, group in zip(ys, groups, strict=True):
            values, color = group[panel], plots.network_color(group["runs"][0]["script"])
            if values and panel == "seconds":
                bar = axes.barh(y, median(values), color=color)
                axes.bar_label(bar, fmt="{:,.0f}", padding=3)
            elif values:
                axes.plot(values, [y] * len(values), ".-", color=color)
                axes.plot(fmean(values), y, "o", color=color)
        axes.set(xlabel=PANELS[panel], xmargin=0.15, axisbelow=True)
        axes.grid(alpha=0.3)
    every[0].set_yticks(ys, labels, parse_math=False)
    every[0].set_ylim(heights.sum(), 0)
    return figure
