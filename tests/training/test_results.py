from types import SimpleNamespace

import numpy as np

from training import results

RESULT = {
    "script": "train_lstm",
    "recipe": "best",
    "changed": {"batch_size": 32, "mask": False},
    "interrupted": False,
    "classes": ["a", "b"],
    "data": {"rows": {"train": 61424}},
}


def test_the_titles_name_the_script_the_recipe_and_what_was_changed(run_directory, monkeypatch):
    titles = []

    def draw(*given):
        *_, title, path = given
        path.touch()
        titles.append(title)

    for each in ("learning_curve", "confusion_matrix"):
        monkeypatch.setattr(results.plots, each, draw)
    results.draw(run_directory, SimpleNamespace(points=[]), np.eye(2), RESULT)
    assert titles == ["lstm best --batch-size 32 --no-mask, 61,424 train rows"] * 2


def test_the_name_says_that_a_run_was_interrupted():
    name = results.name(RESULT | {"interrupted": True, "changed": {}})
    assert name == "lstm best (interrupted)"


def test_saving_and_proving_are_shown_in_a_terminal(run_directory, monkeypatch, capsys):
    monkeypatch.setattr(results.saved, "save", lambda model, reading, path: path.touch())
    history = SimpleNamespace(write=lambda path: path.touch())
    for verbose in (1, 2):
        results.write_files(run_directory, None, lambda path: None, None, history, verbose)
        told = capsys.readouterr().out
        assert ("saving the model ..." in told) == (verbose == 1)
        assert ("loading it again, to prove it ..." in told) == (verbose == 1)
