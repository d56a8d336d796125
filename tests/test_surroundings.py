"""What stands around a run: backends, float types, terminals, switches, paths, homes, disks."""

import errno
import io
import json
import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import keras
import matplotlib
import numpy as np
import pytest
from conftest import PROJECT, status, weights, words

import compare
import predict
import train_lstm
import train_rnn
from training import process, start
from training.command_line import parse
from training.directory import load_result
from training.results import print_commands

SMALL = ["--units", 4, "--embed-size", 8, "--buckets", 3, "--quiet"]
ASCII_ONLY = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


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
@pytest.mark.parametrize("content", ['{"floatx": "float64", "backend": "jax"}', "[]"])
def test_the_configuration_of_keras_and_a_home_that_is_not_there_change_nothing(
    content, run_script, tiny, tmp_path
):
    (tmp_path / "keras.json").write_text(content)
    command = ["train_lstm", "fast", "--data", tiny, *SMALL, "--run-dir"]
    plain = run_script(*command, tmp_path / "plain")
    assert plain.returncode == 0, plain.stderr
    odd = {"KERAS_HOME": str(tmp_path)}, {"HOME": "/proc/none", "KERAS_HOME": "/proc/none"}
    for i, environment in enumerate(odd):
        done = run_script(*command, tmp_path / str(i), environment=environment)
        assert (done.returncode, done.stderr) == (0, "")
        pairs = zip(weights(tmp_path / "plain"), weights(tmp_path / str(i)), strict=True)
        assert all(a.dtype == b.dtype == np.float32 and np.array_equal(a, b) for a, b in pairs)


def test_neither_a_narrow_terminal_nor_a_configuration_of_matplotlib_stops_a_run(
    tiny, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("COLUMNS", "10")
    with matplotlib.rc_context({"text.usetex": True}):
        train_lstm.main(words("fast", "--data", tiny, "--run-dir", tmp_path / "run", *SMALL[:-1]))
    assert "Total params" in " ".join(capsys.readouterr().out.split())
    assert (tmp_path / "run" / "confusion_matrix.png").exists()


@pytest.mark.parametrize(
    ("environment", "encoding", "verbose"),
    [
        ({"TERM": "xterm", "NO_COLOR": ""}, "utf-8", 1),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "utf-8", 2),
        ({"TERM": "dumb", "NO_COLOR": ""}, "utf-8", 2),
        ({"TERM": "xterm", "NO_COLOR": ""}, "ascii", 2),
    ],
)
def test_the_bar_is_shown_where_a_terminal_takes_it(environment, encoding, verbose, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdout", stream)
    of_script = train_lstm.__file__, "", train_lstm.Hyperparameters, train_lstm.RECIPES
    assert start(*of_script, [])[0].verbose == verbose


def parsed(arguments):
    """The options of a command line of train_rnn.py."""
    return parse("train_rnn", "", train_rnn.Hyperparameters, train_rnn.RECIPES, arguments)[2]


@pytest.mark.parametrize("directory", ["-x", 'it\'s [1] "q" $HOME *', "a/b/", "new\nline"])
def test_printed_commands_work_where_they_are_printed(
    directory, trained, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(trained, directory)
    run, typed = parsed([f"--run-dir={directory}"]).run_dir, ["--seed=3", f"--run-dir={directory}"]
    interrupted, titles = load_result(trained) | {"interrupted": True}, ["", "-h", "Tor\x1b[m, 株!"]
    print_commands(interrupted, Path(run), typed, titles)
    printed = capsys.readouterr().out.partition("predict: ")[2].split("Interrupted. To resume: ")
    (_, script, *arguments), (_, resumed, *again) = map(shlex.split, printed)
    assert [script, resumed] == [str(PROJECT / f"{name}.py") for name in ("predict", "train_rnn")]
    assert status(predict.main, arguments) == 0
    assert "Tor" in capsys.readouterr().out
    assert (parsed(again).run_dir, parsed(again).resume, parsed(again).seed) == (run, True, 3)
    monkeypatch.chdir(PROJECT)
    print_commands(load_result(trained), trained, [], ["A text " * 30, "Goal"])
    assert capsys.readouterr().out.endswith(f"predict: python predict.py {trained} Goal\n")


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
    rows = (f"1,café naïve матч {i}\n2,банк 株価 goal {i}\n" for i in range(20))
    (tmp_path / "train.csv").write_text("".join(rows), encoding="utf-8")
    run = tmp_path / "run"
    command = ["train_lstm", "fast", "--data", tmp_path, "--epochs", 20, "--batch-size", 8]
    done = run_script(*command, *SMALL, "--run-dir", run, environment=ASCII_ONLY)
    assert (done.returncode, done.stderr) == (0, "")
    done = run_script("predict", run, "--json", stdin="матч\n", environment=ASCII_ONLY)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["class"] == "1"


@pytest.mark.slow
def test_a_path_beyond_the_locale_can_be_trained_exported_and_logged_to(run_script, tiny, tmp_path):
    run, logs = tmp_path / "пробег [1]", tmp_path / "журнал"
    command = ["train_lstm", "fast", "--data", tiny, *SMALL, "--run-dir", run, "--export"]
    done = run_script(*command, "--tensorboard", logs, environment=ASCII_ONLY)
    assert (done.returncode, done.stderr) == (0, "")
    assert (run / "model" / "README.md").exists()
    assert any("пробег" in str(path) for path in logs.rglob("events.out.tfevents.*"))
    for arguments in (["goal"], ["--explain", "goal", "--picture", tmp_path / "п.png"]):
        done = run_script("predict", run, *arguments, environment=ASCII_ONLY)
        assert (done.returncode, done.stderr) == (0, "")


SWITCHES = ["-OO", "-We", "-Xdev", "-Xutf8=0"]


@pytest.mark.slow
@pytest.mark.parametrize("switch", SWITCHES)
def test_switches_of_python_make_no_difference(switch, tiny, tmp_path):
    run = tmp_path / "run"
    commands = [
        ["train_lstm.py", "fast", "--data", tiny, "--run-dir", run, "--export", *SMALL],
        ["train_lstm.py", "--help"],
        ["predict.py", run, "--explain", "goal", "--picture", tmp_path / "p.png"],
        ["predict.py", run, "--evaluate", tiny / "test.csv", "--errors", tmp_path / "e.csv"],
        ["compare.py", run, "--picture", tmp_path / "c.png"],
        ["sweep.py", "--help"],
        ["sweep.py", "train_lstm.py", "fast", "--data", tiny, *SMALL[:-1], "--seeds", 1, "--dir"]
        + [tmp_path / "sweep", "--workers", 2, "--picture", tmp_path / "s.png"],
        ["demo.py", "--help"],
        ["reproduce.py", "--help"],
        ["-m", "experiments.error_analysis", "--help"],
        ["-m", "benchmarks.vs_notebook", "--help"],
    ]
    for command in commands:
        done = subprocess.run(
            [sys.executable, switch, *map(str, command)],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=120,
            env=os.environ | {"PYTHONWARNINGS": "error" if switch == "-OO" else ""},
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        assert "ResourceWarning" not in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a system without SIGHUP and terminals")
@pytest.mark.parametrize("ignored", [False, True])
def test_a_run_whose_terminal_goes_is_saved_or_goes_on(ignored, tiny, tmp_path):
    import pty

    run = tmp_path / "run"
    command = ["train_lstm.py", "--data", tiny, "--run-dir", run, *SMALL[:-1], "--epochs"]
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
        os.chdir(PROJECT)
        os.execv(sys.executable, [sys.executable, *map(str, command), "30" if ignored else "9999"])
    deadline = time.monotonic() + 60
    while not (run / "unfinished" / "checkpoint.weights.h5").exists():
        assert time.monotonic() < deadline
        if select.select([terminal], [], [], 0.01)[0]:
            os.read(terminal, 10_000)
    os.close(terminal)
    ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert ended == (0 if ignored else 128 + signal.SIGHUP)
    assert load_result(run)["interrupted"] is not ignored
    assert (run / "model.keras").exists()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
@pytest.mark.parametrize("rest", ["| head -1", ">&-", ">&- 2>&-", "2>&- | true"])
def test_a_run_does_not_end_with_its_reader(rest, tiny, tmp_path):
    command = [sys.executable, PROJECT / "train_lstm.py", "fast", "--data", tiny, *SMALL[:-1]]
    line = shlex.join([*map(str, command), "--run-dir", str(tmp_path / "run")])
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {line} {rest}"], timeout=120)
    assert done.returncode == 0
    assert load_result(tmp_path / "run")["test_accuracy"] > 0
