import csv
import json

import pytest
from conftest import status

import compare
from training.directory import load_result

LAYERS = ["Embedding(input_dim=90, output_dim=64)", "Dense(units=4, activation=softmax)"]
MORE = [LAYERS[0], "Dense(units=32, activation=relu)", LAYERS[1]]
NO_HELD_OUT = {"validation_accuracy": None, "validation_macro_f1": None}
TRIAL = {"trial": True, "test_accuracy": None, "macro_f1": None}
BY_TEST = "sorted by test accuracy"


def held_out(accuracy):
    return {"validation_accuracy": accuracy, "validation_macro_f1": accuracy / 2}


@pytest.fixture
def write_run(trained, tmp_path):
    """Writes the result of a run in runs/, a real one with values replaced, or added to a dict."""

    def write(name, **changes):
        result = load_result(trained) | NO_HELD_OUT
        result |= {"trial": False, "started_from": None, "layers": LAYERS, "machine": "a machine"}
        result["data"] |= {"name": "data/tiny"}
        for key, value in changes.items():
            joined = key in ("hyperparameters", "data") and isinstance(value, dict)
            result[key] = result[key] | value if joined else value
        directory = tmp_path / "runs" / name
        directory.mkdir(parents=True)
        (directory / "result.json").write_text(json.dumps(result))

    return write


@pytest.fixture
def output(tmp_path, monkeypatch, capsys):
    """Compares runs in a directory that contains runs/; returns the lines that are printed."""
    monkeypatch.chdir(tmp_path)

    def lines(*arguments, expected=0):
        assert status(compare.main, arguments) == expected
        captured = capsys.readouterr()
        return (captured.err if expected else captured.out).splitlines()

    return lines


@pytest.fixture
def labels(output):
    """Compares all runs of one corpus; returns what they are called, in the table's order."""
    return lambda *arguments: [line.split("  ")[0] for line in output(*arguments)[2:-1]]


def test_all_runs_are_compared_the_best_first(write_run, output, tmp_path):
    write_run("a")
    write_run("x/b", test_accuracy=0.99, recipe="better", changed={"mask": True})
    write_run("c/unfinished")
    write_run(".partial-d")
    write_run("sweep/e", **TRIAL | held_out(0.5))
    heading, header, first, second, picture = output()
    assert heading == f"tiny: 24 test rows; {BY_TEST}"
    columns = "run train rows test accuracy macro F1 seeds seconds parameters best run"
    assert header.split() == columns.split()
    assert first.startswith("rnn better --mask  ")
    assert "  0.9900  " in first
    assert first.endswith("  runs/x/b")
    assert second.startswith("rnn titles --batch-size 8 --epochs 2  ")
    assert second.endswith("  runs/a")
    assert picture == "picture: comparison.png"
    assert (tmp_path / "comparison.png").read_bytes().startswith(b"\x89PNG")
    assert output("runs/x", "runs/a", "runs")[2:4] == [first, second]  # each once


def test_a_picture_that_is_replaced_is_mentioned(write_run, output):
    write_run("a")
    assert [output()[-1] for _ in range(2)] == [
        "picture: comparison.png",
        "picture: comparison.png (replaced)",
    ]


def test_held_out_rows_decide_where_all_runs_have_some(write_run, output, labels):
    write_run("a", test_accuracy=0.6, hyperparameters={"units": 1}, **held_out(0.9))
    write_run("b", test_accuracy=0.7, hyperparameters={"units": 2}, **held_out(0.8))
    assert output()[0].endswith("; sorted by held-out accuracy")
    assert labels() == ["rnn titles --units 1", "rnn titles --units 2"]
    write_run("c", test_accuracy=0.5, hyperparameters={"units": 3})
    assert output()[0].endswith(f"; {BY_TEST}")
    assert [label[-1] for label in labels()] == ["2", "1", "3"]


def test_runs_are_named_by_the_hyperparameters_that_differ_wherever_they_were_set(
    write_run, labels
):
    for i, units in enumerate((8, 16, 32)):
        changed = {"units": units} if units == 32 else {}  # the others at the top of the file
        values = {"hyperparameters": {"units": units}, "changed": changed}
        write_run(f"{units}", test_accuracy=0.9 - i / 10, **values)
    write_run("other", recipe="masked", hyperparameters={"units": 4}, test_accuracy=0, changed={})
    units = [f"rnn titles --units {n}" for n in (8, 16, 32)]
    assert labels() == [*units, "rnn masked"]


def test_the_values_that_most_runs_share_are_left_out(write_run, labels):
    changes = {"units": 99}, {"mask": True}, {"dropout": 0.5}, {"embeddings": "a b"}, {}
    for i, change in enumerate(changes):
        write_run(f"{i}", test_accuracy=0.9 - i / 10, hyperparameters=change)
    expected = ["--units 99", "--mask", "--dropout 0.5", "--embeddings a b", ""]
    assert labels() == [f"rnn titles {flag}".strip() for flag in expected]


@pytest.mark.parametrize(
    ("change", "label"),
    [
        ({"layers": MORE, "code": {"hash": "b"}}, "+ Dense(units=32, activation=relu)"),
        ({"started_from": "runs/before"}, "from before"),
        ({"interrupted": True}, "(interrupted)"),
    ],
)
def test_runs_with_equal_hyperparameters_are_told_apart(write_run, labels, change, label):
    write_run("a", changed={})
    write_run("b", test_accuracy=0, changed={}, **change)
    assert labels() == ["rnn titles", f"rnn titles {label}"]


def test_runs_of_other_code_are_told_apart_and_not_averaged(write_run, labels):
    """As after an edit in main(), of the learning rate for example."""
    for seed, code, accuracy in ((1, "aaaaaaaa", 0.9), (2, "aaaaaaaa", 0.8), (1, "bbbbbbbb", 0.4)):
        run = {"code": {"hash": code}, "test_accuracy": accuracy, "seed": seed, "changed": {}}
        write_run(f"{code}{seed}", **run)
    assert labels() == ["rnn titles code aaaaaaa", "rnn titles code bbbbbbb"]


def test_a_way_of_reading_that_was_changed_in_main_is_named(write_run, labels):
    reading = {"text": "title", "tokens": "words", "markup": "kept", "max_words": 0}
    for i, changes in enumerate(({}, {}, {"max_words": 3})):
        run = {"reading": reading | changes, "seed": i, "code": {"hash": str(len(changes))}}
        write_run(f"{i}", test_accuracy=0.9 - i / 10, changed={}, **run)
    assert labels() == ["rnn titles --max-words 0", "rnn titles --max-words 3"]


def test_corpora_with_the_same_test_rows_are_compared_and_named(write_run, labels):
    write_run("a", changed={})
    write_run("b", test_accuracy=0, changed={}, data={"name": "/some/large", "hash": "other"})
    assert labels() == ["rnn titles on tiny", "rnn titles on large"]


def test_runs_that_differ_only_in_the_seed_are_one_line(write_run, output):
    for seed, accuracy, seconds in ((1, 0.7, 10), (3, 0.8, 12), (2, 0.75, 90)):
        run = {"test_accuracy": accuracy, "macro_f1": accuracy - 0.1, "seconds": {"total": seconds}}
        write_run(f"{seed}", seed=seed, changed={}, **run)
    _, _, line, _ = output()
    cells = [cell.strip() for cell in line.split("  ") if cell]
    assert cells[2:6] == ["0.7500 (0.7000-0.8000)", "0.6500", "1 2 3", "12"]
    assert cells[-1] == "runs/3"


def test_seconds_of_a_shared_machine_and_empty_columns_are_left_out(write_run, output):
    write_run("a", machine="a machine, 2 runs at once")
    assert "seconds" not in output()[1]
    assert "tutorial" not in output()[1]
    more = {"recipe": "masked", "tutorial_accuracy": 0.7995, "seconds": {"total": 4321}}
    write_run("b", test_accuracy=0, **more)
    _, header, shared, alone, _ = output()
    assert "seconds" in header
    assert "tutorial" in header
    assert "0.7995" not in shared
    assert "0.7995" in alone
    assert "4321" in alone


def test_trials_that_are_named_are_compared_on_held_out_rows(write_run, output):
    for fold in (1, 2):
        values = {"validation": f"{fold}/2"}
        run = TRIAL | held_out(fold / 4)
        data = {"rows": {"train": 9, "test": 0}, "test_hash": "none"}
        write_run(f"sweep/{fold}", hyperparameters=values, changed=values, data=data, **run)
    assert "no finished run in runs/" in output(expected=1)[0]
    heading, header, line, _ = output("runs/sweep")
    assert heading.endswith("; sorted by held-out accuracy")
    assert "test accuracy" not in header
    assert line.startswith("rnn titles  ")
    assert " 0.3750 (0.2500-0.5000) " in line


def test_each_corpus_has_a_table_and_a_picture(write_run, output, tmp_path):
    write_run("a")
    write_run("b", data={"name": "tfds:b/c d", "test_hash": "b", "rows": {"train": 1, "test": 7}})
    write_run("c", data={"name": "elsewhere/tiny", "test_hash": "c"})
    lines = output("--picture", "p.svg")
    headings = ["tiny: 24 test rows", "c d: 7 test rows", "tiny: 24 test rows"]
    assert lines[::4] == [f"{heading}; {BY_TEST}" for heading in headings]
    pictures = ["p.svg", "p-2.svg", "p-3.svg"]
    assert lines[3::4] == [f"picture: {name}" for name in pictures]
    assert sorted(path.name for path in tmp_path.glob("*.svg")) == sorted(pictures)


def test_a_csv_file_has_a_row_for_each_run(write_run, output, tmp_path):
    for i, units in enumerate((8, 8, 16)):
        run = {"seed": i + 1, "test_accuracy": i / 4, "hyperparameters": {"units": units}}
        write_run(f"{i}", seconds={"total": i + 1.5}, **run, **held_out(0.5 + i / 8))
    assert output("--csv", "runs.csv")[-1] == "rows: runs.csv"
    with open(tmp_path / "runs.csv", newline="", encoding="utf-8") as file:
        first, *others = csv.DictReader(file)
    macro_f1 = str(load_result(tmp_path / "runs" / "2")["macro_f1"])
    parameters = str(load_result(tmp_path / "runs" / "2")["parameters"])
    assert first == first | {
        "label": "rnn titles --units 16",
        "corpus": "tiny",
        "seed": "3",
        "validation_accuracy": "0.75",
        "validation_macro_f1": "0.375",
        "test_accuracy": "0.5",
        "macro_f1": macro_f1,
        "seconds": "3.5",
        "parameters": parameters,
        "directory": "runs/2",
        "units": "16",
        "text": "title",
    }
    assert [row["seed"] for row in others] == ["2", "1"]


def test_a_csv_file_that_cannot_be_written_is_one_line(write_run, output):
    write_run("a")
    [error] = output("--csv", "none/x.csv", expected=1)
    assert error == "compare.py: none/x.csv: No such file or directory"


def test_a_picture_that_cannot_be_written_is_named_as_the_user_named_it(write_run, output):
    write_run("a")
    [error] = output("--picture", "none/p.png", expected=1)
    assert error == "compare.py: none/p.png: No such file or directory"


@pytest.mark.parametrize("content", [None, "{", "{}", '{"script": 1}'])
def test_a_run_without_a_result_is_named(tmp_path, output, content):
    if content is not None:
        (tmp_path / "result.json").write_text(content)
    [error] = output(tmp_path, expected=1)
    assert error.startswith(f"compare.py: {tmp_path}/result.json: ")


@pytest.mark.parametrize(
    "damage",
    [
        {"test_accuracy": None},
        {"seconds": {"total": "0"}},
        {"hyperparameters": None},
        {"layers": None},
        {"trial": 1, "data": {"name": 5}},
    ],
)
def test_a_damaged_run_is_named_and_left_out_of_all_runs(write_run, output, damage, capsys):
    write_run("a", **damage)
    [error] = output("runs/a", expected=1)
    assert error.startswith("compare.py: runs/a/result.json: damaged")
    write_run("b")
    assert "runs/b" in output()[2]
    assert status(compare.main, []) == 0
    named = "runs/a/result.json: damaged" in capsys.readouterr().err
    assert named == ("trial" not in damage)  # trials are left out in any case


def test_without_any_run_there_is_an_error(output):
    assert "no finished run in runs/" in output(expected=1)[0]
