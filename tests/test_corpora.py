"""Corpora of users: each form trained on and predicted with, from their files to their classes."""

import csv
import json
import re
import shlex
import shutil
import unicodedata
import zipfile

import pytest
from conftest import PROJECT, status, words

import compare
import predict
import train_bilstm
import train_lstm
import train_rnn
from corpus.ag_news import CLASSES
from corpus.loading import load
from training.directory import load_result

SMALL = ["--units", 4, "--embed-size", 8, "--buckets", 3, "--quiet"]
NAMES = {"1": "world news", "2": "sport", "3": "money", "4": "科技"}


def sample_rows(split, count):
    with open(PROJECT / "sample" / f"{split}.csv", newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[:count]


def as_table(delimiter, rows):
    quoted = ('"{}"'.format(cell.replace('"', '""')) for row in rows for cell in row)
    width = len(rows[0])
    cells = list(quoted)
    lines = [delimiter.join(cells[i : i + width]) for i in range(0, len(cells), width)]
    return "\n".join(lines) + "\n"


def as_json(rows, *names):
    return "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)


# Name: a function of AG News's rows that gives the file's ending and content.
FORMS = {
    "class, text": lambda rows: (".csv", as_table(",", [[c, t] for c, t, _ in rows])),
    "class, title, description": lambda rows: (".csv", as_table(",", rows)),
    "four columns": lambda rows: (".csv", as_table(",", [[c, t, d, t] for c, t, d in rows])),
    "text, label from 0": lambda rows: (
        ".csv",
        as_table(",", [["Text", "Label"], *([t + d, str(int(c) - 1)] for c, t, d in rows)]),
    ),
    "names in .tsv": lambda rows: (
        ".tsv",
        as_table("\t", [["category", "content"], *([NAMES[c], t] for c, t, _ in rows)]),
    ),
    "names in .jsonl": lambda rows: (
        ".jsonl",
        as_json([(t, d, NAMES[c]) for c, t, d in rows], "title", "description", "class"),
    ),
}
EXPECTED = {
    "class, text": list("1234"),
    "class, title, description": list(CLASSES),
    "four columns": list("1234"),
    "text, label from 0": list("0123"),
    "names in .tsv": sorted(NAMES.values()),
    "names in .jsonl": sorted(NAMES.values()),
}


@pytest.mark.parametrize(
    ("form", "script", "recipe"),
    [
        ("class, text", train_lstm, "tutorial"),
        ("class, title, description", train_rnn, "masked"),
        ("four columns", train_bilstm, "fast"),
        ("text, label from 0", train_rnn, "titles"),
        ("names in .tsv", train_lstm, "fast"),
        ("names in .jsonl", train_rnn, "characters"),
    ],
)
def test_each_form_trains_and_predicts_under_its_own_names(form, script, recipe, tmp_path, capsys):
    content = {split: FORMS[form](sample_rows(split, 300)) for split in ("train", "test")}
    for split, (ending, text) in content.items():
        (tmp_path / (split + ending)).write_text(text, encoding="utf-8")
    run = tmp_path / "run"
    script.main(words(recipe, "--data", tmp_path, "--run-dir", run, "--epochs", 1, *SMALL))
    result = load_result(run)
    assert result["classes"] == EXPECTED[form]
    assert list(result["per_class"]) == EXPECTED[form]
    assert result["tutorial_accuracy"] is None
    shutil.copy(run / "model.keras", tmp_path / "alone.keras")
    capsys.readouterr()
    assert status(predict.main, [tmp_path / "alone.keras", "A late goal wins", "--json"]) == 0
    [answer] = map(json.loads, capsys.readouterr().out.splitlines())
    assert list(answer["probabilities"]) == EXPECTED[form]
    file = tmp_path / f"test{content['test'][0]}"
    assert status(predict.main, [tmp_path / "alone.keras", "--evaluate", file, "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["accuracy"] == pytest.approx(result["test_accuracy"])
    assert scores["macro_f1"] == pytest.approx(result["macro_f1"])
    assert scores["per_class"].keys() == result["per_class"].keys()


def corpus(directory, train, test=None, names=None):
    """A directory with a corpus of these rows: lists of lists of cells."""
    directory.mkdir(exist_ok=True)
    (directory / "train.csv").write_text(as_table(",", train), encoding="utf-8")
    if test:
        (directory / "test.csv").write_text(as_table(",", test), encoding="utf-8")
    if names:
        (directory / "classes.txt").write_text("\n".join(names), encoding="utf-8")
    return directory


def trained_on(directory, *options, script=train_lstm, recipe="fast"):
    """(result, run directory) of a small run."""
    run = directory / "run"
    options = ["--data", directory, "--run-dir", run, "--batch-size", 8, *SMALL, *options]
    script.main(words(recipe, *options))
    return load_result(run), run


TWO = [["1", "матч гол тренер"], ["2", "банк прибыль акции"]]


def test_capitals_and_punctuation_of_any_script_are_those_of_training(tmp_path, capsys):
    shouted = [[label, f"«{text.upper()}»\u00a0—"] for label, text in TWO]
    directory = corpus(tmp_path / "d", TWO * 40, shouted * 5, ["спорт", "деньги"])
    result, run = trained_on(directory, "--epochs", 8)
    assert result["test_accuracy"] == 1
    assert result["classes"] == ["спорт", "деньги"]
    assert "try:" not in capsys.readouterr().out  # nothing is wrong with it
    assert status(predict.main, [run, "МАТЧ ГОЛ", "“БАНК”"]) == 0
    sport, money = capsys.readouterr().out.splitlines()
    assert (sport.split()[0], money.split()[0]) == ("спорт", "деньги")


def test_without_a_test_file_the_same_tenth_is_held_out_whatever_the_seed(tmp_path, capsys):
    rows = [[label, f"{text} {i}"] for i in range(30) for label, text in TWO]
    directory = corpus(tmp_path / "d", rows)
    result, _ = trained_on(directory, "--seed", 2, "--validation", "held-out")
    assert result["data"]["rows"] == {"train": 48, "held_out": 6, "test": 6}
    again = load(directory)
    assert result["data"]["test_hash"] == again.test_hash
    assert "54 train rows (train.csv), 6 test rows (set aside)" in str(again)


def test_without_a_row_to_hold_out_a_run_says_so_and_validates_on_none(tmp_path, capsys):
    directory = corpus(tmp_path / "d", TWO * 3, TWO)
    options = words(*SMALL[:-1], "--validation", "held-out", "--run-dir", tmp_path / "run")
    train_lstm.main(words("fast", "--data", directory, *options))
    assert "note: no row can be held out" in capsys.readouterr().out
    assert load_result(tmp_path / "run")["data"]["rows"] == {"train": 6, "held_out": 0, "test": 2}


def test_a_worthless_model_says_what_is_wrong_with_it(tmp_path, capsys):
    rows = [["common", f"goal {i}"] for i in range(60)] + [["rare", f"bank {i}"] for i in range(9)]
    result, _ = trained_on(corpus(tmp_path / "d", rows))
    assert result["majority_accuracy"] == result["test_accuracy"] == 6 / 7
    *_, majority, problems, remedies, _, _ = capsys.readouterr().out.splitlines()
    assert majority == "predicting only the most frequent class: 0.8571"
    wrong = "never predicted: rare; no better than the most frequent class; only 8 steps in all"
    assert problems == wrong
    assert remedies == "try: the recipe own, more --epochs, --class-weights balanced"


def test_a_language_without_spaces_gets_a_hint_and_is_read_by_characters(tmp_path, capsys):
    rows = [["体育", "国际足联宣布新的比赛规则"], ["财经", "银行宣布新的利润增长计划"]]
    directory = corpus(tmp_path / "d", rows * 40, rows * 3)
    run = words("fast", "--data", directory, "--run-dir", tmp_path / "words", *SMALL[:-1])
    train_lstm.main(run)
    assert "--tokens characters" in capsys.readouterr().out
    result, run = trained_on(directory, "--tokens", "characters", "--epochs", 6)
    assert result["test_accuracy"] == 1
    capsys.readouterr()
    assert status(predict.main, [run, "--explain", "足联"]) == 0
    assert [line[:1] for line in capsys.readouterr().out.splitlines()[1:]] == ["足", "联"]


def test_texts_are_cut_in_training_and_in_the_saved_model(tmp_path, capsys):
    rows = [["1", "goal " * 3 + "bank " * 50], ["2", "bank " * 3 + "goal " * 50]]
    directory = corpus(tmp_path / "d", rows * 40, rows * 3)
    result, run = trained_on(directory, "--max-words", 3, "--epochs", 10)
    assert result["test_accuracy"] == 1
    capsys.readouterr()
    texts = ["goal goal goal", "goal goal goal " + "bank " * 90]
    assert status(predict.main, [run, "--json", *texts]) == 0
    short, long = map(json.loads, capsys.readouterr().out.splitlines())
    assert short["probabilities"] == pytest.approx(long["probabilities"], abs=1e-6)


def test_markup_can_be_removed(tmp_path, capsys):
    rows = [["1", "bank\\striker &lt;b&gt;company #39;s"], ["2", "goal keeper"]]
    directory = corpus(tmp_path / "d", rows * 20, rows)
    _, run = trained_on(directory, "--markup", "removed")
    texts = ["bank\\striker company #39;s", "bank striker company's"]
    assert status(predict.main, [run, "--json", *texts]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines()[-2:])
    assert first["probabilities"] == pytest.approx(second["probabilities"], abs=1e-6)


@pytest.mark.parametrize("tokens", ["words", "characters"])
def test_a_vocabulary_of_any_characters_is_saved_as_it_was_measured(tokens, tmp_path, capsys):
    breaks = "a\u2028b \x1cc\x1c \x1d\x1e d\x85e f\x0bg h\r\ni \u2029 j\nk"
    rows = [["1", f"{breaks} goal"], ["2", f"{breaks} bank"]]
    directory = corpus(tmp_path / "d", rows * 30, rows * 5)
    result, run = trained_on(directory, "--tokens", tokens, "--epochs", 4)
    capsys.readouterr()
    assert status(predict.main, [run, "--evaluate", directory / "test.csv", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["accuracy"] == result["test_accuracy"]


def test_a_very_long_word_is_an_unknown_word(tmp_path):
    rows = [["1", "goal " + "x" * 128_000], ["2", "bank " + "x" * 257]]
    directory = corpus(tmp_path / "d", rows * 20, rows)
    _, run = trained_on(directory)
    with zipfile.ZipFile(run / "model.keras") as file:
        assert b"xxx" not in file.read("config.json")


def test_evaluate_takes_names_or_numbers_and_names_the_row_of_another_class(
    trained, tmp_path, capsys
):
    file = tmp_path / "rows.tsv"
    file.write_text("label\ttext\nSports\tgoal\n3\tbank\n")
    assert status(predict.main, [trained, "--evaluate", file]) == 1
    assert "labels must be all numbers or all names" in capsys.readouterr().err
    file.write_text("label\ttext\nSports\tgoal\nSports\tstriker\nBusiness\tbank\n")
    assert status(predict.main, [trained, "--evaluate", file]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"{file}: 3 rows; columns: 'label' = label, 'text' = title")
    interval = r"\(95% interval \d\.\d{4} to \d\.\d{4}\)"
    assert re.match(rf"accuracy \d\.\d{{4}} {interval}, macro F1 \d\.\d{{4}}$", lines[1])
    assert [line.split()[0] for line in lines[2:]] == ["class", *CLASSES]
    file.write_text("label\ttext\nSports\tgoal\nWeather\train\n")
    assert status(predict.main, [trained, "--evaluate", file]) == 1
    error = capsys.readouterr().err
    assert f"{file}, row 3, column 1: the model has no label 'Weather'" in error
    with pytest.raises(SystemExit) as refused:
        predict.main([str(trained), "--evaluate", str(file), "text"])
    assert refused.value.code == 2


def test_columns_and_encoding_of_ones_own_are_in_the_model_the_card_and_the_result(
    tmp_path, capsys
):
    header, rows = (
        ["Nr", "Rezension", "Stimmung/Note"],
        [["7", f"schön gut {i}", "+1"] for i in range(20)]
        + [["8", f"übel {i}", "-1"] for i in range(20)],
    )
    file = tmp_path / "rezensionen.csv"
    file.write_bytes(as_table(";", [header, *rows]).encode("cp1252"))
    columns = ["--text-column", "rezension", "--label-column", "stimmung/note"]
    options = ["--encoding", "cp1252", *columns, "--data", file, "--export"]
    result, run = trained_on(tmp_path, *options, "--epochs", 8)
    assert result["classes"] == ["-1", "1"]
    assert (
        shlex.join(["--label-column", "stimmung/note"]) in (run / "model" / "README.md").read_text()
    )

    def evaluated(path, *options):
        capsys.readouterr()
        assert status(predict.main, [run, "--evaluate", path, *options]) == 0
        return capsys.readouterr().out

    assert "'rezension' = title, 'stimmung/note' = label" in evaluated(file)
    other = tmp_path / "other.tsv"
    for names, options in (("label\ttext", []), ("was\twie", columns)):
        options = [{"rezension": "wie", "stimmung/note": "was"}.get(word, word) for word in options]
        other.write_text(f"{names}\n1\tschön\n")
        assert "accuracy 1.0000" in evaluated(other, *options)
    assert status(predict.main, [run, "--evaluate", other]) == 1
    assert "use --label-column and --text-column" in capsys.readouterr().err


def test_nothing_that_is_printed_controls_the_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = [["label", "text", "x\x1b[2J"], *([label, text, "x"] for label, text in TWO * 20)]
    names = ["sp\x1b[31mort", "money"]
    directory = corpus(tmp_path / "d\x1b[31m\u202e", rows, [["label", "text"], *TWO], names)
    (directory / "old\x9b.csv").touch()
    run = tmp_path / "run\x1b]0;x\a"
    train_lstm.main(words("fast", "--data", directory, "--run-dir", run, *SMALL[:-1]))
    assert load_result(run)["classes"] == names
    assert status(predict.main, [run, "--explain", "гол\x1b[1m \x9bбанк"]) == 0
    assert status(predict.main, [run, "--evaluate", directory / "test.csv"]) == 0
    assert status(predict.main, [run, "--file", directory / "test.csv", "--output", "a\b.csv"]) == 0
    assert status(compare.main, [run]) == 0
    assert status(predict.main, [run, "--evaluate", "no\x1b\n.csv"]) == 1
    printed = capsys.readouterr()
    assert r"sp\x1b[31mort" in printed.out
    assert printed.err == "predict.py: no\\x1b\\n.csv: No such file or directory\n"
    shown = printed.out.replace("\n", "")
    assert not [c for c in shown if unicodedata.category(c) == "Cc" or c == "\u202e"]


BAD = {
    "one class": "1,a\n1,b\n",
    "no row": "\n",
    "ragged": "1,a\n2,b,c\n",
    "numbers mixed with names": "1,a\nsport,b\n",
}


@pytest.mark.parametrize("kind", BAD)
def test_a_wrong_train_file_is_one_line_and_leaves_nothing(kind, tmp_path, capsys):
    (tmp_path / "train.csv").write_text(BAD[kind])
    with pytest.raises(SystemExit) as refused:
        train_rnn.main(words("--data", tmp_path, "--run-dir", tmp_path / "runs" / "run"))
    assert refused.value.code == 1
    output = capsys.readouterr()
    assert len(output.err.splitlines()) == 1
    assert str(tmp_path / "train.csv") in output.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("epochs", "min_steps", "steps"), [(1, 12, 15), (4, 12, 20), (2, 0, 10)])
def test_few_rows_have_as_many_epochs_as_the_least_steps_take(epochs, min_steps, steps, tmp_path):
    rows = [[label, f"{text} {i}"] for i in range(20) for label, text in TWO]
    options = ["--epochs", epochs, "--min-steps", min_steps]
    _, run = trained_on(corpus(tmp_path / "d", rows, rows), *options)
    last = (run / "history.csv").read_text().splitlines()[-1]
    assert last.startswith(f"{steps},")


@pytest.mark.parametrize(
    "options",
    [
        ["--patience", 2],
        ["--patience", 2, "--validation", "none"],
    ],
)
def test_patience_needs_rows_held_out(options, capsys):
    with pytest.raises(SystemExit) as refused:
        train_lstm.main(words(*options))
    assert refused.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert "--patience" in line
