"""Finds and reads files of rows, as tables of text."""

import csv
import gzip
import os
import re
import zlib
from array import array
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice, zip_longest
from pathlib import Path

from corpus import json_lines
from corpus.decoding import composed, decode
from corpus.errors import UserError

TEXT_FORMS = (".csv", ".tsv", ".jsonl", ".json")
FORMS = (*TEXT_FORMS, *(form + ".gz" for form in TEXT_FORMS), ".parquet")
TABLES = (*FORMS, ".xlsx", ".xls", ".ods")
VALIDATION = ("valid", "val", "dev")  # other names of a validation file
LONGEST_FIELD = 2**31 - 1  # characters; the default of Python's csv module is 131,072
ROWS_AT_ONCE = 512
FIRST_ROWS = 100  # by which the separator of a .csv is chosen where there are several
JOINED_ROWS = 10  # lines of a text that all look like rows: too many for chance
DECIMAL = re.compile(r"\s*[+-]?[0-9]+,[0-9]+\s*")
QUOTED = {"strict": True, "skipinitialspace": True}  # a space before a quote is not text
UNQUOTED = {"quoting": csv.QUOTE_NONE}


@dataclass(frozen=True)
class Table:
    """The rows of a file.

    Attributes:
        path: the file.
        names: tuple of `str`, the names of the columns; () for .csv and .tsv, where the first row
            may or may not be a header.
        columns: list of columns, each a list of `str`, without blank rows.
        numbers: array of the number of each row in the file, from 1.
    """

    path: Path
    names: tuple[str, ...]
    columns: list[list[str]]
    numbers: array

    def error(self, row, message, column=None):
        """A `UserError` that names the file, the row and, unless None, the column.

        Args:
            row, column: indices in `columns`.
        """
        position = "" if column is None else f", column {column + 1}"
        return UserError(f"{self.path}, row {self.numbers[row]}{position}: {message}")


def find(directory):
    """Finds the files of a corpus: STEM.csv, .tsv.gz, ... and classes.txt, in any capitals.

    Args:
        directory: its path.

    Returns:
        (dict of "train", "test", "validation" and "classes" to the path of each that is there, list
        of the names of others that look like rows of a corpus).

    Raises:
        UserError: there are several files of a split.
    """
    found, others = {}, []
    for name in sorted(os.listdir(directory)):
        stem, _, form = name.lower().partition(".")
        stem = "validation" if stem in VALIDATION else stem
        is_split = stem in ("train", "test", "validation")
        if (is_split and "." + form in FORMS) or (stem, form) == ("classes", "txt"):
            if stem in found:
                names = f"{found[stem].name} and {name}"
                raise UserError(f"{directory}: both {names}; keep one of them")
            found[stem] = Path(directory, name)
        # Others are hidden, Excel's of an open file, or scripts.
        elif name[0] not in ".~" and form != "py" and (is_split or name.lower().endswith(TABLES)):
            others.append(name)
    return found, others


def read(path, encoding=None, labelled=True):
    """Reads a file whose name ends in one of `FORMS`.

    Args:
        encoding: see `decoding.decode`; ignored for .parquet and for files that are UTF-8.
        labelled: whether the rows have labels, which take a second column, so that rows of blank
            cells can be left out.

    Returns:
        A `Table` of at least one row.

    Raises:
        UserError: it cannot be read, is in another encoding, is empty, or a row is malformed.
    """
    path = Path(path)
    if not path.name.lower().endswith(FORMS):
        forms = f"{', '.join(TEXT_FORMS)} (each also with .gz) or .parquet"
        raise UserError(f"{path}: the name must end in {forms}")
    if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe can be read only once
        raise UserError(f"{path}: not a regular file; save its content in one")
    names, columns, numbers = [], [], array("L")
    limit = csv.field_size_limit(LONGEST_FIELD)
    try:
        with _open(path) as file:
            rows = _rows(file, path, names, encoding, labelled)
            rows = _whole(rows, path, names, numbers, labelled)
            while chunk := list(islice(rows, ROWS_AT_ONCE)):
                # A row of JSON may have more columns than those before it.
                for i, cells in enumerate(zip_longest(*chunk, fillvalue="")):
                    if i == len(columns):
                        columns.append([""] * (len(numbers) - len(chunk)))
                    columns[i].extend(map(composed, cells))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UserError(f"{path}: damaged, or not compressed by gzip: {error}") from error
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    finally:
        csv.field_size_limit(limit)
    if not columns:
        raise UserError(f"{path}: no rows; expected {'labelled ' * labelled}texts")
    table = Table(path, tuple(names[: len(columns)]), columns, numbers)
    if labelled and len(columns) < 2:
        need = "a comma (.csv) or tab must separate label and text"
        need = f"{names[0]!r}; there must be a label and a text" if names else need
        raise table.error(0, f"only one column: {need}")
    return table


class _Gzip(gzip.GzipFile):
    """A compressed file that is refused where a few bytes of it would fill the memory."""

    def read1(self, size=-1):
        if self.tell() > 2**26 + 20 * os.path.getsize(self.name):
            raise gzip.BadGzipFile("it is 20 times larger unpacked; if that is right, gunzip it")
        return super().read1(size)


def _open(path):
    return _Gzip(path) if path.name.lower().endswith(".gz") else path.open("rb")


def _rows(file, path, names, encoding, labelled):
    """The rows of a file; the names of their columns, if it has them, are added to a list."""
    form = Path(path.name.lower().removesuffix(".gz")).suffix
    if form == ".parquet":
        from corpus import parquet  # late: pyarrow takes half a second, other forms need not wait

        return parquet.rows(file, names, nested=not labelled)
    lines = decode(file, encoding)
    if form in (".json", ".jsonl"):
        return json_lines.rows(lines, names)
    return _separated(lines, path, encoding, form == ".tsv")


def _whole(rows, path, names, numbers, labelled):
    """Yields the rows, without blank ones if they are labelled, and adds their numbers to an array.

    Without names of columns, all rows must have the same number of them.
    """
    number, width = 1, 0
    try:
        for row in rows:
            blank = not any(map(str.strip, row))
            if not blank or (row and not labelled and (names or len(row) == width)):
                width = width or len(row)
                if len(row) != width and not names:
                    problem = f"the number of columns is {len(row)}, but it was {width} before"
                    raise ValueError(f"{problem}; put quotes around a text with a separator")
                numbers.append(number)
                yield row
            number += 1
    except ValueError as error:
        raise UserError(f"{path}, row {number}: {error}") from None


def _separated(lines, path, encoding, is_tsv):
    """Yields the rows of a .csv or .tsv file.

    Raises:
        ValueError: the next row is malformed.
    """
    line = next(lines, "")
    while line.isspace():
        yield []
        line = next(lines, "")
    begin, usual = line.strip(" \r\n"), "\t" if is_tsv else ","
    # Excel writes semicolons where numbers have a decimal comma.
    separators = [s for s in ("\t;|" if is_tsv else ";\t|") if s in begin] + [usual]
    if begin[:4].lower() == "sep=" and len(begin) == 5:  # from Excel
        separators, line = [begin[4]], "\n"
    separator = separators[0] if is_tsv else _separator(path, encoding, separators)
    options = UNQUOTED if is_tsv and _is_unquoted(path, encoding, separator, begin) else QUOTED
    try:
        for row in csv.reader(chain([line], lines), delimiter=separator, **options):
            for cell in row:
                inner = cell.splitlines()[1:-1] if "\n" in cell else ()
                counts = {line.count(separator) for line in inner}
                if len(inner) >= JOINED_ROWS and counts == {max(1, len(row) - 1)}:
                    raise ValueError("whole rows are part of a text; is a quote left open?")
            yield row
    except csv.Error as error:
        raise ValueError(f"{error}; is a quote left open?") from None


def _reread(path, encoding, separator, options):
    """Yields the rows of a .csv or .tsv file from its beginning."""
    with _open(path) as file:
        yield from csv.reader(decode(file, encoding), delimiter=separator, **options)


def _separator(path, encoding, separators):
    """Chooses the separator that splits the first rows into equally many columns.

    If several do, the first that leaves no comma, except decimal commas, in the first column. A bar
    that does not split every row is part of a text.
    """

    def quality(separator):
        rows = []
        with suppress(ValueError, csv.Error):  # raised again, with its row, when the rows are read
            rows.extend(islice(_reread(path, encoding, separator, QUOTED), FIRST_ROWS))
        rows = [row for row in rows if any(map(str.strip, row))]
        widths = {len(row) for row in rows}
        splits = min(widths, default=1) > 1
        labels = [row[0] for row in rows if "," in row[0]] if separator != "," else []
        whole = splits and len(widths) == 1
        return splits, whole, all(map(DECIMAL.fullmatch, labels)), splits or separator != "|"

    return max(separators, key=quality)


def _is_unquoted(path, encoding, separator, begin):
    """Whether the rows of a .tsv file are whole only if its quotes are plain characters."""
    try:
        rows = _reread(path, encoding, separator, QUOTED)
        line_breaks = sum("\n" in cell for row in rows for cell in row)
    except csv.Error:
        return not begin.startswith('"')
    except ValueError:  # of the encoding; it is raised again, with its row, when the rows are read
        return False
    widths = {len(row) for row in _reread(path, encoding, separator, UNQUOTED) if row}
    return line_breaks > 0 and len(widths) == 1 and widths != {1}
