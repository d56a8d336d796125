from functools import partial

import h5py
import keras
import numpy as np
import pytest
from conftest import fitted

import data
from corpus.errors import UserError
from training import callbacks, checkpoint


def batches(steps, texts=8):
    """The `TrainingBatches` of so many texts, with one batch in each step."""
    ids = np.arange(texts)
    tokens = data.Tokens(ids, ids, np.ones(texts, int), ids, np.zeros(texts, bool))
    return data.TrainingBatches(tokens[np.arange(steps) % texts], batch_size=1, buckets=1)


def saving_to(directory, history):
    """A `Checkpoint` of a run that is not resumed."""
    return checkpoint.Checkpoint(directory, history, batches(16), None, resume=False, print=print)


def test_a_long_epoch_is_saved_within(run_directory, monkeypatch):
    monkeypatch.setattr(checkpoint.Checkpoint, "INTERVAL", 0)
    monkeypatch.setattr(checkpoint.Checkpoint, "LARGEST_SHARE", 1e9)
    history = callbacks.History(steps_per_epoch=16)
    saving = saving_to(run_directory, history)
    monkeypatch.setattr(saving, "on_epoch_end", lambda epoch, logs=None: None)
    fitted(history, epochs=1, callbacks=[saving])
    model = fitted(callbacks.History(16), epochs=1).model
    points = checkpoint.read_state(run_directory.work / checkpoint.FILE, model)["points"]
    assert points == history.points[:-1]  # the last one has the validation of the epoch


@pytest.mark.parametrize("broken", ["loss", "weights"])
def test_what_is_not_finite_ends_the_training_and_keeps_the_checkpoint(run_directory, broken):
    history = callbacks.History(steps_per_epoch=16)
    saving = saving_to(run_directory, history)
    model = fitted(history, epochs=1, callbacks=[saving]).model
    saved = (run_directory.work / checkpoint.FILE).read_bytes()
    model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])
    loss = float("nan") if broken == "loss" else 1.0
    with pytest.raises(UserError, match="smaller --learning-rate, .* keeps the last finite"):
        saving.on_train_batch_end(0, {"loss": loss}) or saving.save()
    assert (run_directory.work / checkpoint.FILE).read_bytes() == saved


def network():
    """A compiled network that draws random numbers at every step of its layer."""
    keras.utils.set_random_seed(1)
    layers = [keras.Input((5, 2)), keras.layers.LSTM(3, recurrent_dropout=0.3, dropout=0.2)]
    model = keras.Sequential([*layers, keras.layers.Dense(2, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    return model


def test_random_generators_go_on_where_they_were(run_directory):
    x, y = np.random.default_rng(0).normal(size=(12, 5, 2)), np.arange(12) % 2
    whole, first, second = network(), network(), network()
    whole.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0)
    first.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    checkpoint.write_state(run_directory, "state.h5", first)
    checkpoint.read_state(run_directory.work / "state.h5", second)
    second.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    pairs = zip(whole.get_weights(), second.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_another_models_state_is_one_line(run_directory):
    checkpoint.write_state(run_directory, "state.h5", network())
    other = keras.Sequential([keras.Input((5, 2)), keras.layers.Dense(3)])
    other.compile("adam", "mse")
    for file in ("state.h5", "absent.h5"):
        with pytest.raises(UserError, match=f"{file}: damaged, or .*--overwrite"):
            checkpoint.read_state(run_directory.work / file, other)


def larger(file):
    """Makes an array of a checkpoint far larger than the file."""
    del file["0000"]
    file.create_dataset("0000", (2**40,), "f4", chunks=(1024,))


def deeper(file):
    del file[checkpoint.STATE]
    file[checkpoint.STATE] = np.frombuffer(b"[" * 100_000, np.uint8)


@pytest.mark.parametrize("damage", [larger, deeper])
def test_a_state_that_would_fill_the_memory_is_one_line(run_directory, damage):
    model = network()
    checkpoint.write_state(run_directory, "state.h5", model)
    with h5py.File(run_directory.work / "state.h5", "r+") as file:
        damage(file)
    with pytest.raises(UserError, match=r"state.h5: damaged, or .*--overwrite"):
        checkpoint.read_state(run_directory.work / "state.h5", model)


def test_a_fit_whose_epochs_are_not_the_batches_is_refused(run_directory):
    history = callbacks.History(steps_per_epoch=10)
    saving = checkpoint.Checkpoint(run_directory, history, batches(10), None, False, print)
    with pytest.raises(UserError, match="^epoch 1 ended at step 16, not 10"):
        fitted(history, callbacks=[saving])


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("batches", "batches was 16 batches of 1 texts, .*, now 10 .*; token ids"),
        ("reading", "[(]token ids of the texts [(]vocabulary, way of reading[)] was"),
        ("layer", "layers was Dense[(]units=3, activation=softmax[)], now Dense[(]units=4"),
        ("regularizer", "[(]all arguments of layers was"),
        ("float16", "[(]all arguments of layers was"),
        ("optimizer", "[(]optimizer's beta_1 was 0.9, now 0.8"),
        ("loss", "[(]loss was sparse_categorical_crossentropy, now mse"),
    ],
)
def test_a_checkpoint_of_what_is_trained_otherwise_is_refused(run_directory, change, difference):
    history = callbacks.History(steps_per_epoch=16)
    model = fitted(history, callbacks=[saving_to(run_directory, history)]).model
    if change == "layer":
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(4)])
    if change == "regularizer":
        dense = keras.layers.Dense(3, activation="softmax", kernel_regularizer="l2")
        model = keras.Sequential([keras.Input((2,)), dense])
    if change == "float16":
        dense = keras.layers.Dense(3, activation="softmax", dtype="float16")
        model = keras.Sequential([keras.Input((2,)), dense])
    if change in ("layer", "regularizer", "float16", "optimizer", "loss"):
        beta = 0.8 if change == "optimizer" else 0.9
        loss = "mse" if change == "loss" else "sparse_categorical_crossentropy"
        model.compile(keras.optimizers.Adam(beta_1=beta), loss)
    now = batches(10 if change == "batches" else 16, texts=9 if change == "reading" else 8)
    resumed = checkpoint.Checkpoint(run_directory, history, now, None, True, print)
    resumed.set_model(model)
    with pytest.raises(UserError, match=f"cannot resume, since the code .*{difference}"):
        resumed.on_train_begin()


class Warm(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule of the user's own, which Keras cannot save."""

    def __call__(self, step):
        return 0.01


def test_a_schedule_and_a_loss_that_keras_cannot_save_are_no_reason_to_refuse(run_directory):
    history, trained = callbacks.History(16), []
    model, loss = fitted(history).model, keras.losses.sparse_categorical_crossentropy
    for _ in range(2):
        model.compile(keras.optimizers.Adam(Warm()), partial(loss, axis=-1))
        saving = saving_to(run_directory, history)
        saving.set_model(model)
        saving.on_train_begin()
        trained.append(saving.trained)
    assert trained[0] == trained[1]
    assert trained[0]["optimizer's name"] == "Adam"
