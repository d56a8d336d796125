from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import fitted

from training import callbacks
from training.directory import RunError


@pytest.mark.parametrize("steps_per_execution", [1, 3])
def test_the_points_of_an_epoch_average_to_what_keras_reports(monkeypatch, steps_per_execution):
    monkeypatch.setattr(callbacks.History, "POINTS_PER_EPOCH", 4)
    history = callbacks.History(steps_per_epoch=16)
    reported = fitted(history, steps_per_execution=steps_per_execution).history
    assert history.points[-1]["step"] == 32
    for epoch in (1, 2):
        points = [point for point in history.points if point["epoch"] == epoch]
        assert len(points) > 2
        steps = np.diff([16 * (epoch - 1), *(point["step"] for point in points)])
        for name in ("acc", "loss"):
            mean = np.average([point[name] for point in points], weights=steps)
            assert mean == pytest.approx(reported[name][epoch - 1], rel=1e-4)
        assert points[-1]["val_acc"] == pytest.approx(reported["val_acc"][epoch - 1])
        assert all(point["val_acc"] is None for point in points[:-1])


def test_a_written_history_is_restored_up_to_a_step(tmp_path):
    history = callbacks.History(steps_per_epoch=16)
    fitted(history)
    history.write(tmp_path / "history.csv")
    restored = callbacks.History(steps_per_epoch=16)
    restored.restore(tmp_path / "history.csv", last_step=20)
    assert restored.points == history.points[:20]


def test_tensorboard_gets_scalars_within_the_epoch(tmp_path):
    pytest.importorskip("tensorboard")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    logs = callbacks.tensorboard(tmp_path / "logs" / "run")
    model.fit(np.ones((8, 2)), np.ones((8, 1)), batch_size=2, verbose=0, callbacks=[logs])
    (file,) = (tmp_path / "logs" / "run" / "train").iterdir()
    content = file.read_bytes()
    assert content.count(b"batch_loss") == 4
    assert content.count(b"epoch_loss") == 1


def test_without_tensorboard_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(RunError, match="pip install tensorboard"):
        callbacks.tensorboard(tmp_path / "logs")
    assert not (tmp_path / "logs").exists()


def steps_of(directory, tag):
    """The steps of a scalar in TensorBoard's logs."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulator.EventAccumulator(str(directory))
    events.Reload()
    scalars = events.Tensors(tag) if tag in events.Tags()["tensors"] else events.Scalars(tag)
    return [event.step for event in scalars]


def test_steps_of_tensorboard_go_on_and_those_of_another_run_are_deleted(tmp_path):
    pytest.importorskip("tensorboard")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    fit = {"x": np.ones((8, 2)), "y": np.ones((8, 1)), "batch_size": 2, "verbose": 0}
    for epoch in (0, 1):
        logs = callbacks.tensorboard(tmp_path, goes_on=epoch > 0)
        model.fit(**fit, initial_epoch=epoch, epochs=epoch + 1, callbacks=[logs])
    assert steps_of(tmp_path / "train", "batch_loss") == list(range(1, 9))
    assert steps_of(tmp_path / "train", "epoch_loss") == [0, 1]
    callbacks.tensorboard(tmp_path)
    assert not list(tmp_path.glob("train/*"))


def test_runs_of_one_name_have_logs_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert callbacks.logs_of("logs", "a/run") == Path("logs/a/run")
    assert callbacks.logs_of("logs", tmp_path / "b" / "run") == Path("logs/b/run")
    elsewhere = Path(tmp_path.anchor) / "else" / "run"
    assert callbacks.logs_of("logs", elsewhere) == Path("logs/else/run")


@pytest.mark.parametrize("build", [[], [callbacks.Build()]])
def test_the_first_step_is_traced_once(build):
    calls = []

    class Layer(keras.layers.Layer):
        def call(self, inputs):
            calls.append(inputs)
            return inputs

    model = keras.Sequential([keras.Input((2,)), Layer(), keras.layers.Dense(3)])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["acc"])
    calls.clear()
    model.fit(np.zeros((8, 2)), np.zeros(8), batch_size=2, callbacks=build, verbose=0)
    assert len(calls) == (1 if build else 2)
