"""Loads a corpus: which rows, how many of them, and in what order."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from corpus import ag_news, columns, description, files, prepared
from corpus.classes import listed, of_corpus
from corpus.errors import UserError
from corpus.rows import Rows, held_out

SAMPLE = Path(__file__).parent.parent / "sample"
# Of the official test split; accuracies on other rows cannot be compared with the tutorial's.
OFFICIAL_TEST_HASH = "19108eba0cf1cdf5062230193397113bde4e84801300e74115c3ec0633a7c71a"

# (number of columns, name of the column of labels, names of the columns of text)
AG_NEWS_LAYOUTS = [(3, "", ())] + [(3, name, ("title", "description")) for name in columns.LABELS]


@dataclass(frozen=True)
class Corpus:
    """The rows that a run trains and tests on.

    Attributes:
        name: "ag_news", "sample", "tfds:NAME", the directory or the file.
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
        """Two lines: how many rows each split has, and how many each class has in train."""
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


def load(
    source, train_rows=0, test_rows=0, text_column=(), label_column=None, encoding=None, test=True
):
    """Loads a corpus.

    Args:
        source: "ag_news"; "sample"; "tfds:NAME" or "tfds:NAME/CONFIG" for a dataset that TFDS has
            prepared; a directory with a train file in one of `files.FORMS` and, optionally, test
            and validation files and classes.txt; or a file of training rows.
        train_rows, test_rows: use at most this many rows; 0 means all.
        text_column, label_column, encoding: for all files, see `columns.read`.
        test: whether to read test rows; if not, the corpus has none, and nothing depends on them.

    Returns:
        A `Corpus`.

    Raises:
        UserError: the rows cannot be found, downloaded, read or used.
    """
    path = directory_of(source)
    if path is None:
        if encoding is not None:
            raise UserError("--encoding needs --data with a directory or a file")
        splits, labels, classes, remarks = _read_prepared(source, text_column, label_column)
        owner, names, origins = source, classes, {}
    else:
        splits, labels, classes, remarks = _read(path, test, text_column, label_column, encoding)
        owner, names = splits["train"].table.path.name, ()
        origins = {} if path.is_file() else {n: s.table.path.name for n, s in splits.items() if s}
    columns = splits["train"]
    rows = {name: split and split.rows(labels, owner, names) for name, split in splits.items()}
    if "test" not in rows:
        rows["train"], rows["test"] = _set_aside(rows["train"], source)
        origins["test"] = "set aside"
    if not test:
        rows["test"] = rows["train"][:0]
    train, train_hash = rows["train"].in_hash_order(train_rows)
    test, test_hash = rows["test"].in_hash_order(test_rows)
    validation, validation_hash = rows.get("validation", train[:0]).in_hash_order()
    remarks += namesakes(source) + description.on_classes(train, test, classes)
    remarks += description.on_texts(train, validation, test)
    hashes = train_hash + test_hash + (validation_hash if len(validation) else "")
    return Corpus(
        name=str(source),
        train=train,
        validation=validation,
        test=test,
        classes=classes,
        labels=labels,
        origins=origins,
        label_name=columns.label_name,
        text_names=columns.text_names,
        hash=hashlib.sha256(hashes.encode()).hexdigest(),
        test_hash=test_hash,
        official_test=test_hash == OFFICIAL_TEST_HASH,
        remarks=tuple(remarks),
    )


def read(path, labels, text_columns=(), label_column=None, encoding=None, labelled=True):
    """Reads a file of rows for a model that has its classes already.

    Args:
        path: a file in one of the forms that a corpus may have.
        labels: the model's `models.Labels`. Rows may have labels or names of classes; columns that
            are called as in the model's corpus are used where the file has them.
        text_columns, label_column: see `columns.read`.
        encoding: of a file that is not UTF-8 or UTF-16; by default that of the model's corpus.
        labelled: whether to read labels; if not, the file need not have any.

    Returns:
        (`Rows` in the order of the file, their `columns.Split`, which says which columns it has).

    Raises:
        UserError: the file cannot be used, or has a class that the model does not have.
    """
    like = labels.label_name, labels.text_names, labels.labels + labels.classes
    encoding = encoding or labels.encoding or None
    split = columns.read(path, text_columns, label_column, encoding, like, labelled)
    return split.rows(labels.labels, "the model", labels.classes), split


def directory_of(source):
    """The directory of a corpus's files, or its only file; None for datasets of TFDS.

    Args:
        source: see `load`.

    Raises:
        UserError: there is no such directory or file.
    """
    if source == "ag_news" or str(source).startswith(prepared.PREFIX):
        return None
    path = SAMPLE if source == "sample" else Path(source)
    if not path.exists():
        takes = "--data takes ag_news, sample, tfds:NAME, a directory or a file"
        raise UserError(f"{path}: no such directory or file; {takes}")
    return path


def namesakes(source):
    """Says so if something here has the name of a corpus that is elsewhere: list of `str`."""
    path, here = directory_of(source), Path(source)
    if not here.exists() or (path and path.samefile(here)):
        return []
    return [f"./{source} is not used; --data ./{source} would use it"]


def _read_prepared(source, text_columns, label_column):
    """`_read` for a dataset of TFDS."""
    name = ag_news.NAME if source == "ag_news" else source.removeprefix(prepared.PREFIX)
    if name == ag_news.NAME:
        ag_news.prepare()
    splits, classes, remarks = prepared.read(name, text_columns, label_column)
    if "test" not in splits and "validation" in splits:
        splits["test"] = splits.pop("validation")
        remarks.append("the validation rows are used for testing, since there is no other split")
    occurring, _ = of_corpus(splits["train"])  # at least two
    labels = classes or occurring
    if name == ag_news.NAME and classes:  # also as its files have it
        labels = ag_news.LABELS
    return splits, labels, classes or occurring, remarks


def _set_aside(rows, source):
    """Splits a corpus that has only train rows: (rows to train on, rows to test on)."""
    rows, _ = rows.in_hash_order()
    aside = held_out(rows.labels, rows.text_hashes())
    if not aside.any():
        texts = f"{len(np.unique(rows.text_hashes())):,} different texts in {len(rows):,} rows"
        problem = f"no row can be set aside for testing: only one text in each class ({texts})"
        raise UserError(f"{source}: {problem}; add rows, or a test file")
    return rows[~aside], rows[aside]


def _read(path, test, *options):
    """(dict of split to `columns.Split`, labels, names of the classes, list of remarks).

    For the options, the last of which is the encoding, see `columns.read`. The test split is False
    if it is there and not to be read.
    """
    found, unused = files.find(path) if path.is_dir() else ({"train": path}, [])
    if "train" not in found:
        hint = f"; is it {listed(unused)}? Save it as one of these" if unused else ""
        raise UserError(f"{path}: no file train.csv (or .tsv, .jsonl, .json, .parquet){hint}")
    train = columns.read(found["train"], *options)
    labels, classes = of_corpus(train, found.get("classes"), options[-1])
    used = train.label, *train.texts
    others = [repr(name) for i, name in enumerate(train.names) if i not in used]
    remarks = [f"unused columns: {listed(others)}"] if others else []
    layout = len(train.table.columns), train.label_name, train.text_names
    if classes is None and labels == ag_news.LABELS and layout in AG_NEWS_LAYOUTS:
        classes = ag_news.CLASSES
        remarks.append("the classes have AG News's names (write others into classes.txt)")
    splits = {"train": train}
    for stem in sorted({"test", "validation"} & found.keys()):
        wanted = test or stem != "test"
        splits[stem] = wanted and _read_beside(train, found[stem], labels, remarks, options)
    remarks += [f"files that are not used: {listed(unused)}"] if unused else []
    return splits, labels, classes or labels, remarks


def _read_beside(train, file, labels, remarks, options):
    """Reads a test or validation file; adds a remark if its columns differ from train's."""
    try:
        split = columns.read(file, *options, like=(train.label_name, train.text_names, labels))
    except UserError as error:
        raise UserError(f"{error}; to leave it out, use --data {train.table.path}") from error
    if len(split.texts) != len(train.texts):
        counts = f"is {len(split.texts)}, but in {train.table.path.name} it is {len(train.texts)}"
        raise UserError(f"{file}: the number of text columns {counts}; make them equal")
    remarks += [f"{file.name}: {split}"] if str(split) != str(train) else []
    return split
