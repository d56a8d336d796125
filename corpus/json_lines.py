"""Reads JSON Lines, or a JSON array, of objects whose keys are the names of the columns."""

import json
import re

from corpus.decoding import check

EXPECTED = "expected one object per line, or an array of objects"
BEGIN, SEPARATORS, END = map(re.compile, (r"\s*\[\s*", r"[\s,]*", r"\]\s*\Z"))


class Nested(str):
    """A cell that is a list or an object."""


def rows(lines, names):
    """Yields the cells of each object, none for a blank line or an object without names.

    Args:
        lines: iterator of lines.
        names: an empty list, to which the names in each object are added. A row has a cell for
            each name so far, empty if its object lacks it.

    Raises:
        ValueError: the next value is not an object.
    """
    seen = set()
    for values in _values(lines):
        if not isinstance(values, dict):
            raise ValueError(f"not a JSON object; {EXPECTED}")
        if not seen.issuperset(values):
            names.extend(name for name in values if name not in seen)
            seen.update(values)
        yield [_cell(values.get(name)) for name in names if values]


def _values(lines):
    """Yields the value of each line, {} for a blank one; of an array, each of its values."""
    for line in lines:
        if BEGIN.match(line):
            yield from _array("".join([line, *lines]))
        else:
            yield _decoded(DECODER.decode, line) if line.strip() else {}


def _array(text):
    """Yields the values of an array, each only when it is needed."""
    position = BEGIN.match(text).end()
    while not END.match(text, position):
        value, position = _decoded(DECODER.raw_decode, text, position)
        yield value
        position = SEPARATORS.match(text, position).end()


def _decoded(decode, *arguments):
    try:
        return decode(*arguments)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON ({error}); {EXPECTED}") from None


def _unique(pairs):
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name occurs twice in an object")
    return values


DECODER = json.JSONDecoder(  # numbers stay as they are written, NaN is null
    object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=lambda name: None
)


def _cell(value):
    """A JSON value as a cell; null is empty."""
    if isinstance(value, str):
        check(value)
        return value
    if isinstance(value, list | dict):
        return Nested(json.dumps(value))
    return "" if value is None else json.dumps(value)
