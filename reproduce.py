"""Trains every recipe with several seeds and writes the README's tables.

They go to results.md and results.json. A run that is finished is not run again, and one that was
interrupted goes on: give the same command. Only the bags of words are trained each time.
"""

import argparse
import json
import signal
import statistics
import sys
from pathlib import Path

import corpus
import runtime
from experiments import FULL_TEXT, Experiment, recipes, run_all, switches
from rows import DataError
from runs import RunError

AG_NEWS_TRAIN_ROWS = 120_000


def report(recipes, seeds, switches, switch_seeds, results, baselines, rows):
    """The contents of results.json.

    Args:
        recipes: list of `Experiment`.
        switches: list of (remark, `Experiment`).
        seeds, switch_seeds: of their runs.
        results: dict of (experiment, seed) to the contents of a result.json.
        baselines: list of dicts as in the result.
        rows: the `corpus.Corpus`.
    """

    def line(experiment, seeds=seeds):
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
        "switch_seeds": switch_seeds,
        "machine": runtime.machine(),
        "baselines": baselines,
        "recipes": [line(experiment) for experiment in recipes],
        "switches": [
            {"remark": remark, "base": line(base(switch), switch_seeds)}
            | line(switch, switch_seeds)
            for remark, switch in switches
        ],
    }


def base(switch):
    """The recipe that a switch is compared with."""
    return Experiment(switch.script, switch.recipe)


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
        seeds = ", ".join(map(str, report["switch_seeds"]))
        lines += [
            "",
            f"Switches, seeds {seeds}, each against its recipe with the same seeds:",
            "",
        ]
        lines += ["| switch | command | test accuracy | without it | difference |"]
        lines += ["|---|---|---|---|---|"]
    for entry in report["switches"]:
        after, before = (statistics.mean(e["accuracies"]) for e in (entry, entry["base"]))
        figures = f"{after:.4f}", f"{before:.4f}", f"{after - before:+.4f}"
        lines.append(_row(entry["remark"], f"`{entry['command']}`", *figures))
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


def width_of(vectors):
    """The width of a file of word vectors: reads it, lest it fail after an hour of runs."""
    import embeddings

    matrix, _ = embeddings.load(vectors, ["the", "of", "and", "in"])
    return matrix.shape[1]


def main(arguments=None):
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="reproduce.py", description=__doc__, allow_abbrev=False)
    parser.add_argument("--data", default="ag_news", help="as of the training scripts")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--switch-seeds", nargs="+", type=int, help="default: those of --seeds")
    parser.add_argument("--dir", help="of the runs and the tables; default: runs/reproduce")
    parser.add_argument("--embeddings", metavar="FILE", help="word vectors: more switches")
    parser.add_argument("--no-switches", action="store_true", help="the recipes alone")
    parser.add_argument(
        "--quick", action="store_true", help="see it work: the sample, one seed, no fast recipes"
    )
    options = parser.parse_args(arguments)
    if options.quick:
        options.data, options.seeds, options.no_switches = "sample", [1], True
    directory = Path(options.dir or ("runs/quick" if options.quick else "runs/reproduce"))
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        rows = corpus.load(options.data)
        vectors, pairs = options.embeddings, []
        if not options.no_switches:
            pairs = switches(vectors, width_of(vectors) if vectors else None)
        seeds = list(dict.fromkeys(options.seeds))
        switch_seeds = list(dict.fromkeys(options.switch_seeds or seeds))
        chosen = [e for e in recipes() if not (options.quick and e.recipe.endswith("fast"))]
        results = run_all(chosen, seeds, options.data, directory)
        compared = [experiment for _, switch in pairs for experiment in (switch, base(switch))]
        compared = list(dict.fromkeys(compared))
        results |= run_all(compared, switch_seeds, options.data, directory)
        runtime.start_tensorflow()
        baselines = measure_baselines(rows, seeds)
        contents = report(chosen, seeds, pairs, switch_seeds, results, baselines, rows)
    except (DataError, RunError, OSError) as error:
        print(f"reproduce.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("reproduce.py: interrupted; the same command goes on", file=sys.stderr)
        return 130
    (directory / "results.json").write_text(json.dumps(contents, indent=2) + "\n")
    (directory / "results.md").write_text(markdown(contents))
    print(markdown(contents), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
