"""The command line of the training scripts: a recipe, then --FIELD VALUE for what differs."""

import math
import sys
from dataclasses import dataclass, fields, make_dataclass
from itertools import pairwise

import tyro

# What each number may be: (smallest, largest).
LIMITS = {
    "train_rows": (0, 100_000_000),
    "test_rows": (0, 100_000_000),
    "vectorizer_rows": (0, 100_000_000),
    "vocab_size": (3, 10_000_000),
    "embed_size": (1, 10_000),
    "units": (1, 10_000),
    "buckets": (1, 1000),
    "batch_size": (1, 100_000),
    "dropout": (0, 0.95),
    "epochs": (1, 10_000),
    "learning_rate": (1e-12, 100.0),
    "seed": (0, 2**32 - 1),
}


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters with a name on the command line.

    Attributes:
        hyperparameters: the script's `Hyperparameters`.
        about: one line for --help: what it is, expected accuracy and time.
        tutorial_accuracy: the tutorial's test accuracy, None where it gives none.
    """

    hyperparameters: object
    about: str
    tutorial_accuracy: float | None = None


@dataclass(frozen=True)
class RunOptions:
    """What every run has besides its hyperparameters."""

    # Where the rows come from: "ag_news" (downloaded once), "sample" (ships with the project, no
    # network), or a directory that holds train.csv and test.csv.
    data: str = "ag_news"
    # Test rows to use; 0 means all.
    test_rows: int = 0
    # Seed of the initial weights and of the order of the batches: another seed, another result.
    seed: int = 1
    # Directory of the run; by default runs/SCRIPT-RECIPE-TIME.
    run_dir: str | None = None
    # Go on with the unfinished run in --run-dir.
    resume: bool = False
    # Replace the finished run in --run-dir, once this one is complete.
    overwrite: bool = False
    # Print nothing but the result.
    quiet: bool = False


def parse(script, about, recipes, arguments):
    """Reads the command line of a training script.

    Args:
        script: its name, without .py.
        about: a sentence on what it trains, for --help.
        recipes: dict of name to `Recipe`; the first is the default.
        arguments: list of str, as `sys.argv[1:]`.

    Returns:
        (name of the recipe, hyperparameters, RunOptions).

    Raises:
        SystemExit: with status 2 and a short message for wrong usage, 0 after --help.
    """
    arguments = list(arguments)
    name = next(iter(recipes))
    if arguments and not arguments[0].startswith("-"):
        name = arguments.pop(0)
    if name not in recipes:
        _stop(script, f"no recipe {name!r}; the recipes are {', '.join(recipes)}")
    defaults = recipes[name].hyperparameters
    parts = [("hyperparameters", type(defaults)), ("run", RunOptions)]
    for before, argument in pairwise(arguments):
        if argument in recipes and not before.startswith("-"):
            _stop(script, f"the recipe comes first: {script}.py {argument} --FIELD VALUE ...")
    values = tyro.cli(
        tyro.conf.OmitArgPrefixes[make_dataclass("Arguments", parts)],
        default=make_dataclass("Arguments", parts)(defaults, RunOptions()),
        prog=f"{script}.py [{'|'.join(recipes)}]",
        description=_description(about, recipes, name),
        args=arguments,
    )
    for options in (values.hyperparameters, values.run):
        _check_numbers(script, options)
    if values.run.resume and not values.run.run_dir:
        _stop(script, "--resume needs --run-dir, the directory of the run to go on with")
    return name, values.hyperparameters, values.run


def _description(about, recipes, name):
    width = max(map(len, recipes))
    lines = [f"  {recipe:{width}}  {recipes[recipe].about}" for recipe in recipes]
    return (
        f"{about}\n\nrecipes (test accuracy and time with up to 61,424 train rows on two cores):\n"
        + "\n".join(lines)
        + f"\n\nThe defaults below are those of {name}."
    )


def _check_numbers(script, options):
    for field in fields(options):
        value = getattr(options, field.name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        smallest, largest = LIMITS[field.name]
        if not (math.isfinite(value) and smallest <= value <= largest):
            flag = "--" + field.name.replace("_", "-")
            _stop(script, f"{flag} {value}: must be from {smallest:g} to {largest:g}")


def _stop(script, message):
    print(f"{script}.py: {message}", file=sys.stderr)
    raise SystemExit(2)
