"""Finds the best of several values: trains with each, and compares accuracy on held-out rows.

    python sweep.py SCRIPT [RECIPE] --FIELD VALUE VALUE ... [--FIELD VALUE ...]

SCRIPT is a training script, such as train_lstm.py, and FIELD any of its hyperparameters; a switch
such as --mask takes true and false. Every combination is trained with every seed. Test rows are
never read. To continue after an interruption, run the same command: finished runs are kept in
--dir (a few kilobytes each) and are not repeated.
"""

import importlib
import itertools
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from corpus.errors import UserError
from experiments import PROJECT, comparison, experiment, selection
from experiments.executors import SameProcess
from experiments.runs import executor_for, run_all
from training import command_line, plots, process, recipes


@dataclass(frozen=True)
class Options(recipes.DataOptions):
    """How the values are compared."""

    # Train each combination with each of these seeds.
    seeds: tuple[int, ...] = (1, 2, 3)
    # Cross-validation: split the training rows into this many parts, and hold out each in turn
    # (0: use the corpus's own validation rows or, if it has none, hold out a tenth).
    folds: int = 0
    # Number of runs at the same time, each in its own process.
    workers: int = 1
    # Address of a Dask scheduler that distributes the runs.
    scheduler: str | None = None
    # Directory for the runs; without it, runs/sweeps/NAME, where NAME is the name of the corpus.
    dir: str | None = None
    # File for the picture of the accuracies.
    picture: str = "sweep.png"


def parse(words):
    """Reads the command line: (list of `Experiment`, names of the fields that vary, `Options`)."""
    if words[:1] == ["--help"]:
        print(__doc__.strip())
        raise SystemExit(0)
    with command_line.wrong_usage("sweep.py"):
        script = Path(words[0]).stem if words else ""
        is_there = (PROJECT / f"{script}.py").exists()
        module = importlib.import_module(script) if is_there else None
        if not hasattr(module, "RECIPES"):
            raise UserError("the training script comes first: sweep.py train_lstm.py ...")
        about = f"sweep.py {script}.py", __doc__, module.Hyperparameters, module.RECIPES
        recipe, values, options = command_line.read(*about, words[1:], Options(), several=True)
        if options.workers < 1 or options.folds == 1:
            raise UserError("--workers must be 1 or greater, --folds 0 or at least 2")
        products = itertools.product(*values.values())
        wanted = [experiment(script, recipe, **dict(zip(values, p, strict=True))) for p in products]
        for run in (run for combination in wanted for run in splits(combination, options.folds)):
            recipes.check_together(run.hyperparameters(), recipes.Options(trial=True))
        for seed in options.seeds:
            recipes.checked(recipes.Options(seed=seed))
    return wanted, [name for name in values if len(values[name]) > 1], options


def splits(wanted, folds):
    """Returns the experiments that measure one on held-out rows: one for each fold.

    Args:
        wanted: an `Experiment`.
        folds: the number of folds; 0 for one experiment, on the usual held-out rows.
    """
    choices = [f"{part}/{folds}" for part in range(1, folds + 1)]
    if not folds:
        choice = wanted.hyperparameters().validation
        choices = ["held-out" if choice in ("test", "none") else choice]
    changes = [(*wanted.changes, ("validation", choice)) for choice in choices]
    return [replace(wanted, changes=change) for change in changes]


def measure(wanted, options):
    """Makes the runs: for each `Experiment`, a list of the results of all seeds and folds."""
    directory = options.dir or Path("runs", "sweeps", Path(options.data).name.replace(":", "-"))
    runs = {e: splits(e, options.folds) for e in wanted}
    in_turn = [(s, seed) for seed in options.seeds for some in runs.values() for s in some]
    results = run_all(in_turn, options, directory, executor_for(options, SameProcess()), True)
    return [[results[s, seed] for seed in options.seeds for s in runs[e]] for e in wanted]


def main(arguments=None):
    """Runs the command line.

    Raises:
        SystemExit: status 1 after an error, 2 for wrong usage, 130 or 143 if interrupted.
    """
    words = command_line.typed_arguments() if arguments is None else [*map(str, arguments)]
    wanted, fields, options = parse(words)
    interrupted = "Interrupted. To continue, run the same command."
    with process.one_line_errors("sweep.py", interrupted=interrupted), process.signals():
        groups = []
        for made, runs in zip(wanted, measure(wanted, options), strict=True):
            values = recipes.flags({name: dict(made.changes)[name] for name in fields})
            groups.append(comparison.group([" ".join(values) or "as in the recipe"], runs))
        ranked = selection.ranked(groups)
        print(selection.table(ranked))
        title = f"{wanted[0].script} {wanted[0].recipe}, {options.data}"
        plots.save(comparison.plot(groups, title), options.picture)
        winner = wanted[groups.index(ranked[0])]
        print(f"picture: {options.picture}")
        command = shlex.join([*shlex.split(winner.command), *options.words()])
        print(f"train the best: python {command}")


if __name__ == "__main__":
    main()
