import csv
import re
import shutil
from collections import Counter
from itertools import pairwise
from statistics import mean

import numpy as np
import pytest
from conftest import PROJECT, edit, status, words
from scipy import stats

import sweep
import train_rnn
from corpus import loading
from corpus.rows import fold
from experiments import comparison, experiment, selection
from training.directory import load_result

RATES = "--learning-rate", 0.001, 0.02
SMALL = "--epochs", 2, "--batch-size", 8, "--units", 4


def swept(corpus, directory, *options, script="train_rnn.py", values=RATES, seeds=(1, 2)):
    """Sweeps over values, in a directory; returns the exit status."""
    command = [script, "titles", "--data", corpus, "--dir", directory / "sweep", *values, *SMALL]
    picture = "--picture", directory / "sweep.png"
    return status(sweep.main, [*command, "--seeds", *seeds, *picture, *options])


@pytest.fixture(scope="module")
def made(tiny, tmp_path_factory):
    """The directory of a sweep."""
    directory = tmp_path_factory.mktemp("sweep")
    assert swept(tiny, directory) == 0
    return directory


@pytest.fixture
def results(made):
    """The result.json of each run."""
    return [load_result(file.parent) for file in (made / "sweep").glob("*/result.json")]


def test_each_value_is_trained_with_each_seed_and_scored_on_held_out_rows_alone(tiny, results):
    assert Counter((r["hyperparameters"]["learning_rate"], r["seed"]) for r in results) == {
        (rate, seed): 1 for rate in (0.001, 0.02) for seed in (1, 2)
    }
    train = len(loading.load(tiny).train)
    for result in results:
        assert result["trial"]
        assert result["hyperparameters"]["validation"] == "held-out"
        assert result["data"]["rows"] == {"train": train - 8, "held_out": 8, "test": 0}
        for name in ("test_accuracy", "test_interval", "macro_f1", "per_class", "peak_memory_mb"):
            assert result[name] is None
        assert 0 <= result["validation_accuracy"] <= 1


def test_a_sweep_leaves_no_models_or_pictures_of_runs(made):
    for run in (made / "sweep").iterdir():
        assert {file.name for file in run.iterdir()} == {"result.json", "history.csv"}
    assert sum(file.stat().st_size for file in made.rglob("*.*")) < 200_000
    assert (made / "sweep.png").read_bytes().startswith(b"\x89PNG")


def test_a_trial_has_the_score_of_a_whole_run(tiny, results, tmp_path):
    options = ["--learning-rate", 0.02, "--validation", "held-out", "--seed", 2]
    train_rnn.main(words("titles", "--data", tiny, *SMALL, *options, "--run-dir", tmp_path / "run"))
    expected = load_result(tmp_path / "run")
    [trial] = [
        r for r in results if r["seed"] == 2 and r["hyperparameters"]["learning_rate"] > 0.01
    ]
    assert trial["validation_accuracy"] == expected["validation_accuracy"]
    assert trial["validation_macro_f1"] == expected["validation_macro_f1"]
    assert expected["test_accuracy"] is not None


def test_the_table_is_sorted_by_mean_and_the_winners_command_trains_it(
    made, tiny, results, capsys, tmp_path, monkeypatch
):
    before = {file: file.stat().st_mtime_ns for file in made.rglob("result.json")}
    assert swept(tiny, made) == 0
    assert {file: file.stat().st_mtime_ns for file in made.rglob("result.json")} == before
    printed = capsys.readouterr().out
    means = {}
    for rate in (0.001, 0.02):
        own = [r for r in results if r["hyperparameters"]["learning_rate"] == rate]
        means[rate] = mean(result["validation_accuracy"] for result in own)
    rows = re.findall(r"^--learning-rate (\S+) +(\S+)", printed, re.M)
    assert {float(rate): value for rate, value in rows} == {
        rate: f"{value:.4f}" for rate, value in means.items()
    }
    assert all(float(a[1]) >= float(b[1]) for a, b in pairwise(rows))
    [command] = re.findall(r"python train_rnn.py (.*)", printed)
    assert f"--learning-rate {rows[0][0]}" in command
    assert "validation" not in command
    train_rnn.main([*command.split(), "--run-dir", str(tmp_path / "run"), "--quiet"])
    assert load_result(tmp_path / "run")["test_accuracy"] is not None


def test_nothing_depends_on_test_rows(tiny, tmp_path, capsys):
    printed = []
    for name in ("as they are", "shuffled"):
        corpus = tmp_path / "corpus"
        shutil.copytree(tiny, corpus, dirs_exist_ok=True)
        if name == "shuffled":
            with open(corpus / "test.csv", newline="", encoding="utf-8") as file:
                rows = list(csv.reader(file))
            labels = np.random.default_rng(0).permutation([row[0] for row in rows])
            with open(corpus / "test.csv", "w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(
                    [a, *row[1:]] for a, row in zip(labels, rows, strict=True)
                )
        assert swept(corpus, tmp_path, seeds=[1]) == 0
        printed.append(capsys.readouterr().out)
        shutil.rmtree(tmp_path / "sweep")
    assert printed[0] == printed[1]


def test_folds_hold_out_each_row_once(tiny, tmp_path, capsys):
    assert swept(tiny, tmp_path, "--folds", 2, values=RATES[:2], seeds=[1]) == 0
    results = [load_result(file.parent) for file in tmp_path.glob("sweep/*/result.json")]
    assert {r["data"]["rows"]["held_out"] for r in results} == {40}
    assert "2 runs each, 80 held-out rows\n" in capsys.readouterr().out


def test_each_class_is_in_all_folds_and_equal_texts_are_in_one():
    labels = np.repeat([0, 1, 2], [60, 30, 5])
    texts = np.arange(95)
    texts[10], texts[70] = texts[3], texts[61]
    folds = np.array([fold(part, 5, labels, texts) for part in range(1, 6)])
    assert (folds.sum(axis=0) == 1).all()
    for part in folds:
        counts = np.bincount(labels[part])
        assert np.abs(counts - [12, 6, 1]).max() <= 1
        assert counts.min() > 0
        assert part[10] == part[3]
        assert part[70] == part[61]


def test_a_field_of_ones_own_and_a_switch_can_be_swept(tiny, tmp_path, monkeypatch, capsys):
    shutil.copy(PROJECT / "train_rnn.py", tmp_path / "train_mine.py")
    field = "    units: int = 16  #"
    edit(
        tmp_path / "train_mine.py", (field, f"    clip_norm: float = 1.0  # of gradients\n{field}")
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sweep, "PROJECT", tmp_path)
    values = "--clip-norm", 0.5, "--mask", "true", "false"
    assert swept(tiny, tmp_path, script="train_mine.py", values=values, seeds=[1]) == 0
    rows = re.findall(r"^(--mask|--no-mask) ", capsys.readouterr().out, re.M)
    assert sorted(rows) == ["--mask", "--no-mask"]
    results = [load_result(file.parent) for file in tmp_path.glob("sweep/*/result.json")]
    assert {result["hyperparameters"]["clip_norm"] for result in results} == {0.5}


def candidate(value, scores, rows):
    """A group of runs with these scores, of seeds 1, 2, ..."""
    results = [
        {
            "validation_accuracy": score,
            "validation_macro_f1": score,
            "test_accuracy": None,
            "macro_f1": None,
            "seed": seed,
            "data": {"rows": {"held_out": rows}},
        }
        for seed, score in enumerate(scores, start=1)
    ]
    return comparison.group([f"--units {value}"], results)


def test_with_very_many_rows_the_margin_is_that_of_students_t_for_paired_scores():
    best, other = [0.91, 0.90, 0.93, 0.92], [0.90, 0.87, 0.90, 0.91]
    interval = stats.ttest_rel(best, other).confidence_interval(0.95)
    margin = selection.margin(candidate(8, best, 10**12), candidate(4, other, 10**12))
    assert margin == pytest.approx((interval.high - interval.low) / 2, abs=1e-6)


def test_with_one_seed_the_margin_is_that_of_two_proportions():
    margin = selection.margin(candidate(8, [0.9], 500), candidate(4, [0.8], 500))
    assert margin == pytest.approx(1.96 * (0.9 * 0.1 / 500 + 0.8 * 0.2 / 500) ** 0.5)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (100, "cannot be told apart from the best: --units 4\n"),
        (10**6, "--units 8 is better than the others, beyond what chance explains"),
    ],
)
def test_what_cannot_be_told_apart_is_said(rows, expected):
    ranked = selection.ranked(
        [candidate(4, [0.88, 0.87, 0.88], rows), candidate(8, [0.91, 0.9, 0.91], rows)]
    )
    assert expected in selection.table(ranked)


def test_of_values_that_fail_the_others_are_still_compared(tiny, tmp_path, capsys):
    values = "--embeddings", "no such file", "none"
    assert swept(tiny, tmp_path, values=values, seeds=[1, 1]) == 1
    output = capsys.readouterr()
    assert "no such file: cannot be read" in output.err
    assert "1 of 2 combinations failed" in output.err
    assert re.search("^--embeddings none  .*\n1 run each, 8 held-out rows", output.out, re.M)


def test_the_names_of_run_directories_are_short_and_different():
    paths = ["v/a.txt", "v_a.txt", "v a.txt", f"{'d/' * 200}a", f"{'d/' * 200}b"]
    names = {experiment("train_rnn", "best", embeddings=path).directory_name(1) for path in paths}
    assert len(names) == len(paths)
    assert all(len(name) < 255 and "/" not in name for name in names)


def test_values_that_were_scored_on_different_rows_are_remarked_on():
    groups = [candidate(4, [0.8], 100), candidate(8, [0.7], 100)]
    assert "the held-out rows differ" not in selection.table(groups)
    groups.append(candidate(16, [0.6], 50))  # as with fewer --train-rows
    assert "the held-out rows differ" in selection.table(groups)


def test_equal_scores_for_all_values_raise_a_question():
    same = [candidate(units, [0.8, 0.9], 100) for units in (4, 8)]
    assert "all values have the same scores" in selection.table(selection.ranked(same))
    other = [*same, candidate(16, [0.8, 0.91], 100)]
    assert "all values have the same scores" not in selection.table(selection.ranked(other))


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "the training script comes first"),
        ("--units 3", "the training script comes first"),
        ("nowhere.py --units 3", "the training script comes first"),
        ("compare.py --units 3", "the training script comes first"),
        ("/nowhere/train_rnn.py --units 3", f"one in {PROJECT}, such as train_lstm.py"),
        ("train_rnn.py fst", "no recipe 'fst'"),
        ("train_rnn.py --unit 3", "did you mean --units?"),
        ("train_rnn.py --units 3 x", "--units: 'x' is not a whole number"),
        ("train_rnn.py --units 3 0", "--units 0: must be between"),
        ("train_rnn.py --mask maybe", "'maybe' is not true or false"),
        ("train_rnn.py --seeds 1 -1", "--seed -1: must be between"),
        ("train_rnn.py --folds 1", "--folds 0 or at least 2"),
        ("train_rnn.py --workers 0", "--workers must be 1 or greater"),
        ("train_rnn.py --validation test 2/1", "--validation 2/1: must be"),
        ("train_rnn.py --patience 3", "--patience 3: needs --validation held-out"),
        ("train_rnn.py --embeddings none --no-train-embeddings", "no option"),
    ],
)
def test_wrong_usage_is_one_line_with_status_2(command, message, capsys):
    assert status(sweep.main, command.split()) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("sweep.py: ")
    assert message in line


def test_a_script_of_that_name_that_is_elsewhere_is_not_confused(tmp_path, monkeypatch, capsys):
    shutil.copy(PROJECT / "train_rnn.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    for script in ("train_rnn.py", "./train_rnn", tmp_path / "train_rnn.py"):
        assert status(sweep.main, [script, "--units", 3]) == 2
        assert f"one in {PROJECT}" in capsys.readouterr().err
    assert status(sweep.main, [PROJECT / "train_rnn.py", "--unit", 3]) == 2
    assert "did you mean --units?" in capsys.readouterr().err


def test_help_is_no_traceback_where_python_has_no_docstrings(monkeypatch, capsys):
    monkeypatch.setattr(sweep, "__doc__", None)
    assert status(sweep.main, ["--help"]) == 0
    assert "docs/reference/compare.md" in capsys.readouterr().out


def test_help_lists_the_fields_of_the_script(capsys):
    assert status(sweep.main, ["train_lstm.py", "--help"]) == 0
    printed = capsys.readouterr().out
    assert "--cell" in printed
    assert "--folds" in printed
    assert "few kilobytes" in " ".join(printed.split())
    assert status(sweep.main, ["--help"]) == 0
    assert "sweep.py SCRIPT" in capsys.readouterr().out


@pytest.mark.parametrize(
    "options", [[], ["--validation", "test"], ["--validation", "1/2", "--export"]]
)
def test_a_trial_needs_held_out_rows_and_exports_nothing(options, capsys):
    assert status(train_rnn.main, ["titles", "--trial", *options]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("train_rnn.py: --trial needs")
