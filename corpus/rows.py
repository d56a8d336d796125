"""Rows of a text classification corpus in the AG News form, read from CSV and checked."""

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

CLASSES = ("World", "Sports", "Business", "Sci/Tech")
HEADER = ["Class Index", "Title", "Description"]


class DataError(Exception):
    """Data that cannot be used. The message is one line that says what, where and what to do."""


@dataclass(frozen=True)
class Rows:
    """One split of a corpus.

    Attributes:
        labels: int32 array of shape (rows,), the position of each row's class in `CLASSES`.
        titles: object array of `str`, shape (rows,).
        descriptions: object array of `str`, shape (rows,).
    """

    labels: np.ndarray
    titles: np.ndarray
    descriptions: np.ndarray

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, selection):
        """The rows of a slice or of an array of positions."""
        return Rows(self.labels[selection], self.titles[selection], self.descriptions[selection])

    def texts(self, columns):
        """The text of each row: an object array of `str`, shape (rows,).

        Args:
            columns: "title", or "title+description" (joined by a space).
        """
        if columns == "title":
            return self.titles
        if columns == "title+description":
            return self.titles + " " + self.descriptions
        raise ValueError(f'columns must be "title" or "title+description", not {columns!r}')

    def in_hash_order(self):
        """The rows sorted by the SHA-256 of their content, and the SHA-256 of them all.

        TFDS shuffles what it stores and a CSV file does not, so neither order can say which rows
        "the first 2,000" are. The order of the hashes is a shuffle that each source arrives at.

        Returns:
            (Rows, hexadecimal hash of the whole split).
        """
        columns = zip(self.labels.tolist(), self.titles, self.descriptions, strict=True)
        hashes = [
            hashlib.sha256(f"{label}\0{title}\0{description}".encode()).digest()
            for label, title, description in columns
        ]
        order = sorted(range(len(hashes)), key=hashes.__getitem__)
        return self[order], hashlib.sha256(b"".join(hashes[i] for i in order)).hexdigest()


def read_csv(path):
    """Reads a CSV file in the official AG News form: class 1 to 4, title, description.

    A first line `Class Index,Title,Description` is passed over.

    Args:
        path: the file.

    Returns:
        `Rows` in the order of the file.

    Raises:
        DataError: the file cannot be read, is not UTF-8, is empty, or a row is malformed.
    """
    path = Path(path)
    labels, titles, descriptions = [], [], []
    reader = csv.reader(io.StringIO(_read_text(path), newline=""), strict=True)
    number = 0
    try:
        for number, row in enumerate(reader, start=1):
            if not row or (number == 1 and row == HEADER):
                continue
            labels.append(_label(path, number, row))
            titles.append(row[1])
            descriptions.append(row[2])
    except csv.Error as error:
        raise DataError(f"{path}, row {number + 1}: {error}; is a quote left open?") from error
    if not labels:
        raise DataError(f"{path} has no rows; expected lines of class,title,description")
    return Rows(
        np.array(labels, dtype=np.int32),
        np.array(titles, dtype=object),
        np.array(descriptions, dtype=object),
    )


def _read_text(path):
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}, line {line}: not UTF-8; convert the file to UTF-8") from error
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{path}, line {line}: a NUL byte; the file is damaged or is not text")
    return text


def _label(path, number, row):
    if len(row) != 3:
        raise DataError(
            f"{path}, row {number}: {len(row)} columns; expected three: class,title,description"
        )
    if row[0] not in {"1", "2", "3", "4"}:
        raise DataError(
            f"{path}, row {number}, column 1: the class is {row[0][:40]!r}; "
            "expected 1, 2, 3 or 4, and the columns class,title,description in this order"
        )
    return int(row[0]) - 1
