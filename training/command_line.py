"""The command line of a training script: a recipe, then --FIELD VALUE for what differs."""

import argparse
import difflib
import os
import shlex
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import get_args, get_type_hints

from corpus.errors import UserError
from training import recipes
from training.machine import PROJECT
from training.process import print_error
from training.recipes import Switches, as_flag, as_text, describe, members

PATHS = "data", "embeddings", "start_from", "picture", "run_dir", "dir", "tensorboard"
NOT_A = {int: "is not a whole number", float: "is not a number (write 0.5, not 0,5)"}


def typed_arguments():
    """The arguments that the process was started with, unless it is a notebook's kernel."""
    return [] if Path(sys.argv[0]).stem.endswith("kernel_launcher") else sys.argv[1:]


def parser_of_paths(program, about):
    """Makes an `argparse.ArgumentParser` for words that are paths unless they have another type."""
    parser = argparse.ArgumentParser(prog=program, description=about, allow_abbrev=False)
    parser.register("type", None, _path)
    return parser


def _path(text):
    """Converts a path: expands `~`, hides that it looks like an option, refuses "" and a URL."""
    if not text:
        raise argparse.ArgumentTypeError("is empty")
    if "://" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is not on this machine; use a local path")
    text = os.path.expanduser(text)
    return os.path.abspath(text) if text.startswith("-") else text


def shell_command(script, words):
    """Formats a command that starts a script from the current directory: `str`."""
    file = PROJECT / f"{script}.py"
    words = ["python", file.name if os.path.samefile(PROJECT, ".") else str(file), *words]
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def parse(script, about, kind, known, arguments, options=None):
    """Reads the command line of a training script.

    Args:
        script: its name, without .py.
        options: the `RunOptions` of the script, with their default values; None for `Options()`.
        about, kind, known, arguments: see `read`.

    Returns:
        (name of the recipe, hyperparameters, options).

    Raises:
        SystemExit: with status 2 and a short message for wrong usage, 0 after --help.
    """
    program, options = f"{script}.py", options or recipes.Options()
    with wrong_usage(program):
        name, typed, options = read(program, about, kind, known, arguments, options)
        hyperparameters = known[name].hyperparameters(kind, **typed)
        recipes.check_together(hyperparameters, options)
        if options.resume and not options.run_dir:
            raise UserError("--resume needs --run-dir, the directory of the run to resume")
    return name, hyperparameters, options


def read(program, about, kind, known, arguments, options, several=False):
    """Reads a command line: a recipe, hyperparameters and options.

    Args:
        program: the command that starts it, for --help.
        about: a sentence on what it does, for --help.
        kind: a class `Hyperparameters`.
        known: dict of name to `Recipe`; the first is the default.
        arguments: list of `str`.
        options: the options with their default values.
        several: whether hyperparameters may have several values, as for sweep.py.

    Returns:
        (name of the recipe, dict of the hyperparameters on the command line to their values, or to
        lists of them, options).

    Raises:
        UserError: wrong usage.
        SystemExit: with status 0 after --help.
    """
    arguments, name = list(arguments), next(iter(known))
    if arguments and not arguments[0].startswith("-"):
        name = arguments.pop(0)
    if name not in known:
        raise UserError(f"no recipe {name!r}; the recipes are {', '.join(known)}")
    parser = _parser(program, about, known, name)
    parts = known[name].hyperparameters(kind), options
    with_help = not {"--help", "-h"}.isdisjoint(arguments)
    _add_options(parser, "hyperparameters", parts[0], with_help, several)
    _add_options(parser, "run", options, with_help)
    values, unknown = parser.parse_known_args(arguments)
    if unknown:
        flags = [as_flag(field.name) for part in parts for field in fields(part)]
        raise UserError(_about_unknown(unknown[0], known, flags))
    typed = vars(values)
    changes = {f.name: typed.pop(f.name) for f in fields(options) if f.name in typed}
    return name, typed, recipes.checked(replace(options, **changes))


@contextmanager
def wrong_usage(program):
    """Ends the process with a short message and status 2 if the block raises `UserError`."""
    try:
        yield
    except UserError as error:
        print_error(f"{program}: {error}")
        raise SystemExit(2) from None


def _about_unknown(word, known, flags):
    """What was probably meant: --learning-rate by --lr or --learn-rate, or a recipe."""
    if word in known:
        return f"the recipe comes first: {word} --FIELD VALUE ..."
    initials = {"--" + "".join(part[0] for part in flag[2:].split("-")): flag for flag in flags}
    near = [initials[word]] if word in initials else difflib.get_close_matches(word, flags, 1)
    return f"no option {word}{f' (did you mean {near[0]}?)' if near else ''}; see --help"


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise UserError(f"{message.removeprefix('argument ')}; see --help")


def _parser(program, about, known, name):
    """A parser whose --help lists the recipes; it has no options yet."""
    width = max(map(len, known))
    lines = [f"  {recipe:{width}}  {known[recipe].about}" for recipe in known]
    lines = [f"{(about or '').strip()}\n", "recipes:", *lines, f"\nDefaults below: {name}."]
    return _Parser(
        usage=f"{program} [{'|'.join(known)}] [--FIELD VALUE ...]".replace("%", "%%"),
        description="\n".join(lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )


def _add_options(parser, title, part, with_help, several=False):
    """Adds an option for each field of a dataclass, whose values are the defaults in --help."""
    groups, kind = {}, type(part)
    annotations = get_type_hints(kind)
    switches = get_type_hints(Switches).keys() - vars(kind).get("__annotations__", {}).keys()
    for field in sorted(fields(part), key=lambda field: field.name in switches):
        heading, comment = _comment(kind, field.name) if with_help else (None, "")
        title = heading or ("switches" if field.name in switches else title)
        group = groups[title] = groups.get(title) or parser.add_argument_group(title)
        default = as_text(getattr(part, field.name))
        about = f"{comment} (default: {default})".strip().replace("%", "%%")
        value = _value(field.name, annotations[field.name], several)
        try:
            group.add_argument(as_flag(field.name), help=about, **value)
        except argparse.ArgumentError as error:
            raise UserError(f"{field.name}: {error.message}: use another name") from error


def _comment(kind, name):
    """(heading or None, comment) of a field, from the source of its class."""
    from simple_parsing.docstring import get_attribute_docstring  # takes 0.1 seconds

    try:
        source = get_attribute_docstring(kind, name, accumulate_from_bases=True)
    except (OSError, TypeError):  # a class without source, typed into a notebook
        return None, ""
    above, heading = source.comment_above.strip(), None
    if above.startswith("-- "):
        heading, _, above = above.removeprefix("-- ").partition(" --")
    return heading, " ".join(f"{above} {source.comment_inline}".split())


def _value(name, annotation, several):
    """What argparse has to know of an option's value, or of its values."""
    if annotation is bool and not several:
        return {"action": argparse.BooleanOptionalAction}
    allowed = members(annotation)
    if allowed == [tuple]:
        allowed, several = [get_args(annotation)[0]], True
    kinds = [member for member in allowed if isinstance(member, type)]
    listed = {as_text(member): member for member in allowed if member not in kinds}
    metavar = f"{{{','.join(listed)}}}"
    if kinds:
        text = "PATH" if name in PATHS else "TEXT"
        metavar = text if str in kinds else kinds[0].__name__.upper()

    def convert(text):
        if text in listed:
            return listed[text]
        for kind in kinds:
            with suppress(ValueError):
                return _path(text) if name in PATHS else kind(text)
        expected = NOT_A.get(allowed[0], f"is not {describe(allowed)}")
        raise argparse.ArgumentTypeError(f"{text!r} {expected}")

    options = {"type": convert, "metavar": metavar}
    return options | ({"nargs": "+", "action": "extend"} if several else {})
