"""Memory and time grow no faster than the rows, and not with the longest text among short ones."""

import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from conftest import PROJECT

ROWS = 1_200_000
PROGRAM = """
import sys
import data
from training.machine import peak_memory_mb

rows, text = data.load(sys.argv[1]).train, "title+description"
tokens = data.vectorize(data.fit_vectorizer(rows, text, 20000), rows)
next(iter(data.TrainingBatches(tokens, 128, 16).dataset()))
print(len(tokens), peak_memory_mb())
"""
WORDS = np.array([f"word{i}" for i in range(5000)])
LENGTHS = [1, 1000, 1_000_000]  # characters of the longest text
SIZES = [10, 1000, 10_000, 100_000]  # rows
WAYS = ["standard input", "--file", "--evaluate"]


def texts(count, characters):
    """Texts of so many characters."""
    random = np.random.default_rng(0)
    long = (" ".join(random.choice(WORDS, characters // 4 + 1)) for _ in range(count))
    return [text[:characters] for text in long]


def used(script, *arguments, stdin=os.devnull):
    """Runs a script; returns its peak memory and its CPU seconds."""
    command = [sys.executable, PROJECT / f"{script}.py", *map(str, arguments)]
    with open(stdin, encoding="utf-8") as source:
        process = subprocess.Popen(command, stdin=source, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss, usage.ru_utime + usage.ru_stime


def predicting(way, run, lines, directory):
    """What predict.py uses for texts."""
    if way == "standard input":
        (directory / "texts.txt").write_text("\n".join([*lines, ""]), encoding="utf-8")
        return used("predict", run, stdin=directory / "texts.txt")
    rows = "".join(f"{i % 2},{text}\n" for i, text in enumerate(lines))
    (directory / "rows.csv").write_text(rows, encoding="utf-8")
    output = ["--output", directory / "out.csv"] if way == "--file" else []
    return used("predict", run, way, directory / "rows.csv", *output)


def training(lines, directory):
    """What a training script uses for texts."""
    rows = [f"{i % 2},{text}\n" for i, text in enumerate(lines)]
    for name, some in (("train.csv", rows), ("test.csv", rows[:10])):
        (directory / name).write_text("".join(some), encoding="utf-8")
    options = "--train-rows", 0, "--quiet", "--overwrite", "--run-dir", directory / "run"
    return used("train_lstm", "fast", "--data", directory, *options)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The directory of a run on short texts of two classes."""
    if not hasattr(os, "wait4"):
        pytest.skip("this system does not say what a process has used")
    directory = tmp_path_factory.mktemp("memory")
    training(texts(400, 60), directory)
    return directory / "run"


def check_growth(uses):
    """Compares what each of SIZES uses with the size before; ten times the rows, at most 20."""
    least = uses[0][0]
    for ((memory, time), rows), ((more_memory, more_time), more) in pairwise(
        zip(uses, SIZES, strict=True)
    ):
        most = 2 * more / rows
        assert more_time <= most * time
        assert more_memory - least <= most * (memory - least) + 0.1 * least


def check_longest(mixed, alone, short):
    """Compares what a long text among short ones uses with it alone and with the short ones."""
    assert mixed[0] <= 1.25 * max(alone[0], short[0])
    assert mixed[1] <= 2 * (alone[1] + short[1])


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("characters", LENGTHS)
def test_a_long_text_takes_what_it_takes_alone(way, characters, run, tmp_path):
    short, [long] = texts(62, 30), texts(1, characters)
    several = [*short[:31], long, *short[31:]], [long, "a"], short
    check_longest(*(predicting(way, run, lines, tmp_path) for lines in several))


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_predicting_takes_memory_and_time_in_proportion_to_the_rows(way, run, tmp_path):
    uses = [predicting(way, run, texts(rows, 60), tmp_path) for rows in SIZES]
    check_growth(uses)
    if way == "standard input":
        assert uses[-1][0] <= 1.1 * uses[0][0]


@pytest.mark.slow
def test_an_explanation_takes_the_memory_of_its_text(run, tmp_path):
    (tmp_path / "text.txt").write_text(*texts(1, 160_000))  # 20,000 words
    memory, _ = used("predict", run, stdin=tmp_path / "text.txt")
    assert used("predict", run, "--explain", stdin=tmp_path / "text.txt")[0] <= 1.5 * memory


@pytest.mark.slow
@pytest.mark.parametrize("characters", LENGTHS)
def test_training_takes_what_its_longest_text_takes_alone(characters, run, tmp_path):
    short, [long] = texts(1919, 100), texts(1, characters)
    several = [*short[:100], long, *short[100:]], [*short[:9], long], short
    check_longest(*(training(lines, tmp_path) for lines in several))


@pytest.mark.slow
def test_training_takes_memory_and_time_in_proportion_to_the_rows(run, tmp_path):
    check_growth([training(texts(rows, 60), tmp_path) for rows in SIZES])


@pytest.mark.slow
def test_reading_and_vectorising_1_2_million_rows_stays_under_2_gb(tmp_path):
    random = np.random.default_rng(0)
    words = np.array([f"word{i}" for i in range(50_000)])
    with open(tmp_path / "train.csv", "w", encoding="utf-8") as file:
        for first in range(0, ROWS, 10_000):
            ranks = (50_000 * random.random((10_000, 40)) ** 4).astype(int)  # few words are common
            for i, row in enumerate(words[ranks].tolist()):
                file.write(
                    f'"{1 + i % 4}","{first + i} {" ".join(row[:8])}","{" ".join(row[8:])}"\n'
                )
    (tmp_path / "test.csv").write_text('"1","a","b"\n')
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path],
        capture_output=True,
        text=True,
        timeout=900,
        cwd=PROJECT,
    )
    assert done.returncode == 0, done.stderr
    texts, peak = done.stdout.split()
    assert int(texts) == ROWS
    assert float(peak) < 2000
    print(f"peak {peak} MB")
