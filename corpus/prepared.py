"""Reads datasets of labelled texts that TensorFlow Datasets (TFDS) has prepared."""

import logging
import re
import sys
from contextlib import contextmanager, suppress
from difflib import get_close_matches

from corpus.classes import labels_of, listed
from corpus.columns import LABELS, Split, key
from corpus.decoding import composed
from corpus.errors import UserError, in_one_line
from corpus.files import Table

PREFIX = "tfds:"
SPLITS = ("train", "validation", "test")
NAME = re.compile(r"\w+(/[\w.+-]+)?(:[\d.]+)?")  # with other names, TFDS may use the network
IDENTIFIER = re.compile(r"(.* )?u?id")  # a feature of text that nobody reads


@contextmanager
def quiet_tfds():
    """Yields TFDS without its warnings, and with progress bars only in a terminal."""
    import tensorflow_datasets as tfds  # takes a second, which other corpora need not wait for

    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)  # TFDS warns if nothing is prepared yet
    tfds.display_progress_bar(sys.stderr is not None and sys.stderr.isatty())
    try:
        yield tfds
    finally:
        logger.setLevel(level)
        tfds.display_progress_bar(True)


def read(name, text_columns=(), label_column=None):
    """Reads a prepared dataset; nothing is downloaded.

    Args:
        name: NAME or NAME/CONFIG, as TFDS calls it.
        text_columns, label_column: names of the features to use, the title's first; () and None
            for all features of text and the only label.

    Returns:
        (dict of "train", "validation" and "test" to `columns.Split`, without splits that have no
        labelled row; tuple of the names of the classes, () if the label is no `ClassLabel`; list
        of remarks).

    Raises:
        UserError: the dataset is unknown, not prepared or damaged, or it has no text, no label,
            several labels or no rows to train on.
    """
    source, splits, remarks = PREFIX + name, {}, []
    with quiet_tfds() as tfds:
        try:
            builder = _builder(tfds, name)
            features = dict(sorted(builder.info.features.items()))  # TFDS may have any order
            roles = _roles(tfds, source, features, text_columns, label_column)
            classes = tuple(getattr(features[roles[0]], "names", ()))
            for split in filter(builder.info.splits.__contains__, SPLITS):
                # Only these features are decoded: the others may be of any kind and size.
                used = tfds.decode.PartialDecoding(dict.fromkeys(roles, True))
                examples = builder.as_dataset(split=split, batch_size=-1, decoders=used)
                columns = [examples[name].numpy() for name in roles]
                labelled = columns[0] >= 0 if classes else slice(None)  # -1 means unlabelled
                columns = [column[labelled].tolist() for column in columns]
                if missing := len(examples[roles[0]]) - len(columns[0]):
                    remarks.append(f"{split} rows without a label, not used: {missing:,}")
                if columns[0]:
                    splits[split] = _split(f"{source}, {split}", roles, columns, classes)
        except UserError:
            raise
        except Exception as error:  # TFDS raises nearly anything for a damaged copy
            advice = "check the name or, if the copy is damaged, delete it"
            path = f"from {tfds.core.constants.DATA_DIR}: {in_one_line(error)}"
            raise UserError(f"{source}: cannot be read {path}; {advice}") from error
    if "train" not in splits:
        has = listed([*builder.info.splits])
        raise UserError(f"{source}: no labelled rows in a split train; its splits are {has}")
    return splits, classes, remarks


def _builder(tfds, name):
    """The builder of a prepared dataset."""
    directory = tfds.core.constants.DATA_DIR
    builder = None
    with suppress(tfds.core.registered.DatasetNotFoundError):
        builder = tfds.builder(name) if NAME.fullmatch(name) else None
    if builder is None:
        near = get_close_matches(name, tfds.list_builders(with_community_datasets=False), n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        problem = f"TFDS has no such dataset{hint}, and none is prepared in {directory}"
        raise UserError(f"{PREFIX}{name}: {problem}; see https://www.tensorflow.org/datasets")
    if not builder.is_prepared():
        command = f"python -c \"import tensorflow_datasets as tfds; tfds.load('{name}')\""
        raise UserError(f"{PREFIX}{name}: not prepared in {directory}; prepare it with: {command}")
    return builder


def _roles(tfds, source, features, text_columns, label_column):
    """Returns the names of the features to read: the label, the title, any further texts."""
    tensors = [(n, f) for n, f in features.items() if isinstance(f, tfds.features.Tensor)]
    scalars = {name: feature for name, feature in tensors if feature.shape == ()}
    texts = [name for name, feature in scalars.items() if feature.dtype == "string"]
    labels = [name for name, feature in scalars.items() if not feature.dtype.is_floating]
    has = listed([f"{name} ({_kind(feature)})" for name, feature in features.items()])

    def named(name, kind, names):
        for other in names:
            if key(other) == key(name):
                return other
        raise UserError(f"{source}: --{kind}-column {name}: no such {kind}; it has {has}")

    chosen = [named(name, "text", texts) for name in text_columns]
    labels = [name for name in labels if name not in chosen]
    if label_column is not None:
        labels = [named(label_column, "label", labels)]
    else:
        classes = [name for name in labels if hasattr(scalars[name], "names")]
        labels = classes or [name for name in labels if key(name) in LABELS]
    if len(labels) != 1:
        problem = f"several labels, {listed(labels)}" if labels else "no label"
        raise UserError(f"{source}: {problem}; it has {has}; --label-column NAME chooses one")
    others = [name for name in texts if name not in labels and not IDENTIFIER.fullmatch(key(name))]
    texts = chosen or sorted(others, key=lambda name: "title" not in key(name))
    if not texts:
        raise UserError(f"{source}: no text; it has {has}")
    return labels + texts


def _kind(feature):
    """What a feature is, for messages: ClassLabel, Text, Image, float32, ..."""
    kind = type(feature).__name__
    return feature.dtype.name if kind in ("Tensor", "Scalar") else kind


def _split(path, names, columns, classes):
    """A `columns.Split` of the columns of a split; the first holds the labels."""
    labels, *texts = columns
    cells = [[classes[i] for i in labels] if classes else [*map(_text, labels)]]
    cells += ([*map(_text, column)] for column in texts)
    table = Table(path, tuple(names), cells, range(1, len(labels) + 1))
    labels = cells[0] if classes else labels_of(table, 0)
    return Split(table, 0, [*range(1, len(cells))], labels)


def _text(value):
    """A text of TFDS as files have it; of a number, its digits."""
    return composed(value.decode() if isinstance(value, bytes) else str(value))
