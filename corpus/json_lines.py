"""Reads JSON Lines: one object per line, with the names of the columns as its keys."""

import json

from corpus.decoding import check


class Nested(str):
    """A cell that was a list or an object in JSON."""


def rows(lines, names):
    """Yields the cells of each line, [] for a blank one.

    Args:
        lines: iterator of lines.
        names: an empty list, to which the names in the first object are added.

    Raises:
        ValueError: the next line is not an object, or lacks a name of the first.
    """
    for line in lines:
        if not line.strip():
            yield []
            continue
        try:
            values = DECODER.decode(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"not JSON ({error}); expected one object per line") from None
        if not isinstance(values, dict):
            raise ValueError("not a JSON object; expected one object per line")
        names.extend([] if names else values)
        if missing := [name for name in names if name not in values]:
            raise ValueError(f"{missing[0]!r}, which the first object has, is missing")
        yield [_cell(values[name]) for name in names]


def _unique(pairs):
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name occurs twice in an object")
    return values


def _not_a_number(text):
    raise ValueError(f"{text} is not a number")


DECODER = json.JSONDecoder(  # numbers stay as they are written
    object_pairs_hook=_unique, parse_int=str, parse_float=str, parse_constant=_not_a_number
)


def _cell(value):
    """A JSON value as a cell; null is empty."""
    if isinstance(value, str):
        check(value)
        return value
    if isinstance(value, list | dict):
        return Nested(json.dumps(value))
    return "" if value is None else json.dumps(value)
