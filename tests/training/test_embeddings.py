import gzip
import tracemalloc
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import models
from corpus.errors import UserError
from training import embeddings

VOCABULARY = ["", "[UNK]", "oil", "goal", "über"]
VECTORS = {"oil": [1.0, 2.0, 3.0], "the": [4.0, 5.0, 6.0], "über": [-1.0, 0.5, 0.25]}


def write(path, header, vectors=VECTORS):
    with gzip.open(path, "wb") if path.suffix == ".gz" else open(path, "wb") as file:
        if header:
            file.write(f"{len(vectors)} 3\n".encode())
        for word, numbers in vectors.items():
            file.write(word.encode() + b" ")
            if ".bin" in path.suffixes:
                file.write(np.array(numbers, dtype="<f4").tobytes() + b"\n")
            else:
                file.write(" ".join(map(str, numbers)).encode() + b"\n")
    return path


def network(width=3):
    keras.utils.set_random_seed(0)
    return models.simple_rnn(len(VOCABULARY), embed_size=width, units=2)


def load(path, width=3, vocabulary=VOCABULARY, trainable=True):
    """(dict of word to its new vector, printed lines) after loading a file into a network."""
    model, lines = network(width), []
    before = model.layers[0].get_weights()[0].copy()
    vectorizer = SimpleNamespace(get_vocabulary=lambda: vocabulary, tokens="words")
    embeddings.load(model, str(path), vectorizer, None, trainable, lines.append)
    assert model.layers[0].trainable == trainable
    after = model.layers[0].get_weights()[0]
    changed = np.flatnonzero((after != before).any(axis=1))
    return {vocabulary[i]: after[i].tolist() for i in changed}, lines


def load_text(tmp_path, content, vocabulary=VOCABULARY):
    (tmp_path / "v.txt").write_bytes(content)
    return load(tmp_path / "v.txt", vocabulary=vocabulary)


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("glove.txt", False),
        ("word2vec.txt", True),
        ("word2vec.bin", True),
        ("glove.txt.gz", False),
        ("word2vec.bin.gz", True),
    ],
)
def test_words_of_the_vocabulary_get_the_vectors_of_the_file(name, header, tmp_path):
    path = write(tmp_path / name, header)
    changed, lines = load(path, trainable=False)
    assert changed == {word: VECTORS[word] for word in ("oil", "über")}
    assert lines == [f"{path}: vectors for 2 of 5 vocabulary entries"]


@pytest.mark.parametrize("name", ["v.txt", "v.bin"])
def test_vectors_of_another_width_are_refused_with_advice(name, tmp_path):
    path = write(tmp_path / name, header=name == "v.bin")
    with pytest.raises(UserError, match=f"{path}, line 1: vectors of 3 numb.* --embed-size 3$"):
        load(path, width=8)


@pytest.mark.parametrize(
    "line", [b"", b"goal 1 2", b"goal 1 2 x", b"goal 1 2 nan", b"goal 1 1e39 2"]
)
@pytest.mark.filterwarnings("error")
def test_a_line_that_is_not_a_vector_is_left_out_and_named(line, tmp_path):
    changed, lines = load_text(tmp_path, b"oil 1 2 3\n" + line + b"\ngoal 4 5 6\n")
    assert changed == {"oil": [1, 2, 3], "goal": [4, 5, 6]}
    assert lines[1].endswith("numbers: 1, the first is line 2")


def test_words_with_spaces_are_read(tmp_path):
    changed, lines = load_text(tmp_path, b". . 1 2 3\nthe 1 oil 7 8 9\noil 4 5 6\n")
    assert changed == {"oil": [4, 5, 6]}
    assert len(lines) == 1


def test_a_word_in_capitals_counts_unless_it_is_there_in_lower_case(tmp_path):
    content = b"Oil 1 2 3\nGoal 4 5 6\noil 7 8 9\nOIL 0 0 0\nGOAL 0 0 0\n"
    assert load_text(tmp_path, content)[0] == {"oil": [7, 8, 9], "goal": [4, 5, 6]}


def test_reading_stops_when_every_word_has_its_vector(tmp_path):
    changed, lines = load_text(tmp_path, b"goal 1 2 3\noil 4 5 6\nno vector\n", VOCABULARY[:4])
    assert sorted(changed) == ["goal", "oil"]
    assert len(lines) == 1


def test_a_byte_order_mark_tabs_and_spaces_around_a_line_are_ignored(tmp_path):
    changed, lines = load_text(tmp_path, b"\xef\xbb\xbfoil\t1\t2\t3\n goal 4 5 6 \r\n")
    assert changed == {"oil": [1, 2, 3], "goal": [4, 5, 6]}
    assert len(lines) == 1


@pytest.mark.parametrize("name", ["v.txt", "v.bin"])
@pytest.mark.parametrize("header", [b"", b"3 3\n"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"oil",
        b"oil 1 2 x\n",
        b"<html><body>Not found</body></html>\n",
        b"\x80\x04\x95pickle",
        b"goal 1 2 3\n" + b"9" * (1 << 20),
        b"oil 1 2 3\x00\xff\xfe",
        b"999999999999 300\noil 1 2 3",
        b"-5 3\noil 1 2 3",
    ],
)
def test_a_damaged_file_is_one_line_that_names_it(name, header, content, tmp_path):
    path = tmp_path / name
    path.write_bytes(header + content)
    with pytest.raises(UserError, match=f"^{path}[:,] ") as refused:
        load(path)
    assert "\n" not in str(refused.value)


def test_empty_lines_take_no_memory(tmp_path):
    load_text(tmp_path, b"oil 1 2 3\n")  # what is made only once
    content = b"oil 1 2 3\n" + b"\n" * 20_000
    tracemalloc.start()
    _, lines = load_text(tmp_path, content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines[1].endswith("3 numbers: 20,000, the first is line 2")
    assert peak < 5e5


@pytest.mark.parametrize("name", ["v.txt", "v.bin", "v.txt.gz", "v.bin.gz"])
def test_a_file_that_is_cut_off_is_refused(name, tmp_path):
    path = write(tmp_path / name, header=True)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"line . announces|cut off|ended before the end"):
        load(path)


def test_text_with_the_name_of_a_binary_file_is_refused(tmp_path):
    lines = "".join(f"w{i} 0.123456 0.123456 0.123456\n" for i in range(40))
    (tmp_path / "v.bin").write_text(f"40 3\n{lines}")
    with pytest.raises(UserError, match="is the file text"):
        load(tmp_path / "v.bin")


def test_a_file_without_a_word_of_the_vocabulary_is_refused(tmp_path):
    path = write(tmp_path / "v.txt", header=False)
    with pytest.raises(UserError, match="no vector of a word in the vocabulary"):
        load(path, vocabulary=["", "[UNK]", "goal"])


def test_a_missing_file_and_a_directory_are_named(tmp_path):
    for path in (tmp_path / "absent.txt", tmp_path):
        with pytest.raises(UserError, match=f"{path}: cannot be read"):
            load(path)


def test_vectors_of_words_are_refused_for_characters():
    vectorizer = SimpleNamespace(tokens="characters")
    with pytest.raises(UserError, match="v.txt: word vectors, but the tokens are characters"):
        embeddings.load(network(), "v.txt", vectorizer, None, True)


def test_a_network_without_trained_word_vectors_is_refused():
    one_hot = models.simple_rnn(6, units=2, one_hot=True)
    with pytest.raises(UserError, match="add --no-one-hot"):
        embeddings.load(one_hot, "corpus", None, None, True)
    dense = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(UserError, match="has no embedding layer"):
        embeddings.load(dense, "corpus", None, None, True)
