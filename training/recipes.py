"""Hyperparameters of a script: their switches, ranges and recipes, and the options of every run."""

import math
import types
import typing
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args, get_origin

from corpus.errors import UserError

# What each number may be: (smallest, largest). Others: from 0, or from a default below it.
ALL_OR_SOME = "train_rows", "test_rows", "vectorizer_rows", "max_words", "patience", "min_steps"
RANGES = dict.fromkeys(ALL_OR_SOME, (0, 100_000_000))
RANGES |= dict.fromkeys(("embed_size", "units", "buckets", "epochs"), (1, 10_000))
RANGES |= {
    "vocab_size": (3, 10_000_000),
    "batch_size": (1, 100_000),
    "dropout": (0, 0.95),
    "adversarial": (0, 10),
    "clip_norm": (0, 1_000_000),
    "learning_rate": (1e-12, 100),
    "seed": (0, 2**32 - 1),
}
SIMPLE = (bool, int, float, str)


@dataclass(frozen=True)
class Switches:
    """The tutorial's side remarks, and what else networks like these are tuned by: all off.

    A script's `Hyperparameters` inherit them. To turn one on, write it there with another value:
    `dropout: float = 0.3`.
    """

    # Split texts into words or characters; use characters for languages written without spaces.
    tokens: Literal["words", "characters"] = "words"
    # Read at most this many words (or characters) of each text (0 = all).
    max_words: int = 0
    # Leftovers of a news feed (#39; &lt;b&gt; and backslashes): keep them as words or remove them.
    markup: Literal["kept", "removed"] = "kept"
    # Use at most this many training rows (0 = all). Fewer is faster but less accurate.
    train_rows: int = 0
    # Training rows used to build the vocabulary (0 = all); more rows, fewer unknown words.
    vectorizer_rows: int = 2000
    # Text used to build the vocabulary.
    vectorizer_text: Literal["title", "title+description"] = "title"
    # What the classifier sees: the last state, or the largest value of each hidden unit.
    pooling: Literal["last", "max"] = "last"
    # Drop whole words and whole columns of word vectors in training, with this probability.
    dropout: float = 0.0
    # Train on each text a second time, with its word vectors moved by this share of their length
    # to where the loss grows fastest (adversarial training, 0 = off).
    adversarial: float = 0.0
    # Pretrained word vectors, as long as --embed-size: a file in GloVe's or word2vec's format, or
    # "corpus" for vectors made from the training texts.
    embeddings: str | None = None
    # Train the word vectors too; if not, words without a pretrained vector stay random.
    train_embeddings: bool = True
    # "cosine" lowers the learning rate to 0 by the end, and allows a larger one at the start.
    schedule: Literal["constant", "cosine"] = "constant"
    # Shorten each step's gradient to this norm if it is longer, against steps that undo what was
    # learned (0 = off).
    clip_norm: float = 0.0
    # "balanced" gives texts of rare classes more weight, so that all classes count the same.
    class_weights: Literal["none", "balanced"] = "none"
    # Rows for val_acc: "test" as in the tutorial, "held-out" (the corpus's validation rows or, if
    # it has none, a tenth of train), "2/5" (the second of five parts of train, for
    # cross-validation), or "none".
    validation: str = "test"
    # Stop when val_acc, averaged over five epochs, has not improved for this many epochs, and keep
    # the best epoch (0 = off).
    patience: int = 0
    # Take at least this many steps, with more epochs than --epochs if necessary; --patience does
    # not stop before (0 = off).
    min_steps: int = 0


@dataclass(frozen=True)
class DataOptions:
    """Which rows are read."""

    # Where the rows come from: "ag_news" (downloaded once), "sample" (comes with the project), a
    # file, a directory with train.csv and perhaps test.csv (or .tsv, .jsonl, .json, .parquet), or
    # "tfds:NAME" (a dataset that TFDS has prepared).
    data: str = "ag_news"
    # Text columns, the title first, if the header has other names than title, text, ...
    text_column: tuple[str, ...] = ()
    # Label column, if the header does not call it label, class or category.
    label_column: str | None = None
    # Encoding of the files, such as cp1252, if it is not UTF-8 or UTF-16.
    encoding: str | None = None
    # Use at most this many test rows (0 = all).
    test_rows: int = 0

    def columns(self):
        """How the files are read, as far as options say it: dict of option to value."""
        names = "text_column", "label_column", "encoding"
        return {name: value for name in names if (value := getattr(self, name))}

    def words(self):
        """These options as on a command line, those with default values left out: list of `str`."""
        return flags(changes(DataOptions(), self))


@dataclass(frozen=True)
class RunOptions(DataOptions):
    """What every run has besides its hyperparameters."""

    # Seed of the initial weights and of the order of the batches.
    seed: int = 1
    # Directory of the run; without it, runs/SCRIPT-RECIPE-TIME.
    run_dir: str | None = None
    # Resume the unfinished run in --run-dir.
    resume: bool = False
    # Replace the finished run in --run-dir as soon as this one has ended or been interrupted.
    overwrite: bool = False
    # Print only the result.
    quiet: bool = False

    trial, export, start_from = False, False, None  # see `Options`


@dataclass(frozen=True)
class Options(RunOptions):
    """Further options of runs that train a network."""

    # A run only for choosing between values, as sweep.py makes them: measures accuracy on held-out
    # rows, reads no test rows and saves no model.
    trial: bool = False
    # Start with the weights and the vocabulary of this finished run.
    start_from: str | None = None
    # Write TensorBoard logs to a subdirectory of this directory; needs tensorboard.
    tensorboard: str | None = None
    # Also write model/, a SavedModel for TensorFlow Serving or TensorFlow alone, with a model card.
    export: bool = False


class Recipe:
    """Hyperparameters with a name on the command line: what differs from the top of the script.

    Attributes:
        about: one line for --help: what it is, expected accuracy and time.
        tutorial_accuracy: the tutorial's test accuracy, None where it gives none.
        changes: dict of hyperparameter to value.
    """

    def __init__(self, about, tutorial_accuracy=None, /, **changes):
        self.about, self.tutorial_accuracy, self.changes = about, tutorial_accuracy, changes

    def hyperparameters(self, kind, /, **changes):
        """Returns the hyperparameters of the recipe, with further changes.

        Args:
            kind: the script's class `Hyperparameters`.

        Raises:
            UserError: the class or the recipe cannot be used as it is.
        """
        changes = self.changes | changes
        if unknown := changes.keys() - {field.name for field in fields(kind)}:
            raise UserError(f"no hyperparameter {min(unknown)!r}")
        return checked(replace(defaults(kind), **changes))


def defaults(kind):
    """Makes an instance of a dataclass of options from its default values.

    Raises:
        UserError: a field lacks a value or a type, or its value is not allowed.
    """
    for name, value in vars(kind).items():
        is_plain = value is None or type(value) in SIMPLE
        if is_plain and not name.startswith("__") and name not in kind.__annotations__:
            example = f"{name}: {type(value).__name__} = {value!r}"
            raise UserError(f"{name} has no type: write `{example}`")
    try:
        return checked(kind())
    except TypeError as error:  # a field without a default
        raise UserError(f"{error}: give it a value at the top of the file") from error


def checked(options):
    """Checks options, and converts integers to float and lists to tuples where needed.

    Args:
        options: an instance of a dataclass of options.

    Raises:
        UserError: a value is not of its option's type, or out of its range.
    """
    values = {}
    for name, annotation in typing.get_type_hints(type(options)).items():
        value, allowed = getattr(options, name), members(annotation)
        if type(value) is int and float in allowed and int not in allowed:
            value = float(value)
        values[name] = value = tuple(value) if isinstance(value, list) else value
        # Types are compared, not only values: to Python True is 1.
        if any(type(member) is type(value) and member == value for member in allowed):
            continue
        if type(value) not in allowed:
            raise UserError(f"{as_flag(name)} {value!r}: must be {describe(allowed)}")
        if type(value) in (int, float):
            _check_range(name, value, vars(type(options)).get(name, value))
    return replace(options, **values)


def _check_range(name, value, default):
    # A number of the user's own must not be below 0, unless its default is.
    lowest = 0 if isinstance(default, int | float) and default >= 0 else -math.inf
    smallest, largest = RANGES.get(name, (lowest, math.inf))
    if not (smallest <= value <= largest and math.isfinite(value)):
        bounds = f"between {smallest} and {largest}" if name in RANGES else "finite and not below 0"
        raise UserError(f"{as_flag(name)} {value}: must be {bounds}")


def check_together(hyperparameters, options):
    """Refuses values that do not fit together.

    Raises:
        UserError: they do not; the message says what would.
    """
    values = vars(hyperparameters)
    validation = values.get("validation", "none")
    if validation not in ("test", "held-out", "none"):
        part, _, parts = validation.partition("/")
        if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts) > 1):
            problem = "must be test, held-out, none, or a part such as 2/5"
            raise UserError(f"--validation {validation}: {problem}")
    holds_out = validation not in ("test", "none")
    if options.trial and (options.export or not holds_out):
        raise UserError("--trial needs --validation held-out or a part like 2/5, and no --export")
    if (patience := values.get("patience")) and not holds_out:
        raise UserError(f"--patience {patience}: needs --validation held-out, not test rows")
    if not (values.get("train_embeddings", True) or values["embeddings"]):
        raise UserError("--no-train-embeddings: needs --embeddings, vectors that can stay fixed")


def members(annotation):
    """The types and values that make up an option's annotation: `int | None` is [int, None].

    Raises:
        UserError: a command line cannot give such values.
    """
    if get_origin(annotation) in (typing.Union, types.UnionType):
        return [member for part in get_args(annotation) for member in members(part)]
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if annotation is types.NoneType:
        return [None]
    if annotation is bool:
        return [True, False]
    if annotation in SIMPLE:
        return [annotation]
    if get_origin(annotation) is tuple and get_args(annotation)[0] in SIMPLE:
        return [tuple]
    name = getattr(annotation, "__name__", annotation)
    usable = "bool, int, float, str, Literal[...], one of these | None, or tuple"
    raise UserError(f"an option cannot be {name}: use {usable}")


def describe(allowed):
    """The `members` of an annotation as messages name them."""
    return " or ".join(m.__name__ if isinstance(m, type) else as_text(m) for m in allowed)


def as_flag(name):
    """An option's name as on the command line."""
    return "--" + name.replace("_", "-")


def as_text(value):
    """A value as on the command line."""
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "none"
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def flags(values):
    """Options as on a command line: list of `str`.

    Args:
        values: dict of name to value.
    """
    words = []
    for name, value in values.items():
        words += [as_flag(f"no-{name}" if value is False else name)]
        several = value if isinstance(value, list | tuple) else [value]  # JSON has lists
        words += [as_text(item) for item in several if not isinstance(item, bool)]
    return words


def changes(before, after):
    """The values of `after` that differ from those that `before` has: dict of name to value."""
    return {n: new for n, old in vars(before).items() if (new := getattr(after, n)) != old}
