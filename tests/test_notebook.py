"""The example in docs/reference/notebook.md: the path of a script, as a notebook would use it."""

import keras
import tensorflow as tf
from conftest import python_blocks


def test_the_example_trains_and_saves_a_model(tmp_path, monkeypatch):
    example = next(code for code in python_blocks("reference/notebook.md") if "import data" in code)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(example, names)
    batches = names["data"].evaluation_batches(names["test"])
    _, accuracy = names["model"].evaluate(batches, verbose=0)
    assert accuracy > 0.6
    saved = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert saved.predict(tf.constant(["Late goal wins the cup"]), verbose=0).shape == (1, 4)
