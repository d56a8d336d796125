"""The rows of a run: which corpus, how many of its rows, in what order. Needs no TensorFlow."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus import ag_news, classes, columns, files
from corpus.errors import UserError
from corpus.rows import Rows, last_tenth

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
        text_names: tuple of `str`, what the columns of text are called in train, the title's first;
            () where they have no names.
        hash, test_hash: hexadecimal SHA-256 of the rows that were taken, and of the test rows.
        official_test: whether `test` is the official test split, whole.
        about: what was taken for what, "" where that is known.
    """

    name: str
    train: Rows
    test: Rows
    classes: tuple[str, ...]
    labels: tuple[str, ...]
    text_names: tuple[str, ...]
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
        UserError: the rows cannot be had or used.
    """
    directory = directory_of(source)
    if directory is None:
        found = ag_news.LABELS, ag_news.CLASSES, (), []
        splits = ag_news.load()
    else:
        splits, *found = _read(directory)
    labels, names, text_names, about = found
    train, train_hash = _take(splits[0], train_rows)
    test, test_hash = _take(splits[1], test_rows)
    about += _counts(train, test, names) if directory else []
    return Corpus(
        name=str(source),
        train=train,
        test=test,
        classes=names,
        labels=labels,
        text_names=text_names,
        hash=hashlib.sha256((train_hash + test_hash).encode()).hexdigest(),
        test_hash=test_hash,
        official_test=test_hash == OFFICIAL_TEST_HASH,
        about="; ".join(about),
    )


def read(path, labels, classes, text_names=()):
    """Reads a file of rows whose classes are known.

    Args:
        path: a .csv, .tsv or .jsonl file.
        labels, classes: as of `Corpus`; the rows may have either.
        text_names: as of `Corpus`.

    Returns:
        (`Rows` in the order of the file, what was taken for what).

    Raises:
        UserError: the file cannot be used, or has a class that is not among them.
    """
    split = columns.read(path, text_names)
    by_label = {label: i for i, label in enumerate(labels)}
    by_name = {name: i for i, name in enumerate(classes)}
    both = [one for one in by_name if by_label.get(one, by_name[one]) != by_name[one]]
    for written in sorted(set(both) & set(split.labels)):
        raise UserError(
            f"{split.where(split.labels.index(written))}: {written!r} is the name of one class of "
            "the model and the label of another; it cannot be told which is meant"
        )
    return split.rows(by_name | by_label, "the model"), str(split)


def shown(names):
    """The first of some names, as messages have them."""
    return ", ".join(name[: classes.SHOWN] for name in names[:8]) + ", ..." * (len(names) > 8)


def _read(directory):
    """((train rows, test rows), labels, names and text_names as of `Corpus`, list of remarks)."""
    train_file = files.find(directory, "train")
    if train_file is None:
        others = sorted(
            path.name
            for path in directory.iterdir()
            if path.suffix.lower() in files.FORMS and path.stem.lower() != "test"
        )
        there = f"; is it {shown(others)}? Rename it" if others else ""
        raise UserError(f"{directory}: no train.csv, train.tsv or train.jsonl{there}")
    train = columns.read(train_file)
    names_file = directory / "classes.txt"
    labels, names = classes.of_corpus(train, names_file)
    about = [str(train)]
    if names is None and train.is_ag_news and labels == ag_news.LABELS:
        names = ag_news.CLASSES
        about.append(f"the classes have AG News's names ({names_file} can give others)")
    names = names or labels
    positions = {label: i for i, label in enumerate(labels)}
    rows = train.rows(positions, train_file.name)
    test_file = files.find(directory, "test")
    if test_file is None:
        splits = last_tenth(rows.in_hash_order()[0])
        held_out = f"{len(splits[1]):,} of {len(rows):,} rows are held out to test on"
        about.append(f"no test file, so {held_out}")
        return splits, labels, names, train.text_names, about
    test = columns.read(test_file, train.text_names)
    if len(test.texts) != len(train.texts):
        raise UserError(
            f"{test_file}: columns of text: {len(test.texts)}, where {train_file.name} has "
            f"{len(train.texts)}; give both the same"
        )
    if str(test) != str(train):
        about.append(f"{test_file.name}: {test}")
    splits = rows, test.rows(positions, train_file.name)
    return splits, labels, names, train.text_names, about


def directory_of(source):
    """The directory of a corpus's files; None for AG News, which is got elsewhere.

    Args:
        source: as of `load`.

    Raises:
        UserError: there is no such directory.
    """
    if source == "ag_news":
        return None
    directory = SAMPLE if source == "sample" else Path(source)
    try:
        if not directory.exists():
            raise UserError(
                f"{directory}: no such directory; --data takes ag_news, sample or a directory"
            )
        if not directory.is_dir():
            raise UserError(
                f"{directory}: a file; --data takes the directory that holds it: {directory.parent}"
            )
    except OSError as error:
        raise UserError(f"{directory}: {error.strerror}") from error
    return directory


def _counts(train, test, names):
    """What is said of the rows that were taken: list of `str`."""
    counts = np.bincount(train.labels, minlength=len(names))
    counted = [f"{name} ({count:,})" for name, count in zip(names, counts, strict=True)]
    said = [f"{len(names)} classes: {shown(counted)}"]
    if empty := [name for i, name in enumerate(names) if i not in test.labels]:
        said.append(f"no test row of {shown(empty)}")
    texts = zip(train.titles, train.descriptions, strict=True)
    if blank := sum(not (title.strip() or rest.strip()) for title, rest in texts):
        said.append(f"train rows without text: {blank:,}")
    return said


def _take(rows, count):
    ordered, content_hash = rows.in_hash_order()
    if not count or count >= len(rows):
        return ordered, content_hash
    return ordered[:count].in_hash_order()
