"""Reads the labels of rows, numbers or names, and the names of the classes."""

import re
from collections import Counter
from decimal import Decimal
from unicodedata import category, normalize

from corpus import decoding
from corpus.errors import UserError

NUMBER = re.compile(r"[+-]?(?=\.?[0-9])[0-9]{0,18}(\.[0-9]{0,9})?")
# Invisible characters beside the format characters (Unicode's category Cf): fillers of Hangul and
# variation selectors. To be used within [] by Python and by RE2.
INVISIBLE = "\u034f\u115f\u1160\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
LISTED, SHOWN = 8, 40  # of several labels or names, and the characters of each, in messages
MOST_CLASSES = 10  # without a header, if there are more than half as many classes as rows
MOST_ROWS = 4  # if no two rows have the same class


def is_number(cell):
    """Whether a cell holds a whole number or a decimal one."""
    return bool(NUMBER.fullmatch(cell.strip()))


def clean_name(cell):
    """A name in composed form (NFC), with single spaces within and without invisible characters."""
    if not cell.isascii():
        cell = "".join(c for c in re.sub(f"[{INVISIBLE}]", "", cell) if category(c) != "Cf")
    return normalize("NFC", " ".join(cell.split()))


def canonical(label):
    """A label in the shortest form if it is a number: 1 for 01 and 1.0, 1.5 for 1.50."""
    return f"{Decimal(label).normalize() + 0:f}" if is_number(label) else label


def natural(name):
    """A key that sorts by the numbers in names: class 2 before class 10, 02 before 02A."""
    parts = re.split(r"(\d{1,18})", name)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], name


def listed(names, most=LISTED):
    """The first few of several names, shortened, for messages."""
    shown = [name[:SHOWN] for name in names[:most]]
    return ", ".join(shown + ["..."] * (len(names) > most))


def labels_of(table, column):
    """The label of each row of a `files.Table` as it is written, clean: list of `str`.

    Raises:
        UserError: a label is empty or odd, or numbers are mixed with names that hold no digit.
    """
    cells = table.columns[column]
    cleaned = {cell: clean_name(cell) for cell in dict.fromkeys(cells)}
    separators = "" if table.names else ";|\t"  # JSON has none
    shared = [separator for separator in separators if all(separator in cell for cell in cleaned)]
    numbers = [cell for cell, label in cleaned.items() if is_number(label)]
    names = [cell for cell, label in cleaned.items() if label and not re.search(r"\d", label)]
    mixed = []  # codes such as 2A may be among either
    if numbers and names:
        counts = Counter(cells)
        mixed = sorted((names, numbers), key=lambda kind: sum(map(counts.__getitem__, kind)))
    for cell, label in cleaned.items():
        if not label:
            problem = f"no label ({cells.count(cell):,} rows); remove these, or label them"
        elif "Cc" in map(category, label):
            problem = f"a control character in the label {cell[:SHOWN]!r}"
        elif mixed and cell == mixed[0][0]:  # the rarer kind
            difference = f"the label is {label[:SHOWN]!r}, but another is {mixed[1][0][:SHOWN]!r}"
            problem = f"{difference}; labels must be all numbers or all names"
        elif shared:
            example = f"{shared[0]!r} is in {label[:SHOWN]!r}"
            problem = f"{example} and every other label; use commas or tabs"
        else:
            continue
        raise table.error(cells.index(cell), problem, column)
    return [*map(cleaned.__getitem__, cells)]


def of_corpus(train, path=None, encoding=None):
    """The classes of a corpus.

    Args:
        train: the `columns.Split` of its training rows.
        path: of classes.txt: a name per line, in the order of the numbers; None if there is none.
        encoding: of that file; None for UTF-8 or UTF-16.

    Returns:
        (tuple of the labels in the order of the classes, tuple of the classes' names); None as the
        names if there is no such file. Labels are `canonical` if all are numbers.

    Raises:
        UserError: there is only one class, there are nearly as many as rows, or the labels do not
            agree with the file.
    """
    written = set(train.labels)
    numbers = all(map(is_number, written))
    form, key = (canonical, Decimal) if numbers else (str, natural)
    occurring = sorted({*map(form, written)}, key=key)
    if len(occurring) < 2:
        problem = f"all rows have the label {occurring[0][:SHOWN]!r}"
        raise UserError(f"{train.table.path}: {problem}; expected two or more classes")
    rows, first, count = len(train.labels), train.labels[0], len(occurring)
    # Nearly each row has a label of its own.
    if count == rows > MOST_ROWS or (not train.names and count > max(MOST_CLASSES, rows / 2)):
        problem = f"{count:,} classes in {rows:,} rows; is {first[:SHOWN]!r} an index or a text?"
        advice = "--label-column names the column of labels; without a header, it is the first"
        raise train.error(first, f"{problem} {advice}")
    if path is None:
        return tuple(occurring), None
    names = _names(path, encoding)
    begin = 0 if "0" in occurring else 1
    allowed = [str(begin + i) for i in range(len(names))] if numbers else names
    if numbers and len(names) == len(occurring) and any("." in label for label in occurring):
        allowed = occurring  # such numbers cannot be counted
    for label in occurring:
        if label not in allowed:
            expected = f"{path} has {len(names)} names, for {listed(allowed)}"
            raise train.error(label, f"the label is {label[:SHOWN]!r}, but {expected}")
    return tuple(allowed), tuple(names)


def _names(path, encoding):
    """The names in a classes.txt."""
    cleaned = map(clean_name, decoding.lines(path.read_bytes(), path, encoding=encoding))
    names = "\n".join(cleaned).rstrip("\n").split("\n")
    for i, name in enumerate(names):
        if not name or name in names[:i]:
            problem = f"{name[:SHOWN]!r} is there already" if name else "no name"
            raise UserError(f"{path}, row {i + 1}: {problem}; each line needs a name of its own")
    return names
