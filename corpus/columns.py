"""Identifies the columns of a table: the label, the title and the description."""

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from corpus import files
from corpus.classes import SHOWN, clean_name, is_number, labels_of, listed
from corpus.errors import UserError
from corpus.json_lines import Nested
from corpus.rows import Rows, joined

LABELS = ("label", "class", "class index", "category")
TEXT = re.compile("title|description|text|content|question.*(?<!id)")  # question_title, question1
MOST_CLASSES = 20  # where more than half of the rows have a class of their own
HEADER_NEEDS = "a header needs label, class or category, and title, description, text or content"


@dataclass(frozen=True)
class Split:
    """A table whose label and text columns are identified.

    Attributes:
        table: the `files.Table`, without a header.
        names: tuple of the names of its columns, in lower case; () if it had no header.
        label: the index of the column of labels.
        texts: list of the indices of the columns of text, the title's first.
        labels: list of `str`, the label of each row, see `classes.labels_of`.
    """

    table: files.Table
    names: tuple[str, ...]
    label: int
    texts: list[int]
    labels: list[str]

    def __str__(self):
        roles = {self.label: "label", self.texts[0]: "title"}
        roles |= dict.fromkeys(self.texts[1:], "description")
        names = [*map(repr, self.names)] or range(1, len(self.table.columns) + 1)
        columns = (f"{name} = {roles.get(i, 'unused')}" for i, name in enumerate(names))
        return f"columns: {', '.join(columns)}"

    @property
    def text_names(self):
        """Tuple of the names of the columns of text, the title's first; () without a header."""
        return tuple(self.names[i] for i in self.texts) if self.names else ()

    def rows(self, labels, owner, names=()):
        """The rows, as `Rows`.

        Args:
            labels: the labels of the classes, in the order of the classes.
            owner: what has these classes, for messages.
            names: the names of the classes, if rows may have these in place of labels.

        Raises:
            UserError: a row has another label.
        """
        positions = {name: i for i, name in enumerate(names)}
        for i, label in enumerate(labels):
            if positions.setdefault(label, i) != i and label in self.labels:
                problem = "is the name of one class and the label of another; use the names only"
                raise self.error(label, f"{label[:SHOWN]!r} {problem}")
        for label in dict.fromkeys(self.labels):
            if label not in positions:
                problem = f"{owner} has no label {label[:SHOWN]!r}, only {listed([*positions])}"
                raise self.error(label, problem + ("" if self.names else f"; {HEADER_NEEDS}"))
        classes = np.array([*map(positions.__getitem__, self.labels)], dtype=np.int32)
        titles, *others = (self.table.columns[i] for i in self.texts)
        others = others or [[""] * len(titles)]
        descriptions = others[0] if len(others) == 1 else [*map(joined, zip(*others, strict=True))]
        return Rows(classes, np.array(titles, object), np.array(descriptions, object))

    def error(self, label, message):
        """A `UserError` that names the first row with a label."""
        return self.table.error(self.labels.index(label), message, self.label)


def read(path, text_names=()):
    """Reads a file of labelled texts.

    Args:
        path: a file in one of the forms that `files.read` takes.
        text_names: the order of the columns of text, if the file has exactly these.

    Returns:
        A `Split`.

    Raises:
        UserError: the file cannot be read, its columns cannot be identified, or a label is odd.
    """
    table = files.read(path)
    header = table.names or tuple(column[0] for column in table.columns)
    names = tuple(clean_name(name.replace("_", " ").lower()) for name in header)
    label = next((names.index(name) for name in LABELS if name in names), None)
    texts = [i for i, name in enumerate(names) if TEXT.fullmatch(name)]
    if label is not None and texts:
        if not table.names:
            for column in (table.numbers, *table.columns):
                del column[0]
        order = text_names if sorted(text_names) == sorted(names[i] for i in texts) else ()
        # By default the title is first, and the others keep their order.
        texts.sort(key=lambda i: order.index(names[i]) if order else "title" not in names[i])
        _check_cells(table, header, [label, *texts])
    elif table.names or ((label is not None or texts) and not is_number(header[0])):
        missing = "label" if label is None else "text"
        problem = f"no {missing} column: the header has {listed([*map(repr, header)])}"
        raise table.error(0, f"{problem}; {HEADER_NEEDS}")
    else:
        names, label, texts = (), 0, [*range(1, len(names))]
    split = Split(table, names, label, texts, labels_of(table, label))
    if not names:
        _check_classes(split)
    return split


def _check_cells(table, header, used):
    """Refuses the rows after a header if there are none, or if one cannot be used."""
    if not table.numbers:
        raise UserError(f"{table.path}: no rows after the header")
    for row, cells in enumerate(zip(*table.columns, strict=True)):
        if cells == header:
            raise table.error(row, "the header again; remove it")
    for column in used:
        for row, cell in enumerate(table.columns[column]):
            if isinstance(cell, Nested):
                raise table.error(row, f"{header[column]!r} is a list or an object, not a text")


def _check_classes(split):
    """Refuses rows without a header whose first column looks like a text, or row like a header."""
    counts, rows, first = Counter(split.labels), len(split.labels), split.labels[0]
    if len(counts) > max(MOST_CLASSES, rows / 2):
        problem = f"{len(counts):,} classes in {rows:,} rows; is {first[:SHOWN]!r} a text?"
        raise split.error(first, f"{problem} Without a header the label is first; {HEADER_NEEDS}")
    recurring = rows - 1 >= 2 * max(1, len(counts) - 1)  # the others, twice or more on average
    if counts[first] == 1 and recurring and not is_number(first):
        problem = f"no other row has the label {first[:SHOWN]!r}; {HEADER_NEEDS}"
        raise split.error(first, f"{problem}; if row 1 is not a header, move it further down")
