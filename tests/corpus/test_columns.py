import pytest

from corpus import classes, columns
from corpus.errors import UserError


def read(tmp_path, text, name="train.csv", **options):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return columns.read(path, **options)


def rows(split):
    """The rows of a split as tuples."""
    labels = sorted(set(map(classes.canonical, split.labels)))
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


CLASSES = ("Class 3", "class", "class 2", "class 10")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0,a\n4,b\n", ("0", "4")),
        ("-1,a\n1,b\n", ("-1", "1")),
        ("10,a\n9,b\n1,c\n", ("1", "9", "10")),
        ("pos,a\nneg,b\npos,c\n", ("neg", "pos")),
        ("01,a\n1,b\n2,c\n", ("1", "2")),
        ("1.0,a\n2,b\n10.00,c\n", ("1", "2", "10")),
        ("2.5,a\n1.50,b\n-0.5,c\n1,d\n1.0,e\n", ("-0.5", "1", "1.5", "2.5")),
        ("03,a\n02A,b\n01,c\n02,d\n02,e\n", ("01", "02", "02A", "03")),
        ('"1,5",a\n"2,5",b\n1,c\n10,d\n10,e\n', ("1", "1,5", "2,5", "10")),
        ("\U0001f44d\ufe0f,a\n\U0001f44d,b\nbad,c\n", ("bad", "\U0001f44d")),
        (".5,a\n0.5,b\n1.,c\n10,d\n", ("0.5", "1", "10")),
        ("１０,a\n２,b\n１,c\n２,d\n", ("１", "２", "１０")),
        ("class 10,a\nclass 2,b\nClass 3,c\nclass,d\nclass,e\n", CLASSES),
        (
            "sports\u200b,a\nspo\u00adrts,b\nsports\u3164,b\n\u200fnews\u180b,c\ncafe\u200d\u0301,d\n",
            ("café", "news", "sports"),
        ),
    ],
)
def test_classes_are_numbers_or_names_as_they_are_written(tmp_path, text, written):
    assert classes.of_corpus(read(tmp_path, text)) == (written, None)


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("1,a\n3,b\n", "x\ny\nz\n", (("1", "2", "3"), ("x", "y", "z"))),
        ("0,a\n1,b\n", "x\ry\r", (("0", "1"), ("x", "y"))),
        ("0,a\n1,b\n", "\ufeffx\r\ny \n\n", (("0", "1"), ("x", "y"))),
        ("y,a\nx,b\n", "y\nx\n", (("y", "x"), ("y", "x"))),
        ("1.5,a\n1,b\n", "bad\nfair\n", (("1", "1.5"), ("bad", "fair"))),
        ("2A,a\n2,b\n", "2A\n2\n", (("2A", "2"), ("2A", "2"))),
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
    ("1.5,a\n1,b\n2,c\n", "x\ny\n", "row 1, column 1: the label is '1.5', but"),
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
    ("a.csv", "a;Well, x; y\nb;Well, z\n", "';' is in 'a;Well' and every other label"),
    ("a.csv", "a|Well, x | y\nb|Well, z\n", "'|' is in 'a|Well' and every other label"),
    ("a.csv", "a\x1b[31m,t\nb,t\n", "row 1, column 1: a control character"),
    (
        "a.jsonl",
        '{"label": 1, "text": "a"}\n{"label": 1, "text": ["b"]}\n',
        "row 2: 'text' is a list",
    ),
    ("a.jsonl", '{"label": {"a": 1}, "text": "a"}\n', "row 1: 'label' is a list or an object"),
    ("a.jsonl", '{"label": NaN, "text": "a"}\n', "row 1, column 1: no label"),
    ("a.csv", "label,text\n", "no rows after the header"),
    ("a.csv", "1,a\n,b\n", "row 2, column 1: no label"),
    ("a.csv", "1,a\nx,b\n", "row 2, column 1: the label is 'x', but another is '1'"),
    ("a.csv", "1,a\n02A,b\nx,c\n", "row 3, column 1: the label is 'x', but another is '1'"),
    (
        "a.csv",
        "label,text\nx,b\n01,c\n1.5,d\n",
        "row 2, column 1: the label is 'x', but another is '01'",
    ),
    ("a.csv", "x,a\ny,b\n3,c\n", "row 3, column 1: the label is '3', but another is 'x'"),
    ("a.csv", "1,a\n1,b\n1,c\nx,d\ny,e\n", "row 4, column 1: the label is 'x', but another is '1'"),
    ("a.csv", "1,a\n\u200b,b\n", "row 2, column 1: no label"),
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
    like = train.label_name, train.text_names, train.labels
    assert rows(columns.read(other, like=like)) == rows(train) == [("1", "t", "c")]
    other.write_text('{"content": "c", "label": 1}\n')
    assert rows(columns.read(other, like=like)) == [("1", "c", "")]


def test_many_classes_are_possible_where_a_header_says_which_they_are(tmp_path):
    split = read(tmp_path, "label,text\n" + "".join(f"c{i % 25:02},t\n" for i in range(40)))
    assert len(classes.of_corpus(split)[0]) == 25


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "".join(f"text {i},{i % 2}\n" for i in range(50)),
            "50 classes in 50 rows; is 'text 0' an index or a text? --label-column",
        ),
        (
            "".join(f"text {i // 2},{i % 2}\n" for i in range(1, 29)),
            "15 classes in 28 rows; is 'text 0' an index",
        ),
        (
            "".join(f"{i},sports,text\n" for i in range(15)),
            "row 1, column 1: 15 classes in 15 rows; is '0' an index",
        ),
        (
            "label,text\n" + "".join(f"text {i},a\n" for i in range(9)),
            "column 1: 9 classes in 9 rows",
        ),
    ],
)
def test_an_index_or_a_text_in_the_place_of_the_class_is_noticed(text, message, tmp_path):
    with pytest.raises(UserError) as error:
        classes.of_corpus(read(tmp_path, text))
    assert message in str(error.value)


HEADERS = [
    "id;produkt;rezension;sentiment\n" + "".join(f"{i};P{i % 3};gut {i};pos\n" for i in range(9)),
    "review,rating\n" + "".join(f"fine {i},{i % 5}\n" for i in range(9)),
    "mood,review\npos,a\nneg,b\npos,c\nneg,d\n",
    "What was it like?,How was it?\n" + "".join(f"fine {i},{'ab'[i % 2]}\n" for i in range(9)),
    ",review,day\n0,fine,2024-01-05\n1,bad,2024-01-06\n",
    "sentiment,review\n1,b\n",
]


@pytest.mark.parametrize("text", HEADERS)
def test_a_header_of_other_names_is_recognised_and_its_names_listed(text, tmp_path):
    with pytest.raises(UserError) as error:
        read(tmp_path, text)
    message = str(error.value)
    assert "row 1: looks like a header; none of its names is known" in message
    assert "--label-column and --text-column" in message
    assert all(
        repr(name) in message for name in text.partition("\n")[0].replace(";", ",").split(",")
    )


@pytest.mark.parametrize(
    "text",
    [
        "7,the only seven\n" + "1,a\n2,b\n" * 9,
        "a,see 12\nb,7\na,9\nb,c\na,12\n",
        "sports,good,cnn\nsports,bad,bbc\nnews,fine,bbc\nnews,so so,bbc\n",
        "a,x,see\nb,y,\nc,z,7\n",
    ],
)
def test_rows_without_a_header_are_not_taken_for_one(text, tmp_path):
    assert not read(tmp_path, text).names


UNKNOWN = "Nr;Produkt Name;Rezension;Sentiment\n1;Uhr;gut;pos\n2;Tisch;schlecht;neg\n"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["rezension"], ("pos", "gut", "")),
        (["PRODUKT_NAME ", "Rezension"], ("pos", "Uhr", "gut")),
        (["rezension", "produkt\u200b name", "rezension"], ("pos", "gut", "Uhr")),
    ],
)
def test_options_name_the_columns(names, expected, tmp_path):
    split = read(tmp_path, UNKNOWN, text_columns=names, label_column="sentiment")
    assert rows(split)[0] == expected


@pytest.mark.parametrize(
    ("name", "text", "options", "message"),
    [
        ("a.csv", UNKNOWN, {"label_column": "stars"}, "no column 'stars' (--label-column)"),
        ("a.csv", UNKNOWN, {"text_columns": ["stars"]}, "'Nr', 'Produkt Name', 'Rezension', 'Sent"),
        ("a.csv", UNKNOWN, {"label_column": "Nr"}, "no text column: the header has 'Nr', 'Produkt"),
        ("a.csv", UNKNOWN, {"label_column": "Nr"}, "; use --text-column"),
        ("a.csv", UNKNOWN, {"text_columns": ["Nr"]}, "; use --label-column"),
        ("a.csv", UNKNOWN, {"text_columns": ["Nr"], "label_column": "nr"}, "'Nr' cannot be both"),
        ("a.csv", "1,a\n2,b\n", {"text_columns": ["text"]}, "in this header: '1', 'a'"),
        ("a.csv", "class,text\n1,a\n", {"text_columns": ["class"]}, "; use --label-column"),
        ("a.csv", "x,Text,text\n1,a,b\n", {"text_columns": ["text"]}, "several columns 'text'"),
        ("a.csv", "label,Label,text\n1,2,b\n", {}, "several columns 'label'"),
        ("a.jsonl", '{"a": 1, "text": "b"}', {"label_column": "b"}, "header: 'a', 'text'"),
    ],
)
def test_options_that_do_not_fit_are_refused_with_what_the_header_has(
    name, text, options, message, tmp_path
):
    with pytest.raises(UserError) as error:
        read(tmp_path, text, name, **options)
    assert message in str(error.value)
    assert "row 1: " in str(error.value)


@pytest.mark.parametrize(
    ("train", "other", "expected"),
    [
        ("01\n02\n02A\n01", "2\n", "train.csv has no label '2' .1 rows., only 01, 02, 02A"),
        ("1\n1.5\n1.5\n1", "1.50\n01\n", [1, 0]),
        ("01\n02\n02A\n01", "02\n01\n", [1, 0]),
        ("1\n2", "02\n01.0\n", [1, 0]),
        ("a\nb", "a\u200b\n b\n", [0, 1]),
    ],
)
def test_labels_of_another_file_are_those_of_train(train, other, expected, tmp_path):
    texts = [
        "label,text\n" + "".join(f"{row},t\n" for row in file.split()) for file in (train, other)
    ]
    labels, _ = classes.of_corpus(read(tmp_path, texts[0]))
    split = read(tmp_path, texts[1])
    if isinstance(expected, list):
        assert split.rows(labels, "train.csv").labels.tolist() == expected
    else:
        with pytest.raises(UserError, match=expected):
            split.rows(labels, "train.csv")


def test_a_class_that_is_not_known_is_named_with_its_row(tmp_path):
    split = read(tmp_path, "text,label\na,1\nb,5\nc,5\n")
    message = r"row 3, column 2: train.csv has no label '5' \(2 rows\), only 1, 2"
    with pytest.raises(UserError, match=message):
        split.rows(["1", "2"], "train.csv")
