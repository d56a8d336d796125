import keras
import numpy as np
import pytest

import callbacks


def fitted(history, epochs=2, steps_per_execution=1):
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
        x, y, batch_size=4, epochs=epochs, validation_data=(x, y), callbacks=[history], verbose=0
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
