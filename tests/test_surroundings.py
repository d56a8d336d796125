"""What stands around a run: backends, float types, streams, homes, disks."""

import errno
import io
import json
import os
import subprocess
import sys
import tempfile

import keras
import numpy as np
import pytest
from conftest import PROJECT, status, weights, words

import compare
import predict
import train_lstm
from training import process
from training.directory import load_result

SMALL = ["--units", 4, "--embed-size", 8, "--buckets", 3, "--quiet"]


def test_another_backend_is_refused_in_one_line(run_script, tiny, tmp_path):
    run = tmp_path / "runs" / "run"
    environment = {"KERAS_BACKEND": "jax"}
    for command in (["train_lstm", "--data", tiny, "--run-dir", run], ["predict", run, "text"]):
        done = run_script(*command, environment=environment)
        assert done.returncode == 1
        [line] = done.stderr.splitlines()
        assert "'jax'" in line
        assert "KERAS_BACKEND=tensorflow" in line
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_the_configuration_of_keras_and_a_home_that_is_not_there_change_nothing(
    run_script, tiny, tmp_path
):
    (tmp_path / "keras.json").write_text('{"floatx": "float64", "backend": "jax"}')
    command = ["train_lstm", "fast", "--data", tiny, *SMALL, "--run-dir"]
    plain = run_script(*command, tmp_path / "plain")
    assert plain.returncode == 0, plain.stderr
    odd = {"KERAS_HOME": str(tmp_path)}, {"HOME": "/proc/none", "KERAS_HOME": "/proc/none"}
    for i, environment in enumerate(odd):
        done = run_script(*command, tmp_path / str(i), environment=environment)
        assert (done.returncode, done.stderr) == (0, "")
        pairs = zip(weights(tmp_path / "plain"), weights(tmp_path / str(i)), strict=True)
        assert all(a.dtype == b.dtype == np.float32 and np.array_equal(a, b) for a, b in pairs)


class Stream(io.TextIOBase):
    """A notebook's: it has no buffer and cannot be given another encoding."""

    def __init__(self):
        self.text = ""

    def write(self, text):
        self.text += text
        return len(text)


def test_streams_of_a_notebook_will_do(trained, tiny, tmp_path, monkeypatch):
    stream = Stream()
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setattr("sys.stdin", io.StringIO("goal\nbank\n"))
    train_lstm.main(words("fast", "--data", tiny, "--run-dir", tmp_path / "run", *SMALL))
    assert status(predict.main, [trained]) == 0
    assert stream.text.startswith("class ")
    assert [line[:6] for line in stream.text.splitlines()[-2:]] == ["Sports", "Busine"]


def test_a_closed_standard_output_is_no_traceback(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    train_lstm.main(words("fast", "--data", tiny, "--run-dir", tmp_path / "run", *SMALL[:-1]))
    assert load_result(tmp_path / "run")["test_accuracy"] > 0


def test_what_standard_output_does_not_take_is_one_line(trained, monkeypatch, capsys):
    def write(error):
        raise OSError(error, os.strerror(error))

    for error, expected in ((errno.ENOSPC, 1), (errno.EPIPE, 0)):  # a full disk; `| head`
        with monkeypatch.context() as patch:
            patch.setattr(sys.stdout, "write", lambda _, error=error: write(error))
            patch.setattr(sys.stdout, "fileno", lambda: os.open(os.devnull, os.O_WRONLY))
            assert status(compare.main, [trained]) == expected
            assert status(predict.main, [trained, "goal"]) == expected
        for line in capsys.readouterr().err.splitlines():
            assert line.endswith(".py: standard output: No space left on device")


def test_without_a_temporary_folder_an_error_says_where_it_looked(monkeypatch, capsys):
    monkeypatch.setattr(tempfile, "tempdir", None)
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, "/proc/none")
    monkeypatch.setattr(os, "open", lambda *_, **__: write_nothing())
    with pytest.raises(SystemExit), process.one_line_errors("train.py"):
        tempfile.TemporaryFile().close()
    assert capsys.readouterr().err.startswith("train.py: No usable temporary directory found in")


def write_nothing():
    raise OSError(errno.EROFS, "Read-only file system")


def test_a_model_that_does_not_say_what_was_measured_is_kept_apart(
    tiny, tmp_path, monkeypatch, capsys
):
    def damaged(model, path):
        network = model.get_layer("lstm")
        network.set_weights([w + 0.1 for w in network.get_weights()])
        save(model, path)

    save = keras.Model.save
    run = tmp_path / "run"
    command = ["fast", "--data", tiny, "--run-dir", run, *SMALL]
    with monkeypatch.context() as patch:
        patch.setattr("keras.Model.save", damaged)
        with pytest.raises(SystemExit) as failed:
            train_lstm.main(words(*command))
    assert failed.value.code == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "the saved model gives different probabilities from those measured" in line
    assert not (run / "model.keras").exists()
    train_lstm.main(words(*command, "--resume"))
    assert load_result(run)["resumed_from_epoch"] == 1


def full_at(write):
    """An `os.fsync` that finds the disk full at one of its calls."""
    calls = iter(range(1, 1000))

    def fsync(file):
        if next(calls) == write:
            raise OSError(errno.ENOSPC, "No space left on device")

    return fsync


@pytest.mark.slow
@pytest.mark.parametrize("write", range(1, 11))
def test_a_disk_that_fills_ends_in_one_line_and_the_run_goes_on(
    write, tiny, tmp_path, monkeypatch, capsys
):
    command = ["fast", "--data", tiny, "--epochs", 2, *SMALL, "--validation", "held-out"]
    command += ["--patience", 2, "--run-dir"]
    train_lstm.main(words(*command, tmp_path / "whole"))
    capsys.readouterr()
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full_at(write))
        with pytest.raises(SystemExit) as failed:
            train_lstm.main(words(*command, tmp_path / "run"))
    assert failed.value.code == 1
    [line] = capsys.readouterr().err.splitlines()
    assert "No space left on device; make room, then use --resume" in line
    train_lstm.main(words(*command, tmp_path / "run", "--resume"))
    pairs = zip(weights(tmp_path / "whole"), weights(tmp_path / "run"), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.slow
@pytest.mark.parametrize("limit", [200, 3000, 10_000, 40_000])
def test_a_limit_on_the_size_of_files_ends_in_one_line(limit, tiny, tmp_path):
    resource = pytest.importorskip("resource")
    command = ["train_lstm.py", "fast", "--data", tiny, *SMALL, "--run-dir", tmp_path / "run"]
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "File too large; make room" in line
    assert os.listdir(tmp_path) in ([], ["run"])


@pytest.mark.slow
def test_a_locale_that_knows_only_ascii_keeps_words_of_any_script(run_script, tmp_path):
    rows = "1,café naïve матч\n2,банк 株価 goal\n"
    (tmp_path / "train.csv").write_text(rows * 20, encoding="utf-8")
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    run = tmp_path / "run"
    command = ["train_lstm", "fast", "--data", tmp_path, "--epochs", 20, "--batch-size", 8]
    done = run_script(*command, *SMALL, "--run-dir", run, environment=ascii_only)
    assert (done.returncode, done.stderr) == (0, "")
    done = run_script("predict", run, "--json", stdin="матч\n", environment=ascii_only)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["class"] == "1"
