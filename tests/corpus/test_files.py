import csv
import os

import pytest

from corpus import files
from corpus.errors import UserError


def records(table):
    """The rows of a table: list of lists of cells."""
    return [list(row) for row in zip(*table.columns, strict=True)]


def write(tmp_path, content, name="train.csv"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_reads_quotes_commas_line_breaks_and_any_script(tmp_path):
    path = write(tmp_path, '"3","A ""b"", c","d\ne"\r\n2,Ünïcode 日本,😀\n'.encode())
    assert records(files.read(path)) == [["3", 'A "b", c', "d\ne"], ["2", "Ünïcode 日本", "😀"]]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", '1,"A, ""b"" é"\n2,c\n'),
        ("a.csv", '1, "A, ""b"" é"\r2, c\r'),
        ("a.csv", 'sep=;\r\n1;"A, ""b"" é"\r\n2;c\r\n'),
        ("a.tsv", '1\t"A, ""b"" é"\n2\tc\n'),
        ("a.tsv", '1\tA, "b" é\n2\tc\n'),
        ("a.jsonl", '{"label": 1, "text": "A, \\"b\\" é"}\n\n{"text": "c", "label": 2}\n'),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_each_form_in_each_encoding_is_the_same_table(tmp_path, name, content, encoding):
    table = files.read(write(tmp_path, content.encode(encoding), name))
    assert records(table) == [["1", 'A, "b" é'], ["2", "c"]]


@pytest.mark.parametrize("separator", ";\t")
def test_a_csv_whose_first_line_has_no_comma_may_have_another_separator(separator, tmp_path):
    content = f'label{separator}text\n1{separator}"a{separator} ""b"""\n2{separator}c, d\n'
    table = files.read(write(tmp_path, content.encode()))
    assert records(table) == [["label", "text"], ["1", f'a{separator} "b"'], ["2", "c, d"]]


def test_quotes_of_a_tsv_may_be_letters(tmp_path):
    table = files.read(write(tmp_path, b'1\t"Yes" he said\n2\t6" nails\n', "a.tsv"))
    assert records(table) == [["1", '"Yes" he said'], ["2", '6" nails']]


def test_a_tsv_loses_no_row_to_a_quote_that_reaches_over_lines(tmp_path):
    content = b'1\t"good film\n0\tbad film\n1\tfine"\n0\tx\n'
    table = files.read(write(tmp_path, content, "a.tsv"))
    assert [row[1] for row in records(table)] == ['"good film', "bad film", 'fine"', "x"]
    content = b'label\ttext\n1\t"two\nlines"\n0\tx\n'
    assert records(files.read(write(tmp_path, content, "b.tsv")))[1] == ["1", "two\nlines"]


def test_a_field_of_any_length_is_read(tmp_path):
    limit = csv.field_size_limit()
    [row] = records(files.read(write(tmp_path, b"1,t," + b"x" * 140_000 + b"\n")))
    assert len(row[2]) == 140_000
    assert csv.field_size_limit() == limit


def test_rows_of_separators_alone_are_passed_over_and_counted(tmp_path):
    (tmp_path / "a.csv").write_text(";;\na;x;y\n;;\n ; ;\nb;;z\n;x;\n;;\n")
    table = files.read(tmp_path / "a.csv")
    assert records(table) == [["a", "x", "y"], ["b", "", "z"], ["", "x", ""]]
    assert table.numbers.tolist() == [2, 5, 6]


def test_blank_lines_are_passed_over_and_counted(tmp_path):
    table = files.read(write(tmp_path, b"\n1,a\n  \n2,b\n"))
    assert records(table) == [["1", "a"], ["2", "b"]]
    assert table.numbers.tolist() == [2, 4]
    assert str(table.error(1, "x", column=0)).endswith("train.csv, row 4, column 1: x")


def test_text_is_composed_and_byte_order_marks_are_taken_out(tmp_path):
    content = "\ufeff1,cafe\u0301\n\ufeff2,b\n".encode()
    assert records(files.read(write(tmp_path, content))) == [["1", "caf\u00e9"], ["2", "b"]]
    escaped = b'{"label": "1", "text": "cafe\\u0301"}\n'
    assert records(files.read(write(tmp_path, escaped, "a.jsonl"))) == [["1", "caf\u00e9"]]


def test_text_is_composed_after_it_was_parted(tmp_path):
    content = "1;\u03c4\u03b9\u037e\n2;b\n".encode()  # a Greek question mark, composed: a semicolon
    assert records(files.read(write(tmp_path, content))) == [["1", "\u03c4\u03b9;"], ["2", "b"]]


def test_other_values_of_json_are_text(tmp_path):
    content = b'{"label": 1, "text": null, "x": true}\n{"label": 2.0, "text": 1e5, "x": {"a": 1}}\n'
    table = files.read(write(tmp_path, content, "a.jsonl"))
    assert table.names == ("label", "text", "x")
    assert records(table) == [["1", "", "true"], ["2.0", "1e5", '{"a": "1"}']]


BAD = [
    ("a.csv", b"", "no rows"),
    ("a.csv", b"\n  \n", "no rows"),
    ("a.csv", b"1,t,d\n2,t\n", "row 2: the number of columns is 2, but it was 3"),
    ("a.csv", b"\n1,t,d\n2,t,d,e\n", "row 3: the number of columns is 4, but it was 3"),
    ("a.csv", b"1\n2\n", "row 1: only one column"),
    ("a.csv", b"1 t\n2 t\n", "row 1: only one column"),
    ("a.csv", b"1,t,d\n2,\xff,d\n", "row 2: not UTF-8 or UTF-16"),
    ("a.csv", b'1,"t\n",d\n2,\xe9,d\n', "row 2: not UTF-8 or UTF-16"),
    ("a.csv", b"\xff\xfe1\x00,\x00a", "row 1: not UTF-8 or UTF-16"),
    ("a.csv", b"1,t,d\n2,t\0,d\n", "row 2: not UTF-8 or UTF-16"),
    ("a.csv", "1,t\n2,t\n".encode("utf-16-le"), "row 1: not UTF-8 or UTF-16"),
    ("a.csv", b'1,t,d\n2,"t,d\n', "row 2: unexpected end of data"),
    ("a.csv", b'1,"t"x,d\n', "row 1: "),
    ("a.tsv", b'1\t"t\nu"\n2\tv\n2\t\xe9\n', "row 3: not UTF-8 or UTF-16"),
    ("a.tsv", b"1,a\n", "row 1: only one column"),
    ("a.tsv", b'"label"\t"text"\n"1"\t"a"\n"1"\t"say "x" y"\n', "row 3: "),
    ("a.jsonl", b'{"label": 1, "text": "a"}\n{"label": 1\n', "row 2: not JSON"),
    ("a.jsonl", b"[1, 2]\n", "row 1: not a JSON object"),
    (
        "a.jsonl",
        b'{"label": 1, "text": "a"}\n{"label": 1}\n',
        "row 2: 'text', which the first object has",
    ),
    ("a.jsonl", b'{"label": 1, "text": "\\ud800"}\n', "row 1: 'utf-8' codec can't encode"),
    ("a.jsonl", b'{"label": 1, "text": "\\u0000"}\n', "row 1: a NUL"),
    (
        "a.jsonl",
        b'{"label": 1, "text": "a", "text": "b"}\n',
        "row 1: not JSON (a name occurs twice",
    ),
    ("a.jsonl", b"[" * 100_000, "row 1: not JSON"),
    ("a.txt", b"1,a\n", "must end in .csv, .tsv or .jsonl"),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD)
def test_a_bad_file_is_refused_in_one_line_that_names_the_place(tmp_path, name, content, message):
    path = write(tmp_path, content, name)
    with pytest.raises(UserError) as error:
        files.read(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_and_a_directory_are_refused(tmp_path):
    with pytest.raises(UserError, match="No such file"):
        files.read(tmp_path / "train.csv")
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(UserError, match="Is a directory"):
        files.read(tmp_path / "a.csv")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_can_be_read_only_once_is_refused(tmp_path):
    os.mkfifo(tmp_path / "train.csv")
    with pytest.raises(UserError, match="not a regular file"):
        files.read(tmp_path / "train.csv")


def test_a_link_that_leads_nowhere_is_named(tmp_path):
    (tmp_path / "test.csv").symlink_to(tmp_path / "gone.csv")
    with pytest.raises(UserError, match=r"test\.csv: No such file"):
        files.read(files.find(tmp_path, "test"))


def test_two_files_of_one_split_are_refused(tmp_path):
    assert files.find(tmp_path, "train") is None
    write(tmp_path, b"", "train.tsv")
    assert files.find(tmp_path, "train").name == "train.tsv"
    write(tmp_path, b"", "train.jsonl")
    with pytest.raises(UserError, match=r"both train\.tsv and train\.jsonl"):
        files.find(tmp_path, "train")
