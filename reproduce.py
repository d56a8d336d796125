"""Trains every recipe with several seeds and prints the tables of docs/results.md.

They are also written to results.md and results.json in --dir, with the picture rows.png. To
continue after an interruption, run the same command: finished runs are not repeated, and an
unfinished one is resumed.
"""

import json
from pathlib import Path
from statistics import mean, median

import experiments
from corpus.loading import load
from experiments import experiment, few_rows
from experiments.executors import LocalExecutor, SameProcess
from experiments.runs import executor_for, run_all
from training import command_line, plots, process
from training.atomic import atomic_write
from training.machine import is_shared
from training.recipes import DataOptions

BASELINES = {
    "majority class": experiment("baselines", "majority"),
    "bag of words, as fastText's, titles": experiment("baselines", "bag-of-words", text="title"),
    "TF-IDF, logistic regression, titles": experiment("baselines", "tf-idf", text="title"),
    "bag of words, as fastText's": experiment("baselines", "bag-of-words"),
    "TF-IDF, logistic regression": experiment("baselines", "tf-idf"),
}
HEADER = [
    "| command | test accuracy | lowest to highest | the tutorial's | seconds | parameters |",
    "|---|---|---|---|---|---|",
]


def recipe_table(report):
    """Formats the table of all recipes; for the argument see `measure`."""
    lines = [*HEADER, *(_row(f"`{entry['command']}`", entry) for entry in report["recipes"]), ""]
    lines += [f"{report['rows']}. Seeds {_seeds(report)}. Seconds: median of runs made alone.", ""]
    lines += [f"Machine: {report['machine']}. Commit: {report['commit']}."]
    return "\n".join(lines) + "\n"


def baseline_table(report):
    """Formats the table of the baselines and the `best` recipes in docs/results.md."""
    lines = ["Baselines and `best`, on the same rows and with the same seeds:", "", *HEADER]
    lines += [_row(entry["name"], entry) for entry in report["baselines"]]
    best = [entry for entry in report["recipes"] if entry["command"].split()[1] == "best"]
    lines += [_row(f"`{entry['command']}`", entry) for entry in best]
    return "\n".join(lines) + "\n"


def switch_table(report):
    """Formats the table of the switches in docs/results.md."""
    lines = [
        f"Switches (seeds {_seeds(report)}), each compared with its recipe for the same seeds:",
        "",
        "| switch | command | test accuracy | without it | difference |",
        "|---|---|---|---|---|",
    ]
    for entry in report["switches"]:
        after, before = mean(entry["accuracies"]), mean(entry["base"]["accuracies"])
        figures = f"{after:.4f} | {before:.4f} | {after - before:+.4f}"
        lines.append(f"| {entry['remark']} | `{entry['command']}` | {figures} |")
    return "\n".join(lines) + "\n"


def markdown(report):
    """Formats all tables; for the argument see `measure`."""
    tables = [recipe_table(report), baseline_table(report)]
    if report["few_rows"]:
        tables += [switch_table(report), few_rows.table(report["few_rows"])]
    return "\n".join(tables)


def _seeds(report):
    return ", ".join(map(str, report["seeds"]))


def _row(name, entry):
    accuracies, tutorial = entry["accuracies"], entry.get("tutorial_accuracy")
    cells = [
        name,
        f"{mean(accuracies):.4f}",
        f"{min(accuracies):.4f} to {max(accuracies):.4f}",
        f"{tutorial:.4f}" if tutorial else "",
        f"{median(entry['seconds']):.0f}" if entry.get("seconds") else "",
        f"{entry['parameters']:,}",
    ]
    return f"| {' | '.join(cells)} |"


def measure(options):
    """Makes the runs that the command line asks for.

    Returns:
        The contents of results.json: a dict of "rows", "train_rows", "seeds", "machine",
        "commit", "baselines", "recipes", "switches" and "few_rows", see `few_rows.report`.
    """
    data, seeds = DataOptions(options.data), list(dict.fromkeys(options.seeds))
    corpus = load(options.data)
    switches = [] if options.quick else experiments.switches()
    few = {} if options.quick else few_rows.runs(len(corpus.train))
    skipped = ("titles-fast", "masked-fast", "fast", "own") if options.quick else ()
    recipes = [e for e in experiments.recipes() if e.recipe not in skipped]
    wanted = [*recipes, *(switch for _, switch in switches), *BASELINES.values()]
    every = list(dict.fromkeys([*wanted, *(e for several in few.values() for e in several)]))
    networks = [(e, seed) for seed in seeds for e in every if e.script != "baselines"]
    baselines = [(e, seed) for seed in seeds for e in every if e.script == "baselines"]
    results = run_all(networks, data, options.dir, executor_for(options, LocalExecutor()))
    machines = {result["machine"] for result in results.values()}
    alone = {machine for machine in machines if not is_shared(machine)}
    results |= run_all(baselines, data, options.dir, SameProcess())
    entries = {e: entry(e, [results[e, seed] for seed in seeds]) for e in every}
    if not corpus.official_test:
        entries = {e: values | {"tutorial_accuracy": None} for e, values in entries.items()}
    name, part = ("AG News", " of 120,000") if corpus.official_test else (corpus.name, "")
    rows = f"at most {len(corpus.train):,}{part} train rows, {len(corpus.test):,} test rows"
    return {
        "rows": f"{name}, {rows}",
        "train_rows": len(corpus.train),
        "seeds": seeds,
        "machine": "; ".join(sorted(alone or machines)),
        "commit": ", ".join(sorted({_commit(**result["code"]) for result in results.values()})),
        "baselines": [
            {"name": name} | entries[e] | {"seconds": []} for name, e in BASELINES.items()
        ],
        "recipes": [entries[recipe] for recipe in recipes],
        "switches": [
            {"remark": remark, "base": entries[experiment(switch.script, switch.recipe)]}
            | entries[switch]
            for remark, switch in switches
        ],
        "few_rows": None if options.quick else few_rows.report(results, seeds, len(corpus.train)),
    }


def _commit(commit, changed, **_):
    return f"{(commit or 'unknown')[:7]}{' (files changed since)' if changed else ''}"


def entry(experiment, results):
    """Makes an entry of results.json from the result.json of each seed.

    Seconds of a shared machine are left out.
    """
    alone = [result for result in results if not is_shared(result["machine"])]
    return {
        "command": experiment.command,
        "accuracies": [result["test_accuracy"] for result in results],
        "seconds": [result["seconds"]["total"] for result in alone],
        "parameters": results[0]["parameters"],
        "tutorial_accuracy": experiment.module.RECIPES[experiment.recipe].tutorial_accuracy,
    }


def parse(arguments=None):
    """Reads the command line."""
    parser = command_line.parser_of_paths("reproduce.py", __doc__)
    add = parser.add_argument
    add("--data", default="ag_news", help="see the training scripts")
    add("--seeds", nargs="+", type=int, default=[1, 2, 3], help="default: 1 2 3")
    add("--dir", default="runs/reproduce", help="for runs and tables; default: %(default)s")
    add(
        "--quick",
        action="store_true",
        help="the sample, one seed, no fast, no own, no switch, not few rows",
    )
    executor = parser.add_mutually_exclusive_group()
    executor.add_argument("--workers", type=int, default=1, help="runs at once; default: 1")
    executor.add_argument("--scheduler", type=str, metavar="ADDRESS", help="of a Dask cluster")
    options = parser.parse_args(arguments)
    if options.quick:  # it changes defaults; what was given stays
        parser.set_defaults(data="sample", seeds=[1], dir="runs/quick")
        options = parser.parse_args(arguments)
    if options.workers < 1:
        parser.error("--workers must be 1 or greater")
    return options


def main(arguments=None):
    """Runs the command line.

    Raises:
        SystemExit: status 1 after an error, 2 for wrong usage, 130 or 143 if interrupted.
    """
    options = parse(arguments)
    interrupted = "Interrupted. To continue, run the same command."
    with process.one_line_errors("reproduce.py", interrupted=interrupted), process.long_work():
        report = measure(options)
        tables, values = markdown(report), json.dumps(report, indent=2) + "\n"
        for name, content in {"results.json": values, "results.md": tables}.items():
            with atomic_write(Path(options.dir) / name) as path:
                path.write_text(content, encoding="utf-8")
        if report["few_rows"]:
            plots.save(few_rows.draw(report["few_rows"]), Path(options.dir) / "rows.png")
        print(tables, end="")


if __name__ == "__main__":
    main()
