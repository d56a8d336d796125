"""Compares runs: a table in the terminal and a picture of accuracy against time."""

import argparse
import sys
from pathlib import Path

import train_lstm
import train_rnn
from corpus.errors import UserError
from training import command_line, comparison
from training.directory import load_result
from training.results import name

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
        UserError: a named run has no result, a result lacks something, or there is no run at all.
    """
    paths = paths or sorted(file.parent for file in everything.glob("*/result.json"))
    results = [load_result(path) | {"directory": path} for path in paths]
    for path, result in zip(paths, results, strict=True):
        try:
            row(result), result["data"]["test_hash"]
            if not (result["seconds"]["total"] > 0 and 0 <= result["test_accuracy"] <= 1):
                raise ValueError("seconds or an accuracy that cannot be")
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{path}/result.json: damaged: {error!r}") from error
    if not results:
        raise UserError(f"no finished run in {everything}/; train one first, or name its directory")
    return results


def points(results):
    """Runs as `comparison.draw` takes them.

    Args:
        results: list of what each result.json holds.
    """
    return [
        comparison.Point(
            label,
            result["script"].removeprefix("train_"),
            result["recipe"],
            result["test_accuracy"],
            result["seconds"]["total"],
        )
        for label, result in zip(_labels(results), results, strict=True)
    ]


def _labels(results):
    """The names of runs; with corpus and size, where models.py was edited, if these differ."""
    several = len({result["data"]["name"] for result in results}) > 1
    names = [
        name(result) + (f" on {Path(result['data']['name']).name}" if several else "")
        for result in results
    ]
    sizes = {}
    for label, result in zip(names, results, strict=True):
        sizes.setdefault(label, set()).add(result["parameters"])
    return [
        label if len(sizes[label]) == 1 else f"{label}, {result['parameters']:,} parameters"
        for label, result in zip(names, results, strict=True)
    ]


def tutorial_points():
    """The tutorial's models as `comparison.draw` takes them."""
    return [
        comparison.Point(
            f"the tutorial's {model}",
            module.__name__.removeprefix("train_"),
            recipe,
            module.RECIPES[recipe].tutorial_accuracy,
            seconds,
            filled=False,
        )
        for model, (module, recipe, seconds) in TUTORIAL.items()
    ]


def main(arguments=None):
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="compare.py", description=__doc__, allow_abbrev=False)
    parser.add_argument("run", metavar="RUN", nargs="*", help="default: all in runs/")
    parser.add_argument(
        "--picture", metavar="FILE", default="comparison.png", help="default: comparison.png"
    )
    options = parser.parse_args(arguments)
    command_line.allow_any_output()
    with command_line.errors("compare.py") as end, command_line.reader_that_may_leave():
        results = find(options.run, Path("runs"))
        print(table(results))
        same_test = len({result["data"]["test_hash"] for result in results}) == 1
        accuracy = "test accuracy"
        if not same_test:
            print("the runs were tested on different rows: their accuracies are not comparable")
            accuracy += ", on different rows: not comparable"
        # The tutorial's points only beside figures of the same test rows.
        comparable = same_test and any(result["tutorial_accuracy"] for result in results)
        drawn = points(results) + (tutorial_points() if comparable else [])
        hollow = "hollow: the tutorial, 120,000 rows, GPU"
        unlabelled = comparison.draw(drawn, hollow, options.picture, accuracy)
        print(f"picture: {options.picture}")
        if unlabelled:
            print(f"no room in it for {len(unlabelled)} labels; the table names all runs")
    return end.status


if __name__ == "__main__":
    sys.exit(main())
