"""Rows of a .jsonl file: JSON Lines, one object a row."""

import json

from corpus.errors import UserError


class NoText(str):
    """A cell that was a list or an object in JSON."""


def rows(lines, path):
    """Yields the names of the columns, a tuple of `str`, then the cells of each row.

    Args:
        lines: iterator of the lines of the file.
        path: the file, for messages.

    Raises:
        UserError: a line is no object, or lacks what the first has.
    """
    names, before = None, 0
    for number, line in enumerate(lines, start=1):
        line = line.rstrip("\r\n")
        if not line.strip():
            if names is None:
                before += 1
            else:
                yield []
            continue
        where = f"{path}, row {number}"
        try:
            values = json.loads(line, object_pairs_hook=_each_once, **AS_WRITTEN)
        except (ValueError, RecursionError) as error:
            raise UserError(f"{where}: not JSON ({error}); expected one object a line") from error
        if not isinstance(values, dict):
            raise UserError(f"{where}: not a JSON object; expected one object a line")
        if names is None:
            names = tuple(values)
            yield names
            yield from [[]] * before
        if missing := [name for name in names if name not in values]:
            raise UserError(f"{where}: has no {missing[0]!r}, which the first row has")
        yield [_json_text(values[name], name, where) for name in names]


def _no_number(text):
    raise ValueError(f"{text} is no number")


def _each_once(pairs):
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name stands twice in an object")
    return values


AS_WRITTEN = {"parse_int": str, "parse_float": str, "parse_constant": _no_number}


def _json_text(value, name, where):
    """A value of a JSON object as a cell: null is empty, a number or a truth value as written."""
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return NoText(json.dumps(value))
    if not isinstance(value, str):
        return json.dumps(value)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"{where}, {name!r}: half a surrogate pair; damaged, or not text"
        ) from error
    if "\0" in value:
        raise UserError(f"{where}, {name!r}: a NUL character; damaged, or not text")
    return value
