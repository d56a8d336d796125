"""The rows of a run: which corpus, how many of its rows, in what order. Needs no TensorFlow."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from corpus import ag_news, columns, files
from corpus.rows import DataError, Rows, last_tenth

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
        labels: tuple of `str`, the classes as they are written in the rows.
        hash, test_hash: hexadecimal SHA-256 of the rows that were taken, and of the test rows.
        official_test: whether `test` is the official test split, whole.
        about: what was taken for what, "" where that is known.
    """

    name: str
    train: Rows
    test: Rows
    classes: tuple[str, ...]
    labels: tuple[str, ...]
    hash: str
    test_hash: str
    official_test: bool
    about: str

    def __str__(self):
        rows = f"{len(self.train):,} train rows, {len(self.test):,} test rows"
        return f"{self.name}: {rows}" + (f"; {self.about}" if self.about else "")


def load(source, train_rows=0, test_rows=0):
    """Loads a corpus.

    Args:
        source: "ag_news", "sample", or a directory that holds train.csv, .tsv or .jsonl, perhaps
            the same for test, and perhaps classes.txt.
        train_rows, test_rows: at most so many rows; 0 means all.

    Raises:
        DataError: the rows cannot be had or used.
    """
    directory = directory_of(source)
    if directory is None:
        splits, about = ag_news.load(), ""
        labels, classes = ag_news.LABELS, ag_news.CLASSES
    else:
        splits, labels, classes, about = _read(directory)
    train, train_hash = _take(splits[0], train_rows)
    test, test_hash = _take(splits[1], test_rows)
    return Corpus(
        name=str(source),
        train=train,
        test=test,
        classes=classes,
        labels=labels,
        hash=hashlib.sha256((train_hash + test_hash).encode()).hexdigest(),
        test_hash=test_hash,
        official_test=test_hash == OFFICIAL_TEST_HASH,
        about=about,
    )


def read(path, labels, classes):
    """Reads a file of rows whose classes are known.

    Args:
        path: a .csv, .tsv or .jsonl file.
        labels, classes: as of `Corpus`; the rows may have either.

    Returns:
        (`Rows` in the order of the file, what was taken for what).

    Raises:
        DataError: the file cannot be used, or has a class that is not among them.
    """
    split = columns.read(path)
    positions = {name: i for i, name in enumerate(classes)}
    positions |= {label: i for i, label in enumerate(labels)}
    return split.rows(positions, "the model"), str(split)


def _read(directory):
    """((train rows, test rows), classes as written, their names, what was taken for what)."""
    train_file = files.find(directory, "train")
    if train_file is None:
        raise DataError(f"{directory}: no train.csv, train.tsv or train.jsonl")
    train = columns.read(train_file)
    names_file = directory / "classes.txt"
    labels, classes = columns.classes_of(train, names_file)
    origin = ""
    if classes is None and train.is_ag_news and labels == ag_news.LABELS:
        classes, origin = ag_news.CLASSES, f" (AG News's names; {names_file} can give others)"
    classes = classes or labels
    shown = ", ".join(name[:40] for name in classes[:8]) + (", ..." if len(classes) > 8 else "")
    about = f"{train}; {len(classes)} classes: {shown}{origin}"
    positions = {label: i for i, label in enumerate(labels)}
    rows = train.rows(positions, train_file.name)
    test_file = files.find(directory, "test")
    if test_file is None:
        splits = last_tenth(rows.in_hash_order()[0])
        about += f"; no test file, so {len(splits[1]):,} of {len(rows):,} rows are held out"
        return splits, labels, classes, about
    test = columns.read(test_file)
    if len(test.texts) != len(train.texts):
        raise DataError(
            f"{test_file}: columns of text: {len(test.texts)}, where {train_file.name} has "
            f"{len(train.texts)}; give both the same"
        )
    if str(test) != str(train):
        about += f"; {test_file.name}: {test}"
    return (rows, test.rows(positions, train_file.name)), labels, classes, about


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
