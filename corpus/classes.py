"""Reads the labels of rows, numbers or names, and the names of the classes."""

import re
import unicodedata

from corpus import decoding
from corpus.errors import UserError

NUMBER = re.compile(r"([+-]?[0-9]{1,18})(\.0+)?")  # spreadsheets write 1.0
LISTED, SHOWN = 8, 40  # of several labels or names, and the characters of each, in messages


def is_number(cell):
    """Whether a cell holds a whole number."""
    return bool(NUMBER.fullmatch(cell.strip()))


def clean_name(cell):
    """A name with single spaces within, and without white space around it."""
    return " ".join(cell.split())


def listed(names):
    """The first few of several names, shortened, for messages."""
    shown = [name[:SHOWN] for name in names[:LISTED]]
    return ", ".join(shown + ["..."] * (len(names) > LISTED))


def labels_of(table, column):
    """The label of each row of a `files.Table`: list of `str`.

    Numbers are without leading zeros and decimals, names are clean.

    Raises:
        UserError: a label is empty or odd, or numbers are mixed with names.
    """
    cells = table.columns[column]
    cleaned, first = dict.fromkeys(cells), cells[0][:SHOWN]
    shared = [separator for separator in ";|\t" if all(separator in cell for cell in cleaned)]
    for cell in cleaned:
        number = NUMBER.fullmatch(cell.strip())
        cleaned[cell] = label = str(int(number[1])) if number else clean_name(cell)
        if not label:
            problem = "no label"
        elif any(unicodedata.category(character) == "Cc" for character in label):
            problem = f"a control character in the label {cell[:SHOWN]!r}"
        elif bool(number) != is_number(cells[0]):
            mixed = f"the label is {cell[:SHOWN]!r}, but the first one is {first!r}"
            problem = f"{mixed}; labels must be all numbers or all names; is row 1 a header?"
        elif shared:
            problem = f"{shared[0]!r} is in {first!r} and every other label; use commas or tabs"
        else:
            continue
        raise table.error(cells.index(cell), problem, column)
    return [*map(cleaned.__getitem__, cells)]


def of_corpus(train, path):
    """The classes of a corpus.

    Args:
        train: the `columns.Split` of its training rows.
        path: of classes.txt: a name per line, in the order of the numbers. It need not exist.

    Returns:
        (tuple of the labels in the order of the classes, tuple of the classes' names); None as the
        names if there is no such file.

    Raises:
        UserError: there is only one class, or the labels do not agree with the file.
    """
    numbers = is_number(train.labels[0])
    occurring = sorted(set(train.labels), key=int if numbers else None)
    if len(occurring) < 2:
        problem = f"all rows have the label {occurring[0][:SHOWN]!r}"
        raise UserError(f"{train.table.path}: {problem}; expected two or more classes")
    if not path.exists():
        return tuple(occurring), None
    names = _names(path)
    begin = 0 if "0" in occurring else 1
    allowed = [str(begin + i) for i in range(len(names))] if numbers else names
    for label in occurring:
        if label not in allowed:
            expected = f"{path} has {len(names)} names, for {listed(allowed)}"
            raise train.error(label, f"the label is {label[:SHOWN]!r}, but {expected}")
    return tuple(allowed), tuple(names)


def _names(path):
    """The names in a classes.txt."""
    cleaned = map(clean_name, decoding.lines(path.read_bytes(), path))
    names = "\n".join(cleaned).rstrip("\n").split("\n")
    for i, name in enumerate(names):
        if not name or name in names[:i]:
            problem = f"{name[:SHOWN]!r} is there already" if name else "no name"
            raise UserError(f"{path}, row {i + 1}: {problem}; each line needs a name of its own")
    return names
