"""Compares runs: a table in the terminal and a picture of accuracy against time."""

import argparse
import sys
from pathlib import Path

from matplotlib.figure import Figure

import train_lstm
import train_rnn
from training import command_line
from training.directory import RunError, load_result
from training.plots import BLUE, ORANGE
from training.recipes import flags

COLUMNS = (
    "run",
    "data",
    "train rows",
    "seed",
    "accuracy",
    "macro F1",
    "tutorial",
    "seconds",
    "parameters",
    "directory",
)
# The recipes that are the tutorial's own, and the seconds of its notebook, on a GPU.
TUTORIAL = {
    "titles": (train_rnn, "titles", 82),
    "masked": (train_rnn, "masked", 371),
    "LSTM": (train_lstm, "tutorial", 188),
}


def name(result):
    """A run's script, recipe and what was changed of it, as on the command line."""
    words = [result["script"].removeprefix("train_"), result["recipe"]]
    words += flags(result.get("changed", {}))
    return " ".join([*words, "(interrupted)"] if result["interrupted"] else words)


def row(result):
    """A run's cells in the order of `COLUMNS`, as text."""
    tutorial = result["tutorial_accuracy"]
    return [
        name(result),
        Path(result["data"]["name"]).name,
        f"{result['data']['rows']['train']:,}",
        str(result["seed"]),
        f"{result['test_accuracy']:.4f}",
        f"{result['macro_f1']:.4f}" if "macro_f1" in result else "",  # a former version's has none
        f"{tutorial:.4f}" if tutorial else "",
        f"{result['seconds']['total']:.0f}",
        f"{result['parameters']:,}",
        str(result["directory"]),
    ]


def table(results):
    """The runs as lines of text, the most accurate first."""
    ranked = sorted(results, key=lambda result: result["test_accuracy"], reverse=True)
    cells = [list(COLUMNS), *map(row, ranked)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        f"{line[0]:{widths[0]}}  "
        + "  ".join(f"{cell:>{width}}" for cell, width in zip(line[1:], widths[1:], strict=True))
        for line in cells
    )


def find(paths, everything):
    """The results of the named runs, or of all finished ones in a directory.

    Raises:
        RunError: a named run has no result, a result lacks something, or there is no run at all.
    """
    paths = paths or sorted(file.parent for file in everything.glob("*/result.json"))
    results = [load_result(path) | {"directory": path} for path in paths]
    for path, result in zip(paths, results, strict=True):
        try:
            row(result), result["data"]["test_hash"]
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"{path}/result.json: damaged: {error!r}") from error
    if not results:
        raise RunError(f"no finished run in {everything}/; train one first, or name its directory")
    return results


def tutorial_points():
    """The tutorial's models as `draw` takes them: (name, test accuracy, seconds)."""
    return [
        (f"tutorial, {model}", module.RECIPES[recipe].tutorial_accuracy, seconds)
        for model, (module, recipe, seconds) in TUTORIAL.items()
    ]


def draw(runs, tutorial, path):
    """Draws test accuracy against the seconds of whole runs.

    Args:
        runs: list of (name, test accuracy, seconds).
        tutorial: the same of the tutorial's models, drawn beside the runs.
        path: the file, in a format that Matplotlib knows by its name.

    Raises:
        RunError: Matplotlib knows no such format.
    """
    figure = Figure(figsize=(8, 4.4), layout="constrained")
    formats = figure.canvas.get_supported_filetypes()
    if Path(path).suffix[1:].lower() not in formats:
        raise RunError(f"--picture {path}: its name has to end in one of .{', .'.join(formats)}")
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
        axes.annotate(
            name,
            (second, accuracy),
            place,
            textcoords="offset points",
            fontsize=8,
            parse_math=False,
        )
    axes.set(xscale="log", xlabel="seconds (logarithmic)", ylabel="test accuracy")
    axes.margins(x=0.2, y=0.1)
    left, right = axes.get_xlim()
    ticks = [digit * 10**power for power in range(-1, 6) for digit in (1, 2, 3, 5, 7)]
    ticks = [tick for tick in ticks if left <= tick <= right]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=2)
    figure.savefig(path, dpi=120)


def main(arguments=None):
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="compare.py", description=__doc__, allow_abbrev=False)
    parser.add_argument("run", metavar="RUN", nargs="*", help="default: all in runs/")
    parser.add_argument("--picture", metavar="FILE", default="comparison.png", help="a picture")
    options = parser.parse_args(arguments)
    command_line.allow_any_output()
    with command_line.errors("compare.py") as end, command_line.reader_that_may_leave():
        results = find(options.run, Path("runs"))
        print(table(results))
        same_test = len({result["data"]["test_hash"] for result in results}) == 1
        if not same_test:
            print("the runs were tested on different rows: their accuracies are not comparable")
        # The tutorial's points only beside figures of the same test rows.
        comparable = same_test and any(result["tutorial_accuracy"] for result in results)
        runs = [(name(r), r["test_accuracy"], r["seconds"]["total"]) for r in results]
        draw(runs, tutorial_points() if comparable else [], options.picture)
        print(f"picture: {options.picture}")
    return end.status


if __name__ == "__main__":
    sys.exit(main())
