"""What a script does to its process."""

import io
import os
import signal
import sys
import warnings
from contextlib import suppress

import pytest

from corpus.errors import UserError
from corpus.files import read
from training import process

HANG_UP = getattr(signal, "SIGHUP", None)


@pytest.mark.skipif(HANG_UP is None, reason="this system has no SIGHUP")
@pytest.mark.parametrize("ignored", [False, True])
def test_a_terminal_that_goes_is_like_sigterm_unless_it_is_ignored(ignored):
    before = signal.signal(HANG_UP, signal.SIG_IGN if ignored else lambda *_: None)
    try:
        with process.long_work():
            if ignored:
                signal.raise_signal(HANG_UP)
            else:
                with pytest.raises(SystemExit) as end:
                    signal.raise_signal(HANG_UP)
                assert end.value.code == 128 + HANG_UP
    finally:
        signal.signal(HANG_UP, before)


@pytest.mark.parametrize("buffering", [1, -1])  # as in a terminal, and as in a pipe
def test_long_work_goes_on_where_its_reader_has_gone(buffering, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", buffering=buffering) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with process.long_work():
            print("lost")
            print("lost, too", flush=True)
            assert sys.stdout.fileno() == writer
        assert sys.stdout is stream
        print("still lost", flush=True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a device of Linux")
def test_long_work_goes_on_and_says_so_where_its_output_is_full(monkeypatch, capsys):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr("sys.stdout", full)
        with process.long_work():
            print("lost")
            print("lost, too")
    assert capsys.readouterr().err == (
        "standard output: No space left on device; the rest is not printed\n"
    )


def test_names_that_the_output_cannot_show_are_told_apart(monkeypatch):
    output = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", output)
    with process.one_line_errors("x.py"):
        for name in ("كرة", "مال", "a"):
            print(name)
    output.flush()
    lines = output.buffer.getvalue().decode().splitlines()
    assert [line.encode().decode("unicode_escape") for line in lines] == ["كرة", "مال", "a"]


def test_warnings_of_libraries_are_no_errors(monkeypatch, recwarn):
    monkeypatch.setattr(sys, "warnoptions", ["error"])  # as with python -W error
    warnings.simplefilter("error")
    with process.one_line_errors("x.py"):
        warnings.warn("of a library", DeprecationWarning, stacklevel=1)
    with pytest.raises(DeprecationWarning):
        warnings.warn("again an error", DeprecationWarning, stacklevel=1)


@pytest.mark.parametrize("rows", ["1,a\n2,b\n", "1;a,\n2;b,\n", "1,a\n2,b,c\n"])
def test_files_of_rows_are_closed(rows, tmp_path):
    (tmp_path / "rows.csv").write_text(rows)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with suppress(UserError):
            read(tmp_path / "rows.csv")
    assert caught == []
