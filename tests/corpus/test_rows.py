import numpy as np
import pytest

from corpus.rows import DataError, Rows, read_csv


def write(tmp_path, content):
    path = tmp_path / "train.csv"
    path.write_bytes(content)
    return path


def test_reads_quotes_commas_line_breaks_and_any_script(tmp_path):
    path = write(tmp_path, '"3","A ""b"", c","d\ne"\r\n2,Ünïcode 日本,😀\n'.encode())
    rows = read_csv(path)
    assert rows.labels.tolist() == [2, 1]
    assert rows.titles.tolist() == ['A "b", c', "Ünïcode 日本"]
    assert rows.texts("title+description").tolist() == ['A "b", c d\ne', "Ünïcode 日本 😀"]


@pytest.mark.parametrize("start", [b"Class Index,Title,Description\n", b"\xef\xbb\xbf", b"\n"])
def test_a_well_known_header_a_byte_order_mark_and_blank_lines_are_passed_over(tmp_path, start):
    assert read_csv(write(tmp_path, start + b"4,t,d\n")).labels.tolist() == [3]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no rows"),
        (b"Class Index,Title,Description\n", "has no rows"),
        (b"1,t,d\n2,t\n", "row 2: 2 columns"),
        (b"1,t,d\n2,t,d,e\n", "row 2: 4 columns"),
        (b"1,t,d\n0,t,d\n", "row 2, column 1: the class is '0'"),
        (b"5,t,d\n", "row 1, column 1: the class is '5'"),
        (b"x,t,d\n", "row 1, column 1: the class is 'x'"),
        (b",t,d\n", "row 1, column 1: the class is ''"),
        (b"title,some text,1\n", "columns class,title,description in this order"),
        (b"Title,Description,Class Index\nt,d,1\n", "in this order"),
        (b"1,t,d\n2,\xff,d\n", "line 2: not UTF-8"),
        (b"1,t,d\n2,t\0,d\n", "line 2: a NUL byte"),
        (b'1,t,d\n2,"t,d\n', "row 2: unexpected end of data"),
        (b'1,"t"x,d\n', "row 1"),
        (b"1,t," + b"x" * 200_000 + b"\n", "row 1: field larger"),
    ],
)
def test_a_bad_file_is_refused_in_one_line_that_names_the_place(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(DataError) as error:
        read_csv(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_and_a_directory_are_refused(tmp_path):
    with pytest.raises(DataError, match="No such file"):
        read_csv(tmp_path / "train.csv")
    with pytest.raises(DataError, match="Is a directory"):
        read_csv(tmp_path)


def test_hash_order_forgets_the_order_of_the_source():
    rows = Rows(
        np.arange(4, dtype=np.int32).repeat(5),
        np.array([f"title {i}" for i in range(20)], dtype=object),
        np.array([f"text {i}" for i in range(20)], dtype=object),
    )
    ordered, content_hash = rows.in_hash_order()
    again, same_hash = rows[np.random.default_rng(0).permutation(20)].in_hash_order()
    assert ordered.titles.tolist() == again.titles.tolist() != rows.titles.tolist()
    assert content_hash == same_hash
    changed, other_hash = rows[:19].in_hash_order()
    assert other_hash != content_hash


def test_columns_are_checked():
    with pytest.raises(ValueError, match="description"):
        Rows(np.zeros(0), np.zeros(0), np.zeros(0)).texts("description")
