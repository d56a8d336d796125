"""Ctrl-C, SIGTERM and kills at each stage of a run."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf
from conftest import PROJECT, weights, words

import models
import train_lstm
from training.directory import RESULTS, load_result

SMALL = ["--units", 4, "--embed-size", 8, "--buckets", 3]


def started(script, *arguments):
    return subprocess.Popen(
        [sys.executable, "-u", PROJECT / f"{script}.py", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGINT, 130),
        pytest.param(signal.SIGHUP, 129, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, -9, marks=pytest.mark.slow),
    ],
)
def test_a_stopped_run_goes_on_to_the_same_weights(number, status, tmp_path, monkeypatch, capsys):
    command = ["--data", "sample", "--train-rows", 600, "--epochs", 3, "--dropout", 0.3, *SMALL]
    command += ["--validation", "held-out", "--patience", 2, "--class-weights", "balanced"]
    command += ["--adversarial", 0.1, "--embeddings", "corpus"]
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train_lstm.main(words(*command, "--run-dir", whole))
    process = started("train_lstm", *command, "--run-dir", stopped)
    deadline = time.monotonic() + 240
    while not (stopped / "unfinished" / "checkpoint.weights.h5").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(number)
    output, errors = process.communicate(timeout=240)
    assert process.returncode == status, errors
    if number != signal.SIGKILL:
        assert load_result(stopped)["interrupted"]
        assert output.splitlines()[-1].startswith("Interrupted. To resume: python train_lstm.py")
        assert (stopped / "model.keras").exists()
    else:
        assert not (stopped / "result.json").exists()

    first = json.loads((stopped / "unfinished" / "checkpoint.seconds.json").read_text())
    if number != signal.SIGKILL:
        assert first == load_result(stopped)["seconds"]
    with pytest.raises(SystemExit) as refused:
        train_lstm.main(words(*command, "--run-dir", stopped, "--seed", 2, "--resume"))
    assert refused.value.code == 1
    assert "seed was 1, now 2" in capsys.readouterr().err
    with monkeypatch.context() as patch:
        patch.setattr(models, "_plain", lambda texts: tf.strings.regex_replace(texts, "e", " "))
        with pytest.raises(SystemExit) as refused:
            train_lstm.main(words(*command, "--run-dir", stopped, "--resume"))
    assert refused.value.code == 1
    error = capsys.readouterr().err
    assert "way of reading) was" in error
    assert "layers was Embedding(" in error  # with another vocabulary
    train_lstm.main(words(*command, "--run-dir", stopped, "--resume"))
    result = load_result(stopped)
    assert not result["interrupted"]
    assert result["best_epoch"] == load_result(whole)["best_epoch"]
    assert result["resumed_from_epoch"] >= 1
    assert result["seconds"]["total"] > first["total"]
    assert result["seconds"]["import"] >= first["import"] > 0
    assert all(np.array_equal(a, b) for a, b in zip(weights(whole), weights(stopped), strict=True))
    assert sorted(path.name for path in stopped.iterdir()) == sorted(RESULTS)


def test_ctrl_c_before_training_leaves_one_line_and_nothing_behind(tiny, tmp_path):
    process = started("train_rnn", "--data", tiny, "--run-dir", tmp_path / "runs" / "run")
    begin, _, corpus = (process.stdout.readline() for _ in range(3))
    assert begin.startswith("train_rnn titles, seed 1: ")
    assert corpus.startswith(f"{tiny}: 80 train rows")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 130
    assert errors.split("\n") == ["", "train_rnn.py: interrupted", ""]
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("seconds", [0.3, 1])
def test_ctrl_c_at_the_very_start_is_one_line_and_leaves_nothing_behind(seconds, tiny, tmp_path):
    process = started("train_rnn", "--data", tiny, "--run-dir", tmp_path / "runs" / "run")
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=240)
    assert process.returncode == 130
    assert errors.split("\n") == ["", "train_rnn.py: interrupted", ""]
    assert not (tmp_path / "runs").exists()


def test_a_second_ctrl_c_leaves_at_once_and_the_checkpoint_stays(tiny, tmp_path):
    run = tmp_path / "run"
    process = started("train_lstm", "--data", tiny, "--run-dir", run, "--epochs", 9999, *SMALL)
    deadline = time.monotonic() + 240
    while not (run / "unfinished" / "checkpoint.weights.h5").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == "\n"
    assert process.stderr.readline().startswith("Stopping after this step. Press")
    process.send_signal(signal.SIGINT)
    begin = time.monotonic()
    process.communicate(timeout=240)
    assert process.returncode == 130
    assert time.monotonic() - begin < 5
    assert not (run / "result.json").exists()
    assert (run / "unfinished" / "checkpoint.weights.h5").exists()


def test_a_run_that_patience_has_ended_is_not_trained_on(tmp_path, monkeypatch):
    command = ["--data", "sample", "--train-rows", 300, "--epochs", 30, "--learning-rate", 0.05]
    command += ["--validation", "held-out", "--patience", 1, *SMALL, "--run-dir", tmp_path / "run"]

    def full(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("keras.Model.save", full)
        with pytest.raises(SystemExit):
            train_lstm.main(words(*command))
    whole = [*command[:-1], tmp_path / "whole"]
    train_lstm.main(words(*whole))
    train_lstm.main(words(*command, "--resume"))
    histories = [(tmp_path / run / "history.csv").read_text() for run in ("run", "whole")]
    assert histories[0] == histories[1]
    assert load_result(tmp_path / "run")["best_epoch"] < 29


def test_what_is_measured_is_told_before_the_pictures_whose_failure_is_told_too(
    tmp_path, monkeypatch, capsys
):
    run = tmp_path / "run"
    command = ["--data", "sample", "--train-rows", 100, *SMALL, "--run-dir", run]

    def full(*arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("training.plots.confusion_matrix", full)
        with pytest.raises(SystemExit) as end:
            train_lstm.main(words(*command))
    told = capsys.readouterr()
    assert end.value.code == 1
    assert "test accuracy" in told.out
    assert "predict:" not in told.out  # there is nothing yet to predict with
    assert told.err.count("\n") == 1
    assert "confusion_matrix.png" in told.err
    assert not (run / "result.json").exists()
    train_lstm.main(words(*command, "--resume"))
    assert (run / "confusion_matrix.png").exists()
    assert load_result(run)["test_accuracy"] > 0
