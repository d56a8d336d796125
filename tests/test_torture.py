"""Runs killed at random moments: nothing is lost, no file is broken, the weights are the same."""

import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import time

import h5py
import keras
import numpy as np
import pytest
from conftest import PROJECT, weights, words

from training.directory import EXPORT, RESULTS

COMMAND = words("train_lstm.py", "fast", "--data", "sample", "--train-rows", 400, "--dropout", 0.2)
COMMAND += words("--batch-size", 16, "--embed-size", 8, "--epochs", 4)
SWEEP = words("sweep.py", *COMMAND[:-2], "--learning-rate", 0.003, 0.03, "--seeds", 1, 2)
PHASES = {  # the path whose change begins it, and the seconds within which the kill comes
    "start": (None, 4),
    "training": ("unfinished/checkpoint.weights.h5", 1),
    "saving": ("unfinished/.partial-model.keras", 0.1),
    "report": ("unfinished/model.keras", 0.5),
    "export": ("result.json", 0.5),
}


def start(*command, folder=PROJECT):
    return subprocess.Popen(
        [sys.executable, PROJECT / command[0], *map(str, command[1:])],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
    )


def finish(process, status=0):
    """What a process printed, which has to end with the status."""
    output, errors = process.communicate(timeout=240)
    assert process.returncode == status, errors
    return output if status == 0 else errors


def changed(path):
    """The moment at which a file was changed; None if there is none."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def kill(process, path, seconds, dice):
    """Kills a process at random after a change of a file; returns whether it ended before."""
    before, deadline = changed(path) if path else None, time.monotonic() + 120
    while path and process.poll() is None and time.monotonic() < deadline:
        if changed(path) not in (None, before):
            break
        time.sleep(0.002)
    time.sleep(dice.uniform(0, seconds))
    process.kill()
    process.communicate(timeout=60)
    return process.returncode == 0


def check_files(directory):
    """Reads every file that runs have left; returns how many there were."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    whole = [path for path in files if "partial-" not in str(path.relative_to(directory))]
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
        elif EXPORT not in path.relative_to(directory).parts:
            assert path.read_text().endswith("\n"), path
    return len(whole)


@pytest.mark.slow
@pytest.mark.parametrize("kills", [20])
def test_killed_runs_end_with_the_same_weights(kills, tmp_path):
    finish(start(*COMMAND, "--run-dir", tmp_path / "whole"))
    expected, dice = weights(tmp_path / "whole"), random.Random(kills)
    done, files, number, phases = 0, 0, 0, itertools.cycle(PHASES.values())
    while done < kills:
        directory, number = tmp_path / f"run{number}", number + 1
        resume = [*COMMAND, "--run-dir", directory, "--resume", "--export"]
        for path, seconds in itertools.islice(phases, 4):
            process = start(*resume)
            if kill(process, directory / path if path else None, seconds, dice):
                break
            done += 1
            files += check_files(directory) if directory.exists() else 0
        finish(start(*resume))
        if not (directory / EXPORT).exists():  # killed after the run, which cannot be resumed then
            finish(start("predict.py", directory, "--export", directory / EXPORT))
        files += check_files(directory)
        assert sorted(path.name for path in directory.iterdir()) == sorted([*RESULTS, EXPORT])
        for a, b in zip(expected, weights(directory), strict=True):
            np.testing.assert_array_equal(a, b)
    print(f"{done} kills, {number} runs resumed to their end, {files} files checked, 0 lost")


@pytest.mark.slow
def test_a_killed_sweep_ends_with_the_same_table(tmp_path):
    dice, kills = random.Random(5), 0
    whole = finish(start(*SWEEP, "--dir", tmp_path / "whole", folder=tmp_path))
    sweep = [*SWEEP, "--dir", tmp_path / "killed"]
    for _ in range(5):
        kills += not kill(start(*sweep, folder=tmp_path), None, 10, dice)
        check_files(tmp_path / "killed")
    killed = finish(start(*sweep, folder=tmp_path))
    tables = [text[text.index("\nvalues ") :] for text in (whole, killed)]
    assert tables[0] == tables[1]
    print(f"{kills} kills")


CLAIM = """
import sys, time
from corpus.errors import UserError
from training.directory import RunDirectory
directory = RunDirectory(sys.argv[1])
while time.time() < float(sys.argv[2]):
    pass
try:
    directory.claim(resume=False, overwrite=False)
except UserError as error:
    sys.exit(str(error))
directory.write_json("settings.json", {"process": sys.argv[3]})
time.sleep(0.3)
directory.write_json("checkpoint", {"process": sys.argv[3]})
directory.release()
"""


@pytest.mark.slow
@pytest.mark.parametrize("times", [50])
def test_of_two_processes_in_a_directory_one_works(times, tmp_path):
    for number in range(times):
        moment = time.time() + 0.5
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", CLAIM, tmp_path / f"{number}" / "run", str(moment), name],
                stderr=subprocess.PIPE,
                text=True,
                cwd=PROJECT,
            )
            for name in "ab"
        ]
        errors = [process.communicate(timeout=60)[1] for process in processes]
        assert sorted(process.returncode for process in processes) == [0, 1], errors
        [line] = "".join(errors).splitlines()
        assert "another run is using it" in line
        work = tmp_path / f"{number}" / "run" / "unfinished"
        written = [json.loads(path.read_text()) for path in work.iterdir()]
        assert len(written) == 2
        assert written[0] == written[1]


@pytest.mark.slow
def test_of_two_runs_in_a_directory_one_trains(tmp_path):
    command = [*COMMAND, "--run-dir", tmp_path / "run"]
    first, second = start(*command), start(*command)
    ended = [process.communicate(timeout=120)[1] for process in (first, second)]
    assert sorted([first.returncode, second.returncode]) == [0, 1]
    assert "another run is using it" in "".join(ended)
    assert sorted(os.listdir(tmp_path / "run")) == sorted(RESULTS)
    shutil.rmtree(tmp_path / "run")
