"""A model's file: raw text in, class probabilities out, and what its classes are called."""

import json
import zipfile
from dataclasses import asdict, dataclass
from importlib.metadata import version

MEMBER = "corpus.json"  # of the .keras file, which is a zip archive; Keras passes it over

TEXTS, TOKENS = ("title", "title+description"), ("words", "characters")


@dataclass(frozen=True)
class Reading:
    """What a model reads and what it says, besides its graph.

    Attributes:
        classes: the names of its classes in the order of its probabilities.
        labels: the classes as they were written in the train rows.
        text_names: what the columns of text were called there, as of `corpus.Corpus`.
        text: what it was trained on: "title" or "title+description".
        tokens: "words" or "characters".
    """

    classes: tuple[str, ...]
    labels: tuple[str, ...]
    text_names: tuple[str, ...]
    text: str
    tokens: str


def save(model, reading, path):
    """Saves a model and its `Reading` in one .keras file."""
    model.save(path)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(MEMBER, json.dumps(asdict(reading), indent=2))


def reading_of(path, classes):
    """The `Reading` in a .keras file; for a file without, one that calls the classes 1, 2, ...

    Args:
        path: the file.
        classes: the number of the model's classes.

    Raises:
        ValueError: what the file says is damaged, or is of another number of classes.
    """
    with zipfile.ZipFile(path) as file:
        if MEMBER not in file.namelist():
            numbers = tuple(str(i + 1) for i in range(classes))
            return Reading(numbers, numbers, (), "title+description", "words")
        values = json.loads(file.read(MEMBER))
    try:
        reading = Reading(**values)
        strings = [reading.classes, reading.labels, reading.text_names]
        whole = all(type(part) is list and set(map(type, part)) <= {str} for part in strings)
        whole = whole and len(set(reading.classes)) == len(set(reading.labels)) == classes
        whole = whole and reading.text in TEXTS and reading.tokens in TOKENS
    except TypeError:
        whole = False
    if not whole:
        raise ValueError(f"its {MEMBER} is damaged, or of another model")
    return Reading(*map(tuple, strings), reading.text, reading.tokens)


def newer_keras(path):
    """The version of Keras that made a .keras file, if it is newer than the one here; else None."""
    try:
        with zipfile.ZipFile(path) as file:
            made = json.loads(file.read("metadata.json"))["keras_version"]
        parts = [int(part) for part in made.split(".")[:3]]
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError):
        return None
    here = [int(part) for part in version("keras").split(".")[:3] if part.isdigit()]
    return made if parts > here else None
