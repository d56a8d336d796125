"""Runs killed at random moments: nothing is lost, no file is broken, the weights are the same."""

import json
import random
import subprocess
import sys
import time

import h5py
import keras
import numpy as np
import pytest
from conftest import PROJECT, weights

from training.directory import RESULTS

COMMAND = (
    "fast --data sample --train-rows 400 --batch-size 16 --embed-size 8 --epochs 4 --dropout 0.2"
)


def start(directory):
    return subprocess.Popen(
        [
            sys.executable,
            PROJECT / "train_lstm.py",
            *COMMAND.split(),
            "--run-dir",
            directory,
            "--resume",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_at_random(directory, after_checkpoint, dice):
    """Goes on with a run and kills it; returns whether it ended before."""
    checkpoint = directory / "unfinished" / "checkpoint.weights.h5"
    before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else None
    process = start(directory)
    deadline = time.monotonic() + 120
    while after_checkpoint and process.poll() is None and time.monotonic() < deadline:
        if checkpoint.exists() and checkpoint.stat().st_mtime_ns != before:
            break
        time.sleep(0.005)
    time.sleep(dice.uniform(0, 1.5 if after_checkpoint else 8))
    process.kill()
    process.communicate(timeout=60)
    return process.returncode == 0


def check_files(directory):
    """Reads every file that a run has left; returns how many there were."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    whole = [path for path in files if not path.name.startswith("partial-")]
    for path in whole:
        if path.suffix == ".h5":
            with h5py.File(path) as file:
                file.visititems(lambda _, item: item[()] if hasattr(item, "shape") else None)
        elif path.suffix == ".json":
            json.loads(path.read_text())
        elif path.suffix == ".keras":
            keras.models.load_model(path, safe_mode=True)
        elif path.suffix == ".png":
            assert path.read_bytes().endswith(b"IEND\xaeB`\x82")
        else:
            assert path.read_text().endswith("\n"), path
    return len(whole)


@pytest.mark.slow
@pytest.mark.parametrize("kills", [20])
def test_killed_runs_end_with_the_same_weights(kills, tmp_path):
    _, errors = start(tmp_path / "whole").communicate(timeout=120)
    expected, dice = weights(tmp_path / "whole"), random.Random(kills)
    done = files = number = 0
    while done < kills:
        directory, number = tmp_path / f"run{number}", number + 1
        for _ in range(min(4, kills - done)):
            if kill_at_random(directory, after_checkpoint=done % 3 != 1, dice=dice):
                break
            done += 1
            files += check_files(directory) if directory.exists() else 0
        process = start(directory)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        files += check_files(directory)
        assert sorted(path.name for path in directory.iterdir()) == sorted(RESULTS)
        for a, b in zip(expected, weights(directory), strict=True):
            np.testing.assert_array_equal(a, b)
    print(f"{done} kills, {number} runs gone on with to their end, {files} files checked, 0 lost")
