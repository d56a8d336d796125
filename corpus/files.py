"""Reads files of rows as tables of text: .csv, .tsv and .jsonl."""

import csv
import os
from array import array
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from corpus import json_lines
from corpus.decoding import composed, decode, line_feed
from corpus.errors import UserError

FORMS = (".csv", ".tsv", ".jsonl")
LONGEST_FIELD = 2**31 - 1  # characters; the default of Python's csv module is 131,072
ROWS_AT_ONCE = 512
QUOTED = {"strict": True, "skipinitialspace": True}  # a space before a quote is not text
UNQUOTED = {"quoting": csv.QUOTE_NONE}


@dataclass(frozen=True)
class Table:
    """The rows of a file.

    Attributes:
        path: the file.
        names: tuple of `str`, the names of the columns in a .jsonl file; () for the other forms,
            whose first row may or may not be a header.
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


def find(directory, stem):
    """The file STEM.csv, .tsv or .jsonl in a directory, or None.

    Raises:
        UserError: there are several.
    """
    files = [file for form in FORMS if os.path.lexists(file := Path(directory, stem + form))]
    if len(files) > 1:
        raise UserError(f"{directory}: both {files[0].name} and {files[1].name}; keep one of them")
    return files[0] if files else None


def unused(directory, used):
    """The names of the files of rows in a directory that are not used: list of `str`."""
    paths = sorted({*Path(directory).iterdir()} - {*used})
    return [path.name for path in paths if path.suffix.lower() in FORMS]


def read(path, encoding=None):
    """Reads a file whose name ends in one of `FORMS`.

    Args:
        encoding: the name of its encoding; None for UTF-8 or UTF-16.

    Returns:
        A `Table` of at least one row and two columns.

    Raises:
        UserError: it cannot be read, is in another encoding, is empty, or a row is malformed.
    """
    path = Path(path)
    if encoding is not None:
        line_feed(encoding)
    if path.suffix.lower() not in FORMS:
        raise UserError(f"{path}: the name must end in {', '.join(FORMS[:-1])} or {FORMS[-1]}")
    if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe can be read only once
        raise UserError(f"{path}: not a regular file; save its content in one")
    names, columns, numbers = [], [], array("L")
    limit = csv.field_size_limit(LONGEST_FIELD)
    try:
        with path.open("rb") as file:
            lines, is_json = decode(file, encoding), path.suffix.lower() == ".jsonl"
            rows = json_lines.rows(lines, names) if is_json else _separated(lines, path, encoding)
            rows = _whole(rows, path, numbers)
            while chunk := list(islice(rows, ROWS_AT_ONCE)):
                columns = columns or [[] for _ in chunk[0]]
                for column, cells in zip(columns, zip(*chunk, strict=True), strict=True):
                    column.extend(map(composed, cells))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    finally:
        csv.field_size_limit(limit)
    if not columns:
        raise UserError(f"{path}: no rows; expected labelled texts")
    table = Table(path, tuple(names), columns, numbers)
    if len(columns) < 2:
        raise table.error(0, "only one column; a comma (.csv) or tab must separate label and text")
    return table


def _whole(rows, path, numbers):
    """Yields the rows that are not blank, all of one width, and adds their numbers to an array."""
    number, width = 1, 0
    try:
        for row in rows:
            if (row and row[0].strip()) or any(map(str.strip, row)):
                width = width or len(row)
                if len(row) != width:
                    problem = f"the number of columns is {len(row)}, but it was {width} before"
                    raise ValueError(f"{problem}; put quotes around a text with a separator")
                numbers.append(number)
                yield row
            number += 1
    except ValueError as error:
        raise UserError(f"{path}, row {number}: {error}") from None


def _separated(lines, path, encoding):
    """Yields the rows of a .csv or .tsv file. Its first line that is not blank says the separator.

    Raises:
        ValueError: the next row is malformed.
    """
    line = next(lines, "")
    while line.isspace():
        yield []
        line = next(lines, "")
    is_tsv = path.suffix.lower() == ".tsv"
    separator, begin = "\t" if is_tsv else ",", line.strip(" \r\n")
    if begin[:4].lower() == "sep=" and len(begin) == 5:  # from Excel
        separator, line = begin[4], "\n"
    elif separator not in begin:  # Excel writes semicolons where numbers have a decimal comma
        separator = next((other for other in ";\t" if other in begin), separator)
    options = UNQUOTED if is_tsv and _is_unquoted(path, separator, begin, encoding) else QUOTED
    try:
        yield from csv.reader(chain([line], lines), delimiter=separator, **options)
    except csv.Error as error:
        raise ValueError(f"{error}; is a quote left open?") from None


def _is_unquoted(path, separator, begin, encoding):
    """Whether the rows of a .tsv file are whole only if its quotes are plain characters."""

    def rows(options):
        with path.open("rb") as file:
            yield from csv.reader(decode(file, encoding), delimiter=separator, **options)

    try:
        line_breaks = sum("\n" in cell for row in rows(QUOTED) for cell in row)
    except csv.Error:
        return not begin.startswith('"')
    except ValueError:  # of the encoding; it is raised again, with its row, when the rows are read
        return False
    return line_breaks > 0 and len({len(row) for row in rows(UNQUOTED) if row}) == 1
