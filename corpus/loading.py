"""Loads a corpus: which rows, how many of them, and in what order."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus import ag_news, columns, description, files
from corpus.classes import listed, of_corpus
from corpus.errors import UserError
from corpus.rows import Rows, held_out

SAMPLE = Path(__file__).parent.parent / "sample"
# Of the official test split; accuracies on other rows cannot be compared with the tutorial's.
OFFICIAL_TEST_HASH = "19108eba0cf1cdf5062230193397113bde4e84801300e74115c3ec0633a7c71a"


@dataclass(frozen=True)
class Corpus:
    """The rows that a run trains and tests on.

    Attributes:
        name: "ag_news", "sample" or the directory.
        train, validation, test: `Rows`, each in the order of its rows' hashes; `validation` has
            none where the corpus has no such file.
        classes: tuple of `str`, the names of the classes.
        labels: tuple of `str`, the labels of the classes as they are written in the rows.
        origins: dict of "train", "validation", "test" to where these rows are from: the name of a
            file, or "set aside" from train; {} for AG News.
        label_name: the name of the column of labels in train; "" if it has none.
        text_names: tuple of `str`, the names of the columns of text in train, the title's first;
            () if they have no names.
        hash: hexadecimal SHA-256 of the rows that are used.
        test_hash: hexadecimal SHA-256 of the test rows that are used.
        official_test: whether `test` is the whole official test split.
        remarks: tuple of `str`, what a user should know of the files and rows.
    """

    name: str
    train: Rows
    validation: Rows
    test: Rows
    classes: tuple[str, ...]
    labels: tuple[str, ...]
    origins: dict[str, str]
    label_name: str
    text_names: tuple[str, ...]
    hash: str
    test_hash: str
    official_test: bool
    remarks: tuple[str, ...]

    def __str__(self):
        """Two lines: the rows of each split, and those of each class in train."""
        splits = []
        for name in ("train", "validation", "test"):
            if count := len(getattr(self, name)):
                origin = f" ({self.origins[name]})" if name in self.origins else ""
                splits.append(f"{count:,} {name} rows{origin}")
        counts = np.bincount(self.train.labels, minlength=len(self.classes)).tolist()
        classes = [f"{name} ({n:,})" for name, n in zip(self.classes, counts, strict=True)]
        column = f"column {self.label_name!r}" if self.label_name else "column 1"
        labels = f"labels: {column}, {len(classes)} classes: {listed(classes)}"
        return f"{self.name}: {', '.join(splits)}\n{labels}"


def load(source, train_rows=0, test_rows=0):
    """Loads a corpus.

    Args:
        source: "ag_news", "sample", or a directory that holds train.csv, .tsv or .jsonl, perhaps
            the same for test, and perhaps classes.txt.
        train_rows, test_rows: use at most this many rows; 0 means all.

    Returns:
        A `Corpus`.

    Raises:
        UserError: the rows cannot be found, downloaded, read or used.
    """
    directory = directory_of(source)
    if directory is None:
        names = {"classes": ag_news.CLASSES, "labels": ag_news.LABELS}
        names |= {"origins": {}, "label_name": "", "text_names": ()}
        (train, test), remarks = ag_news.load(), []
    else:
        train, test, names, remarks = _read(directory)
    train, train_hash = _take(train, train_rows)
    test, test_hash = _take(test, test_rows)
    validation = train[:0]
    remarks += description.on_classes(train, test, names["classes"])
    remarks += description.on_texts(train, validation, test)
    return Corpus(
        name=str(source),
        train=train,
        validation=validation,
        test=test,
        **names,
        hash=hashlib.sha256((train_hash + test_hash).encode()).hexdigest(),
        test_hash=test_hash,
        official_test=test_hash == OFFICIAL_TEST_HASH,
        remarks=tuple(remarks),
    )


def read(path, labels, classes, text_names=()):
    """Reads a file of rows for a model that has its classes already.

    Args:
        path: a .csv, .tsv or .jsonl file.
        labels, classes, text_names: see `Corpus`; the rows may have labels or names of classes.

    Returns:
        (`Rows` in the order of the file, `str` that says which columns it has).

    Raises:
        UserError: the file cannot be used, or has a class that the model does not have.
    """
    split = columns.read(path, text_names)
    return split.rows(labels, "the model", classes), str(split)


def directory_of(source):
    """The directory of a corpus's files; None for AG News, which TFDS stores.

    Args:
        source: see `load`.

    Raises:
        UserError: there is no such directory.
    """
    if source == "ag_news":
        return None
    directory = SAMPLE if source == "sample" else Path(source)
    if not directory.is_dir():
        problem = "not a directory" if directory.exists() else "no such directory"
        raise UserError(f"{directory}: {problem}; --data takes ag_news, sample or a directory")
    return directory


def _read(directory):
    """(train rows, test rows, dict of names as `Corpus` has them, list of remarks)."""
    train_file, test_file = (files.find(directory, stem) for stem in ("train", "test"))
    if train_file is None:
        others = {path.name for form in files.FORMS for path in directory.glob(f"*{form}")}
        others = sorted(others - {test_file and test_file.name})
        hint = f"; is it {listed(others)}? Rename it" if others else ""
        raise UserError(f"{directory}: no train.csv, train.tsv or train.jsonl{hint}")
    train = columns.read(train_file)
    labels, classes = of_corpus(train, directory / "classes.txt")
    used = train.label, *train.texts
    unused = [repr(name) for i, name in enumerate(train.names) if i not in used]
    remarks = [f"unused columns: {listed(unused)}"] if unused else []
    layout = len(train.table.columns), train.text_names
    ag_news_layouts = (3, ()), (3, ("title", "description"))  # without and with a header
    if classes is None and labels == ag_news.LABELS and layout in ag_news_layouts:
        classes = ag_news.CLASSES
        remarks.append("the classes have AG News's names (write others into classes.txt)")
    rows = train.rows(labels, train_file.name)
    if test_file is None:
        rows, _ = rows.in_hash_order()
        aside = held_out(rows.labels, rows.text_hashes())
        if not aside.any():
            problem = "no row can be set aside for testing: every text is the only one of a class"
            raise UserError(f"{train_file}: {problem}; add rows, or a test.csv beside it")
        rows, test_rows = rows[~aside], rows[aside]
    else:
        test = columns.read(test_file, train.text_names)
        if len(test.texts) != len(train.texts):
            counts = f"is {len(test.texts)}, but in {train_file.name} it is {len(train.texts)}"
            raise UserError(f"{test_file}: the number of text columns {counts}; make them equal")
        remarks += [f"{test_file.name}: {test}"] if str(test) != str(train) else []
        test_rows = test.rows(labels, train_file.name)
    names = {"classes": classes or labels, "labels": labels, "text_names": train.text_names}
    test_origin = test_file.name if test_file else "set aside"
    names["origins"] = {"train": train_file.name, "test": test_origin}
    names["label_name"] = train.names[train.label] if train.names else ""
    return rows, test_rows, names, remarks


def _take(rows, count):
    """(the first rows in the order of their hashes, the hash of these rows)."""
    ordered, content_hash = rows.in_hash_order()
    if 0 < count < len(rows):
        return ordered[:count].in_hash_order()
    return ordered, content_hash
