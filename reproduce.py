"""Trains every recipe with several seeds and writes the README's tables.

They go to results.md and results.json. A run that is finished is not run again, and one that was
interrupted goes on: give the same command.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

import corpus
import runtime
from experiments import FULL_TEXT, Experiment, recipes, run_all, switches
from rows import DataError
from runs import RunError

AG_NEWS_TRAIN_ROWS = 120_000


def report(groups, results, baselines, rows):
    """The contents of results.json.

    Args:
        groups: dict with lists "recipes" of `Experiment` and "switches" of (remark, `Experiment`).
        results: dict of (experiment, seed) to the contents of a result.json.
        baselines: list of dicts as in the result.
        rows: the `corpus.Corpus`.
    """
    seeds = sorted({seed for _, seed in results})

    def line(experiment):
        runs = [results[experiment, seed] for seed in seeds]
        return {
            "command": experiment.command,
            "accuracies": [run["test_accuracy"] for run in runs],
            "seconds": [run["seconds"]["total"] for run in runs],
            "parameters": runs[0]["parameters"],
            "tutorial_accuracy": runs[0]["tutorial_accuracy"],
        }

    return {
        "rows": describe(rows),
        "train_rows": len(rows.train),
        "seeds": seeds,
        "machine": runtime.machine(),
        "baselines": baselines,
        "recipes": [line(experiment) for experiment in groups["recipes"]],
        "switches": [
            {"remark": remark, "base": line(Experiment(switch.script, switch.recipe))}
            | line(switch)
            for remark, switch in groups["switches"]
        ],
    }


def markdown(report):
    """The README's tables of a `report`."""
    lines = [
        "| command | test accuracy | lowest to highest | the tutorial's | seconds | parameters |",
        "|---|---|---|---|---|---|",
    ]
    for entry in report["baselines"] + report["recipes"]:
        lines.append(_row(entry.get("name") or f"`{entry['command']}`", *_cells(entry)))
    seeds = ", ".join(map(str, report["seeds"]))
    lines += ["", f"{report['rows']}. Seeds {seeds}. Seconds: median of whole runs.", ""]
    lines += [f"Machine: {report['machine']}."]
    if report["switches"]:
        lines += ["", "| switch | command | test accuracy | without it | difference | seconds |"]
        lines += ["|---|---|---|---|---|---|"]
    for entry in report["switches"]:
        after, before = (statistics.mean(e["accuracies"]) for e in (entry, entry["base"]))
        seconds = [f"{statistics.median(e['seconds']):.0f}" for e in (entry, entry["base"])]
        figures = f"{after:.4f}", f"{before:.4f}", f"{after - before:+.4f}"
        lines.append(
            _row(entry["remark"], f"`{entry['command']}`", *figures, " for ".join(seconds))
        )
    return "\n".join(lines) + "\n"


def _row(*cells):
    return f"| {' | '.join(cells)} |"


def _cells(entry):
    accuracies, tutorial = entry["accuracies"], entry.get("tutorial_accuracy")
    return (
        f"{statistics.mean(accuracies):.4f}",
        f"{min(accuracies):.4f} to {max(accuracies):.4f}",
        f"{tutorial:.4f}" if tutorial else "",
        f"{statistics.median(entry['seconds']):.0f}" if "seconds" in entry else "",
        f"{entry['parameters']:,}",
    )


def measure_baselines(rows, seeds):
    """The majority class and bags of words, on a `corpus.Corpus`; see baselines.py."""
    import baselines

    share = baselines.majority_class(rows.train.labels, rows.test.labels)
    lines = [{"name": "majority class", "accuracies": [share], "parameters": 0}]
    for name, text in (("bag of words, titles", "title"), ("bag of words", FULL_TEXT)):
        runs = [baselines.bag_of_words(rows, text, seed) for seed in seeds]
        accuracies = [accuracy for accuracy, _ in runs]
        lines.append({"name": name, "accuracies": accuracies, "parameters": runs[0][1]})
    return lines


def describe(rows):
    """A sentence on the rows of a `corpus.Corpus`."""
    test = f"{len(rows.test):,} test rows"
    if not rows.official_test:
        return f"{len(rows.train):,} train rows, {test}: {rows.name}"
    part = "" if len(rows.train) == AG_NEWS_TRAIN_ROWS else f" of {AG_NEWS_TRAIN_ROWS:,}"
    return f"At most {len(rows.train):,}{part} train rows, the official test split of {test}"


def main(arguments=None):
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="reproduce.py", description=__doc__)
    parser.add_argument("--data", default="ag_news", help="as of the training scripts")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--dir", default="runs/reproduce", help="of the runs and the tables")
    parser.add_argument("--embeddings", metavar="FILE", help="word vectors, 50 wide: more switches")
    parser.add_argument("--no-switches", action="store_true", help="the recipes alone")
    parser.add_argument(
        "--quick", action="store_true", help="see it work: the recipes, one seed, the sample"
    )
    options = parser.parse_args(arguments)
    if options.quick:
        options.data, options.seeds, options.no_switches = "sample", [1], True
    groups = {
        "recipes": recipes(),
        "switches": [] if options.no_switches else switches(options.embeddings),
    }
    bases = [Experiment(switch.script, switch.recipe) for _, switch in groups["switches"]]
    experiments = groups["recipes"] + [switch for _, switch in groups["switches"]] + bases
    try:
        rows = corpus.load(options.data)
        runtime.start_tensorflow()
        results = run_all(list(dict.fromkeys(experiments)), options.seeds, rows, options.dir)
        baselines = measure_baselines(rows, options.seeds)
    except (DataError, RunError, OSError) as error:
        print(f"reproduce.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("reproduce.py: interrupted; the same command goes on", file=sys.stderr)
        return 130
    contents = report(groups, results, baselines, rows)
    directory = Path(options.dir)
    (directory / "results.json").write_text(json.dumps(contents, indent=2) + "\n")
    (directory / "results.md").write_text(markdown(contents))
    print(markdown(contents), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
