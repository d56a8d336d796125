"""Loads a corpus: which rows, how many of them, and in what order."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus import ag_news, columns, files, prepared
from corpus.classes import listed, of_corpus
from corpus.errors import UserError
from corpus.rows import Rows, last_tenth

SAMPLE = Path(__file__).parent.parent / "sample"
# Of the official test split; accuracies on other rows cannot be compared with the tutorial's.
OFFICIAL_TEST_HASH = "19108eba0cf1cdf5062230193397113bde4e84801300e74115c3ec0633a7c71a"


@dataclass(frozen=True)
class Corpus:
    """The rows that a run trains and tests on.

    Attributes:
        name: "ag_news", "sample", "tfds:NAME" or the directory.
        train, validation, test: `Rows`, each in the order of its rows' hashes; `validation` has
            none where the corpus has no such file.
        classes: tuple of `str`, the names of the classes.
        labels: tuple of `str`, the labels of the classes as they are written in the rows.
        label_name: the name of the column of labels in train; "" if it has none.
        text_names: tuple of `str`, the names of the columns of text in train, the title's first;
            () if they have no names.
        hash: hexadecimal SHA-256 of the rows that are used.
        test_hash: hexadecimal SHA-256 of the test rows that are used.
        official_test: whether `test` is the whole official test split.
        remarks: tuple of `str`, what a user should know of the files; () for AG News.
    """

    name: str
    train: Rows
    validation: Rows
    test: Rows
    classes: tuple[str, ...]
    labels: tuple[str, ...]
    label_name: str
    text_names: tuple[str, ...]
    hash: str
    test_hash: str
    official_test: bool
    remarks: tuple[str, ...]

    def __str__(self):
        rows = f"{len(self.train):,} train rows, {len(self.test):,} test rows"
        return "; ".join([f"{self.name}: {rows}", *self.remarks])


def load(source, train_rows=0, test_rows=0, text_columns=(), label_column=None):
    """Loads a corpus.

    Args:
        source: "ag_news", "sample", "tfds:NAME" or "tfds:NAME/CONFIG" for a dataset that TFDS has
            prepared, or a directory that holds train.csv, .tsv or .jsonl, perhaps the same for
            test, and perhaps classes.txt.
        train_rows, test_rows: use at most this many rows; 0 means all.
        text_columns, label_column: see `prepared.read`.

    Returns:
        A `Corpus`.

    Raises:
        UserError: the rows cannot be found, downloaded, read or used.
    """
    directory = directory_of(source)
    if directory is None:
        splits, names, remarks = _read_prepared(source, text_columns, label_column)
    else:
        splits, names, remarks = _read(directory)
    if "test" not in splits:
        splits["train"], splits["test"], remark = _set_aside(splits["train"])
        remarks.append(remark)
    train, train_hash = _take(splits["train"], train_rows)
    test, test_hash = _take(splits["test"], test_rows)
    validation, validation_hash = _take(splits.get("validation", train[:0]), 0)
    remarks += _counts(train, test, names["classes"])
    hashes = train_hash + test_hash + (validation_hash if len(validation) else "")
    return Corpus(
        name=str(source),
        train=train,
        validation=validation,
        test=test,
        **names,
        hash=hashlib.sha256(hashes.encode()).hexdigest(),
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
    """The directory of a corpus's files; None for AG News and other datasets of TFDS.

    Args:
        source: see `load`.

    Raises:
        UserError: there is no such directory.
    """
    if source == "ag_news" or str(source).startswith(prepared.PREFIX):
        return None
    directory = SAMPLE if source == "sample" else Path(source)
    if not directory.is_dir():
        problem = "not a directory" if directory.exists() else "no such directory"
        takes = "--data takes ag_news, sample, tfds:NAME or a directory"
        raise UserError(f"{directory}: {problem}; {takes}")
    return directory


def _read_prepared(source, text_columns, label_column):
    """`_read` for a dataset of TFDS."""
    name = ag_news.NAME if source == "ag_news" else source.removeprefix(prepared.PREFIX)
    if name == ag_news.NAME:
        ag_news.prepare()
    splits, classes, remarks = prepared.read(name, text_columns, label_column)
    if "test" not in splits and "validation" in splits:
        splits["test"] = splits.pop("validation")
        remarks.append("the validation rows are used for testing, since there is no other split")
    train = splits["train"]
    labels = classes or of_corpus(train, Path(source, "classes.txt"))[0]
    names = {"classes": labels, "labels": labels}
    if name == ag_news.NAME and classes:  # also as its files have it
        names["labels"] = ag_news.LABELS
    names |= {"text_names": train.text_names, "label_name": train.names[train.label]}
    rows = {split: table.rows(labels, source) for split, table in splits.items()}
    return rows, names, [str(train), *remarks]


def _set_aside(rows):
    """(the rows to train on, the rows to test on, a remark) where a corpus has train rows alone."""
    train, test = last_tenth(rows.in_hash_order()[0])
    return train, test, f"{len(test):,} of {len(rows):,} rows are set aside for testing"


def _read(directory):
    """(dict of split to `Rows`, dict of names as `Corpus` has them, list of remarks)."""
    train_file, test_file = (files.find(directory, stem) for stem in ("train", "test"))
    if train_file is None:
        others = {path.name for form in files.FORMS for path in directory.glob(f"*{form}")}
        others = sorted(others - {test_file and test_file.name})
        hint = f"; is it {listed(others)}? Rename it" if others else ""
        raise UserError(f"{directory}: no train.csv, train.tsv or train.jsonl{hint}")
    train = columns.read(train_file)
    labels, classes = of_corpus(train, directory / "classes.txt")
    remarks = [str(train)]
    layout = len(train.table.columns), train.text_names
    ag_news_layouts = (3, ()), (3, ("title", "description"))  # without and with a header
    if classes is None and labels == ag_news.LABELS and layout in ag_news_layouts:
        classes = ag_news.CLASSES
        remarks.append("the classes have AG News's names (write others into classes.txt)")
    rows = {"train": train.rows(labels, train_file.name)}
    if test_file is not None:
        test = columns.read(test_file, train.text_names)
        if len(test.texts) != len(train.texts):
            counts = f"is {len(test.texts)}, but in {train_file.name} it is {len(train.texts)}"
            raise UserError(f"{test_file}: the number of text columns {counts}; make them equal")
        remarks += [f"{test_file.name}: {test}"] if str(test) != str(train) else []
        rows["test"] = test.rows(labels, train_file.name)
    names = {"classes": classes or labels, "labels": labels, "text_names": train.text_names}
    names["label_name"] = train.names[train.label] if train.names else ""
    return rows, names, remarks


def _counts(train, test, classes):
    """Remarks on the rows that are used: list of `str`."""
    counts = np.bincount(train.labels, minlength=len(classes))
    counted = [f"{name} ({count:,})" for name, count in zip(classes, counts, strict=True)]
    remarks = [f"{len(classes)} classes: {listed(counted)}"]
    if untested := [name for i, name in enumerate(classes) if i not in test.labels]:
        remarks.append(f"no test rows of {listed(untested)}")
    texts = zip(train.titles, train.descriptions, strict=True)
    if blank := sum(not (title.strip() or rest.strip()) for title, rest in texts):
        remarks.append(f"train rows without text: {blank:,}")
    return remarks


def _take(rows, count):
    """(the first rows in the order of their hashes, the hash of these rows)."""
    ordered, content_hash = rows.in_hash_order()
    if 0 < count < len(rows):
        return ordered[:count].in_hash_order()
    return ordered, content_hash
