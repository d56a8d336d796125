"""Rows of a corpus of labelled texts."""

import math
import re
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

# Letters of Thai, Lao, Tibetan and Burmese; Khmer; Japanese and Chinese.
WITHOUT_SPACES = re.compile(
    "[\u0e00-\u109f\u1780-\u17ff\u3040-\u312f"
    "\u3400-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]"
)


def joined(texts):
    """Joins texts with a space, without the empty ones."""
    return " ".join(filter(None, texts))


def last_tenth(rows):
    """Splits anything that can be sliced: (its beginning, its last tenth, rounded up)."""
    kept = len(rows) - math.ceil(len(rows) / 10)
    return rows[:kept], rows[kept:]


@dataclass(frozen=True)
class Rows:
    """One split of a corpus.

    Attributes:
        labels: int32 array of shape (rows,), the index of each row's class.
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
        """Returns the text of each row: an object array of `str`, shape (rows,).

        Args:
            columns: "title" or "title+description"; see `joined`.
        """
        if columns == "title":
            return self.titles
        if columns == "title+description":
            pairs = zip(self.titles, self.descriptions, strict=True)
            return np.array([joined(pair) for pair in pairs], dtype=object)
        raise ValueError(f'columns must be "title" or "title+description", not {columns!r}')

    def has_spaces(self, columns):
        """Whether spaces separate words, judging by script and spaces in the first 1,000 rows.

        Args:
            columns: see `texts`.
        """
        texts = [self.titles[:1000], self.descriptions[:1000] if columns != "title" else []]
        texts = [text for column in texts for text in column if text]
        characters = "".join(texts)
        if 2 * len(WITHOUT_SPACES.findall(characters)) > sum(map(str.isalpha, characters)):
            return False
        few_words = sum(len(text.split()) for text in texts) < 2 * len(texts)
        return not (few_words and sum(map(len, texts)) > 10 * len(texts))

    def in_hash_order(self):
        """Sorts the rows by the SHA-256 of their content.

        TFDS shuffles what it stores and a CSV file does not, so neither order can say which rows
        "the first 2,000" are. The order of the hashes is a shuffle that all sources share.

        Returns:
            (Rows, hexadecimal hash of the whole split).
        """
        columns = zip(map(str, self.labels.tolist()), self.titles, self.descriptions, strict=True)
        hashes = [sha256("\0".join(cells).encode()).digest() for cells in columns]
        order = sorted(range(len(hashes)), key=hashes.__getitem__)
        return self[order], sha256(b"".join(hashes[i] for i in order)).hexdigest()
