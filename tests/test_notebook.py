"""The path of a script in a notebook, with nothing of what surrounds it there."""

import keras
import tensorflow as tf
from conftest import python_blocks


def test_the_code_of_the_docs_trains_and_saves_a_model(tmp_path, monkeypatch):
    path = next(code for code in python_blocks("reference.md") if "import data" in code)
    assert path.count("\n") < 20
    assert "devices.set_memory_growth()" in path
    assert "training.run" not in path
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(path, names)
    batches = names["data"].evaluation_batches(names["test"])
    _, accuracy = names["model"].evaluate(batches, verbose=0)
    assert accuracy > 0.6
    saved = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    assert saved.predict(tf.constant(["Late goal wins the cup"]), verbose=0).shape == (1, 4)
