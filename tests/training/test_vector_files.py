import gzip

import keras
import numpy as np
import pytest

from corpus.errors import UserError
from training import embeddings, vector_files

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
    assert vector_files.width_of(path) == 3
    assert embeddings.put_into(layer, path, VOCABULARY) == (2, [])
    after = layer.get_weights()[0]
    np.testing.assert_array_equal(after[2], VECTORS["oil"])
    np.testing.assert_array_equal(after[4], VECTORS["über"])
    np.testing.assert_array_equal(after[[0, 1, 3]], before[[0, 1, 3]])


@pytest.mark.parametrize("name", ["a.txt", "a.bin"])
def test_another_width_is_refused_at_the_first_line_with_advice(name, tmp_path):
    layer = keras.layers.Embedding(len(VOCABULARY), 8)
    layer.build()
    path = write(tmp_path / name, header=name == "a.bin", binary=name == "a.bin")
    with pytest.raises(UserError, match="line 1: vectors of 3 numbers, .* --embed-size 3"):
        embeddings.put_into(layer, path, VOCABULARY)


def load(tmp_path, content, vocabulary=VOCABULARY):
    """(dict of word to vector, lines left out) of a file of vectors of three numbers."""
    (tmp_path / "a.txt").write_bytes(content)
    matrix, found, odd = vector_files.load(tmp_path / "a.txt", vocabulary, 3)
    return {vocabulary[i]: row.tolist() for i, row in zip(found, matrix, strict=True)}, odd


@pytest.mark.parametrize(
    ("line", "number"),
    [(b"", 2), (b". . 1 2 3", 2), (b"goal 1 2", 2), (b"goal 1 2 x", 2), (b"goal 1 2 nan", 2)],
)
def test_a_line_that_is_no_vector_is_left_out(line, number, tmp_path):
    found, odd = load(tmp_path, b"oil 1 2 3\n" + line + b"\ngoal 4 5 6\n")
    assert found == {"oil": [1, 2, 3], "goal": [4, 5, 6]}
    assert odd == [number]


def test_a_first_line_with_a_space_in_its_word_tells_the_width(tmp_path):
    assert load(tmp_path, b". . 1 2 3\noil 4 5 6\n") == ({"oil": [4, 5, 6]}, [1])


def test_capitals_stand_in_for_a_word_that_is_not_there_in_lower_case(tmp_path):
    content = b"Oil 1 2 3\nGoal 4 5 6\noil 7 8 9\nOIL 0 0 0\nGOAL 0 0 0\n"
    assert load(tmp_path, content) == ({"oil": [7, 8, 9], "goal": [4, 5, 6]}, [])


def test_a_file_is_read_only_until_every_word_has_its_vector(tmp_path):
    whole, odd = load(tmp_path, b"goal 1 2 3\noil 4 5 6\nno vector\n", VOCABULARY[:4])
    assert (sorted(whole), odd) == (["goal", "oil"], [])


@pytest.mark.filterwarnings("error")
def test_a_byte_order_mark_and_numbers_beyond_all_bounds_are_borne(tmp_path):
    assert load(tmp_path, b"\xef\xbb\xbfoil 1 2 3\ngoal 1 1e39 2\n") == ({"oil": [1, 2, 3]}, [2])


def test_tabs_and_spaces_at_the_end_are_read(tmp_path):
    found, odd = load(tmp_path, b"oil\t1\t2\t3\ngoal 4 5 6 \r\n")
    assert found == {"oil": [1, 2, 3], "goal": [4, 5, 6]}
    assert odd == []


def test_no_word_in_common_is_refused(tmp_path):
    path = write(tmp_path / "a.txt", header=False)
    with pytest.raises(UserError, match="none of its 3 words"):
        vector_files.load(path, ["", "[UNK]", "goal"], 3)


@pytest.mark.parametrize("name", ["a.txt", "a.bin"])
@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"oil",
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
    with pytest.raises(UserError, match=f"^{path}[:,] ") as refused:
        vector_files.load(path, VOCABULARY, 3)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("binary", [False, True])
def test_a_file_cut_off_is_refused(binary, tmp_path):
    path = write(tmp_path / ("a.bin" if binary else "a.txt"), header=True, binary=binary)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match="no whole file"):
        vector_files.load(path, VOCABULARY, 3)


def test_text_under_the_name_of_a_binary_file_is_refused(tmp_path):
    numbers = " ".join(["0.123456"] * 50)
    (tmp_path / "a.bin").write_text("40 50\n" + "".join(f"w{i} {numbers}\n" for i in range(40)))
    with pytest.raises(UserError, match="is it text"):
        vector_files.load(tmp_path / "a.bin", VOCABULARY, 50)


def test_no_file_and_a_directory_are_named(tmp_path):
    for path in (tmp_path / "absent.txt", tmp_path):
        with pytest.raises(UserError, match=f"{path}: cannot be read"):
            vector_files.load(path, VOCABULARY, 3)
