import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import fitted

from corpus.errors import UserError
from training import callbacks


class Batches:
    """Sixteen batches, or another number, for a `Progress`."""

    def __init__(self, steps=16):
        self.steps, self.first_step = steps, 0

    def __len__(self):
        return self.steps


def said(capsys, verbose, steps_per_execution=5):
    """What `fit` prints with `Progress` of two epochs of 16 steps, without colours."""
    capsys.readouterr()
    fitted(callbacks.Progress(Batches()), 2, steps_per_execution, verbose=verbose)
    return re.sub(r"\x1b\[\d+m|\x08", "", capsys.readouterr().out)


def test_the_bar_stays_within_the_epoch_and_ends_with_what_was_validated(capsys):
    lines = re.split(r"[\r\n]+", said(capsys, verbose=1))
    steps = [int(line.split("/16 ")[0]) for line in lines if "/16 " in line]
    assert max(steps) == 16
    assert min(steps) < 16
    assert steps.count(16) >= 2
    last = lines[-2]
    assert re.match(r"16/16 ━{20} \d+s \d+\w+/step - acc: .* - loss: .* - val_acc: ", last)
    assert [line for line in lines if line.startswith("Epoch")] == ["Epoch 1/2", "Epoch 2/2"]


def test_without_a_terminal_a_line_now_and_then_shows_that_it_runs(capsys, monkeypatch):
    epochs = r"Epoch \d/2\n16/16 - .* - acc: .* - val_loss: .*\n"
    assert re.fullmatch(epochs * 2, said(capsys, verbose=2))
    monkeypatch.setattr(callbacks.Progress, "INTERVAL", 0)
    later = r"epoch \d: step 1[05] of 16, acc 0\.\d{4}, loss \d\.\d{4}, about \d+ s left\n"
    within = epochs.replace("2\\n", f"2\\n{later}{later}")
    assert re.fullmatch(within * 2, said(capsys, verbose=2))


def test_the_time_left_is_that_of_the_steps_after_the_first(capsys, monkeypatch):
    moments = iter([0, 50, 90])
    monkeypatch.setattr("time.monotonic", lambda: next(moments))
    shown = callbacks.Progress(Batches(3839))
    shown.set_params({"verbose": 2, "epochs": 1, "steps": 3839})
    shown.on_train_begin()
    shown.on_epoch_begin(0)
    shown.on_train_batch_end(199, {})
    shown.on_train_batch_end(1199, {"loss": 0.731, "acc": 0.71234})
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "epoch 1: step 1,200 of 3,839, acc 0.7123, loss 0.7310, about 106 s left",
    ]


@pytest.mark.parametrize("verbose", [1, 2])
def test_an_epoch_that_was_stopped_says_how_far_it_came(capsys, verbose):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch >= 5

    fitted(callbacks.Progress(Batches()), callbacks=[Stop()], verbose=verbose)
    assert re.search(r"(?<!1)6/16", capsys.readouterr().out.splitlines()[-1].split("\r")[-1])


def test_quiet_is_quiet(capsys, monkeypatch):
    monkeypatch.setattr(callbacks.Progress, "INTERVAL", 0)
    assert said(capsys, verbose=0) == ""


@pytest.mark.parametrize(
    ("steps_per_execution", "points_per_epoch", "expected"),
    [(1, 4, [4, 4, 4, 4]), (1, 5, [3, 3, 3, 3, 4]), (3, 8, [3, 3, 3, 3, 4]), (5, 50, [5, 5, 6])],
)
def test_the_points_of_an_epoch_average_to_what_keras_reports_and_cover_no_fewer_steps_at_its_end(
    monkeypatch, steps_per_execution, points_per_epoch, expected
):
    monkeypatch.setattr(callbacks.History, "POINTS_PER_EPOCH", points_per_epoch)
    history = callbacks.History(steps_per_epoch=16)
    reported = fitted(history, steps_per_execution=steps_per_execution).history
    assert history.points[-1]["step"] == 32
    for epoch in (1, 2):
        points = [point for point in history.points if point["epoch"] == epoch]
        steps = np.diff([16 * (epoch - 1), *(point["step"] for point in points)])
        assert steps.tolist() == expected
        for name in ("acc", "loss"):
            mean = np.average([point[name] for point in points], weights=steps)
            assert mean == pytest.approx(reported[name][epoch - 1], rel=1e-4)
        assert points[-1]["val_acc"] == pytest.approx(reported["val_acc"][epoch - 1])
        assert all(point["val_acc"] is None for point in points[:-1])


def test_a_point_of_a_checkpoint_joins_the_point_before(monkeypatch):
    monkeypatch.setattr(callbacks.History, "POINTS_PER_EPOCH", 4)
    history = callbacks.History(steps_per_epoch=16)
    checkpoint = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: history.add(logs) if batch == 8 else None
    )
    fitted(history, epochs=1, callbacks=[checkpoint])
    assert [point["step"] for point in history.points] == [4, 9, 16]


@pytest.mark.parametrize(
    ("steps_per_execution", "shares"), [(1, [0, 1, 1, 1, 1, 1]), (3, [5 / 9, 1])]
)
def test_a_batch_of_fewer_texts_counts_for_as_many_as_it_has(steps_per_execution, shares):
    ends = np.cumsum([4, 4, 1, 4, 4, 2])
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax")])
    model.compile(
        keras.optimizers.SGD(0.0),  # so that the answers stay as they are
        "sparse_categorical_crossentropy",
        metrics=["acc"],
        steps_per_execution=steps_per_execution,
    )
    x = np.random.default_rng(0).normal(size=(ends[-1], 2)).astype(np.float32)
    y = model.predict(x, verbose=0).argmax(axis=1)
    y[:4] = 1 - y[:4]  # wrong in the first batch, right in all others
    batches = [*zip(np.split(x, ends[:-1]), np.split(y, ends[:-1]), strict=True)]
    kinds = tf.TensorSpec((None, 2)), tf.TensorSpec((None,), tf.int64)
    dataset = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=kinds)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))
    history = callbacks.History(len(batches))
    model.fit(dataset, epochs=2, verbose=0, callbacks=[history], shuffle=False)
    assert [point["acc"] for point in history.points] == shares * 2


def test_the_validation_of_an_interrupted_epoch_is_not_kept():
    points = [{"step": step, "val_acc": 0.5, "val_loss": 1.0} for step in (16, 20)]
    resumed = callbacks.History(steps_per_epoch=16)
    resumed.restore(points)
    assert [point["val_acc"] for point in resumed.points] == [0.5, None]


def test_tensorboard_gets_scalars_within_the_epoch(tmp_path):
    pytest.importorskip("tensorboard")
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    logs = callbacks.TensorBoard(tmp_path / "logs", "run")
    model.fit(np.ones((8, 2)), np.ones((8, 1)), batch_size=2, verbose=0, callbacks=[logs])
    (file,) = (tmp_path / "logs" / "run" / "train").iterdir()
    content = file.read_bytes()
    assert content.count(b"batch_loss") == 4
    assert content.count(b"epoch_loss") == 1


def test_without_tensorboard_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install tensorboard"):
        callbacks.TensorBoard(tmp_path / "logs", "run")
    assert not (tmp_path / "logs").exists()


def steps_of(directory, tag):
    """The steps of a scalar in TensorBoard's logs."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = accumulator.EventAccumulator(str(directory))
    events.Reload()
    scalars = events.Tensors(tag) if tag in events.Tags()["tensors"] else events.Scalars(tag)
    return [event.step for event in scalars]


def test_steps_of_tensorboard_continue_and_logs_of_another_run_are_deleted(tmp_path, monkeypatch):
    pytest.importorskip("tensorboard")
    monkeypatch.chdir(tmp_path)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    fit = {"x": np.ones((8, 2)), "y": np.ones((8, 1)), "batch_size": 2, "verbose": 0}
    for epoch in (0, 1):
        logs = callbacks.TensorBoard("logs", "run", resume=epoch > 0)
        model.fit(**fit, initial_epoch=epoch, epochs=epoch + 1, callbacks=[logs])
    assert steps_of("logs/run/train", "batch_loss") == list(range(1, 9))
    assert steps_of("logs/run/train", "epoch_loss") == [0, 1]
    callbacks.TensorBoard("logs", "run")
    assert not list(Path("logs").glob("run/train/*"))


def test_runs_of_one_name_have_logs_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    elsewhere = Path(tmp_path.anchor) / "else" / "run"
    for run in ("a/run", tmp_path / "b" / "run", elsewhere):
        callbacks.TensorBoard("logs", run)
    logs = {str(path) for path in Path("logs").rglob("run")}
    assert logs == {"logs/a/run", "logs/b/run", "logs/else/run"}


@pytest.mark.parametrize("prepared", [False, True])
def test_the_first_step_is_traced_once(prepared, monkeypatch):
    monkeypatch.setattr("saving.verification.check", lambda model, classes: None)
    calls = []

    class Layer(keras.layers.Layer):
        def call(self, inputs):
            calls.append(inputs)
            return inputs

    model = keras.Sequential([keras.Input((2,)), Layer(), keras.layers.Dense(3)])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["acc"])
    calls.clear()
    prepare = [callbacks.Prepare(3)] if prepared else []
    model.fit(np.zeros((8, 2)), np.zeros(8), batch_size=2, callbacks=prepare, verbose=0)
    assert len(calls) == (1 if prepared else 2)
