"""Rows of a corpus of labelled texts."""

import re
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

# Letters of Thai, Lao, Tibetan and Burmese; Khmer; Japanese and Chinese.
WITHOUT_SPACES = re.compile(
    "[\u0e00-\u109f\u1780-\u17ff\u3040-\u312f"
    "\u3400-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff]"
)
# What makes no difference between texts, since a network does not read it.
IGNORED = bytes(code for code in range(128) if not chr(code).isalnum())
LONG_WORDS = 12  # characters on average: more than words have, in languages that separate them


def joined(texts):
    """Joins texts with a space, without the empty ones."""
    return " ".join(filter(None, texts))


def held_out(labels, texts):
    """Chooses the rows to set aside for testing or validation: the last tenth of each class.

    Rules, the most important first: rows with equal texts stay together; every class keeps a text;
    every class with a second text sets one aside; a class sets aside a tenth of its rows, rounded
    up, but no more than half of its texts.

    Args:
        labels: int array of shape (rows,), the class of each row.
        texts: int array of shape (rows,), equal numbers for equal texts.

    Returns:
        Bool array of shape (rows,), whether a row is set aside.
    """
    groups = {}  # text to the number of its rows of each class, the text of the last row first
    for text, label in zip(texts[::-1].tolist(), labels[::-1].tolist(), strict=True):
        groups.setdefault(text, Counter())[label] += 1
    total = Counter(label for group in groups.values() for label in group)  # texts
    rows = {label: -(-count // 10) for label, count in enumerate(np.bincount(labels).tolist())}
    aside, chosen = Counter(), set()  # texts

    def choose(text):
        chosen.add(text)
        for label, count in groups[text].items():
            aside[label] += 1
            rows[label] -= count

    by_class = {label: [] for label in total}
    for text in sorted(groups, key=lambda text: groups[text].total()):
        for label in groups[text]:
            by_class[label].append(text)
    for label in sorted(total, key=total.get):
        free = (t for t in by_class[label] if all(aside[c] + 1 < total[c] for c in groups[t]))
        if not aside[label] and (text := next(free, None)) is not None:
            choose(text)
    for text, group in groups.items():
        fits = all(n <= rows[c] and 2 * aside[c] + 2 <= total[c] for c, n in group.items())
        if fits and text not in chosen:
            choose(text)
    return np.isin(texts, [*chosen])


def fold(part, parts, labels, texts):
    """Chooses the rows of one fold for cross-validation; each class is spread over all folds.

    A class with fewer texts than folds is not in all of them. Rows with equal texts are in the same
    fold.

    Args:
        part, parts: which part, from 1, and of how many.
        labels, texts: see `held_out`.

    Returns:
        Bool array of shape (rows,).
    """
    part_of = {}  # text to part
    for i, text in enumerate(texts[labels.argsort(kind="stable")].tolist()):
        part_of.setdefault(text, i % parts + 1)
    return np.array([part_of[text] == part for text in texts.tolist()])


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
        """Hashes each row's text: int64 array of shape (rows,), equal for equal texts.

        Texts that differ only in capitals, spaces and ASCII punctuation are equal, unless they
        contain nothing else: a network reads them alike.
        """
        texts = map("".join, zip(self.titles, self.descriptions, strict=True))
        hashes = (hash(t.lower().encode().translate(None, IGNORED) or t) for t in texts)
        return np.fromiter(hashes, np.int64, len(self))

    def has_spaces(self, columns):
        """Whether spaces separate words, judging by script and word length in the first 1,000 rows.

        Args:
            columns: see `texts`.
        """
        words = " ".join(self[:1000].texts(columns)).split()
        characters = "".join(words)
        without_spaces = len(WITHOUT_SPACES.findall(characters))
        long_words = len(characters) > LONG_WORDS * len(words)
        return not long_words and 2 * without_spaces <= sum(map(str.isalpha, characters))

    def in_hash_order(self, count=0):
        """Sorts the rows by the SHA-256 of their content, and takes the first `count` (0: all).

        TFDS shuffles what it stores and a CSV file does not, so neither order can say which rows
        "the first 2,000" are. The order of the hashes is a shuffle that all sources share.

        Returns:
            (Rows, hexadecimal hash of these rows).
        """
        columns = zip(map(str, self.labels.tolist()), self.titles, self.descriptions, strict=True)
        hashes = b"".join(sha256("\0".join(cells).encode()).digest() for cells in columns)
        hashes = np.frombuffer(hashes, "S32")
        order = hashes.argsort(kind="stable")[: count or None]
        return self[order], sha256(hashes[order]).hexdigest()
