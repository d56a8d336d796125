"""The picture of several runs: a line for each, with its scores and seconds."""

from statistics import fmean, median

import numpy as np
from matplotlib.figure import Figure

from training import plots

PANELS = {"validation_accuracy": "held-out accuracy", "test_accuracy": "test accuracy"}
PANELS |= {"seconds": "seconds"}
PANEL_WIDTH = 3  # inches
LONGEST_LABEL = 60  # characters; a longer one has a line for each of its parts
CHARACTER, LINE = 0.08, 0.17  # width and height in inches


def draw(groups, path, title):
    """Draws runs into a file.

    Args:
        groups: list of dicts from `compare.rank`; they are drawn in this order, from the top.
        path: the file, whose suffix is one of Matplotlib's formats.
        title: written above the picture.

    Raises:
        UserError: Matplotlib does not know the format, or cannot write it on this machine.
        OSError: the file cannot be written.
    """
    plots.save(plot(groups, title), path)


def plot(groups, title):
    """Returns a Matplotlib figure of runs; for the arguments see `draw`."""
    labels = []
    for group in groups:
        separator = "\n" if len(" ".join(group["label"])) > LONGEST_LABEL else " "
        labels.append(separator.join(group["label"]))
    heights = np.array([1.8 + label.count("\n") for label in labels])  # in lines
    ys = np.cumsum(heights) - heights / 2
    panels = [panel for panel in PANELS if any(group[panel] for group in groups)] or [*PANELS]
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
