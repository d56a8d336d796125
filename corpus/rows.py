"""Rows of a corpus of labelled texts."""

from dataclasses import dataclass
from hashlib import sha256
from itertools import chain

import numpy as np

CANDIDATES, ATTEMPTS = 20, 10  # in the search for texts that have a row of each class


def joined(texts):
    """Joins texts with a space, without the empty ones."""
    return " ".join(filter(None, texts))


def held_out(labels, texts):
    """Chooses the rows to set aside for testing or validation: the last tenth of each class.

    In this order of importance: rows with equal texts stay together; every class keeps a text;
    every class that has another text sets one aside; it sets aside a tenth of its rows, rounded up,
    but no more than half of its texts.

    Args:
        labels: int array of shape (rows,), the class of each row.
        texts: int array of shape (rows,), equal numbers for equal texts.

    Returns:
        Bool array of shape (rows,), whether a row is set aside.
    """
    _, texts = np.unique(texts, return_inverse=True)
    last_row = np.zeros(texts.max(initial=-1) + 1, int)
    last_row[texts] = np.arange(len(texts))
    texts = last_row.argsort().argsort()[texts]  # numbered in the order of their last rows
    counts = _Counts(labels, texts)
    return np.isin(texts, counts.fill_up(counts.cover_classes()))


class _Counts:
    """How many rows of each class each text has, for `held_out` to choose texts by."""

    def __init__(self, labels, texts):
        self.text_rows, self.class_rows = np.bincount(texts), np.bincount(labels)
        pairs, rows = np.unique(texts * len(self.class_rows) + labels, return_counts=True)
        self.texts, self.classes = np.divmod(pairs, len(self.class_rows))
        self.class_texts = np.bincount(self.classes)
        self._begin = np.searchsorted(self.texts, np.arange(len(self.text_rows) + 1)).tolist()
        self._pairs = [*zip(self.classes.tolist(), rows.tolist(), strict=True)]

    def of(self, text):
        """Dict of class to the number of its rows that have the text."""
        return dict(self._pairs[self._begin[text] : self._begin[text + 1]])

    def cover_classes(self):
        """Chooses texts of as many classes as possible that leave a text of every class: a set."""
        smallest_first = np.lexsort((-self.texts, self.text_rows[self.texts], self.classes))
        of_classes = np.split(self.texts[smallest_first], self.class_texts.cumsum()[:-1])
        candidates = [texts[:CANDIDATES].tolist() for texts in of_classes]
        order = [c for c in self.class_texts.argsort().tolist() if self.class_texts[c] > 1]
        best, most = set(), 0
        for _ in range(ATTEMPTS):
            chosen, covered = self._cover(order, candidates)
            if len(covered) > most:
                best, most = chosen, len(covered)
            order.sort(key=covered.__contains__)  # the classes that were missed come first
            if most == len(order):
                break
        return best

    def _cover(self, order, candidates):
        """(set of texts, set of the classes that they have): a greedy set cover."""
        chosen, covered, left = set(), set(), self.class_texts.tolist()
        for label in order:
            free = [t for t in candidates[label] if all(left[c] > 1 for c in self.of(t))]
            if free and label not in covered:
                # As few rows as possible for each class that it adds.
                text = min(free, key=lambda t: self.text_rows[t] / len(self.of(t).keys() - covered))
                chosen.add(text)
                covered |= self.of(text).keys()
                for c in self.of(text):
                    left[c] -= 1
        return chosen, covered

    def fill_up(self, chosen):
        """Adds texts, the last first, that fit into a tenth of the rows of each class: a list."""
        rows, texts = (-(-self.class_rows // 10)).tolist(), (self.class_texts // 2).tolist()
        others = (t for t in range(len(self.text_rows) - 1, -1, -1) if t not in chosen)
        result = []
        for text in chain(chosen, others):
            counts = self.of(text).items()
            if text in chosen or all(n <= rows[c] and texts[c] > 0 for c, n in counts):
                result.append(text)
                for c, n in counts:
                    rows[c] -= n
                    texts[c] -= 1
        return result


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

    def text_hashes(self):
        """Hashes each row's text: int64 array of shape (rows,), equal for equal texts."""
        pairs = zip(self.titles, self.descriptions, strict=True)
        return np.fromiter(map(hash, pairs), np.int64, len(self))

    def has_spaces(self, columns):
        """Whether the language separates words with spaces, judging by the first 1,000 rows.

        Args:
            columns: see `texts`.
        """
        texts = [self.titles[:1000], self.descriptions[:1000] if columns != "title" else []]
        texts = [text for column in texts for text in column if text]
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
        hashes = b"".join(sha256("\0".join(cells).encode()).digest() for cells in columns)
        hashes = np.frombuffer(hashes, "S32")
        order = hashes.argsort(kind="stable")
        return self[order], sha256(hashes[order]).hexdigest()
