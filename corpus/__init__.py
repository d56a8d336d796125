"""The rows of a run: which corpus, how many of its rows, in what order. Needs no TensorFlow."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from corpus import ag_news
from corpus.rows import CLASSES, DataError, Rows, read_csv

SAMPLE = Path(__file__).parent.parent / "sample"
# The content of the official test split; the tutorial's accuracies are comparable on no other rows.
OFFICIAL_TEST_HASH = "19108eba0cf1cdf5062230193397113bde4e84801300e74115c3ec0633a7c71a"


@dataclass(frozen=True)
class Corpus:
    """The rows of a run.

    Attributes:
        name: "ag_news", "sample" or the directory.
        train, test: `Rows`, each in the order of its rows' hashes.
        classes: tuple of `str`, the names of the classes in the order of their labels.
        hash, test_hash: hexadecimal SHA-256 of the rows that were taken, and of the test rows.
        official_test: whether `test` is the official test split, whole.
    """

    name: str
    train: Rows
    test: Rows
    classes: tuple[str, ...]
    hash: str
    test_hash: str
    official_test: bool

    def __str__(self):
        return f"{self.name}: {len(self.train):,} train rows, {len(self.test):,} test rows"


def load(source, train_rows=0, test_rows=0):
    """Loads a corpus.

    Args:
        source: "ag_news", "sample", or a directory that holds train.csv and test.csv.
        train_rows, test_rows: at most so many rows; 0 means all.

    Raises:
        DataError: the rows cannot be had or used.
    """
    directory = directory_of(source)
    if directory is None:
        splits = ag_news.load()
    else:
        splits = [read_csv(directory / "train.csv"), read_csv(directory / "test.csv")]
    train, train_hash = _take(splits[0], train_rows)
    test, test_hash = _take(splits[1], test_rows)
    return Corpus(
        name=str(source),
        train=train,
        test=test,
        classes=CLASSES,
        hash=hashlib.sha256((train_hash + test_hash).encode()).hexdigest(),
        test_hash=test_hash,
        official_test=test_hash == OFFICIAL_TEST_HASH,
    )


def directory_of(source):
    """The directory of a corpus's files; None for AG News, which is got elsewhere.

    Args:
        source: as of `load`.

    Raises:
        DataError: there is no such directory.
    """
    if source == "ag_news":
        return None
    directory = SAMPLE if source == "sample" else Path(source)
    try:
        if not directory.exists():
            raise DataError(
                f"{directory}: no such directory; --data takes ag_news, sample or a directory"
            )
        if not directory.is_dir():
            raise DataError(
                f"{directory}: a file; --data takes the directory that holds it: {directory.parent}"
            )
    except OSError as error:
        raise DataError(f"{directory}: {error.strerror}") from error
    return directory


def _take(rows, count):
    ordered, content_hash = rows.in_hash_order()
    if not count or count >= len(rows):
        return ordered, content_hash
    return ordered[:count].in_hash_order()
