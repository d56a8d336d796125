"""Trains every recipe with several seeds and writes the README's tables.

They go to results.md and results.json. A run that is finished is not run again, and one that was
interrupted goes on: give the same command. Only the bags of words are trained each time.
"""

import argparse
import json
import statistics
import sys
from contextlib import contextmanager
from pathlib import Path

import experiments
from corpus import load
from experiments import FULL_TEXT, experiment
from experiments.runs import Here, run_all
from training import backend, command_line, interrupts
from training.machine import machine
from training.vector_files import width_of
from training.whole import whole

AG_NEWS_TRAIN_ROWS = 120_000
HEADER = [
    "| command | test accuracy | lowest to highest | the tutorial's | seconds | parameters |",
    "|---|---|---|---|---|---|",
]
SHARED = "Runs that shared a machine's cores have no seconds"


def report(corpus, results, baselines, recipes, seeds, switches=(), switch_seeds=()):
    """The contents of results.json.

    Args:
        corpus: the `corpus.Corpus` of the runs.
        results: dict of (experiment, seed) to the contents of a result.json, as of `run_all`.
        baselines: list of dicts as in the result.
        recipes, seeds: list of `Experiment`, and the seeds of their runs.
        switches, switch_seeds: list of (remark, `Experiment`), and the seeds of their runs.
    """

    def line(experiment, seeds=seeds):
        runs = [results[experiment, seed] for seed in seeds]
        alone = all(run["alone"] for run in runs)
        return {
            "command": experiment.command,
            "accuracies": [run["test_accuracy"] for run in runs],
            **({"seconds": [run["seconds"]["total"] for run in runs]} if alone else {}),
            "parameters": runs[0]["parameters"],
            "tutorial_accuracy": runs[0]["tutorial_accuracy"],
        }

    return {
        "rows": describe(corpus),
        "train_rows": len(corpus.train),
        "seeds": seeds,
        "switch_seeds": switch_seeds,
        "machine": "; ".join(sorted({run.get("machine", machine()) for run in results.values()})),
        "baselines": baselines,
        "recipes": [line(recipe) for recipe in recipes],
        "switches": [
            {"remark": remark, "base": line(base(switch), switch_seeds)}
            | line(switch, switch_seeds)
            for remark, switch in switches
        ],
    }


def base(switch):
    """The recipe that a switch is compared with."""
    return experiment(switch.script, switch.recipe)


def recipe_table(report):
    """The README's table of a `report`: every recipe."""
    lines = [_row(f"`{entry['command']}`", *_cells(entry)) for entry in report["recipes"]]
    seeds = ", ".join(map(str, report["seeds"]))
    told = all("seconds" in entry for entry in report["recipes"])
    seconds = "Seconds: median of whole runs" if told else SHARED
    lines += ["", f"{report['rows']}. Seeds {seeds}. {seconds}.", ""]
    lines += [f"Machine: {report['machine']}."]
    return "\n".join(HEADER + lines) + "\n"


def baseline_table(report):
    """The table of the baselines in docs/results.md, and of what has to beat them."""
    lines = [_row(entry["name"], *_cells(entry)) for entry in report["baselines"]]
    best = [entry for entry in report["recipes"] if entry["command"].split()[1] == "best"]
    lines += [_row(f"`{entry['command']}`", *_cells(entry)) for entry in best]
    lines[:0] = ["Baselines and `best`, on the same rows and with the same seeds:", "", *HEADER]
    return "\n".join(lines) + "\n"


def switch_table(report):
    """The table of the switches in docs/results.md; empty where there are none."""
    if not report["switches"]:
        return ""
    seeds = ", ".join(map(str, report["switch_seeds"]))
    lines = [
        f"Switches, seeds {seeds}, each against its recipe with the same seeds:",
        "",
        "| switch | command | test accuracy | without it | difference |",
        "|---|---|---|---|---|",
    ]
    for entry in report["switches"]:
        after, before = (statistics.mean(e["accuracies"]) for e in (entry, entry["base"]))
        figures = f"{after:.4f}", f"{before:.4f}", f"{after - before:+.4f}"
        lines.append(_row(entry["remark"], f"`{entry['command']}`", *figures))
    return "\n".join(lines) + "\n"


def markdown(report):
    """All tables."""
    tables = recipe_table(report), baseline_table(report), switch_table(report)
    return "\n".join(table for table in tables if table)


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


def measure_baselines(corpus, seeds):
    """What experiments/baselines.py has, on a `corpus.Corpus`."""
    from experiments import baselines

    share = baselines.majority_class(corpus.train.labels, corpus.test.labels)
    lines = [_baseline("majority class", [(share, 0)])]
    for where, text in ((", titles", "title"), ("", FULL_TEXT)):
        runs = [baselines.bag_of_words(corpus, text, seed) for seed in seeds]
        lines.append(_baseline(f"bag of words, as fastText's{where}", runs))
        if run := baselines.tf_idf(corpus.train, corpus.test, text):  # the same for every seed
            lines.append(_baseline(f"TF-IDF, logistic regression{where}", [run]))
    return lines


def _baseline(name, runs):
    accuracies, parameters = zip(*runs, strict=True)
    return {"name": name, "accuracies": list(accuracies), "parameters": parameters[0]}


def describe(corpus):
    """A sentence on the rows of a `corpus.Corpus`."""
    test = f"{len(corpus.test):,} test rows"
    if not corpus.official_test:
        return f"{len(corpus.train):,} train rows, {test}: {corpus.name}"
    part = "" if len(corpus.train) == AG_NEWS_TRAIN_ROWS else f" of {AG_NEWS_TRAIN_ROWS:,}"
    return f"At most {len(corpus.train):,}{part} train rows, the official test split of {test}"


def main(arguments=None):
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="reproduce.py", description=__doc__, allow_abbrev=False)
    parser.add_argument("--data", default="ag_news", help="as of the training scripts")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3], help="default: 1 2 3")
    parser.add_argument("--switch-seeds", nargs="+", type=int, help="default: those of --seeds")
    parser.add_argument("--dir", help="where runs and tables go; default: runs/reproduce")
    parser.add_argument("--embeddings", metavar="FILE", help="word vectors: more switches")
    parser.add_argument("--no-switches", action="store_true", help="the recipes alone")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--workers", type=int, default=1, help="runs at once, which share the cores")
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster that makes them")
    parser.add_argument(
        "--quick", action="store_true", help="see it work: the sample, one seed, no fast recipes"
    )
    options = parser.parse_args(arguments)
    if options.workers < 1 or options.scheduler == "":
        parser.error("--workers N is 1 at the least, --scheduler ADDRESS not empty")
    if options.quick:
        options.data, options.seeds, options.no_switches = "sample", [1], True
    directory = Path(options.dir or ("runs/quick" if options.quick else "runs/reproduce"))
    goes_on = "interrupted; the same command goes on"
    with interrupts.handled(), command_line.errors("reproduce.py", interrupted=goes_on) as end:
        contents = measure(options, directory)
        table = markdown(contents)
        with whole(directory / "results.json") as partial:
            partial.write_text(json.dumps(contents, indent=2) + "\n", encoding="utf-8")
        with whole(directory / "results.md") as partial:
            partial.write_text(table, encoding="utf-8")
        print(table, end="")
    return end.status


def measure(options, directory):
    """The contents of results.json, as the command line asks for them."""
    corpus, vectors, switches = load(options.data), options.embeddings, []
    if not options.no_switches:
        # Fails now, and not after an hour of runs, if the file holds no vectors.
        switches = experiments.switches(vectors, width_of(vectors) if vectors else None)
    seeds = list(dict.fromkeys(options.seeds))
    switch_seeds = list(dict.fromkeys(options.switch_seeds or seeds))
    recipes = [e for e in experiments.recipes() if not (options.quick and "fast" in e.recipe)]
    wanted = [(recipe, seed) for seed in seeds for recipe in recipes]
    compared = [one for _, switch in switches for one in (switch, base(switch))]
    wanted += [(one, seed) for seed in switch_seeds for one in compared]
    with place(options) as somewhere:
        results = run_all(list(dict.fromkeys(wanted)), options.data, directory, somewhere)
    backend.start()  # all runs are made: they have the terminal themselves
    from training import devices

    devices.prepare()
    baselines = measure_baselines(corpus, seeds)
    return report(corpus, results, baselines, recipes, seeds, switches, switch_seeds)


@contextmanager
def place(options):
    """Where the command line wants its runs made, as of `run_all`."""
    if options.scheduler is not None:
        from experiments.cluster import connected  # Dask is optional

        with connected(options.scheduler) as cluster:
            yield cluster
    else:
        yield Here(options.workers)


if __name__ == "__main__":
    sys.exit(main())
