"""Compares runs: a table and a picture for each corpus, the best run first."""

import argparse
import csv
import math
import re
from collections import Counter
from pathlib import Path
from statistics import fmean, median

from corpus.errors import UserError
from experiments import comparison
from training import process
from training.atomic import atomic_write
from training.directory import load_result
from training.machine import is_shared
from training.recipes import flags

SCORES = "validation_accuracy", "validation_macro_f1", "test_accuracy", "macro_f1"
VALUES = *SCORES, "seconds"
COLUMNS = "label", "corpus", "seed", *VALUES, "parameters", "directory"  # of --csv
MOST_FLAGS = 3  # in which runs differ; if there are more, the flags that most share are left out
FOLD = re.compile("--validation [0-9]+/[0-9]+")
ALIGNED_RIGHT = "train rows", "seconds", "parameters"


def find(directory):
    """Finds the runs in a directory, which may itself be one: list of paths."""
    found = sorted(file.parent for file in Path(directory).rglob("result.json"))
    return [path for path in found if not re.fullmatch("unfinished|partial-.*", path.name)]


def load(path):
    """Loads the result of a run: a dict, the contents of result.json and what is derived from it.

    "directory" is the path, "corpus" the last part of its corpus's name, "flags" are the
    hyperparameters as on a command line, and "seconds" are those of the whole run, None where other
    runs shared the machine.

    Raises:
        UserError: the directory has no result, or it is damaged.
    """
    result = load_result(path) | {"directory": str(path)}
    try:
        seconds = result["seconds"]["total"]
        scores = [result[name] for name in SCORES if result[name] is not None]
        if not (all(0 <= score <= 1 for score in scores) and 0 < seconds < math.inf):
            raise ValueError("impossible scores or seconds")
        result["seconds"] = None if is_shared(result["machine"]) else seconds
        result["corpus"] = Path(result["data"]["name"]).name
        result["flags"] = _flags(result["hyperparameters"])
        table(rank(*by_corpus([result]).values()))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}/result.json: damaged: {error!r}") from error
    return result


def _load_all(directories):
    """The results of the runs in directories; without any, of all in runs/ that are no trials."""
    if directories:
        return [load(run) for run in dict.fromkeys(p for d in directories for p in find(d) or [d])]
    results = [result for result in map(load, find("runs")) if not result["trial"]]
    if not results:
        raise UserError("no finished run in runs/; train one first, or name a directory of runs")
    return results


def by_corpus(results):
    """Splits results by the rows that they were tested on: dict of a name to results.

    Trials were tested on none; they belong to the runs on the corpus with the same name.
    """
    tested = {r["data"]["name"]: r["data"]["test_hash"] for r in results if not r["trial"]}
    groups, corpora = {}, {}
    for result in results:
        name, test_hash = (result["data"][key] for key in ("name", "test_hash"))
        key = tested.get(name, name) if result["trial"] else test_hash
        groups.setdefault(key, []).append(result)
    for group in groups.values():
        name = group[0]["corpus"]
        while name in corpora:
            name += "-other"
        corpora[name] = group
    return corpora


def order(results):
    """The score that decides which result is better, and what is printed of it: two `str`."""
    if all(result["validation_accuracy"] is not None for result in results):
        return "validation_accuracy", "held-out accuracy"
    return "test_accuracy", "test accuracy: not all runs have held-out rows"


def rank(results):
    """Groups the results of a corpus that differ only in the seed or fold, and sorts the groups.

    Returns:
        List of dicts, the best mean first: "runs", a list of results, the best first; "label", what
        they are called, a tuple of `str`; and lists of their `SCORES` and "seconds", without None.
    """
    groups, ranked, (score, _) = {}, [], order(results)
    for result, label in zip(results, _labels(results), strict=True):
        kind = label, result["flags"], *result["layers"], result["data"]["hash"], result["trial"]
        groups.setdefault(kind, []).append(result)
    for (label, *_), runs in groups.items():
        runs.sort(key=lambda run: run[score] or 0, reverse=True)
        group = {name: [r[name] for r in runs if r[name] is not None] for name in VALUES}
        ranked.append(group | {"label": label, "runs": runs})
    return sorted(ranked, key=lambda group: fmean(group[score] or [0]), reverse=True)


def _labels(results):
    """What each result is called beside the others: list of tuples of `str`."""
    recipes, corpora = {}, {result["corpus"] for result in results}
    for result in results:  # each recipe's flags, and the layers that all runs with them have
        shared = recipes.setdefault((result["script"], result["recipe"]), {})
        layers = Counter(result["layers"])
        shared[result["flags"]] = shared.get(result["flags"], layers) & layers
    labels = []
    for result in results:
        shared = recipes[result["script"], result["recipe"]]
        label = [f"{result['script'].removeprefix('train_')} {result['recipe']}"]
        label += _differing(result, shared)
        layers = Counter(result["layers"]) - shared[result["flags"]]
        label += [f"+ {layer}" for layer in layers.elements()]
        label += [f"from {Path(result['started_from']).name}"] if result["started_from"] else []
        label += [f"on {result['corpus']}"] if len(corpora) > 1 else []
        labels.append((*label, *["(interrupted)"] * result["interrupted"]))
    return labels


def _differing(result, every):
    """The flags that tell a run from others of its recipe; without others, what it changed."""
    if len(every) == 1:
        return _flags(result["changed"])
    counts = Counter(flag for some in every for flag in some)
    differing = [flag for flag in result["flags"] if counts[flag] < len(every)]
    rare = [flag for flag in differing if counts[flag] <= len(every) / 2]
    return rare if len(differing) > MOST_FLAGS else differing


def _flags(values):
    """Hyperparameters as flags, without the fold of a cross-validation: tuple of `str`."""
    every = (" ".join(flags({name: value})) for name, value in values.items())
    return tuple(flag for flag in every if not FOLD.fullmatch(flag))


def table(groups):
    """The table of groups from `rank`, with a header and without empty columns."""
    rows, columns = [_cells(group) for group in groups], []
    for name in rows[0]:
        cells = [name, *(row[name] for row in rows)]
        if any(cells[1:]):
            side, width = "<>"[name in ALIGNED_RIGHT], max(map(len, cells))
            columns.append([f"{cell:{side}{width}}" for cell in cells])
    return "\n".join("  ".join(cells).rstrip() for cells in zip(*columns, strict=True))


def _cells(group):
    """A row of the table: dict of the name of a column to its text."""
    runs, best = group["runs"], group["runs"][0]
    several = f" (best of {len(runs)})" if len(runs) > 1 else ""
    return {
        "run": " ".join(group["label"]),
        "train rows": f"{best['data']['rows']['train']:,}",
        "held-out accuracy": _mean(group["validation_accuracy"]),
        "test accuracy": _mean(group["test_accuracy"]),
        "macro F1": f"{fmean(group['macro_f1']):.4f}" if group["macro_f1"] else "",
        "tutorial": f"{best['tutorial_accuracy']:.4f}" if best["tutorial_accuracy"] else "",
        "seeds": " ".join(map(str, sorted({run["seed"] for run in runs}))),
        "seconds": f"{median(group['seconds']):.0f}" if group["seconds"] else "",
        "parameters": f"{best['parameters']:,}",
        "directory": f"{best['directory']}{several}",
    }


def _mean(scores):
    """The mean of scores, with the lowest and the highest of several: `str`."""
    spread = f" ({min(scores):.4f}-{max(scores):.4f})" if len(scores) > 1 else ""
    return f"{fmean(scores):.4f}{spread}" if scores else ""


def write_csv(path, groups):
    """Writes a row for each run: its scores, and the hyperparameters in which the runs differ.

    Args:
        path: the file.
        groups: from `rank`, of all corpora.
    """
    runs = [run | {"label": " ".join(group["label"])} for group in groups for run in group["runs"]]
    every = [run["hyperparameters"] for run in runs]
    names = dict.fromkeys(name for values in every for name in values)
    names = [n for n in names if any(values.get(n) != every[0].get(n) for values in every)]
    form = {"newline": "", "encoding": "utf-8", "errors": "surrogateescape"}
    with atomic_write(Path(path)) as partial, open(partial, "w", **form) as file:
        writer = csv.DictWriter(file, [*COLUMNS, *names], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(run["hyperparameters"] | run for run in runs)


def main(arguments=None):
    """Runs the command line.

    Raises:
        SystemExit: with status 1 after an error, 2 for wrong usage.
    """
    parser = argparse.ArgumentParser(prog="compare.py", description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add("run", metavar="RUN", nargs="*", help="a run, or a directory of runs; default: runs/")
    about = "the picture, which replaces an earlier one; default: comparison.png"
    add("--picture", metavar="FILE", default="comparison.png", help=about)
    add("--csv", metavar="FILE", help="also write each run, and its hyperparameters, to a file")
    options = parser.parse_args(arguments)
    with process.one_line_errors("compare.py"), process.reader_may_leave():
        corpora, ranked = by_corpus(_load_all(options.run)), []
        for name, results in corpora.items():
            groups, rows = rank(results), max(r["data"]["rows"]["test"] for r in results)
            heading = f"{name}: {rows:,} test rows" if rows else f"{name}: held-out rows"
            print(f"{heading}; sorted by {order(results)[1]}", table(groups), sep="\n")
            picture = Path(options.picture)
            if len(corpora) > 1:
                suffix = re.sub(r"[^\w.-]+", "-", name)
                picture = picture.parent / f"{picture.stem}-{suffix}{picture.suffix}"
            replaced = " (replaced)" if picture.exists() else ""
            comparison.draw(groups, picture, heading)
            print(f"picture: {picture}{replaced}")
            ranked += groups
        if options.csv:
            write_csv(options.csv, ranked)
            print(f"rows: {options.csv}")


if __name__ == "__main__":
    main()
