import re

import numpy as np
import pytest
from conftest import PROJECT

from corpus import loading


@pytest.fixture(scope="module")
def sample():
    return loading.load("sample")


def words(text):
    return re.findall(r"[a-z0-9']+", text.lower())


def texts(rows):
    return [words(text) for text in rows.texts("title+description")]


def test_it_is_large_enough_and_small_enough(sample):
    assert len(sample.train) >= 2000
    assert len(sample.test) >= 400
    for rows in (sample.train, sample.test):
        assert (np.bincount(rows.labels, minlength=4) > 0.2 * len(rows)).all()
    assert sum(file.stat().st_size for file in (PROJECT / "sample").iterdir()) < 1_000_000
    vocabulary = {
        word for rows in (sample.train, sample.test) for text in texts(rows) for word in text
    }
    assert len([word for word in vocabulary if word.isalpha()]) >= 4000


def test_its_titles_and_descriptions_have_natural_lengths(sample):
    assert 5 < np.mean([len(words(title)) for title in sample.train.titles]) < 10
    assert 20 < np.mean([len(words(text)) for text in sample.train.descriptions]) < 45


def test_train_and_test_rows_share_no_five_consecutive_words(sample):
    def fives(rows):
        return {tuple(text[i : i + 5]) for text in texts(rows) for i in range(len(text) - 4)}

    assert len(fives(sample.test)) > 1000
    assert fives(sample.train).isdisjoint(fives(sample.test))
