"""The command line of the training scripts: a recipe, then --FIELD VALUE for what differs."""

import argparse
import inspect
import math
import sys
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Literal, get_args, get_origin

# The headings of --help: as in the comments `# -- text --` above the fields.
GROUPS = ("data", "text", "model", "training", "run")
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

    # -- data --
    # Where the rows come from: "ag_news" (downloaded once), "sample" (ships with the project, no
    # network), or a directory that holds train.csv and test.csv.
    data: str = "ag_news"
    # Test rows to use; 0 means all.
    test_rows: int = 0
    # -- run --
    # Seed of the initial weights and of the order of the batches: another seed, another result.
    seed: int = 1
    # Directory of the run; by default runs/SCRIPT-RECIPE-TIME.
    run_dir: str | None = None
    # Go on with the unfinished run in --run-dir.
    resume: bool = False
    # Replace the finished run in --run-dir, once this one is complete.
    overwrite: bool = False
    # "all": each batch is shared among all GPUs of the machine.
    devices: Literal["one", "all"] = "one"
    # Directory of TensorBoard's logs, where this run adds its own; needs tensorboard.
    tensorboard: str | None = None
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
    for before, argument in pairwise(arguments):
        if argument in recipes and not before.startswith("-"):
            _stop(script, f"the recipe comes first: {script}.py {argument} --FIELD VALUE ...")
    parts = [recipes[name].hyperparameters, RunOptions()]
    values = vars(_parser(script, about, recipes, name, parts).parse_args(arguments))
    hyperparameters, run = (
        replace(part, **{field.name: values[field.name] for field in fields(part)})
        for part in parts
    )
    _check_numbers(script, hyperparameters)
    _check_numbers(script, run)
    if run.resume and not run.run_dir:
        _stop(script, "--resume needs --run-dir, the directory of the run to go on with")
    return name, hyperparameters, run


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        _stop(self.prog.partition(".py")[0], f"{message}; --help lists all options")


def _parser(script, about, recipes, name, parts):
    """An option for each field of the parts, whose values are the defaults."""
    width = max(map(len, recipes))
    lines = [f"  {recipe:{width}}  {recipes[recipe].about}" for recipe in recipes]
    parser = _Parser(
        prog=f"{script}.py",
        usage=f"{script}.py [{'|'.join(recipes)}] [--FIELD VALUE ...]",
        description="\n".join(
            [f"{about}\n", "recipes (test accuracy and time, 61,424 train rows, two cores):"]
            + lines
            + [f"\nThe defaults below are those of {name}."]
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    groups = {title: parser.add_argument_group(title) for title in GROUPS}
    for part in reversed(parts):  # --data first
        comments = _comments(type(part))
        for field in fields(part):
            title, comment = comments[field.name]
            default = getattr(part, field.name)
            about = f"{comment} (default: {default})".replace("%", "%%")
            flag = "--" + field.name.replace("_", "-")
            groups[title].add_argument(flag, default=default, help=about, **_values(field.type))
    return parser


def _comments(options):
    """For each field of a dataclass (the heading it stands under, the comment above it)."""
    found, title, comment = {}, "model", []
    for line in map(str.strip, inspect.getsource(options).splitlines()):
        if line.startswith("# -- "):
            title = line.strip("# -")
        elif line.startswith("#"):
            comment.append(line.lstrip("# "))
        else:
            found[line.partition(":")[0]] = (title, " ".join(comment))
            comment = []
    return found


def _values(kind):
    """What argparse has to know of a field's type."""
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if get_origin(kind) is Literal:
        return {"choices": get_args(kind)}
    if kind == str | None:
        return {"metavar": "PATH"}
    return {"type": kind, "metavar": kind.__name__.upper()}


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
