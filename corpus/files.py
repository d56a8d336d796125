"""Files of rows as tables of text: .csv, .tsv and .jsonl, in UTF-8 or UTF-16."""

import codecs
import csv
import io
import os
import unicodedata
from dataclasses import dataclass
from itertools import chain, islice, takewhile
from pathlib import Path

from corpus import json_lines
from corpus.errors import UserError

FORMS = (".csv", ".tsv", ".jsonl")
LONGEST_FIELD = 2**31 - 1  # characters; Python's csv stops at 131,072 unless told otherwise
ROWS_AT_ONCE = 512
BYTE_ORDER_MARK = "\ufeff"
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Table:
    """The rows of a file.

    Attributes:
        path: the file.
        names: tuple of `str`, the names of the columns in a .jsonl file; elsewhere None, since a
            first row may be a header or not.
        columns: list of columns, each a list of `str`, without blank rows.
        blank: list of int, the places of the blank rows in the file, from 1.
    """

    path: Path
    names: tuple[str, ...] | None
    columns: list[list[str]]
    blank: list[int]

    def __len__(self):
        return len(self.columns[0])

    def row(self, index):
        """The cells of a row: tuple of `str`."""
        return tuple(column[index] for column in self.columns)

    def where(self, index):
        """A row as messages name it."""
        return f"{self.path}, row {_number(index, self.blank)}"


def _number(index, blank):
    """The place in the file, from 1, of a row that is not blank."""
    number = index + 1
    for place in blank:
        number += place <= number
    return number


def find(directory, stem):
    """The file of a split in a directory: STEM.csv, .tsv or .jsonl; None where there is none.

    Raises:
        UserError: there are several.
    """
    files = [file for form in FORMS if os.path.lexists(file := Path(directory, stem + form))]
    if len(files) > 1:
        raise UserError(f"{directory}: both {files[0].name} and {files[1].name}; keep one of them")
    return files[0] if files else None


def read(path):
    """Reads a file of one of the forms.

    Args:
        path: its name says which form it has.

    Returns:
        A `Table` of at least one row.

    Raises:
        UserError: it cannot be read, is in another encoding, is empty, or a row is malformed.
    """
    path = Path(path)
    form = path.suffix.lower()
    if form not in FORMS:
        raise UserError(f"{path}: its name has to end in {', '.join(FORMS[:-1])} or {FORMS[-1]}")
    if path.exists() and not (path.is_file() or path.is_dir()):  # it is opened more than once
        raise UserError(f"{path}: not a regular file; save what it gives in one")
    rows = {".csv": _csv, ".tsv": _tsv, ".jsonl": _json}[form](path)
    names = next(rows, None) if form == ".jsonl" else None
    table = Table(path, names, *_columns(rows, path))
    if not table.columns:
        raise UserError(f"{path} has no rows; expected labelled texts")
    if len(table.columns) < 2:
        raise UserError(
            f"{table.where(0)}: one column; expected a class and a text, separated by a comma in a "
            ".csv, by a tab in a .tsv"
        )
    return table


def _columns(rows, path):
    """(columns, places of the blank rows) of an iterator of rows."""
    columns, blank, read = [], [], 0
    while chunk := list(islice(rows, ROWS_AT_ONCE)):
        kept, widths = chunk, set(map(len, chunk))
        if min(widths) < 2 or not all(row[0] for row in chunk):
            kept = [row for row in chunk if not _is_blank(row)]
            blank += [read + i for i, row in enumerate(chunk, start=1) if _is_blank(row)]
            widths = set(map(len, kept))
        read += len(chunk)
        columns = columns or [[] for row in kept[:1] for _ in row]
        if widths - {len(columns)}:
            _refuse_widths(kept, columns, blank, path)
        for column, cells in zip(columns, zip(*kept, strict=True), strict=False):
            column.extend(map(_composed, cells))
    return columns, blank


def _is_blank(row):
    return not any(cell.strip() for cell in row)  # Excel's are separators


def _refuse_widths(rows, columns, blank, path):
    odd = next(i for i, row in enumerate(rows) if len(row) != len(columns))
    row = _number(len(columns[0]) + odd, blank)
    raise UserError(
        f"{path}, row {row}: {len(rows[odd])} columns, where row {_number(0, blank)} has "
        f"{len(columns)}; a text that holds a separator or the end of a line needs quotes around it"
    )


def _lines(path):
    """The lines of a file with their ends, one at a time, since a file may be large.

    They are decoded as of `decode`, but not composed: a Greek question mark would become the
    semicolon that separates columns.

    Raises:
        UserError: as of `decode`, or the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            utf_16 = file.peek(2)[:2] in UTF_16_MARKS
            encoding = "utf-16" if utf_16 else "utf-8"
            for line in io.TextIOWrapper(file, encoding, newline=""):
                if "\0" in line:
                    raise UnicodeError
                yield line if line.isascii() else line.replace(BYTE_ORDER_MARK, "")
    except UnicodeError:
        form = path.suffix.lower()
        decode(path.read_bytes(), path, lambda before: f"row {_count(before, form)}")  # says where
        raise UserError(f"{path}: changed while it was read") from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error


def decode(content, name, place=lambda before: f"line {before.count(chr(10)) + 1}"):
    """The text of bytes: UTF-8 with or without a byte order mark, or UTF-16 with one.

    Args:
        content: bytes.
        name: where they come from, for messages.
        place: a function that says where in a file a text ends: "line 2".

    Returns:
        `str` in composed form (NFC), without byte order marks.

    Raises:
        UserError: they are in another encoding or hold NUL; the message names the place.
    """
    encoding = "utf-16" if content.startswith(UTF_16_MARKS) else "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, "ignore")
        raise UserError(
            f"{name}, {place(before + '?')}: neither UTF-8 nor UTF-16 with a byte order mark; "
            "convert it to UTF-8"
        ) from error
    if "\0" in text:
        before = text[: text.index("\0")]
        raise UserError(f"{name}, {place(before + '?')}: a NUL byte; damaged, or not UTF-8")
    return _composed(text)


def _composed(text):
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", text.replace(BYTE_ORDER_MARK, ""))


def _count(text, form):
    """The number of rows that a text begins."""
    if form == ".jsonl":
        return len(lines(text))
    separator = "," if form == ".csv" else "\t"
    return sum(1 for _ in _reader(io.StringIO(text, newline=""), separator, strict=False))


def _reader(lines, delimiter, **options):
    csv.field_size_limit(LONGEST_FIELD)
    return csv.reader(lines, delimiter=delimiter, **options)


def lines(text):
    """The lines of a text: list of `str`. Only a line feed, a carriage return or both end one."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _csv(path, delimiter=","):
    begin, rows = _first_line(path), _lines(path)
    if begin[:4].lower() == "sep=" and len(begin) == 5:  # as Excel writes and reads it
        delimiter, blank = begin[4], takewhile(lambda line: not line.strip(), rows)
        rows = chain(blank, ["\n"], rows)  # a blank row in place of that line
    elif delimiter not in begin:  # Excel's, where a comma stands in numbers; or tabs
        delimiter = next((other for other in ";\t" if other in begin), delimiter)
    read = 0
    try:  # a space before a quote is no text
        for row in _reader(rows, delimiter, strict=True, skipinitialspace=True):
            yield row
            read += 1
    except csv.Error as error:
        raise UserError(f"{path}, row {read + 1}: {error}; is a quote left open?") from error


def _first_line(path):
    """The first line that is not blank, "" where there is none."""
    line = next((line for line in _lines(path) if line.strip()), "")
    return line.lstrip(" ").rstrip("\r\n")


def _tsv(path):
    """Quotes are quotes, or, as many write them there, letters: where that makes whole rows."""

    def letters():
        return _reader(_lines(path), "\t", quoting=csv.QUOTE_NONE)

    try:
        over_lines = sum("\n" in cell for row in _csv(path, "\t") for cell in row)
    except UserError:
        if _first_line(path).startswith('"'):  # from the first cell on they are quotes
            raise
        return letters()
    widths = {len(row) for row in letters() if row} if over_lines else ()
    return letters() if len(widths) == 1 else _csv(path, "\t")


def _json(path):
    return json_lines.rows(_lines(path), path)
