"""Which columns of a table are the class, the title and the description, and which classes."""

import re
from dataclasses import dataclass, replace

import numpy as np

from corpus import files
from corpus.rows import DataError, Rows, joined

LABELS = ("label", "class", "class index", "category")
TEXTS = ("title", "description", "text", "content")
QUESTION = "question"  # and what begins with it: question_title, question1
HEADER = f"a column called {', '.join(LABELS[:-1])} or {LABELS[-1]}, and one called "
HEADER += f"{', '.join(TEXTS)} or {QUESTION}..."
NUMBER = re.compile(r"([+-]?[0-9]{1,18})(\.0+)?")  # as of a spreadsheet: 1.0
MOST_CLASSES = 20  # where more than half of the rows have one of their own


@dataclass(frozen=True)
class Split:
    """A table of which it is known what its columns are.

    Attributes:
        table: the `files.Table`, its header included where it has one.
        first: the index of its first row that is no header: 0 or 1.
        label: the index of the column of classes.
        texts: tuple of the indices of the columns of text, the title's first.
        is_ag_news: whether there are exactly the columns of AG News.
        labels: list of `str`, the class of each row as it is written, numbers as numbers.
    """

    table: files.Table
    first: int
    label: int
    texts: tuple[int, ...]
    is_ag_news: bool
    labels: list[str]

    def __str__(self):
        header = self.table.names or (self.table.records[0] if self.first else None)
        width = len(self.table.records[0])
        name = [repr(n) for n in header] if header else [f"column {i + 1}" for i in range(width)]
        description = " and ".join(name[i] for i in self.texts[1:])
        parts = [f"class from {name[self.label]}", f"title from {name[self.texts[0]]}"]
        parts.append(f"description from {description}" if description else "no description")
        unused = [name[i] for i in range(width) if i not in (self.label, *self.texts)]
        return ", ".join(parts) + (f", unused {', '.join(unused)}" if unused else "")

    def rows(self, positions, of):
        """The rows, as `Rows`.

        Args:
            positions: dict of a class, as in `labels`, to its position.
            of: what has these classes, for messages.

        Raises:
            DataError: a row has another class.
        """
        try:
            labels = np.array([positions[label] for label in self.labels], dtype=np.int32)
        except KeyError as error:
            row = self.labels.index(error.args[0])
            known = ", ".join(list(positions)[:10]) + (", ..." if len(positions) > 10 else "")
            raise DataError(
                f"{self.where(row)}: the class {error.args[0][:40]!r}, which {of} does not have; "
                f"its classes are {known}"
            ) from None
        records = self.table.records[self.first :]
        title, *others = self.texts
        titles = [record[title] for record in records]
        if len(others) == 1:
            descriptions = [record[others[0]] for record in records]
        else:
            descriptions = [joined(record[i] for i in others) for record in records]
        return Rows(labels, np.array(titles, object), np.array(descriptions, object))

    def where(self, row):
        """The class of a row as messages name it."""
        return f"{self.table.where(row + self.first)}, column {self.label + 1}"


def read(path):
    """Reads a file of labelled texts.

    Args:
        path: as of `files.read`.

    Returns:
        A `Split`.

    Raises:
        DataError: as of `files.read`, or no column is known, or a class is empty or odd.
    """
    table = files.read(path)
    names = [" ".join(n.replace("_", " ").lower().split()) for n in table.names or table.records[0]]
    label = next((names.index(name) for name in LABELS if name in names), None)
    texts = [i for i, name in enumerate(names) if _is_text(name)]
    if label is not None and texts:
        first = 0 if table.names else 1
        texts.sort(key=lambda i: "title" not in names[i])  # the title first, else in their order
        is_ag_news = sorted(names) == sorted([names[label], "title", "description"])
    else:
        _check_no_header(table, label, texts)
        first, label, texts = 0, 0, range(1, len(names))
        is_ag_news = len(names) == 3
    if len(table.records) == first:
        raise DataError(f"{table.path} has no rows behind its header")
    cells = [record[label] for record in table.records[first:]]
    split = Split(table, first, label, tuple(texts), is_ag_news, cells)
    return replace(split, labels=_as_written(split))


def classes_of(train, path):
    """The classes of a corpus.

    Args:
        train: the `Split` of its train rows.
        path: of classes.txt: a name a line, in the order of the numbers. It need not exist.

    Returns:
        (tuple of the classes as they are written in the rows, tuple of their names); None as the
        names where there is no such file.

    Raises:
        DataError: there is but one class, or they do not agree with the file.
    """
    numbers = bool(NUMBER.fullmatch(train.labels[0]))
    written = sorted(set(train.labels), key=int if numbers else None)
    if len(written) < 2:
        raise DataError(
            f"{train.table.path}: all {len(train.labels):,} rows have the class {written[0]!r}; "
            "expected two or more classes"
        )
    if len(written) > max(MOST_CLASSES, len(train.labels) / 2):
        raise DataError(
            f"{train.where(0)}: {len(written):,} classes in {len(train.labels):,} rows; is it the "
            f"text? Without a header the class comes first; a header needs {HEADER}"
        )
    if not path.exists():
        return tuple(written), None
    names = _names(path)
    if numbers:
        begin = 0 if "0" in written else 1
        known = [str(begin + i) for i in range(len(names))]
    else:
        known = names
    if unknown := [label for label in written if label not in known]:
        raise DataError(
            f"{train.where(train.labels.index(unknown[0]))}: the class {unknown[0][:40]!r}, "
            f"where {path} has {len(names)} names: {', '.join(known[:10])}"
        )
    return tuple(known), tuple(names)


def _is_text(name):
    return name in TEXTS or (name.startswith(QUESTION) and not name.endswith("id"))


def _check_no_header(table, label, texts):
    """Refuses a first row that looks like a header in which something is missing."""
    known = label is not None or texts
    if table.names or (known and not NUMBER.fullmatch(table.records[0][0].strip())):
        what = "class" if label is None else "text"
        shown = ", ".join(map(repr, table.names or table.records[0]))[:100]
        raise DataError(
            f"{table.where(0)}: no column of the {what} among {shown}; expected {HEADER}"
        )


def _as_written(split):
    """The cells of the classes, numbers as numbers, names without white space around them."""
    rows, written = {}, {}
    for row, cell in enumerate(split.labels):
        rows.setdefault(cell, row)  # the first with this class
    begin = split.labels[0]
    is_number = bool(NUMBER.fullmatch(begin.strip()))
    for cell, row in rows.items():
        number = NUMBER.fullmatch(cell.strip())
        written[cell] = str(int(number[1])) if number else " ".join(cell.split())
        if not written[cell]:
            raise DataError(f"{split.where(row)}: no class")
        if bool(number) != is_number:
            raise DataError(
                f"{split.where(row)}: the class {cell[:40]!r}, where the first row has "
                f"{begin[:40]!r}: numbers mixed with names; a header needs {HEADER}"
            )
    if not is_number and _is_alone(begin, split.labels):
        raise DataError(
            f"{split.where(0)}: no other row has the class {begin[:40]!r}; if that is a header, it "
            f"needs {HEADER}; if not, put another row first"
        )
    return [written[cell] for cell in split.labels]


def _is_alone(cell, cells):
    """Whether the others come in twos and more, and this one does not."""
    others = set(cells) - {cell}
    return cells.count(cell) == 1 and len(cells) - 1 >= 2 * max(1, len(others))


def _names(path):
    try:
        names = files.decode(path.read_bytes(), path).split("\n")
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    names = [" ".join(name.split()) for name in names]
    while names and not names[-1]:
        names.pop()
    for number, name in enumerate(names, start=1):
        if not name or name in names[: number - 1]:
            what = f"{name!r} once more" if name else "blank"
            raise DataError(f"{path}, row {number}: {what}; expected a name of its own a line")
    return names
