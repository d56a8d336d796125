import json

import pytest
from conftest import status

import compare
from training.directory import load_result


@pytest.fixture
def write_run(trained, tmp_path):
    """Writes the result of a run, a real one with some values replaced; returns its directory."""

    def write(name, **changes):
        directory = tmp_path / "runs" / name
        directory.mkdir(parents=True)
        result = load_result(trained) | changes
        (directory / "result.json").write_text(json.dumps(result))
        return directory

    return write


@pytest.fixture
def rows_of_table(tmp_path, capsys):
    """Compares runs; returns the fields of each row of the table, the run's name as one field."""

    def rows(*directories):
        picture = tmp_path / "picture.svg"
        assert status(compare.main, [*map(str, directories), "--picture", str(picture)]) == 0
        return [line.split("  ") for line in capsys.readouterr().out.splitlines()[1:-1]]

    return rows


def test_all_runs_are_compared_the_best_first(write_run, tmp_path, monkeypatch, capsys):
    write_run("a")
    write_run("b", test_accuracy=0.99, recipe="better", changed={"mask": True})
    monkeypatch.chdir(tmp_path)
    assert status(compare.main, []) == 0
    header, first, second, picture = capsys.readouterr().out.splitlines()
    columns = "# run data train rows seed accuracy macro F1 tutorial seconds parameters directory"
    assert header.split() == columns.split()
    assert first.startswith("1  rnn better --mask ")
    assert "0.9900" in first
    assert second.startswith("2  rnn titles --batch-size 8 --epochs 2 ")
    assert len(header) == len(first) == len(second)
    assert picture == "picture: comparison.png"
    assert (tmp_path / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_runs_that_differ_only_in_the_seed_share_a_number(write_run, rows_of_table):
    runs = [
        write_run("a", test_accuracy=0.7, seed=1),
        write_run("b", test_accuracy=0.8, recipe="masked"),
        write_run("c", test_accuracy=0.9, seed=2),
    ]
    rows = rows_of_table(*runs)
    assert [row[0] for row in rows] == ["1", "2", "1"]
    assert rows[0][1] == rows[2][1] != rows[1][1]


@pytest.mark.parametrize(
    ("key", "value", "label"),
    [("hyperparameters", {"units": 99}, " --units 99"), ("data", {"name": "/a/b"}, " on b")],
)
def test_runs_of_one_command_are_told_apart_by_what_differs(
    trained, write_run, rows_of_table, key, value, label
):
    changed = write_run("a", test_accuracy=0, **{key: load_result(trained)[key] | value})
    rows = rows_of_table(trained, changed)
    assert [row[0] for row in rows] == ["1", "2"]
    assert rows[1][1].endswith(label)
    assert rows[0][1] != rows[1][1]


def test_networks_of_different_sizes_have_different_numbers(write_run, rows_of_table):
    runs = [write_run("a", parameters=1), write_run("b", parameters=2)]  # models.py was edited
    assert [row[0] for row in rows_of_table(*runs)] == ["1", "2"]


def test_runs_tested_on_different_rows_are_reported(trained, write_run, tmp_path, capsys):
    other = write_run("a", data=load_result(trained)["data"] | {"test_hash": "other"})
    picture = tmp_path / "p.svg"
    assert status(compare.main, [str(trained), str(other), "--picture", str(picture)]) == 0
    assert "tested on different rows" in capsys.readouterr().out


def test_a_picture_that_cannot_be_written_is_named_as_the_user_named_it(trained, tmp_path, capsys):
    picture = tmp_path / "none" / "p.png"
    assert status(compare.main, [str(trained), "--picture", str(picture)]) == 1
    assert capsys.readouterr().err == f"compare.py: {picture}: No such file or directory\n"


@pytest.mark.parametrize("content", [None, "{", "{}", '{"script": 1}'])
def test_a_run_without_a_result_is_named(tmp_path, capsys, content):
    if content is not None:
        (tmp_path / "result.json").write_text(content)
    assert status(compare.main, [str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"compare.py: {tmp_path}/result.json: ")
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    "damage",
    [{"test_accuracy": float("nan")}, {"seconds": {"total": 0}}, {"hyperparameters": None}],
)
def test_impossible_values_are_a_damaged_run(write_run, damage, capsys):
    run = write_run("a", **damage)
    assert status(compare.main, [str(run)]) == 1
    assert capsys.readouterr().err.startswith(f"compare.py: {run}/result.json: damaged")


def test_without_any_run_there_is_an_error(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert status(compare.main, []) == 1
    assert "no finished run in runs/" in capsys.readouterr().err
