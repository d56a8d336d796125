import csv
import subprocess
import sys
import time

import keras
import pytest
import tensorflow as tf
from conftest import PROJECT

from training import devices

PROGRAM = """
import runpy, sys
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")
several = [tf.config.LogicalDeviceConfiguration()] * int(sys.argv[1])
tf.config.set_logical_device_configuration(cpu[0], several)
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run(devices, *command):
    program = [sys.executable, "-c", PROGRAM, str(devices), *map(str, command)]
    return subprocess.run(program, capture_output=True, text=True, timeout=180, cwd=PROJECT)


@pytest.mark.slow
@pytest.mark.parametrize("script", ["train_rnn", "train_lstm"])
def test_two_devices_have_the_loss_of_one_at_the_same_batch(script, tiny, tmp_path):
    losses = []
    for count in (1, 2):
        directory = tmp_path / str(count)
        options = ["--data", tiny, "--run-dir", directory, "--devices", "all", "--epochs", "2"]
        options += ["--adversarial", "0.1"]
        done = run(count, f"{script}.py", *options, "--batch-size", "16")
        assert done.returncode == 0, done.stderr
        with open(directory / "history.csv", newline="") as file:
            losses.append([float(row["loss"]) for row in csv.DictReader(file)])
    assert len(losses[0]) == 10
    assert losses[0][-1] < losses[0][0]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)


@pytest.mark.slow
def test_a_batch_that_cannot_be_shared_is_refused(tiny, tmp_path):
    options = ["--data", tiny, "--run-dir", tmp_path / "run", "--devices", "all"]
    done = run(2, "train_rnn.py", *options, "--batch-size", "15")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("train_rnn.py: --batch-size 15: ")
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_run_on_two_devices_goes_on_after_a_kill(tiny, tmp_path):
    directory = tmp_path / "run"
    command = ["train_rnn.py", "--data", tiny, "--run-dir", directory, "--devices", "all"]
    command += ["--batch-size", "16", "--dropout", "0.2", "--epochs", "100"]
    program = [sys.executable, "-c", PROGRAM, "2", *map(str, command)]
    process = subprocess.Popen(program, cwd=PROJECT, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (directory / "unfinished" / "checkpoint.weights.h5").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert run(1, *command[:5], "--resume").returncode == 1  # on one device it would differ
    done = run(2, *command, "--resume")
    assert done.returncode == 0, done.stderr
    assert "resuming after step" in done.stdout


@pytest.mark.parametrize("count", [0, 1, 3])
def test_memory_growth_is_asked_for_on_every_gpu_before_its_use(monkeypatch, count):
    gpus, asked = [f"GPU:{i}" for i in range(count)], []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    monkeypatch.setattr(
        tf.config.experimental, "set_memory_growth", lambda gpu, on: asked.append((gpu, on))
    )
    monkeypatch.setattr(keras.utils, "set_random_seed", lambda seed: asked.append("first use"))
    devices.prepare(seed=1)
    assert asked == [*((gpu, True) for gpu in gpus), "first use"]


def test_the_seed_decides_what_is_drawn():
    devices.prepare(seed=5)
    first = keras.random.normal((3,)).numpy()
    devices.prepare(seed=5)
    assert (keras.random.normal((3,)).numpy() == first).all()
