import gzip
import sys

import keras
import numpy as np
import pytest

from corpus.rows import DataError
from training import embeddings

pytest.importorskip("gensim", reason="optional: pretrained vectors need it")

VOCABULARY = ["", "[UNK]", "oil", "goal", "über"]
VECTORS = {"oil": [1.0, 2.0, 3.0], "the": [4.0, 5.0, 6.0], "über": [-1.0, 0.5, 0.25]}


def write(path, header, binary=False, vectors=VECTORS):
    with gzip.open(path, "wb") if path.suffix == ".gz" else open(path, "wb") as file:
        if header:
            file.write(f"{len(vectors)} 3\n".encode())
        for word, numbers in vectors.items():
            file.write(word.encode() + b" ")
            if binary:
                file.write(np.array(numbers, dtype="<f4").tobytes() + b"\n")
            else:
                file.write(" ".join(map(str, numbers)).encode() + b"\n")
    return path


@pytest.mark.parametrize(
    ("name", "header", "binary"),
    [
        ("glove.txt", False, False),
        ("word2vec.txt", True, False),
        ("word2vec.bin", True, True),
        ("glove.txt.gz", False, False),
        ("word2vec.bin.gz", True, True),
    ],
)
def test_the_words_that_are_found_get_their_vectors(name, header, binary, tmp_path):
    layer = keras.layers.Embedding(len(VOCABULARY), 3)
    layer.build()
    before = layer.get_weights()[0].copy()
    path = write(tmp_path / name, header, binary)
    assert embeddings.put_into(layer, path, VOCABULARY) == 2
    after = layer.get_weights()[0]
    np.testing.assert_array_equal(after[2], VECTORS["oil"])
    np.testing.assert_array_equal(after[4], VECTORS["über"])
    np.testing.assert_array_equal(after[[0, 1, 3]], before[[0, 1, 3]])


def test_another_width_is_refused_with_advice(tmp_path):
    layer = keras.layers.Embedding(len(VOCABULARY), 8)
    layer.build()
    with pytest.raises(DataError, match="--embed-size 3"):
        embeddings.put_into(layer, write(tmp_path / "a.txt", header=False), VOCABULARY)


def test_no_word_in_common_is_refused(tmp_path):
    path = write(tmp_path / "a.txt", header=False)
    with pytest.raises(DataError, match="none of its 3 words"):
        embeddings.load(path, ["", "[UNK]", "goal"])


def test_a_number_that_is_not_finite_is_refused(tmp_path):
    path = write(tmp_path / "a.txt", False, vectors={"oil": [1.0, float("nan"), 2.0]})
    with pytest.raises(DataError, match="not finite"):
        embeddings.load(path, VOCABULARY)


@pytest.mark.parametrize("name", ["a.txt", "a.bin"])
@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"oil",
        b"oil 1 2\ngoal 1 2 3\n",
        b"oil 1 2 x\n",
        b"<html><body>Not found</body></html>\n",
        b"\x80\x04\x95pickle",
        b"oil 1 2 3\x00\xff\xfe",
        b"999999999999 300\noil 1 2 3",
        b"-5 3\noil 1 2 3",
    ],
)
def test_a_damaged_file_is_one_clear_line(name, header, content, tmp_path):
    path = tmp_path / name
    path.write_bytes((b"3 3\n" if header else b"") + content)
    with pytest.raises(DataError, match=f"^{path}: ") as refused:
        embeddings.load(path, VOCABULARY)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("binary", [False, True])
def test_a_file_cut_off_is_refused(binary, tmp_path):
    path = write(tmp_path / ("a.bin" if binary else "a.txt"), header=True, binary=binary)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="no whole file"):
        embeddings.load(path, VOCABULARY)


def test_no_file_and_a_directory_are_named(tmp_path):
    for path in (tmp_path / "absent.txt", tmp_path):
        with pytest.raises(DataError, match=f"{path}: cannot be read"):
            embeddings.load(path, VOCABULARY)


def test_without_gensim_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "gensim.models", None)
    with pytest.raises(DataError, match="pip install"):
        embeddings.load(tmp_path / "a.txt", VOCABULARY)
