"""Identifies the columns of a table: the label, the title and the description."""

import re
from dataclasses import dataclass, replace

import numpy as np

from corpus import files
from corpus.classes import SHOWN, canonical, clean_name, is_number, labels_of, listed
from corpus.errors import UserError
from corpus.json_lines import Nested
from corpus.rows import Rows, joined

LABELS = ("label", "class", "class index", "category")
TEXT = re.compile("title|description|text|content|question.*(?<!id)")  # question_title, question1
NUMERIC = re.compile(r"(?=\D*\d)[\W\d]+")  # numbers, dates, percentages: no letter
LISTED = 30  # names of a header, in messages
HEADER_NEEDS = "a header needs label, class or category, and title, description, text or content"


@dataclass(frozen=True)
class Split:
    """A table whose label and text columns are identified.

    Attributes:
        table: the `files.Table`; its `names` come from the header, or are () without one.
        label: the index of the column of labels, None if there is none.
        texts: list of the indices of the columns of text, the title's first.
        labels: list of `str`, the label of each row as it is written, see `classes.labels_of`; []
            if labels are not read.
    """

    table: files.Table
    label: int | None
    texts: list[int]
    labels: list[str]

    def __str__(self):
        roles = {self.label: "label", self.texts[0]: "title"}
        roles |= dict.fromkeys(self.texts[1:], "description")
        names = [*map(repr, self.names)] or range(1, len(self.table.columns) + 1)
        columns = (f"{name} = {roles.get(i, 'unused')}" for i, name in enumerate(names))
        return f"columns: {', '.join(columns)}"

    @property
    def names(self):
        """Tuple of the names of the columns as they are compared; () without a header."""
        return tuple(map(key, self.table.names))

    @property
    def label_name(self):
        """The name of the column of labels; "" without a header."""
        return self.names[self.label] if self.names else ""

    @property
    def text_names(self):
        """Tuple of the names of the columns of text, the title's first; () without a header."""
        return tuple(self.names[i] for i in self.texts) if self.names else ()

    def rows(self, labels, owner, names=()):
        """The rows, as `Rows`; without labels if these are not read.

        Args:
            labels: the labels of the classes, in the order of the classes.
            owner: what has these classes, for messages.
            names: the names of the classes, if rows may have these in place of labels.

        Raises:
            UserError: a row has another label.
        """
        by_label, by_name = ({name: i for i, name in enumerate(n)} for n in (labels, names))
        index = {}
        for label in dict.fromkeys(self.labels):
            written = label in by_label or label in by_name
            form = label if written else canonical(label)
            found = {by[form] for by in (by_label, by_name) if form in by}
            if not found:
                which = f"{label[:SHOWN]!r} ({self.labels.count(label):,} rows)"
                problem = f"{owner} has no label {which}, only {listed([*(by_name or by_label)])}"
                raise self.error(label, problem + ("" if self.names else f"; {HEADER_NEEDS}"))
            if len(found) > 1:
                problem = "is the name of one class and the label of another; use the names only"
                raise self.error(label, f"{label[:SHOWN]!r} {problem}")
            index[label] = found.pop()
        classes = np.array([*map(index.__getitem__, self.labels)], dtype=np.int32)
        titles, *others = (self.table.columns[i] for i in self.texts)
        descriptions = [*map(joined, zip(*others, strict=True))] or [""] * len(titles)
        return Rows(classes, np.array(titles, object), np.array(descriptions, object))

    def error(self, label, message):
        """A `UserError` that names the first row with a label, as it is written or `canonical`."""
        row = next(i for i, own in enumerate(self.labels) if label in (own, canonical(own)))
        return self.table.error(row, message, self.label)


def read(path, text_columns=(), label_column=None, encoding=None, like=("", (), ()), labelled=True):
    """Reads a file of texts, with labels or without.

    Without a header, the first column has the labels. Where labels are not read, a header may name
    a single column of another name; without a header, the columns of text are those that have more
    than numbers and labels of `like`.

    Args:
        path: a file in one of the forms that `files.read` takes.
        text_columns, label_column: names of columns that the file must have, the title's first;
            () and None to look for the usual names.
        encoding: see `files.read`.
        like: the `label_name`, the `text_names` and the labels of the training rows; columns with
            these names are preferred.
        labelled: whether to read labels; if not, the file need not have any.

    Returns:
        A `Split`.

    Raises:
        UserError: the file cannot be read, its columns cannot be identified, or a label is odd.
    """
    table = files.read(path, encoding, labelled)
    header = table.names or tuple(column[0] for column in table.columns)
    label, texts = _named(table, header, text_columns, label_column, like)
    is_header = bool(table.names or text_columns or label_column is not None)
    is_header |= (label is not None or bool(texts)) and not is_number(header[0])
    others = [i for i in range(len(header)) if i != label]
    if is_header and not labelled and len(others) == 1:
        texts = others
    if texts and (label is not None or not labelled):
        table = _without_header(table, header, [label, *texts] if labelled else texts)
    elif is_header:
        missing = "label" if label is None and labelled else "text"
        problem = f"no {missing} column: the header has {_quoted(header)}; use --{missing}-column"
        advice = "" if table.names else "; if row 1 is not a header, move it further down"
        raise table.error(0, problem + f"; {HEADER_NEEDS}{advice}" * labelled)
    elif clean_name(header[0]) not in like[2] and _is_header(table.columns):
        problem = f"looks like a header; none of its names is known; it has {_quoted(header)}"
        advice = "use " + "--label-column and " * labelled + "--text-column"
        raise table.error(0, f"{problem}; {advice}, or move it further down if it is not a header")
    elif labelled:
        label, texts = 0, [*range(1, len(header))]
    else:
        texts = [i for i, cells in enumerate(table.columns) if _has_texts(cells, like[2])]
        label, texts = None, texts or [len(header) - 1]
    return Split(table, label, texts, labels_of(table, label) if labelled else [])


def _named(table, header, text_columns, label_column, like):
    """Finds columns by name, as `read` does: (index of the label or None, indices of the texts)."""
    names = [*map(key, header)]
    texts = [_position(table, header, name, "--text-column") for name in text_columns]
    if label_column is None:
        free = [name for i, name in enumerate(names) if i not in texts]
        label_column = next((name for name in (like[0] or None, *LABELS) if name in free), None)
    label = None
    if label_column is not None:
        label = _position(table, header, label_column, "--label-column")
    texts = [*dict.fromkeys(texts)] or _texts(names, label, like[1])
    if label in texts:
        raise table.error(0, f"{header[label]!r} cannot be both the label and a text")
    return label, texts


def _has_texts(cells, labels):
    """Whether a cell is neither empty nor a number nor a label."""
    others = {"", *labels}
    return any(not NUMERIC.fullmatch(cell) and clean_name(cell) not in others for cell in cells)


def key(name):
    """The name of a column as names are compared."""
    return clean_name(name.replace("_", " ").lower())


def _quoted(header):
    return listed([*map(repr, header)], LISTED)


def _position(table, header, name, flag):
    """Returns the index of the column called `name`; an error mentions `flag`."""
    found = [i for i, own in enumerate(header) if key(own) == key(name)]
    if len(found) == 1:
        return found[0]
    problem = "several columns" if found else "no column"
    raise table.error(0, f"{problem} {name!r} ({flag}) in this header: {_quoted(header)}")


def _texts(names, label, preferred):
    """The indices of the columns of text, the title's first."""
    if preferred and {*preferred} <= {*names}:
        texts = [i for i, name in enumerate(names) if name in preferred]
        return sorted(texts, key=lambda i: preferred.index(names[i]))
    texts = [i for i, name in enumerate(names) if TEXT.fullmatch(name) and i != label]
    return sorted(texts, key=lambda i: "title" not in names[i])


def _without_header(table, header, used):
    """The table with its header as names; refuses it if it has no rows, or one cannot be used."""
    if not table.names:
        for column in (table.numbers, *table.columns):
            del column[0]
    if not table.numbers:
        raise UserError(f"{table.path}: no rows after the header")
    for row, cells in enumerate(zip(*table.columns, strict=True)):
        if cells == header:
            raise table.error(row, "the header again; remove it")
    for column in used:
        for row, cell in enumerate(table.columns[column]):
            if isinstance(cell, Nested):
                problem = "is a list or an object; each row needs one of its own, with texts in it"
                raise table.error(row, f"{header[column]!r} {problem}")
    return replace(table, names=header)


def _is_header(columns):
    """Whether the first row looks like a header.

    It does if none of its cells is a number or recurs in its column, and if some column is filled
    in most of the other rows, with numbers only or with few different values.
    """
    rows, is_header = len(columns[0]) - 1, False
    for name, *cells in columns:
        if NUMERIC.fullmatch(name) or (name.strip() and name in cells):
            return False
        cells = [cell for cell in cells if cell.strip()]
        numbers = not re.search(r"\d", name) and all(map(NUMERIC.fullmatch, cells))
        is_header |= len(cells) > rows / 2 and (numbers or rows >= 2 * len({*cells}))
    return is_header
