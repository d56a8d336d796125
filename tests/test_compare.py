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
    assert compare.main([*map(str, two), "--picture", str(tmp_path / "p.png")]) == 0
    assert "tested on different rows" in capsys.readouterr().out


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
