import pytest

from corpus import classes, columns
from corpus.errors import UserError


def read(tmp_path, text, name="train.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return columns.read(path)


def rows(split):
    """The rows of a split as tuples."""
    labels = sorted(set(split.labels))
    read = split.rows(labels, "it")
    names = [labels[i] for i in read.labels]
    return [*zip(names, read.titles, read.descriptions, strict=True)]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.csv", "2,t\n", ("2", "t", "")),
        ("a.csv", "2,t,d\n", ("2", "t", "d")),
        ("a.csv", "2,t,d,e\n", ("2", "t", "d e")),
        ("a.csv", "text,label\nt,2\n", ("2", "t", "")),
        ("a.csv", "\nLabel,Title,Description\n2,t,d\n", ("2", "t", "d")),
        ("a.csv", "Class Index,Title,Description\n2,t,d\n", ("2", "t", "d")),
        ("a.csv", "description,title,class_index\nd,t,2\n", ("2", "t", "d")),
        ("a.csv", "id,category,content\n7,2,t\n", ("2", "t", "")),
        ("a.csv", "class,question_title,question_content\n2,t,d\n", ("2", "t", "d")),
        ("a.csv", ",question1,question2,label\n0,t,d,2\n", ("2", "t", "d")),
        ("a.csv", "label,class,text\n2,9,t\n", ("2", "t", "")),
        ("a.csv", "question_id,text,label\n7,t,2\n", ("2", "t", "")),
        ("a.csv", " 1,text\n", ("1", "text", "")),
        ("a.csv", "label,text\n2.0,t\n", ("2", "t", "")),
        ("a.csv", "label,text\n  a   b ,t\n", ("a b", "t", "")),
        ("a.csv", "1,Category\n", ("1", "Category", "")),
        ("a.csv", "1,text,Title\n", ("1", "text", "Title")),
        ("a.tsv", "label\ttext\n2\tt\n", ("2", "t", "")),
        ("a.jsonl", '{"text": "t", "label": 2, "id": 7}\n', ("2", "t", "")),
        ("a.jsonl", '{"Category": "b", "Content": "d", "Title": "t"}\n', ("b", "t", "d")),
    ],
)
def test_the_class_and_the_texts_are_found_in_each_form(tmp_path, name, text, expected):
    assert rows(read(tmp_path, text, name)) == [expected]


def test_it_says_which_columns_there_are(tmp_path):
    assert str(read(tmp_path, "1,t,d,e\n")) == (
        "columns: 1 = label, 2 = title, 3 = description, 4 = description"
    )
    assert str(read(tmp_path, "id,text,label\n7,t,1\n")) == (
        "columns: 'id' = unused, 'text' = title, 'label' = label"
    )


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0,a\n4,b\n", ("0", "4")),
        ("-1,a\n1,b\n", ("-1", "1")),
        ("10,a\n9,b\n1,c\n", ("1", "9", "10")),
        ("pos,a\nneg,b\npos,c\n", ("neg", "pos")),
        ("01,a\n1,b\n2,c\n", ("1", "2")),
    ],
)
def test_classes_are_numbers_or_names_as_they_are_written(tmp_path, text, written):
    assert classes.of_corpus(read(tmp_path, text), tmp_path / "classes.txt") == (written, None)


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("1,a\n3,b\n", "x\ny\nz\n", (("1", "2", "3"), ("x", "y", "z"))),
        ("0,a\n1,b\n", "x\ry\r", (("0", "1"), ("x", "y"))),
        ("0,a\n1,b\n", "\ufeffx\r\ny \n\n", (("0", "1"), ("x", "y"))),
        ("y,a\nx,b\n", "y\nx\n", (("y", "x"), ("y", "x"))),
    ],
)
def test_names_come_from_classes_txt(tmp_path, text, names, expected):
    (tmp_path / "classes.txt").write_text(names, encoding="utf-8")
    assert classes.of_corpus(read(tmp_path, text), tmp_path / "classes.txt") == expected


BAD_NAMES = [
    ("3,a\n1,b\n", "x\ny\n", "row 1, column 1: the label is '3'"),
    ("x,a\nz,b\n", "x\ny\n", "row 2, column 1: the label is 'z'"),
    ("1,a\n2,b\n", "x\nx\n", "classes.txt, row 2: 'x' is there already"),
    ("1,a\n2,b\n", "\nx\n", "classes.txt, row 1: no name"),
    ("1,a\n2,b\n", "\n", "classes.txt, row 1: no name"),
    ("-1,a\n1,b\n", "x\ny\n", "the label is '-1', but"),
    ("1,a\n1,b\n", "x\ny\n", "all rows have the label '1'"),
]


@pytest.mark.parametrize(("text", "names", "message"), BAD_NAMES)
def test_names_that_do_not_fit_are_refused(tmp_path, text, names, message):
    (tmp_path / "classes.txt").write_text(names, encoding="utf-8")
    with pytest.raises(UserError) as error:
        classes.of_corpus(read(tmp_path, text), tmp_path / "classes.txt")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


BAD = [
    ("a.csv", "label,text\npos,a\nlabel,text\nneg,b\n", "row 3: the header again"),
    ("a.csv", "1|Well, good\n2|Well, bad\n", "'|' is in '1|Well' and every other label"),
    ("a.csv", "a\x1b[31m,t\nb,t\n", "row 1, column 1: a control character"),
    (
        "a.jsonl",
        '{"label": 1, "text": "a"}\n{"label": 1, "text": ["b"]}\n',
        "row 2: 'text' is a list",
    ),
    ("a.jsonl", '{"label": {"a": 1}, "text": "a"}\n', "row 1: 'label' is a list or an object"),
    ("a.jsonl", '{"label": NaN, "text": "a"}\n', "row 1: not JSON (NaN is not a number)"),
    ("a.csv", "label,text\n", "no rows after the header"),
    ("a.csv", "1,a\n,b\n", "row 2, column 1: no label"),
    ("a.csv", "1,a\nx,b\n", "row 2, column 1: the label is 'x', but the first one is '1'"),
    ("a.csv", "sentiment,review\n1,b\n", "row 2, column 1: the label is '1', but the first one is"),
    (
        "a.csv",
        "sentiment,text\npos,b\n",
        "row 1: no label column: the header has 'sentiment', 'text'",
    ),
    (
        "a.csv",
        "label,headline\npos,b\n",
        "row 1: no text column: the header has 'label', 'headline'",
    ),
    ("a.csv", "topic,question_title\nmath,b\n", "row 1: no label column"),
    ("a.csv", "mood,review\npos,a\nneg,b\npos,c\nneg,d\n", "row 1, column 1: no other row has"),
    ("a.csv", '"a\nb",text\npos,b\n', "has 'a\\nb', 'text'"),
    ("a.jsonl", '{"sentiment": 1, "text": "b"}\n', "row 1: no label column"),
    ("a.jsonl", '{"label": 1, "headline": "b"}\n', "row 1: no text column"),
]


@pytest.mark.parametrize(("name", "text", "message"), BAD)
def test_what_cannot_be_used_is_refused_with_its_place(tmp_path, name, text, message):
    with pytest.raises(UserError) as error:
        read(tmp_path, text, name)
    assert message in str(error.value)
    assert name in str(error.value)
    assert "\n" not in str(error.value)


def test_columns_of_the_same_names_have_the_same_order(tmp_path):
    train = read(tmp_path, "label,text,content\n1,t,c\n")
    other = tmp_path / "test.jsonl"
    other.write_text('{"content": "c", "text": "t", "label": 1}\n')
    assert rows(columns.read(other, train.text_names)) == rows(train) == [("1", "t", "c")]
    other.write_text('{"content": "c", "label": 1}\n')
    assert rows(columns.read(other, train.text_names)) == [("1", "c", "")]


def test_many_classes_are_possible_where_a_header_says_which_they_are(tmp_path):
    split = read(tmp_path, "label,text\n" + "".join(f"c{i % 25:02},t\n" for i in range(40)))
    assert len(classes.of_corpus(split, tmp_path / "classes.txt")[0]) == 25


def test_a_text_in_the_place_of_the_class_is_noticed(tmp_path):
    with pytest.raises(
        UserError, match="50 classes in 50 rows; is .text 0. a text. .*header needs"
    ):
        read(tmp_path, "".join(f"text {i},{i % 2}\n" for i in range(50)))


def test_a_class_that_is_not_known_is_named_with_its_row(tmp_path):
    split = read(tmp_path, "text,label\na,1\nb,5\n")
    with pytest.raises(UserError, match="row 3, column 2: train.csv has no label '5', only 1, 2"):
        split.rows(["1", "2"], "train.csv")
