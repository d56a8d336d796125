"""The command line: a recipe, then --FIELD VALUE for what differs; and errors of one line."""

import argparse
import os
import sys
from contextlib import contextmanager
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import get_type_hints

from corpus.errors import UserError
from training import comments, recipes
from training.recipes import Options, Switches

# The options that are paths, and how --help names their value.
PATHS = {"data": "SOURCE", "run_dir": "DIR", "tensorboard": "DIR", "embeddings": "FILE"}
LESS_MEMORY = "try a smaller --batch-size, --max-words, --units or --vocab-size"
KERNEL = "kernel_launcher"  # what Jupyter starts: its command line is no script's


def parse(script, about, kind, known, arguments=None):
    """Reads the command line of a training script.

    Args:
        script: its name, without .py.
        about: a sentence on what it trains, for --help.
        kind: its class `Hyperparameters`.
        known: dict of name to `Recipe`; the first is the default.
        arguments: list of `str`; None for those of `given`.

    Returns:
        (name of the recipe, hyperparameters, `Options`).

    Raises:
        SystemExit: with status 2 and a short message for wrong usage, 0 after --help.
    """
    arguments = given() if arguments is None else list(map(str, arguments))
    name = next(iter(known))
    if arguments and not arguments[0].startswith("-"):
        name = arguments.pop(0)
    if name not in known:
        _stop(script, f"no recipe {name!r}; the recipes are {', '.join(known)}")
    for before, argument in pairwise(arguments):
        if argument in known and not before.startswith("-"):
            _stop(script, f"the recipe comes first: {script}.py {argument} --FIELD VALUE ...")
    try:
        parts = [_checked_recipes(kind, known)[name], Options()]
        parser = _parser(script, _description(about, known, name), known, parts)
        values = vars(parser.parse_args(arguments))
        hyperparameters, options = (
            type(part)(
                **recipes.checked(type(part), {f.name: values[f.name] for f in fields(part)})
            )
            for part in parts
        )
        recipes.check_together(hyperparameters, options)
    except UserError as error:
        _stop(script, _as_on_the_command_line(str(error), arguments))
    if options.resume and not options.run_dir:
        _stop(script, "--resume needs --run-dir, the directory of the run to go on with")
    return name, hyperparameters, options


def given():
    """The arguments that the process was started with, unless it is a notebook's."""
    return [] if Path(sys.argv[0]).stem.endswith(KERNEL) else sys.argv[1:]


def _checked_recipes(kind, known):
    """The hyperparameters of every recipe: an error in any of them is found at once."""
    taken = {field.name for field in fields(Options)} | {"script", "recipe", "rows_hash"}
    clash = taken & {field.name for field in fields(kind)}
    if clash:
        raise UserError(f"{clash.pop()} is an option of every run: give the field another name")
    result, where = {}, "at the top of the file"
    try:
        recipes.defaults(kind)
        for name, recipe in known.items():
            where = f"recipe {name}"
            result[name] = recipe.hyperparameters(kind)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error
    return result


def _as_on_the_command_line(message, arguments):
    """`units 0: ...` as `--units 0: ...` where that is what was typed."""
    flag = "--" + message.partition(" ")[0].replace("_", "-")
    typed = any(argument.partition("=")[0] == flag for argument in arguments)
    return f"{flag} {message.partition(' ')[2]}" if typed else message


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        _stop(self.prog.removesuffix(".py"), f"{message}; --help lists all options")


def _description(about, known, name):
    width = max(map(len, known))
    lines = [f"  {recipe:{width}}  {known[recipe].about}" for recipe in known]
    end = f"\nThe defaults below are those of {name}."
    return "\n".join([f"{about.strip()}\n", "recipes:", *lines, end])


def _parser(script, description, known, parts):
    """An option for each field of the parts, whose values are the defaults."""
    parser = _Parser(
        prog=f"{script}.py",
        usage=f"{script}.py [{'|'.join(known)}] [--FIELD VALUE ...]".replace("%", "%%"),
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    groups = {}
    for part in parts:
        annotations, told = get_type_hints(type(part)), comments.of_fields(type(part))
        # A script's own first, then the switches that it has from its base.
        for field in sorted(fields(part), key=lambda f: told[f.name].owner is Switches):
            comment, default = told[field.name], getattr(part, field.name)
            title = comment.heading or _title(comment.owner)
            if title not in groups:
                groups[title] = parser.add_argument_group(title)
            about = f"{comment.text} (default: {recipes.as_text(default)})".strip().replace(
                "%", "%%"
            )
            flag = "--" + field.name.replace("_", "-")
            value = _value(field.name, annotations[field.name])
            try:
                groups[title].add_argument(flag, default=default, help=about, **value)
            except argparse.ArgumentError as error:
                raise UserError(f"{field.name}: {error.message}: give it another name") from error
    return parser


def _title(owner):
    return {Switches: "switches", Options: "run"}.get(owner, "hyperparameters")


def _value(name, annotation):
    """What argparse has to know of an option's values."""
    allowed = recipes.members(annotation)
    if allowed == [bool]:
        return {"action": argparse.BooleanOptionalAction}
    kinds = [member for member in allowed if isinstance(member, type) and member is not bool]
    known = [member for member in allowed if not isinstance(member, type)]
    by_text = {recipes.as_text(value): value for value in known}
    by_text |= {"true": True, "false": False} if bool in allowed else {}
    if not kinds:
        shown = "{" + ",".join(by_text) + "}"
        return {"type": _Reader(name, by_text, []), "metavar": shown}
    metavar = PATHS.get(name) or {str: "TEXT"}.get(kinds[0], kinds[0].__name__.upper())
    return {"type": _Reader(name, by_text, kinds), "metavar": metavar}


class _Reader:
    """Turns the text of an option into its value: a known one, or of the first type that fits.

    argparse calls it, and names the option in front of its message.
    """

    def __init__(self, name, by_text, kinds):
        self.name, self.by_text, self.kinds = name, by_text, kinds
        names = [*by_text, *(kind.__name__ for kind in kinds)]
        self.__name__ = " or ".join(names)

    def __call__(self, text):
        if text in self.by_text:
            return self.by_text[text]
        if not text and self.name in PATHS:
            raise argparse.ArgumentTypeError("is empty")
        for kind in self.kinds:
            try:
                return kind(text)
            except ValueError:
                continue
        raise argparse.ArgumentTypeError(f"{text!r} is not {self.__name__}")


def tell(message):
    """Prints a line on standard error, nowhere if that is closed."""
    if sys.stderr is not None:  # print would take standard output
        print(message, file=sys.stderr)


def _stop(script, message):
    tell(f"{script}.py: {message}")
    raise SystemExit(2)


@contextmanager
def errors(program, interrupted="interrupted", memory=LESS_MEMORY):
    """Ends a block in one line on standard error where something is wrong that a user can mend.

    Args:
        program: the name of the script, with .py.
        interrupted: what is said after Ctrl-C.
        memory: what helps where there is too little of it.

    Yields:
        An object whose `status` is the exit status: 0, 1 for an error, 130 for Ctrl-C.
    """
    end = SimpleNamespace(status=0)
    try:
        yield end
    except UserError as error:
        end.status = 1
        tell(f"{program}: {error}")
    except OSError as error:  # of a file, which it names, or of a stream
        end.status = 1
        where = error.filename or "standard output"
        tell(f"{program}: {where}: {error.strerror or error}")
    except KeyboardInterrupt:
        end.status = 130
        tell(f"\n{program}: {interrupted}")
    except Exception as error:
        # By name: TensorFlow's, which is not imported here. --help should not wait for it.
        if not isinstance(error, MemoryError) and type(error).__name__ != "ResourceExhaustedError":
            raise
        end.status = 1
        tell(f"{program}: out of memory; {memory}")


@contextmanager
def reader_that_may_leave():
    """Ends quietly where the reader of standard output, `head` for one, has enough."""
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def allow_any_output():
    """Lets standard output take any text: where its encoding lacks a character, as a `?`."""
    if hasattr(sys.stdout, "reconfigure"):  # a notebook's has no need of it
        sys.stdout.reconfigure(errors="replace")
