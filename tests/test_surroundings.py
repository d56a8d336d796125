"""What stands around a run: backends, float types, streams, homes, disks."""

import errno
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import PROJECT, status, weights, words

import compare
import predict
import sweep
import train_lstm
from corpus import loading
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


def test_a_command_works_where_it_is_printed(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    train_lstm.main(words("fast", "--data", tiny, "--run-dir=-x 'y'", *SMALL))
    [line] = [s for s in capsys.readouterr().out.splitlines() if s.startswith("predict: ")]
    _, script, run, text = shlex.split(line.removeprefix("predict: "))
    assert Path(script).samefile(PROJECT / "predict.py")
    assert Path(run).samefile(tmp_path / "-x 'y'")
    assert text in loading.load(tiny).test.titles
    assert status(predict.main, [run, text]) == 0


def test_a_path_of_another_machine_is_refused_and_a_home_is_found(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for main, *command in (
        (train_lstm.main, "--run-dir", "gs://bucket/run"),
        (predict.main, "s3://bucket/run", "text"),
        (compare.main, "--picture", "hdfs://host/p.png"),
    ):
        assert status(main, command) == 2
        assert "is not on this machine; use a local path" in capsys.readouterr().err
    assert status(predict.main, ["~/run", "text"]) == 1
    assert f"{tmp_path}/run" in capsys.readouterr().err
    assert not any(tmp_path.iterdir())


def test_a_run_directory_that_is_a_link_to_nowhere_is_one_line(tiny, tmp_path, capsys):
    (tmp_path / "run").symlink_to(tmp_path / "nowhere")
    assert status(train_lstm.main, ["--data", tiny, "--run-dir", tmp_path / "run"]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("is a file or a link that leads nowhere")


def test_what_has_the_name_of_another_corpus_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert loading.namesakes("sample") == []
    (tmp_path / "sample").mkdir()
    assert loading.namesakes("sample") == ["./sample is not used; --data ./sample would use it"]
    assert loading.namesakes("./sample") == []


def test_the_script_of_a_sweep_is_the_projects(tmp_path, capsys):
    (tmp_path / "train_lstm.py").write_text("RECIPES = {}\n")
    assert status(sweep.main, [tmp_path / "train_lstm.py", "--units", 4, 8]) == 2
    assert "the training script comes first" in capsys.readouterr().err


def test_names_that_a_terminal_cannot_show_are_told_apart(monkeypatch):
    screen = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr("sys.stdout", screen)
    with process.one_line_errors("train_lstm.py"):
        process.show("نعم", "لا", "goal \x1b[31mred")
        screen.flush()
    lines = screen.buffer.getvalue().splitlines()
    assert lines == [rb"\u0646\u0639\u0645", rb"\u0644\u0627", rb"goal \x1b[31mred"]


@pytest.mark.parametrize("ignored", [False, True], ids=["terminal", "nohup"])
def test_a_terminal_that_goes_ends_a_run_unless_it_was_told_to_stay(ignored):
    hang_up = signal.SIGHUP
    before = signal.signal(hang_up, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        with nullcontext() if ignored else pytest.raises(SystemExit), process.signals():
            signal.raise_signal(hang_up)
    finally:
        signal.signal(hang_up, before)


@pytest.mark.slow
def test_a_run_goes_on_when_nobody_reads_what_it_prints(tiny, tmp_path):
    command = words("train_lstm.py", "fast", "--data", tiny, "--epochs", 3, *SMALL[:-1])
    process = subprocess.Popen(
        [sys.executable, PROJECT / command[0], *command[1:], "--run-dir", tmp_path / "run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    process.stdout.readline()
    process.stdout.close()
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=120) == 0
    assert load_result(tmp_path / "run")["resumed_from_epoch"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("switches", [["-OO"], ["-W", "error"], ["-X", "utf8=0", "-B"]])
def test_switches_of_python_change_nothing(switches, trained, tiny, tmp_path):
    commands = (
        ["train_lstm.py", "--help"],
        ["train_lstm.py", "fast", "--data", tiny, *SMALL, "--run-dir", tmp_path / "run"],
        ["predict.py", trained, "goal"],
        ["sweep.py", "--help"],
        ["compare.py", trained, "--picture", tmp_path / "p.png"],
    )
    for script, *arguments in commands:
        done = subprocess.run(
            [sys.executable, *switches, PROJECT / script, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr


def test_a_batch_without_texts_has_no_answers(trained):
    model = predict.load_model(trained)
    assert model(tf.constant([], tf.string)).shape == (0, 4)
    assert model(tf.constant(["goal", ""])).shape == (2, 4)


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
