"""Compares runs: a table in the terminal and a picture of accuracy against time."""

import argparse
import sys
from pathlib import Path

from runs import RunError, load_result

COLUMNS = (
    "run",
    "train rows",
    "seed",
    "accuracy",
    "tutorial",
    "seconds",
    "parameters",
    "directory",
)
# The tutorial's accuracies and the seconds of its notebook, on a GPU, with 120,000 train rows.
TUTORIAL = {"titles": (0.7995, 82), "masked": (0.8822, 371), "LSTM": (0.8870, 188)}


def name(result):
    """A run's script, recipe and what was changed of it, as on the command line."""
    words = [result["script"].removeprefix("train_"), result["recipe"]]
    for field, value in result.get("changed", {}).items():
        flag = field.replace("_", "-")
        words += [f"--no-{flag}" if value is False else f"--{flag}"]
        words += [] if isinstance(value, bool) else [str(value)]
    return " ".join([*words, "(interrupted)"] if result["interrupted"] else words)


def row(result):
    """A run's cells in the order of `COLUMNS`, as text."""
    tutorial = result["tutorial_accuracy"]
    return [
        name(result),
        f"{result['data']['rows']['train']:,}",
        str(result["seed"]),
        f"{result['test_accuracy']:.4f}",
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
            row(result), result["data"]["test hash"]
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"{path}/result.json: damaged: {error!r}") from error
    if not results:
        raise RunError(f"no finished run in {everything}/; train one first, or name its directory")
    return results


def main(arguments=None):
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="compare.py", description=__doc__, allow_abbrev=False)
    parser.add_argument("run", metavar="RUN", nargs="*", help="default: all in runs/")
    parser.add_argument("--picture", metavar="FILE", default="comparison.png", help="a PNG file")
    options = parser.parse_args(arguments)
    sys.stdout.reconfigure(errors="replace")
    try:
        results = find(options.run, Path("runs"))
        print(table(results))
        same_test = len({result["data"]["test hash"] for result in results}) == 1
        if not same_test:
            print("the runs were tested on different rows: their accuracies are not comparable")
        import plots

        # The tutorial's points only beside figures of the same test rows.
        comparable = same_test and any(result["tutorial_accuracy"] for result in results)
        runs = [(name(r), r["test_accuracy"], r["seconds"]["total"]) for r in results]
        tutorial = [(f"tutorial, {model}", *point) for model, point in TUTORIAL.items()]
        plots.comparison(runs, tutorial if comparable else [], options.picture)
        print(f"picture: {options.picture}")
    except (RunError, OSError) as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
