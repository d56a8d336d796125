"""The classes of a corpus: numbers or names in its rows, and what they are called."""

import re
import unicodedata

from corpus import files
from corpus.errors import UserError

NUMBER = re.compile(r"([+-]?[0-9]{1,18})(\.0+)?")  # as of a spreadsheet: 1.0
SEPARATORS = ";|\t"
SHOWN = 40  # characters of a class in messages


def is_number(cell):
    """Whether a cell holds a whole number."""
    return bool(NUMBER.fullmatch(cell.strip()))


def as_written(cells, where):
    """The classes of rows: numbers as numbers, names without white space around them.

    Args:
        cells: list of `str`, one of each row.
        where: a function that names a row, by its index, for messages.

    Returns:
        List of `str`.

    Raises:
        UserError: a class is empty or odd, or numbers are mixed with names.
    """
    written, numbers = dict.fromkeys(cells), is_number(cells[0])
    for cell in written:
        written[cell] = (
            str(int(NUMBER.fullmatch(cell.strip())[1])) if is_number(cell) else name(cell)
        )
        if not written[cell]:
            raise UserError(f"{where(cells.index(cell))}: no class")
        if any(unicodedata.category(character) == "Cc" for character in written[cell]):
            raise UserError(
                f"{where(cells.index(cell))}: a control character in the class {cell[:SHOWN]!r}"
            )
        if is_number(cell) != numbers:
            raise UserError(
                f"{where(cells.index(cell))}: the class {cell[:SHOWN]!r}, where the first row has "
                f"{cells[0][:SHOWN]!r}: numbers mixed with names"
            )
    for separator in SEPARATORS:
        if all(separator in cell for cell in written):
            raise UserError(
                f"{where(0)}: the class {cells[0][:SHOWN]!r} and all others have {separator!r} in "
                "them; columns are separated by commas in a .csv, by tabs in a .tsv"
            )
    return [*map(written.__getitem__, cells)]


def name(cell):
    """A name without white space around it, and single spaces within."""
    return " ".join(cell.split())


def of_corpus(train, path):
    """The classes of a corpus.

    Args:
        train: the `columns.Split` of its train rows.
        path: of classes.txt: a name a line, in the order of the numbers. It need not exist.

    Returns:
        (tuple of the classes as they are written in the rows, tuple of their names); None as the
        names where there is no such file.

    Raises:
        UserError: there is but one class, or they do not agree with the file.
    """
    numbers = is_number(train.labels[0])
    written = sorted(set(train.labels), key=int if numbers else None)
    if len(written) < 2:
        raise UserError(
            f"{train.table.path}: all {len(train.labels):,} rows have the class {written[0]!r}; "
            "expected two or more classes"
        )
    if not path.exists():
        return tuple(written), None
    names = _names(path)
    begin = 0 if "0" in written else 1
    known = [str(begin + i) for i in range(len(names))] if numbers else names
    if unknown := [label for label in written if label not in known]:
        what = f"{known[0]} to {known[-1]}" if numbers else ", ".join(n[:SHOWN] for n in known[:10])
        raise UserError(
            f"{train.where(train.labels.index(unknown[0]))}: the class {unknown[0][:SHOWN]!r}, "
            f"where {path} has {len(names)} names: of {what}"
        )
    return tuple(known), tuple(names)


def _names(path):
    try:
        lines = files.lines(files.decode(path.read_bytes(), path))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    names = [name(line) for line in lines]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise UserError(f"{path}: empty; expected the name of a class a line")
    for number, one in enumerate(names, start=1):
        if not one or one in names[: number - 1]:
            what = f"{one[:SHOWN]!r} once more" if one else "blank"
            raise UserError(f"{path}, row {number}: {what}; expected a name of its own a line")
    return names
