"""Whatever the bytes: a result or one clear line."""

import json
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import predict
from corpus import columns
from corpus.files import FORMS
from corpus.rows import DataError

PATIENT = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
CELLS = st.text(st.characters(codec="utf-8"), max_size=30)


def is_text(cell):
    """Whether a cell comes back as it is: composed, and without what is no text."""
    return unicodedata.is_normalized("NFC", cell) and not {"\0", "\ufeff"} & set(cell)


def read(path, content):
    """What is read of a file, or the message of the error."""
    path.write_bytes(content)
    try:
        return columns.read(path)
    except DataError as error:
        message = str(error)
        assert len(message.splitlines()) == 1
        assert str(path) in message
        return message


@PATIENT
@given(content=st.binary(max_size=200), form=st.sampled_from(FORMS))
def test_any_bytes_are_rows_or_one_line(tmp_path, content, form):
    assert isinstance(read(tmp_path / f"rows{form}", content), columns.Split | str)


@PATIENT
@given(table=st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=4))
def test_any_text_in_columns_is_rows_or_one_line(tmp_path, table):
    quoted = [",".join('"{}"'.format(c.replace('"', '""')) for c in row) for row in table]
    read_rows = read(tmp_path / "rows.csv", "\n".join(quoted).encode())
    assert isinstance(read_rows, columns.Split | str)


@PATIENT
@given(titles=st.lists(CELLS.filter(is_text), min_size=1, max_size=4))
def test_any_text_in_the_right_form_is_read_as_it_is(tmp_path, titles):
    quoted = ['1,"{}",""'.format(title.replace('"', '""')) for title in titles]
    split = read(tmp_path / "rows.csv", "\r\n".join(quoted).encode())
    assert split.rows({"1": 0}, "it").titles.tolist() == titles


JSON = st.recursive(st.none() | st.booleans() | st.floats() | CELLS, st.lists, max_leaves=3)


@PATIENT
@given(objects=st.lists(st.dictionaries(st.sampled_from(["label", "text", "Title", "x"]), JSON)))
def test_any_json_is_rows_or_one_line(tmp_path, objects):
    content = "\n".join(map(json.dumps, objects)).encode()
    assert isinstance(read(tmp_path / "rows.jsonl", content), columns.Split | str)


@pytest.fixture(scope="module")
def model(trained):
    return predict.load_model(trained)


@PATIENT
@given(texts=st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_any_text_gets_a_class(model, texts):
    for text, answer in zip(texts, predict.classify(model, texts), strict=True):
        assert answer["text"] == text
        assert answer["class"] in model.reading.classes
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)
