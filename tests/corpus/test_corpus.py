import shutil

import numpy as np
import pytest

from corpus import ag_news, loading
from corpus.errors import UserError
from models import Labels


def test_a_directory_is_loaded(tiny):
    loaded = loading.load(tiny)
    assert (len(loaded.train), len(loaded.test)) == (80, 24)
    assert not loaded.official_test


def test_the_first_rows_are_the_same_however_many_are_taken(tiny):
    few, more = loading.load(tiny, train_rows=10), loading.load(tiny, train_rows=20)
    assert few.train.titles.tolist() == more.train.titles[:10].tolist()
    assert few.hash != more.hash


def test_more_rows_than_there_are_means_all(tiny):
    loaded = loading.load(tiny, test_rows=25)
    assert len(loaded.test) == 24
    assert loaded.hash == loading.load(tiny).hash


def test_a_missing_directory_or_file_is_an_error(tmp_path):
    with pytest.raises(UserError, match="no such directory or file"):
        loading.load(tmp_path / "missing")
    with pytest.raises(UserError, match=r"no file train\.csv \(or .*\)$"):
        loading.load(tmp_path)
    (tmp_path / "test.csv").touch()
    with pytest.raises(UserError, match=r"parquet\)$"):
        loading.load(tmp_path)
    (tmp_path / "reviews.csv").touch()
    with pytest.raises(UserError, match=r"parquet\); is it reviews\.csv\? Save it as one"):
        loading.load(tmp_path)


@pytest.mark.parametrize("name", ["sample", "ag_news"])
def test_a_directory_with_the_name_of_a_corpus_is_mentioned(name, tiny, tmp_path, monkeypatch):
    assert loading.namesakes(name) == []  # the project's own sample/ is here
    monkeypatch.chdir(tmp_path)
    assert loading.namesakes(name) == []
    shutil.copytree(tiny, name)
    assert loading.namesakes(name) == [f"./{name} is not used; --data ./{name} would use it"]
    assert loading.namesakes(f"./{name}") == []
    if name == "sample":
        assert loading.namesakes(name)[0] in loading.load(name).remarks


def test_only_classes_1_to_4_of_three_columns_have_the_names_of_ag_news(tiny, tmp_path):
    assert loading.load(tiny).classes == ag_news.CLASSES
    assert "AG News's names (write others into classes.txt)" in loading.load(tiny).remarks[0]
    for split in ("train.csv", "test.csv"):
        shutil.copy(tiny / split, tmp_path)
    (tmp_path / "classes.txt").write_text("a\nb\nc\nd\n")
    assert loading.load(tmp_path).classes == tuple("abcd")
    assert "4 classes: a (20), b (20), c (20), d (20)" in str(loading.load(tmp_path))
    (tmp_path / "classes.txt").unlink()
    with open(tmp_path / "train.csv", "a") as file:
        file.write('"5","a","b"\n')
    assert loading.load(tmp_path).classes == tuple("12345")


def test_a_class_without_a_test_row_is_named(tmp_path):
    (tmp_path / "train.csv").write_text("a,x\nb,y\na,x\nb,z\n")
    (tmp_path / "test.csv").write_text("a,x\n")
    assert loading.load(tmp_path).remarks[0] == "no test rows of b"


def test_rows_are_set_aside_by_class_and_the_only_row_of_one_stays_in_train(tmp_path):
    rows = [f"common,text {i}\n" for i in range(378)] + [f"rare,word {i}\n" for i in range(5)]
    (tmp_path / "train.csv").write_text("".join([*rows, "single,alone\n"]))
    loaded = loading.load(tmp_path)
    assert np.bincount(loaded.test.labels).tolist() == [38, 1]
    assert np.bincount(loaded.train.labels).tolist() == [340, 4, 1]
    assert loaded.remarks == ("classes whose only row stays in train: 'single'",)
    assert str(loaded).splitlines() == [
        f"{tmp_path}: 345 train rows (train.csv), 39 test rows (set aside)",
        "labels: column 1, 3 classes: common (340), rare (4), single (1)",
    ]


def test_where_no_row_can_be_set_aside_is_refused(tmp_path):
    (tmp_path / "train.csv").write_text("a,x\nb,y\na,x\n")
    with pytest.raises(UserError, match=r"no row can be set aside .* add rows, or a"):
        loading.load(tmp_path)


def test_texts_that_are_used_twice_are_counted(tmp_path):
    (tmp_path / "train.csv").write_text("a,x\nb,x\na,y\na,y\nb,z\nb,w\n")
    (tmp_path / "test.csv").write_text("a,x\na,q\nb,z\nb,r\n")
    assert loading.load(tmp_path).remarks == (
        "train rows that repeat the text of another: 2",
        "train texts with more than one label: 1",
        "2 of 4 test texts are also in train: the test accuracy is too high",
    )
    (tmp_path / "test.csv").write_text('a,X!\na,q\nb," (z)"\nb,r\n')  # as a network reads them
    assert "2 of 4 test texts are also in train" in loading.load(tmp_path).remarks[-1]
    (tmp_path / "test.csv").write_text("a,x\na,-\n" + "".join(f"b,{i}\n" for i in range(200)))
    assert loading.load(tmp_path).remarks[-1] == "1 of 202 test texts are also in train"


def test_columns_that_are_not_used_are_named(tmp_path):
    (tmp_path / "train.csv").write_text("ID,text,label\n1,x,a\n2,y,a\n3,z,b\n4,w,b\n")
    loaded = loading.load(tmp_path)
    assert loaded.remarks == ("unused columns: 'id'",)
    assert "labels: column 'label', 2 classes: a (1), b (1)" in str(loaded)


def test_what_is_told_of_the_classes_is_of_the_rows_that_are_taken(tmp_path):
    rows = [f"{'ab'[i % 2]},word {i}\n" for i in range(18)]
    (tmp_path / "train.csv").write_text("".join([*rows, "a,\n", "b, \n"]))
    told = str(loading.load(tmp_path, train_rows=10))
    counts = np.bincount(loading.load(tmp_path, train_rows=10).train.labels)
    assert f"2 classes: a ({counts[0]}), b ({counts[1]})" in told
    (tmp_path / "test.csv").write_text("a,x\nb,y\n")
    assert str(loading.load(tmp_path)).endswith("a (10), b (10)")
    (tmp_path / "classes.txt").write_text("c\nb\na\n")
    assert "no train rows of c" in loading.load(tmp_path).remarks


def test_a_class_that_is_one_s_name_and_another_s_label_is_refused(tmp_path):
    labels = Labels("1234", "0123")
    (tmp_path / "a.csv").write_text("0,x\n")
    rows, _ = loading.read(tmp_path / "a.csv", labels)
    assert rows.labels.tolist() == [0]
    (tmp_path / "a.csv").write_text("Sports,x\nNews,y\nNews,z\n")  # in no way a header
    assert loading.read(tmp_path / "a.csv", Labels(["News", "Sports"]))[0].labels.tolist() == [
        1,
        0,
        0,
    ]
    (tmp_path / "a.csv").write_text("0,x\n2,y\n")
    with pytest.raises(UserError, match="row 2, column 1: '2' is the name of one class"):
        loading.read(tmp_path / "a.csv", labels)


def test_train_and_test_have_the_same_columns_of_text(tmp_path):
    (tmp_path / "train.csv").write_text("1,a,b\n2,c,d\n")
    (tmp_path / "test.csv").write_text("1,a\n2,c\n")
    with pytest.raises(
        UserError, match=r"test\.csv: the number of text columns is 1, but in train\.csv"
    ):
        loading.load(tmp_path)


def write(directory, **files):
    """Writes NAME.csv for each keyword, its rows parted by spaces."""
    for name, rows in files.items():
        (directory / f"{name}.csv").write_text(rows.replace(" ", "\n") + "\n")
    return directory


def test_a_file_is_a_corpus_and_nothing_beside_it_is_read(tmp_path):
    write(
        tmp_path, train=" ".join(f"a,x{i} b,y{i}" for i in range(10)), test="c,z", validation="c,z"
    )
    (tmp_path / "classes.txt").write_text("one")
    loaded = loading.load(tmp_path / "train.csv")
    assert (len(loaded.train), len(loaded.test), len(loaded.validation)) == (18, 2, 0)
    assert loaded.classes == ("a", "b")
    assert loaded.remarks == ()
    with pytest.raises(UserError, match=r"gone\.csv: no such directory or file"):
        loading.load(tmp_path / "gone.csv")


def test_validation_rows_are_those_of_their_file(tmp_path):
    before = loading.load(write(tmp_path, train="a,x b,y a,z b,z", test="a,v b,w")).hash
    write(tmp_path, validation="b,p a,q b,r")
    loaded = loading.load(tmp_path)
    assert sorted(loaded.validation.titles) == ["p", "q", "r"]
    assert loaded.hash != before
    write(tmp_path, validation="b,p c,q")
    with pytest.raises(
        UserError, match=r"validation\.csv, row 2, column 1: train\.csv has no label"
    ):
        loading.load(tmp_path)


def test_files_that_are_not_used_are_named(tmp_path):
    write(tmp_path, train="a,x b,y a,z b,z", test="a,v b,w", more="a,b", trains="a,b")
    assert "files that are not used: more.csv, trains.csv" in loading.load(tmp_path).remarks


def test_classes_whose_names_differ_in_capitals_or_spaces_alone_are_named(tmp_path):
    write(tmp_path, train="Sports,x sports,y news,z " * 4, test="news,x Sports,y")
    [remark] = [remark for remark in loading.load(tmp_path).remarks if "only in capitals" in remark]
    assert remark.endswith(": Sports, sports")
    write(tmp_path, train="Sports,x sport,y news,z " * 4)
    assert "only in capitals" not in str(loading.load(tmp_path))


@pytest.mark.parametrize(
    ("header", "options", "classes"),
    [
        ("Category,Title,DESCRIPTION", {}, ag_news.CLASSES),
        ("category,title,text", {}, tuple("1234")),
        ("topic,title,description", {"label_column": "topic"}, tuple("1234")),
        ("class,title,description", {"text_column": ["description", "title"]}, tuple("1234")),
    ],
)
def test_the_names_of_ag_news_need_its_columns(header, options, classes, tiny, tmp_path):
    rows = (tiny / "train.csv").read_text()
    (tmp_path / "rows.csv").write_text(f"{header}\n{rows}")
    assert loading.load(tmp_path / "rows.csv", **options).classes == classes


def test_options_name_the_columns_of_every_file(tmp_path):
    write(tmp_path, train="nr,mood,say 1,a,x 2,b,y 3,a,z", test="say,mood v,b w,a")
    loaded = loading.load(tmp_path, text_column=["Say"], label_column="Mood")
    assert (loaded.label_name, loaded.text_names) == ("mood", ("say",))
    assert sorted(loaded.test.titles) == ["v", "w"]
    write(tmp_path, test="text,label v,b w,a")
    with pytest.raises(UserError, match=r"test\.csv, row 1: no column 'Say' .*: 'text', 'label'"):
        loading.load(tmp_path, text_column=["Say"], label_column="Mood")
    with pytest.raises(UserError, match="--encoding needs --data with a directory"):
        loading.load("ag_news", encoding="cp1252")


def test_a_test_file_is_read_by_the_columns_of_train(tmp_path):
    write(tmp_path, train="class,text a,x b,y", test="label,class,text,title 1,b,v,t 2,a,w,t")
    test = loading.load(tmp_path).test
    assert sorted(zip(test.labels.tolist(), test.titles, strict=True)) == [(0, "w"), (1, "v")]


def test_an_encoding_is_that_of_every_file(tmp_path):
    for name, text in (
        ("train.csv", "ü,ä\ne,b\n" * 4),
        ("test.csv", "ü,ö\n"),
        ("classes.txt", "ü\ne"),
    ):
        (tmp_path / name).write_bytes(text.encode("cp1252"))
    loaded = loading.load(tmp_path, encoding="cp1252")
    assert (loaded.classes, loaded.test.titles.tolist()) == (("ü", "e"), ["ö"])
    with pytest.raises(UserError, match="--encoding 'x': Python has no such encoding"):
        loading.load(tmp_path, encoding="x")


def test_the_official_test_split_is_recognised(ag_news_dir):
    assert loading.load(ag_news_dir).official_test
    assert not loading.load(ag_news_dir, test_rows=7599).official_test
