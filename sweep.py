"""Finds the best of several values: trains with each, and compares accuracy on held-out rows.

    python sweep.py SCRIPT [RECIPE] --FIELD VALUE VALUE ... [--FIELD VALUE ...]

SCRIPT is a training script, such as train_lstm.py, and FIELD any of its hyperparameters; a switch
such as --mask takes true and false. Every combination is trained with every seed. Test rows are
never read. To continue after an interruption, run the same command: finished runs are kept in
--dir (a few kilobytes each) and are not repeated.
"""

import importlib
import itertools
from dataclasses import dataclass, replace
from pathlib import Path

from corpus.errors import UserError
from experiments import comparison, experiment, selection
from experiments.executors import SameProcess
from experiments.runs import executor_for, run_all
from training import command_line, plots, process, recipes
from training.machine import PROJECT


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
    if words[:1] in (["--help"], ["-h"]):
        print((__doc__ or "see docs/reference/compare.md").strip())  # python -OO has none
        raise SystemExit(0)
    with command_line.wrong_usage("sweep.py"):
        script, module = _training_script(words[0] if words else "")
        about = f"sweep.py {script}.py", __doc__, module.Hyperparameters, module.RECIPES
        recipe, values, options = command_line.read(*about, words[1:], Options(), several=True)
        if options.workers < 1 or options.folds == 1:
            raise UserError("--workers must be 1 or greater, --folds 0 or at least 2")
        values = {name: tuple(dict.fromkeys(several)) for name, several in values.items()}
        options = replace(options, seeds=tuple(dict.fromkeys(options.seeds)))
        products = itertools.product(*values.values())
        wanted = [experiment(script, recipe, **dict(zip(values, p, strict=True))) for p in products]
        for combination in wanted:
            recipes.check_together(combination.hyperparameters(), recipes.Options())
        for seed in options.seeds:
            recipes.checked(recipes.Options(seed=seed))
    return wanted, [name for name in values if len(values[name]) > 1], options


def _training_script(word):
    """(name, module) of a training script of the project, from a word of the command line."""
    file = Path(f"{word.removesuffix('.py')}.py")
    own = PROJECT / file.name
    named = own.exists() and (file.samefile(own) if file.exists() else file.parent == Path())
    module = importlib.import_module(file.stem) if named else None
    if not hasattr(module, "RECIPES"):
        raise UserError(f"the training script comes first: one in {PROJECT}, such as train_lstm.py")
    return file.stem, module


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
    changes = [dict(wanted.changes) | {"validation": choice} for choice in choices]
    return [replace(wanted, changes=tuple(change.items())) for change in changes]


def measure(wanted, options):
    """Makes the runs: dict of `Experiment` to the results of all seeds and folds, in order.

    Experiments of which a run failed are left out.
    """
    directory = options.dir or Path("runs", "sweeps", Path(options.data).name.replace(":", "-"))
    runs = {
        e: [(s, seed) for seed in options.seeds for s in splits(e, options.folds)] for e in wanted
    }
    in_turn = [run for some in zip(*runs.values(), strict=True) for run in some]
    results = run_all(in_turn, options, directory, executor_for(options, SameProcess()), True)
    return {e: [results[r] for r in some] for e, some in runs.items() if results.keys() >= {*some}}


def main(arguments=None):
    """Runs the command line.

    Raises:
        SystemExit: status 1 after an error, 2 for wrong usage, 130 or 143 if interrupted.
    """
    words = command_line.typed_arguments() if arguments is None else [*map(str, arguments)]
    wanted, fields, options = parse(words)
    end = {"interrupted": "Interrupted. To continue, run the same command."}
    with process.one_line_errors("sweep.py", **end), process.long_work():
        measured, groups = measure(wanted, options), []
        for made, runs in measured.items():
            values = recipes.flags({name: dict(made.changes)[name] for name in fields})
            groups.append(comparison.group([" ".join(values) or "as in the recipe"], runs))
        if groups:
            _report(groups, [*measured], options)
        if failed := len(wanted) - len(groups):
            raise UserError(f"{failed} of {len(wanted)} combinations failed, and are left out")


def _report(groups, experiments, options):
    """Prints the table and the command that trains the best; draws the picture."""
    ranked = selection.ranked(groups)
    process.show(selection.table(ranked))
    winner = experiments[groups.index(ranked[0])]
    words = [winner.recipe, *winner.options, *options.words()]
    process.show(f"train the best: {command_line.shell_command(winner.script, words)}")
    title = f"{winner.script} {winner.recipe}, {options.data}"
    plots.save(comparison.plot(groups, title), options.picture)
    process.show(f"picture: {options.picture}")


if __name__ == "__main__":
    main()
