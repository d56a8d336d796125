"""Compares runs: a table and a picture for each corpus, the best run first."""

import csv
import re
from collections import Counter
from pathlib import Path
from statistics import fmean, median

from corpus.errors import UserError
from experiments import comparison
from training import command_line, plots, process
from training.atomic import atomic_write
from training.directory import load_result
from training.machine import is_shared
from training.recipes import flags

# The columns of --csv.
COLUMNS = "label", "corpus", "seed", *comparison.SCORES, "seconds", "parameters", "directory"


def find(directory):
    """Finds the runs in a directory, which may itself be one: list of paths."""
    found = sorted(file.parent for file in Path(directory).rglob("result.json"))
    return [path for path in found if not re.fullmatch(r"unfinished|\.partial-.*", path.name)]


def load(path):
    """Loads the result of a run: a dict, the contents of result.json and what is derived from it.

    "directory" is the path, "corpus" the last part of the corpus's name, and "flags" are the
    hyperparameters as on a command line. "seconds" becomes the time of the whole run, or None if
    other runs shared the machine.

    Raises:
        UserError: the directory has no result, or it is damaged.
    """
    result = load_result(path) | {"directory": str(path)}
    try:
        shared = is_shared(result["machine"])
        result["seconds"] = None if shared else result["seconds"]["total"] + 0.0
        result["corpus"] = Path(result["data"]["name"]).name
        result["flags"] = _flags(result["hyperparameters"] | result["reading"])
        {_test_rows(result)}, result["data"]["options"].items()
        table(rank([result])), format(result["data"]["rows"]["test"], ",")
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}/result.json: damaged: {error!r}") from error
    return result


def _load_all(directories):
    """The results of the runs in directories; without any, of all in runs/ that are no trials."""
    if directories:
        return [load(run) for run in dict.fromkeys(p for d in directories for p in find(d) or [d])]
    results = []
    for path in find("runs"):
        try:
            results += [] if load_result(path).get("trial") else [load(path)]
        except UserError as error:  # of an older version, perhaps
            process.print_error(f"{error}; left out")
    if not results:
        raise UserError("no finished run in runs/; train one first, or name a directory of runs")
    return results


def grouped(results, key):
    """Groups results by what the function `key` returns of them: list of lists."""
    groups = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    return [*groups.values()]


def _test_rows(result):
    """Identifies the test rows of a run or, for a trial, which has none, its corpus."""
    return result["data"]["name" if result["trial"] else "test_hash"]


def _kind(result):
    """What is equal in runs that differ only in the seed or fold."""
    keys = "script", "recipe", "flags", "started_from", "interrupted"
    hashes = result["data"]["hash"], result["code"]["hash"]
    return *(result[key] for key in keys), *result["layers"], *hashes


def order(results):
    """The score that decides which result is better: held-out accuracy where all have one."""
    held_out = all(result["validation_accuracy"] is not None for result in results)
    return "validation_accuracy" if held_out else "test_accuracy"


def rank(results):
    """Groups the results of a corpus that differ only in the seed or fold, and sorts the groups.

    Returns:
        List of `comparison.group`s with "seconds", the best mean first, and in each the best run.
    """
    groups, ranked, score = grouped(results, _kind), [], order(results)
    kinds = [runs[0] for runs in groups]
    for runs in groups:
        label = _label(runs[0], kinds)
        runs.sort(key=lambda run: run[score], reverse=True)
        seconds = [run["seconds"] for run in runs if run["seconds"] is not None]
        ranked.append(comparison.group(label, runs) | {"seconds": seconds})
    return sorted(ranked, key=lambda group: fmean(group[score]), reverse=True)


def _label(run, others):
    """The name of a run in a table with others: list of `str`."""
    siblings = [r for r in others if (r["script"], r["recipe"]) == (run["script"], run["recipe"])]
    settings = {other["flags"] for other in siblings}
    counts = Counter(flag for flags in settings for flag in flags)
    twins = [other for other in siblings if other["flags"] == run["flags"]]
    label = [f"{run['script'].removeprefix('train_')} {run['recipe']}"]
    if len(settings) == 1:
        label += _flags(run["changed"])
    else:  # without the values that most have
        label += [flag for flag in run["flags"] if counts[flag] <= len(settings) / 2]
    for layer in run["layers"]:
        label += [] if all(layer in twin["layers"] for twin in twins) else [f"+ {layer}"]
    alike = [twin for twin in twins if twin["layers"] == run["layers"]]
    if len({twin["code"]["hash"] for twin in alike}) > 1:
        label.append(f"code {run['code']['hash'][:7]}")
    if run["started_from"]:
        label.append(f"from {Path(run['started_from']).name}")
    if len({other["corpus"] for other in others}) > 1:
        label.append(f"on {run['corpus']}")
    return [*label, "(interrupted)"] if run["interrupted"] else label


def _flags(values):
    """Hyperparameters as flags, without the fold of a cross-validation: tuple of `str`."""
    every = (" ".join(flags({name: value})) for name, value in values.items())
    return tuple(flag for flag in every if not re.fullmatch("--validation [0-9]+/[0-9]+", flag))


def table(groups):
    """Formats the table of groups from `rank`."""
    rows = []
    for group in groups:
        runs, best = group["runs"], group["runs"][0]
        row = {
            "run": " ".join(group["label"]),
            "train rows": f"{best['data']['rows']['train']:,}",
            "held-out accuracy": comparison.spread(group["validation_accuracy"]),
            "test accuracy": comparison.spread(group["test_accuracy"]),
            "macro F1": f"{fmean(group['macro_f1']):.4f}" if group["macro_f1"] else "",
            "tutorial": f"{best['tutorial_accuracy']:.4f}" if best["tutorial_accuracy"] else "",
            "seeds": " ".join(map(str, sorted({run["seed"] for run in runs}))),
            "seconds": f"{median(group['seconds']):.0f}" if group["seconds"] else "",
            "parameters": f"{best['parameters']:,}",
            "best run": best["directory"],
        }
        rows.append(row)
    return comparison.table(rows)


def write_csv(path, groups):
    """Writes a row for each run: its scores and hyperparameters.

    Args:
        path: the file.
        groups: from `rank`, of all corpora.
    """
    runs = [run | {"label": " ".join(group["label"])} for group in groups for run in group["runs"]]
    names = dict.fromkeys(name for run in runs for name in run["hyperparameters"])
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
    parser = command_line.parser_of_paths("compare.py", __doc__)
    add = parser.add_argument
    add("run", metavar="RUN", nargs="*", help="runs, or directories of runs; default: runs/")
    add("--picture", metavar="FILE", default="comparison.png", help="default: %(default)s")
    add("--csv", metavar="FILE", help="CSV file for the scores and hyperparameters of every run")
    options = parser.parse_args(arguments)
    with process.one_line_errors("compare.py"), process.reader_may_leave():
        ranked = []
        for number, results in enumerate(grouped(_load_all(options.run), _test_rows), start=1):
            groups, rows = rank(results), max(r["data"]["rows"]["test"] for r in results)
            name = " ".join([results[0]["corpus"], *flags(results[0]["data"]["options"])])
            corpus = f"{name}: {f'{rows:,} test' if rows else 'held-out'} rows"
            heading = f"{corpus}; sorted by {comparison.PANELS[order(results)]}"
            process.show(heading, table(groups))
            picture = Path(options.picture)
            if number > 1:
                picture = picture.with_stem(f"{picture.stem}-{number}")
            replaced = " (replaced)" if picture.exists() else ""
            plots.save(comparison.plot(groups, corpus), picture)
            process.show(f"picture: {picture}{replaced}")
            ranked += groups
        if options.csv:
            write_csv(options.csv, ranked)
            process.show(f"rows: {options.csv}")


if __name__ == "__main__":
    main()
