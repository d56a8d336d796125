import csv
import io
import json
import shutil
import zipfile
from types import SimpleNamespace

import keras
import pytest
import tensorflow as tf
from conftest import status

import predict
from corpus.ag_news import CLASSES
from data import EVALUATION_BATCH_SIZE, LONG


@pytest.fixture(scope="module")
def model(trained):
    return predict.load_model(trained)


@pytest.mark.parametrize(
    "text",
    ["", " ", "😀🎉", "日本の株価", "نص", "\0", "\ud800", "a\nb", "word " * 10_000, "x" * 100_000],
)
def test_any_text_gets_a_class_and_probabilities(model, text):
    [answer] = predict.classify(model, [text])
    assert answer["text"] == text
    assert list(answer["probabilities"]) == list(CLASSES)
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert answer["probabilities"][answer["class"]] == max(answer["probabilities"].values())


def test_an_answer_does_not_depend_on_the_other_texts(model):
    texts = ["striker goal", "", "word " * 300, "bank profit"]
    together = predict.classify(model, texts)
    for text, answer in zip(texts, together, strict=True):
        [alone] = predict.classify(model, [text])
        assert alone["class"] == answer["class"]
        assert alone["probabilities"] == pytest.approx(answer["probabilities"], abs=1e-6)


def test_the_shell_prints_one_json_object_a_line(trained, run_script):
    done = run_script("predict", trained / "model.keras", "goal by the striker", "", "--json")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["text"] for answer in answers] == ["goal by the striker", ""]
    assert answers[0]["class"] == "Sports"
    assert list(answers[0]) == ["text", "class", "probabilities", "words", "unknown"]
    assert (answers[1]["words"], answers[1]["unknown"]) == (0, 0)


def test_the_shell_reads_lines_in_an_ascii_locale(trained, run_script):
    lines = "bank profit\n\n😀\n" + "goal\n" * 40
    ascii_locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run_script("predict", trained, stdin=lines, environment=ascii_locale)
    assert done.returncode == 0, done.stderr
    answers = done.stdout.splitlines()
    assert len(answers) == 43
    assert answers[0].startswith("Business")
    assert answers[0].endswith("bank profit")
    assert done.stderr == ""


def test_it_says_how_many_words_are_unknown(trained, model, capsys):
    texts = ["Xylophon Quarzuhr Zwetschge", "goal, Quarzuhr!", "goal", "!!!"]
    assert status(predict.main, [trained, *texts]) == 0
    lines = capsys.readouterr().out.splitlines()
    ends = [
        "Zwetschge  (3 of 3 words unknown)",
        "  (1 of 2 words unknown)",
        "goal",
        "!!!  (no words)",
    ]
    assert all(line.endswith(end) for line, end in zip(lines, ends, strict=True))
    answers = predict.classify(model, [*texts, "goal " * 300])
    counts = [(answer["words"], answer["unknown"]) for answer in answers]
    assert counts == [(3, 3), (2, 1), (1, 0), (0, 0), (300, 0)]


ROWS = (
    "label,text\n1,goal\n3,bank\n",
    "profit;Sports\ngoal;Sports\nbank;Business\n",
    '{"a": 1}\n' * 3,
    "\ntitle,review\ngoal,5\n",
    "'bank'|'Business'\n" * 3,
    '[\n{"a": 1},\n{"a": 2}]\n',
)


@pytest.mark.parametrize("content", ROWS)
def test_lines_that_look_like_rows_are_answered_with_a_remark(
    content, trained, monkeypatch, capsys
):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content.encode())))
    assert status(predict.main, [trained]) == 0
    output = capsys.readouterr()
    assert len(output.out.splitlines()) == 3
    assert "look like rows of a corpus" in output.err
    monkeypatch.setattr(
        "sys.stdin", io.TextIOWrapper(io.BytesIO(b"Sports\n1, 2, 3\nBusiness, again\n"))
    )
    assert status(predict.main, [trained]) == 0
    assert capsys.readouterr().err == ""


WRONG = {
    "--label-column x": "need --file IN or --evaluate FILE",
    "--text-column x --json": "need --file IN or --evaluate FILE",
    "--file a.csv": "--file IN and --output OUT.csv need each other",
    "--output a.csv": "--file IN and --output OUT.csv need each other",
    "--file a.csv --output b.csv text": "--export DIR take no TEXT",
    "--errors a.csv": "--errors OUT.csv needs --evaluate FILE",
    "--picture a.png text": "--picture FILE needs --explain and one TEXT",
    "--explain --picture a.png": "--picture FILE needs --explain and one TEXT",
    "--explain --picture a.png text text": "--picture FILE needs --explain and one TEXT",
}


@pytest.mark.parametrize("options", WRONG)
def test_options_that_do_not_fit_together_are_refused(options, trained, capsys):
    assert status(predict.main, [trained, *options.split()]) == 2
    assert WRONG[options] in capsys.readouterr().err


def test_the_name_of_a_file_is_answered_with_a_remark(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.CSV").write_text("goal\n")
    assert status(predict.main, [trained, "a.CSV", "b.csv"]) == 0
    output = capsys.readouterr()
    assert len(output.out.splitlines()) == 2
    assert output.err == "a.CSV: this name of a file is classified as a text; use --file\n"


def test_the_wrong_rows_of_a_file_are_written_the_surest_first(trained, tmp_path, model, capsys):
    rows = [
        ("1", "match goal"),
        ("2", "goal"),
        ("3", 'profit, "bank"'),
        ("4", "league"),
        ("4", "goal"),
    ]
    with open(tmp_path / "rows.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    options = ["--evaluate", tmp_path / "rows.csv", "--errors", tmp_path / "errors.csv"]
    assert status(predict.main, [trained, *options, "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    with open(tmp_path / "errors.csv", newline="", encoding="utf-8") as file:
        errors = list(csv.DictReader(file))
    answers = predict.classify(model, [text for _, text in rows])
    wrong = [
        (-max(answer["probabilities"].values()), text, CLASSES[int(label) - 1], answer["class"])
        for (label, text), answer in zip(rows, answers, strict=True)
        if CLASSES[int(label) - 1] != answer["class"]
    ]
    assert len(wrong) > 2
    assert scores["accuracy"] == pytest.approx(1 - len(wrong) / len(rows))
    assert 0 <= scores["interval"][0] < scores["accuracy"] < scores["interval"][1] <= 1
    assert [(e["text"], e["class"], e["answer"]) for e in errors] == [w[1:] for w in sorted(wrong)]
    assert [float(e["probability"]) for e in errors] == pytest.approx(
        [-w[0] for w in sorted(wrong)], abs=1e-4
    )


@pytest.mark.parametrize("unit", ["x", "goal "])
def test_a_long_text_does_not_widen_the_batch_of_short_ones(unit, model, monkeypatch):
    sizes, predict_on_batch = [], keras.Model.predict_on_batch

    def measured(model, batch):
        sizes.append(len(batch) * max(map(len, batch.numpy().tolist())))
        return predict_on_batch(model, batch)

    monkeypatch.setattr(keras.Model, "predict_on_batch", measured)
    long = unit * 20_000
    answers = predict.classify(model, ["goal"] * 31 + [long] * 40 + ["bank"] * 600)
    assert max(sizes) <= max(EVALUATION_BATCH_SIZE * LONG, len(long))
    assert [answer["words"] for answer in answers] == [1] * 31 + [len(long.split())] * 40 + [
        1
    ] * 600


def bad_models(tmp_path, trained):
    whole = (trained / "model.keras").read_bytes()
    (tmp_path / "truncated.keras").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.keras").write_bytes(b"")
    (tmp_path / "text.keras").write_text("not a model")
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)]).save(tmp_path / "foreign.keras")
    text = keras.Input((), dtype="string")
    code = keras.layers.Lambda(lambda x: tf.ones((tf.shape(x)[0], 4)), output_shape=(4,))
    keras.Model(text, code(text)).save(tmp_path / "code.keras")
    shutil.copy(trained / "model.keras", tmp_path / "damaged.keras")
    with (
        zipfile.ZipFile(tmp_path / "damaged.keras", "a") as file,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        file.writestr("config.json", "{}")
    return sorted(tmp_path.glob("*.keras"))


def test_a_bad_model_file_is_refused_in_one_line(tmp_path, trained, capsys):
    for path in [*bad_models(tmp_path, trained), tmp_path / "missing.keras", tmp_path]:
        assert status(predict.main, [path, "text"]) == 1
        output = capsys.readouterr()
        assert output.out == ""
        assert len(output.err.splitlines()) == 1, output.err
        assert str(path) in output.err


def test_explain_prints_the_answer_and_a_line_for_each_word(trained, tmp_path, monkeypatch, capsys):
    text = "oil \x1b[31m prices"
    assert status(predict.main, [trained, "--explain", text, "goal"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert status(predict.main, [trained, text, "goal"]) == 0
    plain = capsys.readouterr().out.splitlines()
    assert [lines[0], lines[4]] == plain
    assert [line.split()[0] for line in lines[1:4] + lines[5:]] == [
        "oil",
        r"\x1b[31m",
        "prices",
        "goal",
    ]
    monkeypatch.setattr("sys.stdin", io.StringIO("goal\nbank goal\n"))
    assert status(predict.main, [trained, "--explain", "--json"]) == 0
    explained = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [len(answer["explanation"]) for answer in explained] == [1, 2]
    assert [*explained[0]["explanation"][0]] == ["words", "loss", "unknown", "class_after"]
    picture = tmp_path / "a.png"
    assert status(predict.main, [trained, "--explain", "goal", "--picture", picture]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_closed_standard_streams_are_no_traceback(trained, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", None)
    assert status(predict.main, [trained]) == 1
    assert (
        capsys.readouterr().err == "predict.py: standard input is closed, and no TEXT was given\n"
    )
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", None)
        assert status(predict.main, [trained]) == 1
        assert capsys.readouterr().out == ""
    monkeypatch.setattr("sys.stdout", None)
    assert status(predict.main, [trained, "goal"]) == 0


def test_what_cannot_be_read_is_one_line(trained, monkeypatch, capsys):
    def denied(path, *arguments, **options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.is_dir", denied)
    assert status(predict.main, [trained, "text"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert f"{trained}: Permission denied" in line


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfbank profit\nbank profit\n",
        b"bank profit\r\nbank profit",
        b"bank profit\rbank profit",
        "bank profit\nbank profit\n".encode("utf-16"),
    ],
)
def test_standard_input_is_read_in_each_encoding(content, trained, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert status(predict.main, [trained]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert first.startswith("Business")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le", "cp037"])
def test_an_encoding_of_standard_input_can_be_named(encoding, trained, monkeypatch, capsys):
    content = "café goal\nbank profit\n".encode(encoding)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert status(predict.main, [trained, "--encoding", encoding, "--json"]) == 0
    texts = [json.loads(line)["text"] for line in capsys.readouterr().out.splitlines()]
    assert texts == ["café goal", "bank profit"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert status(predict.main, [trained, "--encoding", "klingon"]) == 1
    assert "no such encoding" in capsys.readouterr().err


@pytest.mark.parametrize("bad", [b"caf\xe9", b"\xff\xfe", b"a\0b"])
def test_another_encoding_is_refused_by_line_behind_the_answers(bad, trained, monkeypatch, capsys):
    content = b"goal\n" * 40 + bad + b"\ngoal\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert status(predict.main, [trained]) == 1
    output = capsys.readouterr()
    assert len(output.out.splitlines()) == 40
    assert output.err.startswith("predict.py: standard input, line 41: ")


def test_texts_are_answered_as_they_come(trained, monkeypatch, capsys):
    def lines():
        for count in range(1000):
            yield b"goal\n"
            printed.append(capsys.readouterr().out.count("\n"))
            assert count + 1 - sum(printed) <= predict.BATCH_SIZE  # no more are held

    printed = []
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=Lines(lines()), isatty=lambda: False))
    assert status(predict.main, [trained]) == 0
    assert sum(printed) + capsys.readouterr().out.count("\n") == 1000


class Lines:
    """A stream of lines that has no file."""

    def __init__(self, lines):
        self._lines = lines

    def __iter__(self):
        return self._lines

    def fileno(self):
        raise OSError
