import keras
import numpy as np
import pytest

import callbacks
from runs import RunDirectory, RunError


def fitted(history, epochs=2, steps_per_execution=1, callbacks=()):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="softmax")])
    model.compile(
        "adam",
        "sparse_categorical_crossentropy",
        metrics=["acc"],
        steps_per_execution=steps_per_execution,
    )
    x = np.random.default_rng(0).normal(size=(64, 2))
    y = (x[:, 0] > 0).astype(int)
    return model.fit(
        x,
        y,
        batch_size=4,
        epochs=epochs,
        validation_data=(x, y),
        callbacks=[history, *callbacks],
        verbose=0,
    )


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


@pytest.fixture
def directory(tmp_path):
    directory = RunDirectory(tmp_path / "run")
    directory.claim(resume=False, overwrite=False)
    yield directory
    directory.release()


def test_a_long_epoch_is_saved_within(directory, monkeypatch):
    monkeypatch.setattr(callbacks.Checkpoint, "SECONDS", 0)
    monkeypatch.setattr(callbacks.Checkpoint, "LARGEST_SHARE", 1e9)
    history = callbacks.History(steps_per_epoch=16)
    checkpoint = callbacks.Checkpoint(directory, history)
    monkeypatch.setattr(checkpoint, "on_epoch_end", lambda epoch, logs=None: None)
    fitted(history, epochs=1, callbacks=[checkpoint])
    assert (directory.work / checkpoint.FILE).exists()
    restored = callbacks.History(steps_per_epoch=16)
    restored.restore(directory.work / checkpoint.HISTORY, last_step=16)
    assert restored.points[:-1] == history.points[:-1]
    assert restored.points[-1]["loss"] == history.points[-1]["loss"]


@pytest.mark.parametrize("broken", ["loss", "weights"])
def test_what_is_not_finite_ends_the_training_and_keeps_the_checkpoint(directory, broken):
    history = callbacks.History(steps_per_epoch=16)
    checkpoint = callbacks.Checkpoint(directory, history)
    model = fitted(history, epochs=1, callbacks=[checkpoint]).model
    saved = (directory.work / checkpoint.FILE).read_bytes()
    model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])
    loss = float("nan") if broken == "loss" else 1.0
    checkpoint.next = 0  # due
    with pytest.raises(RunError, match="smaller --learning-rate, .* keeps the last finite"):
        checkpoint.on_train_batch_end(0, {"loss": loss})
    assert (directory.work / checkpoint.FILE).read_bytes() == saved


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
