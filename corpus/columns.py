"""Which columns of a table are the class, the title and the description."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from corpus import classes, files, json_lines
from corpus.errors import UserError
from corpus.rows import Rows, joined

LABELS = ("label", "class", "class index", "category")
TEXTS = ("title", "description", "text", "content")
MOST_CLASSES = 20  # where more than half of the rows have one of their own
QUESTION = "question"  # and what begins with it: question_title, question1
HEADER_NEEDS = (
    f"a column called {', '.join(LABELS[:-1])} or {LABELS[-1]}, "
    f"and one called {', '.join(TEXTS)} or {QUESTION}..."
)


@dataclass(frozen=True)
class Split:
    """A table of which it is known what its columns are.

    Attributes:
        table: the `files.Table`, its header included where it has one.
        names: tuple of the names of its columns, in lower case; () where it has no header.
        first: the index of its first row that is no header: 0 or 1.
        label: the index of the column of classes.
        texts: list of the indices of the columns of text, the title's first.
        labels: list of `str`, the class of each row as of `classes.as_written`.
    """

    table: files.Table
    names: tuple[str, ...]
    first: int
    label: int
    texts: list[int]
    labels: list[str]

    def __str__(self):
        width = range(len(self.table.columns))
        name = [repr(self.names[i]) if self.names else f"column {i + 1}" for i in width]
        description = " and ".join(name[i] for i in self.texts[1:])
        parts = [f"class from {name[self.label]}", f"title from {name[self.texts[0]]}"]
        parts.append(f"description from {description}" if description else "no description")
        unused = [name[i] for i in width if i not in (self.label, *self.texts)]
        return ", ".join(parts) + (f", unused {', '.join(unused)}" if unused else "")

    @property
    def text_names(self):
        """Tuple of the names of the columns of text, the title's first; () without a header."""
        return tuple(self.names[i] for i in self.texts) if self.names else ()

    @property
    def is_ag_news(self):
        """Whether there are exactly the columns of AG News."""
        if not self.names:
            return len(self.texts) == 2
        return len(self.names) == 3 and self.text_names == ("title", "description")

    def rows(self, positions, of):
        """The rows, as `Rows`.

        Args:
            positions: dict of a class, as in `labels`, to its position.
            of: what has these classes, for messages.

        Raises:
            UserError: a row has another class.
        """
        try:
            labels = np.array([*map(positions.__getitem__, self.labels)], dtype=np.int32)
        except KeyError as error:
            label = error.args[0]
            known = ", ".join(name[: classes.SHOWN] for name in list(positions)[:10])
            header = "" if self.names else f"; a header needs {HEADER_NEEDS}"
            raise UserError(
                f"{self.where(self.labels.index(label))}: the class {label[: classes.SHOWN]!r}, "
                f"which {of} does not have; it has {known}{', ...' * (len(positions) > 10)}{header}"
            ) from None
        titles, *others = (self.table.columns[i][self.first :] for i in self.texts)
        if len(others) == 1:
            [descriptions] = others
        elif others:
            descriptions = [joined(cells) for cells in zip(*others, strict=True)]
        else:
            descriptions = [""] * len(titles)
        return Rows(labels, np.array(titles, object), np.array(descriptions, object))

    def where(self, row):
        """The class of a row as messages name it."""
        return f"{self.table.where(row + self.first)}, column {self.label + 1}"


def read(path, text_names=()):
    """Reads a file of labelled texts.

    Args:
        path: as of `files.read`.
        text_names: the order that columns of these names have, where the file has just these.

    Returns:
        A `Split`.

    Raises:
        UserError: as of `files.read`, or no column is known, or a class is empty or odd.
    """
    table = files.read(path)
    begin = table.names or table.row(0)
    names = tuple(classes.name(name.replace("_", " ").lower()) for name in begin)
    label = next((names.index(name) for name in LABELS if name in names), None)
    texts = [i for i, name in enumerate(names) if _is_text(name)]
    if label is not None and texts:
        first = 0 if table.names else 1
        order = text_names if sorted(text_names) == sorted(names[i] for i in texts) else ()
        # Without an order that is known, the title is first, and the others stand as they are.
        texts.sort(key=lambda i: order.index(names[i]) if order else "title" not in names[i])
    else:
        _check_no_header(table, label, texts)
        names, first, label, texts = (), 0, 0, list(range(1, len(names)))
    _check_rows(table, first, [label, *texts])
    cells = table.columns[label][first:]
    split = Split(table, names, first, label, texts, cells)
    written = classes.as_written(cells, split.where)
    if not names:
        _check_classes(written, split.where)
    return Split(table, names, first, label, texts, written)


def _is_text(name):
    return name in TEXTS or (name.startswith(QUESTION) and not name.endswith("id"))


def _check_no_header(table, label, texts):
    """Refuses a first row that looks like a header in which something is missing."""
    known = label is not None or texts
    if table.names or (known and not classes.is_number(table.row(0)[0])):
        what = "class" if label is None else "text"
        shown = ", ".join(map(repr, table.names or table.row(0)))[:100]
        raise UserError(
            f"{table.where(0)}: no column of the {what} among {shown}; expected {HEADER_NEEDS}"
        )


def _check_rows(table, first, used):
    """Refuses a table without rows, with its header once more, or with no text in a used column."""
    if len(table) == first:
        raise UserError(f"{table.path} has no rows behind its header")
    if first:
        header = table.row(0)
        for row in range(1, len(table)):
            if table.columns[used[0]][row] == header[used[0]] and table.row(row) == header:
                raise UserError(f"{table.where(row)}: the header once more; take it out")
    if table.names is None:
        return
    for column in used:
        for row, cell in enumerate(table.columns[column]):
            if isinstance(cell, json_lines.NoText):
                raise UserError(
                    f"{table.where(row)}: {table.names[column]!r} is a list or an object; "
                    "expected text or a number"
                )


def _check_classes(written, where):
    """Refuses what looks like a header or a text in the place of the classes."""
    counts, begin = Counter(written), written[0]
    if len(counts) > max(MOST_CLASSES, len(written) / 2):
        raise UserError(
            f"{where(0)}: {len(counts):,} classes in {len(written):,} rows, the first "
            f"{begin[: classes.SHOWN]!r}; is it the text? "
            f"Without a header the class comes first; a header needs {HEADER_NEEDS}"
        )
    in_twos = len(written) - 1 >= 2 * max(1, len(counts) - 1)
    if counts[begin] == 1 and in_twos and not classes.is_number(begin):
        raise UserError(
            f"{where(0)}: no other row has the class {begin[: classes.SHOWN]!r}; a header needs "
            f"{HEADER_NEEDS}; if it is none, put another row first"
        )
