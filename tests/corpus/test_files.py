import csv
import gzip
import json
import os

import pyarrow
import pytest
from pyarrow import parquet

from corpus import files
from corpus.errors import UserError
from corpus.json_lines import Nested


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
        ("a.json", '[{"label": 1,\n"text": "A, \\"b\\" é"}, {"text": "c", "label": 2}]\n'),
        ("a.json", '{"label": 1, "text": "A, \\"b\\" é"}\n{"text": "c", "label": 2}\n'),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_each_form_in_each_encoding_is_the_same_table(tmp_path, name, content, encoding):
    content = content.encode(encoding)
    for path in (
        write(tmp_path, content, name),
        write(tmp_path, gzip.compress(content, mtime=0), name.upper() + ".Gz"),
    ):
        assert records(files.read(path)) == [["1", 'A, "b" é'], ["2", "c"]]


@pytest.mark.parametrize(
    "content",
    [
        b"sports;Tor, Sieg\nworld;Wahl\n",
        b"sports;Tor, Sieg\nworld;Wahl, heute\n",
        b'"sports";"Tor, Sieg"\n\n"world";"Wahl"\n',
        b"sports\tTor, Sieg\nworld\tWahl\n",
        b"Tor, Sieg;sports\nWahl, heute, morgen;world\n",
        b"sports|Tor, Sieg\nworld|Wahl\n",
        b"sports|Tor, Sieg\nworld|Wahl, heute\n",
    ],
)
def test_the_separator_of_a_csv_is_the_one_that_makes_its_first_rows_whole(content, tmp_path):
    table = files.read(write(tmp_path, content))
    assert [len(row) for row in records(table)] == [2, 2]
    assert set(records(table)[0]) == {"sports", "Tor, Sieg"}


def test_a_comma_may_be_a_decimal_one(tmp_path):
    table = files.read(write(tmp_path, b"1,5;Tor\n2,5;Wahl\n"))
    assert records(table) == [["1,5", "Tor"], ["2,5", "Wahl"]]


def test_commas_separate_where_semicolons_could_too(tmp_path):
    table = files.read(write(tmp_path, b"1,a;b\n2,c;d\n"))
    assert records(table) == [["1", "a;b"], ["2", "c;d"]]


def test_a_bar_that_does_not_split_every_row_is_text(tmp_path):
    table = files.read(write(tmp_path, b"1,a | b\n2,c\n"))
    assert records(table) == [["1", "a | b"], ["2", "c"]]
    table = files.read(write(tmp_path, b"a | b\nc\n"), labelled=False)
    assert records(table) == [["a | b"], ["c"]]


@pytest.mark.parametrize("separator", ";\t|")
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


def test_a_column_of_json_exists_if_any_row_has_it(tmp_path):
    objects = [{"label": 1}] * 600 + [{"text": "a", "label": 2}, {"id": 7, "label": 3}]
    table = files.read(write(tmp_path, json.dumps(objects).encode(), "a.json"))
    assert table.names == ("label", "text", "id")
    assert records(table)[599:] == [["1", "", ""], ["2", "a", ""], ["3", "", "7"]]


def test_columns_of_parquet_are_text(tmp_path):
    table = pyarrow.table(
        {
            "label": [1.0, float("nan")],
            "count": [1, None],
            "text": pyarrow.array(["e\u0301", None]).dictionary_encode(),
            "seen": [True, False],
            "parts": [["a"], ["b"]],
            "image": [b"\xff", b"\xfe"],
        }
    )
    parquet.write_table(table, tmp_path / "A.Parquet")
    table = files.read(tmp_path / "A.Parquet")
    assert table.names == ("label", "count", "text", "seen", "parts", "image")
    cells = [row[:4] for row in records(table)]
    assert cells == [["1", "1", "\u00e9", "true"], ["", "", "", "false"]]
    assert all(isinstance(column[0], Nested) for column in table.columns[4:])


def test_classes_of_parquet_have_the_names_that_hugging_face_writes(tmp_path):
    features = {"label": {"_type": "ClassLabel", "names": ["bad", "good"]}, "text": {}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pyarrow.table({"label": [1, 0, -1], "text": ["1", "b", "c"]})
    parquet.write_table(table.replace_schema_metadata(metadata), tmp_path / "a.parquet")
    assert records(files.read(tmp_path / "a.parquet")) == [["good", "1"], ["bad", "b"], ["-1", "c"]]
    for other in ("[]", "{}"):
        parquet.write_table(
            table.replace_schema_metadata({"huggingface": other}), tmp_path / "a.parquet"
        )
        assert files.read(tmp_path / "a.parquet").columns[0] == ["1", "0", "-1"]


@pytest.mark.parametrize(
    ("texts", "names", "message"),
    [
        (["a", "b"], ["x", "x"], "two columns have the same name"),
        (["a", "b\0"], ["label", "text"], "row 2: a NUL character"),
    ],
)
def test_parquet_that_cannot_be_used_is_refused(texts, names, message, tmp_path):
    table = pyarrow.Table.from_arrays([pyarrow.array([1, 2]), pyarrow.array(texts)], names)
    parquet.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(UserError, match=message):
        files.read(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("encoding", "written"),
    [
        ("cp1252", "cp1252"),
        ("UTF-16-LE", "utf-16-le"),
        ("utf-32", "utf-32"),
        ("cp1252", "utf-8"),
        ("cp1252", "utf-8-sig"),
        ("cp1252", "utf-16"),
    ],
)
def test_an_encoding_is_used_unless_the_file_is_utf_8_or_marked(encoding, written, tmp_path):
    path = write(tmp_path, "1;Wähler, 5 €\n2;b\n".encode(written))
    assert records(files.read(path, encoding)) == [["1", "Wähler, 5 €"], ["2", "b"]]


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (
            b"1,a\n" * 5000 + b"2,W\xe4hler\n",
            None,
            "row 5001: not text in UTF-8, .*--encoding cp1252",
        ),
        (b"sports;Tor, Sieg\nworld;W\xe4hlen\n", None, "row 2: not text in UTF-8"),
        ("1,ä\n2,".encode() + b"\xe4\n", None, "row 2: not text in UTF-8, or UTF-16 with a byte"),
        (b"1,a\n2,\x81\n", None, "row 2: not text in UTF-8, or UTF-16 with a byte"),
        (b"1,a\n" * 5000 + b"2,\x81\n", "cp1252", "row 5001: not text in cp1252; try another"),
        (b"1,a\n2,b\0\n", "latin-1", "row 2: a NUL character; remove it"),
        ("1,ä\n".encode("utf-16-le"), None, "row 1: a NUL character; .*: --encoding utf-16-le"),
        ("1,ä\n".encode(), "rot13", "^--encoding 'rot13': Python has no such encoding"),
        (b"1,a\n", "a\0b", "^--encoding 'a.x00b': Python has no such encoding"),
    ],
)
def test_another_encoding_is_refused_with_the_way_out(content, encoding, message, tmp_path):
    with pytest.raises(UserError, match=message):
        files.read(write(tmp_path, content), encoding)


BAD = [
    ("a.csv", b"", "no rows"),
    ("a.csv", b"\n  \n", "no rows"),
    ("a.csv", b"1,t,d\n2,t\n", "row 2: the number of columns is 2, but it was 3"),
    ("a.csv", b"\n1,t,d\n2,t,d,e\n", "row 3: the number of columns is 4, but it was 3"),
    ("a.csv", b"1\n2\n", "row 1: only one column"),
    ("a.csv", b"1 t\n2 t\n", "row 1: only one column"),
    ("a.csv", b"1,t,d\n2,\xff,d\n", "row 2: not text in UTF-8"),
    ("a.csv", b'1,"t\n",d\n2,\xe9,d\n', "row 2: not text in UTF-8"),
    ("a.csv", b"\xff\xfe1\x00,\x00a", "row 1: not text in UTF-8"),
    ("a.csv", b"1,t,d\n2,t\0,d\n", "row 2: a NUL character; remove it"),
    ("a.csv", b'1,t,d\n2,"t,d\n', "row 2: unexpected end of data"),
    ("a.csv", b'1,t\n2,"t\n' + b"3,t\n" * 12 + b'4,t"\n', "row 2: whole rows are part of a text"),
    ("a.tsv", b'1\tt\n2\t"t\n' + b"3\tt\n" * 12 + b'4\tt"\n\tx\ty\n', "row 2: whole rows are"),
    ("a.csv", b'1,"t"x,d\n', "row 1: "),
    ("a.tsv", b'1\t"t\nu"\n2\tv\n2\t\xe9\n', "row 3: not text in UTF-8"),
    ("a.tsv", b"1,a\n", "row 1: only one column"),
    ("a.tsv", b'"label"\t"text"\n"1"\t"a"\n"1"\t"say "x" y"\n', "row 3: "),
    ("a.jsonl", b'{"label": 1, "text": "a"}\n{"label": 1\n', "row 2: not JSON"),
    ("a.jsonl", b"[1, 2]\n", "row 1: not a JSON object"),
    ("a.jsonl", b'{"text": "a"}\n{"text": "b"}\n', "row 1: only one column: 'text'"),
    ("a.jsonl", b'{"label": 1, "text": "a"}\n[1, 2]\n', "row 2: not a JSON object"),
    ("a.json", b'[{"label": 1, "text": "a"}, 5]', "row 2: not a JSON object"),
    ("a.json", b'[{"label": 1, "text": "a"}\n', "row 2: not JSON"),
    ("a.json", b'[{"label": 1, "text": "a"}][{"label": 2, "text": "b"}]', "row 2: not JSON"),
    ("a.json", b'{"rows": [{"label": 1, "text": "a"}]}', "row 1: only one column: 'rows'"),
    ("a.json", b"[]", "no rows"),
    ("a.parquet", b"1,t,d\n", "row 1: damaged, or not Parquet"),
    ("a.csv.gz", b"1,t,d\n", "damaged, or not compressed by gzip: Not a gzipped file"),
    (
        "a.csv.gz",
        gzip.compress(b"1,t,d\n", mtime=0)[:-6],
        "damaged, or not compressed by gzip: Compressed",
    ),
    (
        "a.csv.gz",
        gzip.compress(b"1,t,d\n", mtime=0)[:9] + b"\xff" * 20,
        "damaged, or not compressed by gzip",
    ),
    ("a.csv.gz", gzip.compress(bytes(2**24), mtime=0) * 99, "20 times larger unpacked"),
    ("a.json.gz", gzip.compress(b" " * 2**24, mtime=0) * 99, "20 times larger unpacked"),
    ("a.csv", b"1;a, b\n2;c; d\n", "row 2: the number of columns is 3, but it was 2"),
    ("a.parquet.gz", gzip.compress(b"PAR1", mtime=0), "must end in"),
    ("a.jsonl", b'{"label": 1, "text": "\\ud800"}\n', "row 1: 'utf-8' codec can't encode"),
    ("a.jsonl", b'{"label": 1, "text": "\\u0000"}\n', "row 1: a NUL"),
    (
        "a.jsonl",
        b'{"label": 1, "text": "a", "text": "b"}\n',
        "row 1: not JSON (a name occurs twice",
    ),
    ("a.jsonl", b"[" * 100_000, "row 1: not JSON"),
    (
        "a.txt",
        b"1,a\n",
        "must end in .csv, .tsv, .jsonl, .json (each also with .gz) or .parquet",
    ),
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
        files.read(files.find(tmp_path)[0]["test"])


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("Train.CSV", "train"),
        ("TEST.Json.GZ", "test"),
        ("Dev.parquet", "validation"),
        ("Classes.TXT", "classes"),
    ],
)
def test_a_file_is_found_in_any_capitals(name, stem, tmp_path):
    for other in (f"{stem}.old.csv", f"{stem}s.csv", f"._{stem}.csv", f".{stem}.txt"):
        write(tmp_path, b"", other)
    assert files.find(tmp_path)[0] == {}
    path = write(tmp_path, b"", name)
    assert files.find(tmp_path)[0] == {stem: path}


def test_two_files_of_one_split_are_refused(tmp_path):
    for name in ("valid.tsv.gz", "dev.jsonl"):
        write(tmp_path, b"", name)
    with pytest.raises(UserError, match=r"both dev\.jsonl and valid\.tsv\.gz; keep one of them"):
        files.find(tmp_path)


def test_files_that_look_like_rows_and_are_not_used_are_listed(tmp_path):
    used = ["Train.csv", "classes.txt", "test.csv.gz"]
    ignored = ["readme.txt", "train.py", "~$reviews.xlsx", ".x.csv"]
    unused = ["Reviews.XLSX", "Test.txt", "dev", "dev.pkl", "old.csv", "train.csv.zst", "train.zip"]
    for name in (*used, *ignored, *unused):
        write(tmp_path, b"", name)
    found, others = files.find(tmp_path)
    assert sorted(path.name for path in found.values()) == used
    assert others == unused
