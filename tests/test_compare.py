import json
import shutil

import pytest

import compare
from training.directory import load_result


@pytest.fixture
def two(trained, tmp_path):
    """Two runs, the second of which is better."""
    paths = [tmp_path / "runs" / name for name in ("a", "b")]
    for path in paths:
        shutil.copytree(trained, path)
    result = load_result(paths[1]) | {"test_accuracy": 0.99, "recipe": "better"}
    result["changed"] = {"mask": True, "train_embeddings": False}
    (paths[1] / "result.json").write_text(json.dumps(result))
    return paths


def test_all_runs_are_compared_the_best_first(two, monkeypatch, capsys):
    monkeypatch.chdir(two[0].parent.parent)
    assert compare.main([]) == 0
    header, first, second, picture = capsys.readouterr().out.splitlines()
    columns = "run data train rows seed accuracy macro F1 tutorial seconds parameters directory"
    assert header.split() == columns.split()
    assert first.startswith("rnn better --mask --no-train-embeddings")
    assert "0.9900" in first
    assert second.startswith("rnn titles --batch-size 8 --epochs 2 ")
    assert len(header) == len(first) == len(second)
    assert picture == "picture: comparison.png"
    assert (two[0].parent.parent / "comparison.png").read_bytes().startswith(b"\x89PNG")


def test_runs_tested_on_other_rows_are_told_apart(two, tmp_path, capsys):
    result = load_result(two[0])
    result["data"]["test_hash"] = "other"
    (two[0] / "result.json").write_text(json.dumps(result))
    assert compare.main([*map(str, two), "--picture", str(tmp_path / "p.svg")]) == 0
    assert "tested on different rows" in capsys.readouterr().out


def test_models_that_were_edited_are_told_apart_by_their_size(two):
    first = load_result(two[0])
    larger = first | {"parameters": first["parameters"] + 1}
    labels = [point.label for point in compare.points([first, first, larger])]
    assert labels[0] == labels[1] != labels[2]
    assert labels[2].endswith(f", {larger['parameters']:,} parameters")
    assert "parameters" not in compare.points([first, first])[0].label


def test_a_picture_that_cannot_be_written_is_named_as_the_user_named_it(two, tmp_path, capsys):
    picture = tmp_path / "none" / "p.png"
    assert compare.main([str(two[0]), "--picture", str(picture)]) == 1
    assert capsys.readouterr().err == f"compare.py: {picture}: No such file or directory\n"


@pytest.mark.parametrize("content", [None, "{", "{}", '{"script": 1}'])
def test_a_run_without_a_result_is_named(tmp_path, capsys, content):
    if content is not None:
        (tmp_path / "result.json").write_text(content)
    assert compare.main([str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("compare.py: ")
    assert str(tmp_path) in error
    assert len(error.splitlines()) == 1


def test_no_run_at_all_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert compare.main([]) == 1
    assert "no finished run in runs/" in capsys.readouterr().err


def test_runs_that_differ_in_the_seed_alone_share_a_label_and_those_of_two_corpora_do_not(two):
    first, second = map(load_result, two)
    runs = [first | {"seed": 1}, first | {"seed": 2}]
    assert len({point.label for point in compare.points(runs)}) == 1
    second = first | {"data": first["data"] | {"name": "/a/path/other"}}
    labels = [point.label for point in compare.points([first, second])]
    assert labels[1].endswith(" on other")
    assert labels[0] != labels[1]


def test_the_tutorial_is_drawn_hollow_beside_runs_of_its_rows_alone(two, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(compare.comparison, "draw", lambda points, *_: drawn.append(points) or [])
    for accuracy in (None, 0.8):
        result = load_result(two[0]) | {"tutorial_accuracy": accuracy}
        (two[0] / "result.json").write_text(json.dumps(result))
        assert compare.main([str(two[0])]) == 0
    alone, beside = drawn
    assert [point.filled for point in alone] == [True]
    assert [point.filled for point in beside] == [True, False, False, False]
    assert [(point.family, point.recipe) for point in beside[1:]] == [
        ("rnn", "titles"),
        ("rnn", "masked"),
        ("lstm", "tutorial"),
    ]


def test_labels_without_room_are_told(two, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(compare.comparison, "draw", lambda *_: ["a", "b"])
    assert compare.main([*map(str, two)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("no room in it for 2 labels")


@pytest.mark.parametrize("damage", [{"test_accuracy": float("nan")}, {"seconds": {"total": 0}}])
def test_what_cannot_be_drawn_is_a_damaged_run(two, damage, tmp_path, capsys):
    (two[0] / "result.json").write_text(json.dumps(load_result(two[0]) | damage))
    assert compare.main([str(two[0]), "--picture", str(tmp_path / "p.png")]) == 1
    assert capsys.readouterr().err.startswith(f"compare.py: {two[0]}/result.json: damaged")
