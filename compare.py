"""Compares runs: a table in the terminal and a picture of accuracy against time."""

import argparse
import math
from pathlib import Path

from corpus.errors import UserError
from experiments import comparison
from training import process
from training.directory import load_result
from training.recipes import flags
from training.results import run_name


def load(path):
    """Loads the result of a run: a dict, the contents of result.json and "directory".

    Raises:
        UserError: the directory has no result, or it is damaged.
    """
    result = load_result(path) | {"directory": path}
    try:
        table(rank([result])), result["data"]["test_hash"]
        if not (0 < result["seconds"]["total"] < math.inf and 0 <= result["test_accuracy"] <= 1):
            raise ValueError("impossible seconds or accuracy")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}/result.json: damaged: {error!r}") from error
    return result


def rank(results):
    """Sorts results by accuracy, the highest first, and adds a "number" and a "label" to each.

    Runs that differ only in the seed have the same number. A label is the command line, followed by
    what differs among runs of the same command: the corpus, or hyperparameters that were edited in
    the script.
    """
    details = {}
    for result in results:
        details.setdefault(run_name(result), []).append(set(_details(result)))
    numbers, runs = {}, []
    for result in sorted(results, key=lambda result: result["test_accuracy"], reverse=True):
        shared = set.intersection(*details[run_name(result)])
        label = " ".join([run_name(result), *(d for d in _details(result) if d not in shared)])
        kind = label, result["data"]["hash"], result["parameters"]  # models.py can be edited, too
        runs.append(result | {"label": label, "number": numbers.setdefault(kind, len(numbers) + 1)})
    return runs


def _details(result):
    """The hyperparameters of a run, as on the command line, and its corpus: list of `str`."""
    words = [" ".join(flags({key: value})) for key, value in result["hyperparameters"].items()]
    return [*words, f"on {Path(result['data']['name']).name}"]


def table(runs):
    """The table of runs from `rank`, with a header."""
    rows = [_cells(run) for run in runs]
    rows.insert(0, {column: column for column in rows[0]})
    widths = {column: max(len(row[column]) for row in rows) for column in rows[0]}
    return "\n".join(
        "  ".join(f"{row[c]:{'<' if c == 'run' else '>'}{width}}" for c, width in widths.items())
        for row in rows
    )


def _cells(run):
    """A row of the table: dict of the name of a column to its text."""
    return {
        "#": str(run["number"]),
        "run": run["label"],
        "data": Path(run["data"]["name"]).name,
        "train rows": f"{run['data']['rows']['train']:,}",
        "seed": str(run["seed"]),
        "accuracy": f"{run['test_accuracy']:.4f}",
        "macro F1": f"{run['macro_f1']:.4f}",
        "tutorial": f"{run['tutorial_accuracy']:.4f}" if run["tutorial_accuracy"] else "",
        "seconds": f"{run['seconds']['total']:.0f}",
        "parameters": f"{run['parameters']:,}",
        "directory": str(run["directory"]),
    }


def main(arguments=None):
    """Runs the command line.

    Raises:
        SystemExit: with status 1 after an error, 2 for wrong usage.
    """
    parser = argparse.ArgumentParser(prog="compare.py", description=__doc__, allow_abbrev=False)
    parser.add_argument("run", metavar="RUN", nargs="*", help="default: all in runs/")
    parser.add_argument(
        "--picture", metavar="FILE", default="comparison.png", help="default: comparison.png"
    )
    options = parser.parse_args(arguments)
    with process.one_line_errors("compare.py"), process.reader_may_leave():
        paths = options.run or sorted(file.parent for file in Path("runs").glob("*/result.json"))
        if not paths:
            raise UserError("no finished run in runs/; train one first, or name a run's directory")
        runs, ylabel = rank([load(path) for path in paths]), "test accuracy"
        print(table(runs))
        if len({run["data"]["test_hash"] for run in runs}) > 1:
            print("the runs were tested on different rows: their accuracies are not comparable")
            ylabel += " (on different rows: not comparable)"
        comparison.draw(runs, options.picture, ylabel)
        print(f"picture: {options.picture}")


if __name__ == "__main__":
    main()
