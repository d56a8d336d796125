"""Reads Parquet files; the only module that imports pyarrow."""

import json

import pyarrow
from pyarrow import parquet, types

from corpus.decoding import check
from corpus.errors import in_one_line
from corpus.json_lines import Nested

ROWS_AT_ONCE = 4096


def rows(file, names, nested=False):
    """Yields the cells of each row as text: 1, 1.5, true; null is empty.

    Args:
        file: a binary file that can seek.
        names: an empty list, to which the names of the columns are added.
        nested: whether lists, objects and bytes are read; if not, their cells hold their type.

    Raises:
        ValueError: the file is not Parquet, or damaged, or the next row is not text.
    """
    try:
        content = parquet.ParquetFile(file, page_checksum_verification=True)
        schema = content.schema_arrow
        names.extend(schema.names)
        if len(set(names)) < len(names):
            raise ValueError("two columns have the same name")
        classes = _class_names(schema.metadata)
        for batch in content.iter_batches(ROWS_AT_ONCE):
            cells = [_cells(batch[name], classes.get(name), nested) for name in names]
            for row in zip(*cells, strict=True):
                for cell in row:
                    check(cell)
                yield row
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"damaged, or not Parquet: {in_one_line(error)}") from None


def _class_names(metadata):
    """A dict of column to the names of its classes, which Hugging Face's datasets write there."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {name: [*map(str, features[name].get("names", []))] for name in features}
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return {}


def _cells(column, classes, nested):
    """The cells of a column: list of `str`."""
    try:
        texts = column.cast(pyarrow.string()).fill_null("").to_pylist()
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError):  # a list, or bytes
        values = column.to_pylist() if nested else [str(column.type)] * len(column)
        return [Nested("" if value is None else json.dumps(value, default=str)) for value in values]
    named = {str(i): name for i, name in enumerate(classes or ())}
    if types.is_floating(column.type):
        named["nan"] = ""  # a null that pandas made
    return [named.get(text, text) for text in texts] if named else texts
