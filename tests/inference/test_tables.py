import csv
import gzip
import json

import pyarrow
import pytest
from conftest import status
from pyarrow import parquet

import predict
from corpus.errors import UserError
from corpus.files import FORMS
from inference.tables import classify_file

TEXTS = ["striker, goal", "bank\nprofit", "", "chip"]


@pytest.fixture(scope="module")
def model(trained):
    return predict.load_model(trained)


def write(path, names, columns):
    """Writes columns in the form that the name of the file has."""
    rows = [dict(zip(names, cells, strict=True)) for cells in zip(*columns, strict=True)]
    form = path.name.removesuffix(".gz").rpartition(".")[2]
    if form == "parquet":
        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
        return path
    with (gzip.open if path.suffix == ".gz" else open)(
        path, "wt", newline="", encoding="utf-8"
    ) as f:
        if form in ("csv", "tsv"):
            lines = csv.writer(f, delimiter="\t" if form == "tsv" else ",", quoting=csv.QUOTE_ALL)
            lines.writerows([names, *zip(*columns, strict=True)])
        else:
            f.write(json.dumps(rows) if form == "json" else "\n".join(map(json.dumps, rows)))
    return path


def written(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("form", FORMS)
def test_a_file_of_each_form_gets_two_more_columns(form, model, tmp_path):
    ids = ["a", "b", "c", "d"]
    file = write(tmp_path / f"in{form}", ["Id", "Text"], [ids, TEXTS])
    counts, about = classify_file(model, str(file), str(tmp_path / "out.csv"))
    header, *rows = written(tmp_path / "out.csv")
    assert header == ["Id", "Text", "predicted", "probability"]
    assert [row[:2] for row in rows] == [[*pair] for pair in zip(ids, TEXTS, strict=True)]
    answers = predict.classify(model, TEXTS)
    assert [row[2] for row in rows] == [answer["class"] for answer in answers]
    best = [max(answer["probabilities"].values()) for answer in answers]
    assert [float(row[3]) for row in rows] == pytest.approx(best, abs=1e-4)
    assert str(about) == "columns: 'id' = unused, 'text' = title"
    assert (counts["rows"], counts["words"], counts["unknown"]) == (4, 5, 0)
    assert sum(counts["classes"].values()) == 4
    for name in ("Text", "Anything"):  # the only column
        file = write(tmp_path / f"one{form}", [name], [TEXTS])
        options = {"text_columns": [name]} if form[1:4] in ("csv", "tsv") else {}
        classify_file(model, str(file), tmp_path / "out.csv", **options)
        assert [row[1:] for row in written(tmp_path / "out.csv")[1:]] == [row[2:] for row in rows]


WITHOUT_HEADER = {  # rows to (the header that is written, the text that is read)
    "goal\n": ("text", "goal"),
    "2010\n": ("text", "2010"),
    '3,goal,"bank, profit"\n': ("column 1,column 2,column 3", "goal"),
    "3,goal\n3,goal\n": ("column 1,column 2", "goal"),
    "901,goal,bank\n": ("column 1,column 2,column 3", "goal"),
    "Sports,goal\n": ("column 1,column 2", "goal"),
    "goal,bank\n": ("column 1,column 2", "goal"),
    "goal,Sports\n": ("column 1,column 2", "goal"),
}


@pytest.mark.parametrize("content", WITHOUT_HEADER)
def test_without_a_header_the_columns_with_words_are_read(content, model, tmp_path):
    (tmp_path / "in.csv").write_text(content)
    classify_file(model, tmp_path / "in.csv", tmp_path / "out.csv")
    header, text = WITHOUT_HEADER[content]
    first, *rows = written(tmp_path / "out.csv")
    assert first == [*header.split(","), "predicted", "probability"]
    assert len(rows) == len(content.splitlines())
    [answer] = predict.classify(model, [text])
    assert float(rows[0][-1]) == pytest.approx(max(answer["probabilities"].values()), abs=1e-4)


def test_lists_of_a_parquet_file_are_kept(model, tmp_path):
    columns = {"text": ["goal", "bank"], "tags": [["a", "é"], None]}
    columns["parts"] = [{"x": 1, "y": b"\xff"}, {"x": 2, "y": b""}]
    parquet.write_table(pyarrow.table(columns), tmp_path / "in.parquet")
    classify_file(model, tmp_path / "in.parquet", tmp_path / "out.csv")
    first, second = (row[1:3] for row in written(tmp_path / "out.csv")[1:])
    assert [*map(json.loads, first)] == [["a", "é"], {"x": 1, "y": r"b'\xff'"}]
    assert second[0] == ""


def test_columns_of_these_names_are_kept_and_blank_lines_are_not_rows(model, tmp_path):
    lines = ['{"predicted": 1, "text": "goal"}', "", '{"predicted": 2, "text": ""}', "", ""]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    classify_file(model, tmp_path / "in.jsonl", tmp_path / "out.csv")
    header, *rows = written(tmp_path / "out.csv")
    assert header == ["predicted", "text", "predicted_2", "probability"]
    assert [row[:2] for row in rows] == [["1", "goal"], ["2", ""]]


BAD = {
    '{"id": 1, "review": "a"}': "the header has 'id', 'review'; use --text-column",
    '{"text": ["a"]}': "'text' is a list or an object; each row",
    "": "no rows; expected texts",
}


@pytest.mark.parametrize("content", BAD)
def test_a_file_without_clear_texts_is_refused_and_nothing_is_written(content, model, tmp_path):
    (tmp_path / "in.jsonl").write_text(content)
    with pytest.raises(UserError, match="in.jsonl") as error:
        classify_file(model, tmp_path / "in.jsonl", tmp_path / "out.csv")
    assert BAD[content] in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_a_header_of_other_names_needs_the_flag(trained, tmp_path, capsys):
    file, output = tmp_path / "in.csv", tmp_path / "out.csv"
    file.write_bytes("Nr,Rezension\n1,goal\n2,schön\n3,bank\n".encode("cp1252"))
    options = [trained, "--file", file, "--output", output, "--encoding", "cp1252"]
    assert status(predict.main, options) == 1
    assert "it has 'Nr', 'Rezension'; use --text-column" in capsys.readouterr().err
    assert status(predict.main, [*options, "--text-column", "rezension"]) == 0
    said = capsys.readouterr().out
    assert f"{file}: columns: 'nr' = unused, 'rezension' = title\n{output}: 3 rows; " in said
    assert said.endswith("; 1 of 3 words unknown\n")
    assert [row[1] for row in written(output)] == ["Rezension", "goal", "schön", "bank"]


def test_the_file_that_is_read_is_not_written(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text("goal\n")
    assert status(predict.main, [trained, "--file", tmp_path / "in.csv", "--output", "in.csv"]) == 1
    assert "in.csv: the same file as the one that is read" in capsys.readouterr().err
    labelled = tmp_path / "labelled.csv"
    labelled.write_text("label,text\n1,goal\n2,bank\n")
    assert status(predict.main, [trained, "--evaluate", labelled, "--errors", labelled]) == 1
    assert "labelled.csv: the same file as the one that is read" in capsys.readouterr().err
    labelled.unlink()
    for output in ("no/out.csv", "out.parquet"):
        assert status(predict.main, [trained, "--file", "in.csv", "--output", output]) == 1
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith(f"predict.py: {output}: ")
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
    assert (tmp_path / "in.csv").read_text() == "goal\n"
