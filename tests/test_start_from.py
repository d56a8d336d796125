"""--start-from: a run begins with the weights and the vocabulary of another."""

import csv

import numpy as np
import pytest
from conftest import status, weights

import models
import train_lstm
import train_rnn
from inference.answers import load_model
from training.directory import load_result

SAME = "titles", "--batch-size", 8


@pytest.fixture
def more(tiny, tmp_path):
    """A corpus of the same classes with a word that `tiny` does not have."""
    directory = tmp_path / "more"
    directory.mkdir()
    for name in ("train.csv", "test.csv"):
        with open(tiny / name, newline="", encoding="utf-8") as file:
            rows = [[label, f"newword {title}", text] for label, title, text in csv.reader(file)]
        with open(directory / name, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    return directory


def vocabulary(run):
    return models.part(load_model(run), models.Vectorizer).get_vocabulary()


def test_it_begins_with_the_weights_and_the_vocabulary(trained, more, tmp_path):
    run = tmp_path / "run"
    options = ["--data", more, "--start-from", trained, "--run-dir", run]
    assert status(train_rnn.main, [*SAME, *options, "--learning-rate", 1e-12]) == 0
    for before, after in zip(weights(trained), weights(run), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-6)
    assert vocabulary(run) == vocabulary(trained)
    assert load_result(run)["started_from"] == str(trained)


def test_it_learns_from_there(trained, tiny, tmp_path):
    run = tmp_path / "run"
    options = ["--data", tiny, "--start-from", trained, "--run-dir", run, "--epochs", 4]
    assert status(train_rnn.main, [*SAME, *options, "--learning-rate", 0.01]) == 0
    assert load_result(run)["test_accuracy"] >= load_result(trained)["test_accuracy"]
    assert any((a != b).any() for a, b in zip(weights(trained), weights(run), strict=True))


@pytest.mark.parametrize(
    ("script", "arguments", "expected", "message"),
    [
        (train_rnn, ["titles", "--units", 5], 2, "Use the recipe and hyperparameters of that run"),
        (train_lstm, ["fast"], 2, "Use the recipe and hyperparameters of that run"),
        (train_rnn, ["titles", "--tokens", "characters"], 2, "was trained with other --tokens"),
        (train_rnn, ["titles", "--data", "classes.csv"], 1, "its classes are World"),
        (train_rnn, ["titles", "--start-from", "nowhere"], 1, "nowhere"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_line(
    script, arguments, expected, message, trained, tiny, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    rows = [[label, f"word {i}"] for i in range(20) for label in "ab"]
    with open("classes.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["label", "text"], *rows])
    options = ["--data", tiny, "--start-from", trained, "--quiet"]
    recipe, *changes = arguments
    assert status(script.main, [recipe, *options, *changes]) == expected
    [line] = capsys.readouterr().err.splitlines()
    assert message in line
    assert not (tmp_path / "runs").exists()
