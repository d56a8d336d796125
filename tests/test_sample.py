import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import PROJECT

import corpus


@pytest.fixture(scope="module")
def sample():
    return corpus.load("sample")


def words(text):
    return re.findall(r"[a-z0-9']+", text.lower())


def texts(rows):
    return [words(text) for text in rows.texts("title+description")]


def test_it_is_large_enough_and_small_enough(sample):
    assert len(sample.train) >= 2000
    assert len(sample.test) >= 400
    for rows in (sample.train, sample.test):
        assert (np.bincount(rows.labels, minlength=4) > 0.2 * len(rows)).all()
    files = [path for path in (PROJECT / "sample").rglob("*") if path.suffix in (".csv", ".txt")]
    assert sum(path.stat().st_size for path in files) < 1_000_000
    vocabulary = {
        word for rows in (sample.train, sample.test) for text in texts(rows) for word in text
    }
    assert len([word for word in vocabulary if word.isalpha()]) >= 4000


def test_its_titles_and_descriptions_have_natural_lengths(sample):
    assert 5 < np.mean([len(words(title)) for title in sample.train.titles]) < 10
    assert 20 < np.mean([len(words(text)) for text in sample.train.descriptions]) < 45


def test_no_five_words_in_a_row_stand_in_a_train_and_a_test_row(sample):
    def fives(rows):
        return {tuple(text[i : i + 5]) for text in texts(rows) for i in range(len(text) - 4)}

    assert len(fives(sample.test)) > 1000
    assert fives(sample.train).isdisjoint(fives(sample.test))


def test_the_generator_writes_the_same_bytes(tmp_path):
    shutil.copytree(PROJECT / "sample", tmp_path / "sample")
    for name in ("train.csv", "test.csv"):
        (tmp_path / "sample" / name).unlink()
    subprocess.run([sys.executable, tmp_path / "sample" / "generate.py"], check=True, timeout=60)
    for name in ("train.csv", "test.csv"):
        made = (tmp_path / "sample" / name).read_bytes()
        assert made == (PROJECT / "sample" / name).read_bytes()
