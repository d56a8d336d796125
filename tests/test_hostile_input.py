"""Whatever the bytes: a result or one clear line."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import predict
from corpus.rows import CLASSES, DataError, Rows, read_csv

PATIENT = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
CELLS = st.text(st.characters(codec="utf-8"), max_size=30)


def read(path, content):
    """The rows of a file, or the message of the error."""
    path.write_bytes(content)
    try:
        return read_csv(path)
    except DataError as error:
        message = str(error)
        assert len(message.splitlines()) == 1
        assert str(path) in message
        return message


@PATIENT
@given(content=st.binary(max_size=200))
def test_any_bytes_are_rows_or_one_line(tmp_path, content):
    assert isinstance(read(tmp_path / "rows.csv", content), Rows | str)


@PATIENT
@given(table=st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=4))
def test_any_text_in_columns_is_rows_or_one_line(tmp_path, table):
    quoted = [",".join('"{}"'.format(c.replace('"', '""')) for c in row) for row in table]
    assert isinstance(read(tmp_path / "rows.csv", "\n".join(quoted).encode()), Rows | str)


@PATIENT
@given(titles=st.lists(CELLS.filter(lambda text: "\0" not in text), min_size=1, max_size=4))
def test_any_text_in_the_right_form_is_read_as_it_is(tmp_path, titles):
    quoted = ['1,"{}",""'.format(title.replace('"', '""')) for title in titles]
    rows = read(tmp_path / "rows.csv", "\r\n".join(quoted).encode())
    assert rows.titles.tolist() == titles


@pytest.fixture(scope="module")
def model(trained):
    return predict.load_model(trained)


@PATIENT
@given(texts=st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_any_text_gets_a_class(model, texts):
    for text, answer in zip(texts, predict.classify(model, texts), strict=True):
        assert answer["text"] == text
        assert answer["class"] in CLASSES
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)
