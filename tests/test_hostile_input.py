"""Whatever the bytes: a result or one clear line."""

import gzip
import json
import unicodedata

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import data
import models
import predict
from corpus import columns
from corpus.errors import UserError
from corpus.files import FORMS
from training import embeddings

PATIENT = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
TOKENS, MARKUP = st.sampled_from(["words", "characters"]), st.sampled_from(["kept", "removed"])
CELLS = st.text(st.characters(codec="utf-8"), max_size=30)


def is_text(cell):
    """Whether a cell comes back as it is: composed, and without what is no text."""
    return unicodedata.is_normalized("NFC", cell) and not {"\0", "\ufeff"} & set(cell)


def read(path, content):
    """What is read of a file, or the message of the error."""
    path.write_bytes(content)
    try:
        return columns.read(path)
    except UserError as error:
        return check_message(error, path)


def check_message(error, path):
    """The message of an error, which is one line that names the file."""
    assert len(str(error).splitlines()) == 1
    assert str(path) in str(error)
    return str(error)


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
    assert split.rows(["1"], "it").titles.tolist() == titles


JSON = st.recursive(st.none() | st.booleans() | st.floats() | CELLS, st.lists, max_leaves=3)


@PATIENT
@given(objects=st.lists(st.dictionaries(st.sampled_from(["label", "text", "Title", "x"]), JSON)))
def test_any_json_is_rows_or_one_line(tmp_path, objects):
    content = "\n".join(map(json.dumps, objects)).encode()
    assert isinstance(read(tmp_path / "rows.jsonl", content), columns.Split | str)


LINES = st.lists(st.binary(max_size=20) | st.sampled_from([b"oil 1 2 3", b"1 3", b"a 1e99 2 3"]))


@PATIENT
@given(lines=LINES, name=st.sampled_from(["v.txt", "v.bin", "v.txt.gz", "v.bin.gz"]), packed=...)
def test_any_file_of_vectors_is_vectors_or_one_line(tmp_path, lines, name, packed: bool):
    content = b"\n".join(lines)
    (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    vectorizer = models.Vectorizer(["oil", "a"])
    model = keras.Sequential([keras.Input((None,)), keras.layers.Embedding(4, 3)])
    try:
        embeddings.load(model, str(tmp_path / name), vectorizer, None, True)
    except UserError as error:
        check_message(error, tmp_path / name)
    else:
        assert np.isfinite(model.get_weights()[0]).all()


@pytest.mark.slow
@PATIENT
@given(texts=st.lists(CELLS.filter(is_text), min_size=1, max_size=4), tokens=TOKENS, markup=MARKUP)
def test_any_vocabulary_is_saved_as_it_is(tmp_path, texts, tokens, markup):
    texts = [*texts, "goal"]
    vectorizer = data.fit_vectorizer(rows(texts), "title", 50, tokens=tokens, markup=markup)
    text = keras.Input((), dtype="string")
    keras.Model(text, vectorizer(text)).save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras", safe_mode=True)
    said = np.asarray(loaded(tf.constant(texts)))
    assert said.tolist() == np.asarray(vectorizer(texts)).tolist()
    vocabulary = loaded.layers[1].get_vocabulary()
    assert vocabulary == vectorizer.get_vocabulary()


@pytest.fixture(scope="module")
def model(trained):
    return predict.load_model(trained)


@PATIENT
@given(texts=st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_any_text_gets_a_class(model, texts):
    for text, answer in zip(texts, predict.classify(model, texts), strict=True):
        assert answer["text"] == text
        assert answer["class"] in models.part(model, models.Labels).classes
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-4)
