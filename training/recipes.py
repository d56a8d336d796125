"""Hyperparameters of a script: their switches, ranges and recipes, and the options of every run."""

import math
import types
import typing
from dataclasses import MISSING, dataclass, fields, replace
from typing import Literal, get_args, get_origin

from corpus.errors import UserError

ROWS = (0, 100_000_000)
# What each number may be: (smallest, largest). Others: from 0, or from a default below it.
RANGES = {
    "train_rows": ROWS,
    "test_rows": ROWS,
    "vectorizer_rows": ROWS,
    "vocab_size": (3, 10_000_000),
    "embed_size": (1, 10_000),
    "units": (1, 10_000),
    "buckets": (1, 1000),
    "batch_size": (1, 100_000),
    "dropout": (0, 0.95),
    "adversarial": (0, 10),
    "epochs": (1, 10_000),
    "max_words": (0, 1_000_000),
    "patience": (0, 10_000),
    "learning_rate": (1e-12, 100.0),
    "seed": (0, 2**32 - 1),
}
# What 0 means where it is no number of things.
ZERO = {
    "train_rows": "all",
    "test_rows": "all",
    "vectorizer_rows": "all",
    "max_words": "all",
    "dropout": "none",
    "adversarial": "none",
    "patience": "none",
}


@dataclass(frozen=True)
class Switches:
    """The tutorial's side remarks, and what else networks like these are tuned by: all off.

    A script's `Hyperparameters` have them too. One of them written there, `dropout: float = 0.3`,
    replaces the default here.
    """

    # What an id stands for. Languages without spaces between words are read by characters.
    tokens: Literal["words", "characters"] = "words"
    # At most so many words (or characters) of each text, 0: all. The rest is cut off.
    max_words: int = 0
    # Leftovers of a news feed (#39; &lt;b&gt; and the backslash): kept as words, or removed.
    markup: Literal["kept", "removed"] = "kept"
    # At most so many train rows, 0: all. Fewer train sooner and worse.
    train_rows: int = 0
    # Train rows that the vocabulary is collected from, 0: all. More: fewer unknown words.
    vectorizer_rows: int = 2000
    # Text that the vocabulary is collected from.
    vectorizer_text: Literal["title", "title+description"] = "title"
    # What the classifier sees: the last state, or each hidden unit's largest value at any word.
    pooling: Literal["last", "max"] = "last"
    # In training, drop whole words and whole columns of word vectors with this probability.
    dropout: float = 0.0
    # In training, read each text once more, its word vectors moved to where the network errs most:
    # by this share of their length.
    adversarial: float = 0.0
    # File of pretrained vectors (GloVe's or word2vec's format), as wide as embed_size; or "corpus":
    # vectors made from the train texts.
    embeddings: str | None = None
    # Train the word vectors too; without, words that have no pretrained vector stay random.
    train_embeddings: bool = True
    # "cosine": the learning rate falls to 0 at the end, and may begin larger.
    schedule: Literal["constant", "cosine"] = "constant"
    # "balanced": a text of a rare class counts for more, so that each class counts the same.
    class_weights: Literal["none", "balanced"] = "none"
    # Rows behind val_acc: "test" as in the tutorial, "held-out" (the last tenth of train), "none".
    validation: Literal["test", "held-out", "none"] = "test"
    # Stop when the held-out val_acc has not risen for so many epochs, keep the best; 0: never.
    patience: int = 0


@dataclass(frozen=True)
class Options:
    """What every run has besides its hyperparameters."""

    # Where the rows come from: "ag_news" (downloaded once), "sample" (ships with the project, no
    # network), or a directory that holds train.csv (or .tsv, .jsonl) and perhaps test.csv.
    data: str = "ag_news"
    # Test rows to use, 0: all.
    test_rows: int = 0
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
    # Write model/ as well, a SavedModel that TensorFlow Serving takes, and TensorFlow without this
    # project; and README.md, a model card.
    export: bool = False
    # Print nothing but the result.
    quiet: bool = False


class Recipe:
    """Hyperparameters with a name on the command line: what differs from the top of the script.

    Attributes:
        about: one line for --help: what it is, expected accuracy and time.
        tutorial_accuracy: the tutorial's test accuracy, None where it gives none.
        changes: dict of hyperparameter to value.
    """

    def __init__(self, about, tutorial_accuracy=None, /, **changes):
        self.about, self.tutorial_accuracy, self.changes = about, tutorial_accuracy, changes

    def hyperparameters(self, kind, **changes):
        """The hyperparameters of the recipe, with further changes.

        Args:
            kind: the script's class `Hyperparameters`.

        Raises:
            UserError: a change names no hyperparameter, or gives it a value that it cannot have.
        """
        changes = self.changes | changes
        unknown = [name for name in changes if name not in {f.name for f in fields(kind)}]
        if unknown:
            raise UserError(f"no hyperparameter {unknown[0]!r}")
        return replace(defaults(kind), **checked(kind, changes))


def defaults(kind):
    """An instance of a dataclass of options, each of whose values is what its annotation says.

    Raises:
        UserError: a value is not, or is missing; a name has no annotation, and so would be no
            option; or one that replaces a switch has another type than the switch.
    """
    for name, value in vars(kind).items():
        plain = value is None or isinstance(value, bool | int | float | str)
        if plain and not name.startswith("__") and name not in kind.__annotations__:
            raise UserError(
                f"{name} has no type: write `{name}: {type(value).__name__} = {value!r}`"
            )
    annotations, switches = typing.get_type_hints(kind), typing.get_type_hints(Switches)
    for name, annotation in annotations.items():
        if annotation != switches.get(name, annotation):
            raise UserError(f"{name} is a switch: its type is {describe(switches[name])}")
    for field in fields(kind):
        if field.default is MISSING and field.default_factory is MISSING:
            raise UserError(f"{field.name} has no value: write `{field.name}: ... = ...`")
    own = kind()
    return replace(own, **checked(kind, vars(own)))


def checked(kind, values):
    """The values of options, where an integer stands for a float as that float.

    Args:
        kind: their dataclass.
        values: dict of name to value.

    Raises:
        UserError: a value is not of its option's type or out of its range.
    """
    annotations, top, result = typing.get_type_hints(kind), kind(), {}
    for name, value in values.items():
        result[name] = value = _of_type(name, value, annotations[name])
        if type(value) in (int, float) and value not in members(annotations[name]):
            _check_range(name, value, getattr(top, name))
    return result


def check_together(hyperparameters, options):
    """Refuses values that do not go together.

    Args:
        hyperparameters: those of a run.
        options: its `Options`.

    Raises:
        UserError: they do not; the message says what would.
    """
    if not hyperparameters.patience:
        return
    if hyperparameters.validation != "held-out":
        raise UserError(
            f"patience {hyperparameters.patience}: needs --validation held-out; test rows must not "
            "choose the epoch"
        )
    if options.devices == "all":
        raise UserError(
            f"patience {hyperparameters.patience}: not with --devices all, which does not validate"
        )


def _of_type(name, value, annotation):
    try:
        allowed = members(annotation)
        if type(value) is int and float in allowed and int not in allowed:
            return float(value)
    except (UserError, OverflowError) as error:
        raise UserError(f"{name}: {error}") from error
    # Types are compared, not only values: to Python True is 1.
    known = [(type(member), member) for member in allowed]
    if type(value) not in allowed and (type(value), value) not in known:
        raise UserError(f"{name} {value!r}: must be {describe(annotation)}")
    return value


def _check_range(name, value, default):
    # One of the user's own is not below 0, unless its default says that it may be.
    lowest = 0 if isinstance(default, int | float) and default >= 0 else -math.inf
    smallest, largest = RANGES.get(name, (lowest, math.inf))
    if not smallest <= value <= largest or value in (math.inf, -math.inf):
        end = "" if largest == math.inf else f" to {largest:g}"
        raise UserError(f"{name} {value}: must be from {smallest:g}{end}, and finite")


def members(annotation):
    """What an option may be: the types and values that its annotation is made of, None last.

    Raises:
        UserError: it is not of types that a command line can give.
    """
    if get_origin(annotation) in (typing.Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not types.NoneType]
        none = [None] if len(parts) < len(get_args(annotation)) else []
        return [member for part in parts for member in members(part)] + none
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if annotation not in (bool, int, float, str):
        raise UserError(
            f"no option can be {describe(annotation)}: "
            "bool, int, float, str, Literal[...], and each with `| None`, can"
        )
    return [annotation]


def describe(annotation):
    """An annotation as one writes it."""
    if get_origin(annotation) is Literal:
        return f"one of {', '.join(map(str, get_args(annotation)))}"
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def flags(values):
    """Options as on a command line: list of `str`.

    Args:
        values: dict of name to value.
    """
    words = []
    for name, value in values.items():
        flag = name.replace("_", "-")
        words += [f"--no-{flag}" if value is False else f"--{flag}"]
        words += [] if isinstance(value, bool) else [as_text(value)]
    return words


def changes(before, after):
    """The hyperparameters that differ between two objects of one class: dict of name to value."""
    return {name: value for name, value in vars(after).items() if value != getattr(before, name)}


def differences(hyperparameters):
    """What differs from the values at the top of the script, a line for each."""
    top = defaults(type(hyperparameters))
    return [
        f"{name} {_shown(name, value)} (top of the file: {_shown(name, getattr(top, name))})"
        for name, value in changes(top, hyperparameters).items()
    ]


def as_text(value):
    """A value as on the command line."""
    return "none" if value is None else str(value)


def _shown(name, value):
    return f"{value}, {ZERO[name]}" if name in ZERO and value == 0 else as_text(value)
