"""The command line of a training script: a recipe, then --FIELD VALUE for what differs."""

import argparse
import difflib
import sys
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import get_args, get_type_hints

from corpus.errors import UserError
from training import recipes
from training.process import print_error
from training.recipes import DataOptions, Switches, as_flag, as_text, describe, members

# The options that cannot be empty, and how --help names their value.
VALUES = {"data": "SOURCE", "embeddings": "FILE", "validation": "ROWS", "start_from": "RUN"}
VALUES |= dict.fromkeys(("run_dir", "dir", "tensorboard"), "DIR")
VALUES |= dict.fromkeys(("text_column", "label_column", "encoding"), "NAME")
NOT_A = {int: "is not a whole number", float: "is not a number (write 0.5, not 0,5)"}


def typed_arguments():
    """The arguments that the process was started with, unless it is a notebook's kernel."""
    return [] if Path(sys.argv[0]).stem.endswith("kernel_launcher") else sys.argv[1:]


def parse(script, about, kind, known, arguments, options=None):
    """Reads the command line of a training script.

    Args:
        script: its name, without .py.
        about: a sentence on what it trains, for --help.
        kind: its class `Hyperparameters`.
        known: dict of name to `Recipe`; the first is the default.
        arguments: list of `str`.
        options: the `RunOptions` of the script, with their default values; None for `Options()`.

    Returns:
        (name of the recipe, hyperparameters, options).

    Raises:
        SystemExit: with status 2 and a short message for wrong usage, 0 after --help.
    """
    with wrong_usage(f"{script}.py"):
        name, arguments, *texts = _recipe(f"{script}.py", about, known, arguments)
        parts = [known[name].hyperparameters(kind), options or recipes.Options()]
        values, options = _values(*texts, parts, arguments, known)
        hyperparameters = recipes.checked(replace(parts[0], **values))
        recipes.check_together(hyperparameters, options)
        if options.resume and not options.run_dir:
            raise UserError("--resume needs --run-dir, the directory of the run to resume")
    return name, hyperparameters, options


def parse_several(program, about, kind, known, arguments, options):
    """Reads a command line with several values for each hyperparameter, for sweep.py.

    Args:
        program: the command that starts it, with the script.
        about, kind, known, arguments, options: see `parse`.

    Returns:
        (name of the recipe, dict of hyperparameter to tuple of its values, options).

    Raises:
        UserError: wrong usage.
        SystemExit: with status 0 after --help.
    """
    name, arguments, *texts = _recipe(program, about, known, arguments)
    parts = [known[name].hyperparameters(kind), options]
    values, options = _values(*texts, parts, arguments, known, several=True)
    before = vars(parts[0])
    several = {n: v for n, v in values.items() if isinstance(v, tuple) and v != before[n]}
    return name, several, options


def _recipe(program, about, known, arguments):
    """(recipe, the arguments after it, usage, description) of a command line."""
    arguments, name = list(arguments), next(iter(known))
    if arguments and not arguments[0].startswith("-"):
        name = arguments.pop(0)
    if name not in known:
        raise UserError(f"no recipe {name!r}; the recipes are {', '.join(known)}")
    width = max(map(len, known))
    lines = [f"  {recipe:{width}}  {known[recipe].about}" for recipe in known]
    lines = [f"{(about or '').strip()}\n", "recipes:", *lines, f"\nDefaults below: {name}."]
    return name, arguments, f"{program} [{'|'.join(known)}]", "\n".join(lines)


@contextmanager
def wrong_usage(program):
    """Ends the process with a short message and status 2 if the block raises `UserError`."""
    try:
        yield
    except UserError as error:
        print_error(f"{program}: {error}")
        raise SystemExit(2) from None


def _values(usage, description, parts, arguments, known, several=False):
    """(dict of the values of the hyperparameters, the options), from the command line.

    Args:
        parts: [hyperparameters, options], whose values are the defaults.
        several: whether a hyperparameter that is there has a tuple of values.
    """
    parser = _parser(usage, description, parts, "--help" in arguments, several)
    values, unknown = parser.parse_known_args(arguments)
    values = vars(values)
    if unknown:
        raise UserError(_about_unknown(unknown[0], known, map(as_flag, values)))
    first, options = ({f.name: values[f.name] for f in fields(part)} for part in parts)
    return first, recipes.checked(replace(parts[1], **options))


def _about_unknown(word, known, flags):
    """What was probably meant: --learning-rate by --lr or --learn-rate, or a recipe."""
    if word in known:
        return f"the recipe comes first: {word} --FIELD VALUE ..."
    flags = list(flags)
    initials = {"--" + "".join(part[0] for part in flag[2:].split("-")): flag for flag in flags}
    near = [initials[word]] if word in initials else difflib.get_close_matches(word, flags, 1)
    return f"no option {word}{f' (did you mean {near[0]}?)' if near else ''}; see --help"


class _Several(argparse.Action):
    """Collects in a tuple the values of an option that may be repeated."""

    def __call__(self, parser, namespace, values, option_string=None):
        before = getattr(namespace, self.dest)
        before = () if before is self.default else before
        setattr(namespace, self.dest, (*before, *values))


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise UserError(f"{message.removeprefix('argument ')}; see --help")


def _parser(usage, description, parts, with_help, several):
    """A parser with an option for each field of the parts, whose values are the defaults."""
    parser = _Parser(
        usage=f"{usage} [--FIELD VALUE ...]".replace("%", "%%"),
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    groups, switches = {}, get_type_hints(Switches)
    for part in parts:
        title = "run" if isinstance(part, DataOptions) else "hyperparameters"
        annotations = get_type_hints(type(part))
        inherited = switches.keys() - vars(type(part)).get("__annotations__", {}).keys()
        for field in sorted(fields(part), key=lambda field: field.name in inherited):
            if field.name in inherited:
                title = "switches"
            heading, comment = _comment(type(part), field.name) if with_help else (None, "")
            title = heading or title
            group = groups.setdefault(title, None) or parser.add_argument_group(title)
            groups[title], default = group, getattr(part, field.name)
            about = f"{comment} (default: {as_text(default)})".strip().replace("%", "%%")
            many = several and part is parts[0]
            value = _value(field.name, annotations[field.name], many)
            try:
                group.add_argument(as_flag(field.name), default=default, help=about, **value)
            except argparse.ArgumentError as error:
                raise UserError(f"{field.name}: {error.message}: use another name") from error
    return parser


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


def _value(name, annotation, several=False):
    """What argparse has to know of an option's value, or of its values."""
    allowed = members(annotation)
    if allowed == [bool] and not several:
        return {"action": argparse.BooleanOptionalAction}
    if allowed == [tuple]:
        allowed, several = [get_args(annotation)[0]], True
    kinds = [member for member in allowed if isinstance(member, type)]
    if kinds:
        metavar = VALUES.get(name) or ("TEXT" if str in kinds else kinds[0].__name__.upper())
    else:
        metavar = "{" + ",".join(map(as_text, allowed)) + "}"

    def read(text):
        if not text and name in VALUES:
            raise argparse.ArgumentTypeError("is empty")
        for member in allowed:
            if member is bool and text in ("true", "false"):
                return text == "true"
            if not isinstance(member, type) and as_text(member) == text:
                return member
        for member in [member for member in kinds if member is not bool]:
            try:
                return member(text)
            except ValueError:
                continue
        expected = NOT_A.get(allowed[0], f"is not {describe(allowed)}")
        raise argparse.ArgumentTypeError(f"{text!r} {expected}")

    options = {"type": read, "metavar": metavar}
    return options | ({"nargs": "+", "action": _Several} if several else {})
