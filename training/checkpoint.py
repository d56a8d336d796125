"""Saving a run within and after its epochs, and going on from there to the same weights."""

import io
import json
import math
import time
from contextlib import suppress

import h5py
import keras
import numpy as np

from corpus.errors import UserError, in_one_line
from training import clock

FILE = "checkpoint.weights.h5"
SECONDS = "checkpoint.seconds.json"
HISTORY = "checkpoint.history.csv"


class EpochOrder(keras.callbacks.Callback):
    """Tells the training batches which epoch is next, which decides their order."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.epoch = epoch


class Checkpoint(keras.callbacks.Callback):
    """Saves weights, optimizer and random state to go on from: at the end of each epoch and within.

    The step is not saved beside them: it is the optimizer's own count, so they cannot disagree.
    `keras.callbacks.BackupAndRestore` would begin the epoch again, and forget the random state.
    """

    SECONDS = 20  # between two checkpoints, at the least
    LARGEST_SHARE = 0.01  # of the time that saving within an epoch may take

    def __init__(self, directory, history):
        super().__init__()
        self.directory = directory
        self.history = history

    def on_train_begin(self, logs=None):
        self.next = time.monotonic() + self.SECONDS

    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["loss"]):
            self._fail()
        if time.monotonic() >= self.next:
            self.history.add(logs)
            self.save()

    def on_epoch_end(self, epoch, logs=None):
        self.save()

    def save(self):
        """Writes the history first: with the checkpoint before it, its later points are dropped.

        Raises:
            UserError: a weight is not finite; the checkpoint before stays.
        """
        begin = time.monotonic()
        if not all(np.isfinite(weights).all() for weights in self.model.get_weights()):
            self._fail()
        with self.directory.whole_file(HISTORY) as path:
            self.history.write(path)
        self.directory.write_json(SECONDS, clock.so_far())
        write_state(self.directory, FILE, self.model)
        end = time.monotonic()
        self.next = end + max(self.SECONDS, (end - begin) / self.LARGEST_SHARE)

    def _fail(self):
        step, file = int(self.model.optimizer.iterations.numpy()), self.directory.work / FILE
        kept = f"; {file} keeps the last finite weights" if file.exists() else ""
        raise UserError(
            f"step {step}: the loss or a weight is no longer finite; "
            f"start anew with a smaller --learning-rate, in another --run-dir{kept}"
        )


def restore(directory, model, history):
    """Loads the last checkpoint into a compiled model, in whose strategy's scope it is called.

    Args:
        directory: the `RunDirectory`.
        history: the `callbacks.History` to fill.

    Returns:
        The number of steps taken so far; None where there is no checkpoint.

    Raises:
        UserError: the checkpoint is damaged, or is another model's.
    """
    file = directory.work / FILE
    if not file.exists():
        return None
    read_state(file, model)
    step = int(model.optimizer.iterations.numpy())
    try:
        history.restore(directory.work / HISTORY, step)
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise _damaged(directory.work / HISTORY, error) from error
    with suppress(OSError, ValueError, AttributeError):  # a former version wrote none
        clock.add(json.loads((directory.work / SECONDS).read_text(encoding="utf-8")))
    return step


def write_state(directory, name, model):
    """Writes all that decides how training goes on: weights, optimizer, state of random generators.

    Not with `Model.save_weights`, which forgets the random generators, and by which HDF5 ends the
    process with a segmentation fault where the disk is full: here it writes to memory.

    Args:
        directory: the `RunDirectory`.
        name: of the file, a HDF5 file with an array for each variable.
        model: a compiled model.

    Raises:
        UserError: the file cannot be written; one that was there before stays.
    """
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        for key, variable in _variables(model).items():
            file[key] = np.asarray(variable)
    with directory.whole_file(name) as path:
        path.write_bytes(memory.getbuffer())


def read_state(path, model):
    """Reads what `write_state` wrote into a compiled model.

    Raises:
        UserError: the file is lost, damaged, or another model's.
    """
    model.optimizer.build(model.trainable_variables)
    variables = _variables(model)
    try:
        with h5py.File(path, "r") as file:
            values = {key: np.asarray(value) for key, value in file.items()}
        shapes = [{key: tuple(v.shape) for key, v in some.items()} for some in (values, variables)]
        if shapes[0] != shapes[1]:
            raise ValueError("its variables are others")
        for key, variable in variables.items():
            variable.assign(values[key])
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise _damaged(path, error) from error


def _variables(model):
    """Dict of a name in a HDF5 file to each variable of a compiled model.

    Not their own names: Keras numbers random generators through the process.
    """
    every = [*model.variables, *model.optimizer.variables]
    return {f"{i:04}": variable for i, variable in enumerate(every)}


def _damaged(file, error):
    return UserError(
        f"{file}: damaged, or another model's ({in_one_line(error)}); --overwrite starts anew"
    )


def end_epoch(model, batches, step, validation, **fit_options):
    """Trains what is left of the epoch in which a checkpoint was saved.

    It is a `fit` of its own because Keras takes the number of steps in the first epoch of a `fit`
    for that of all epochs (`EpochIterator.catch_stop_iteration`).

    Args:
        model: a model that is `restore`d.
        batches: the `data.TrainingBatches`.
        step: the number of steps taken so far.
        validation: the dataset to validate on, or None.
        fit_options: further arguments of `fit`.

    Returns:
        The number of whole epochs that are done then.
    """
    epoch, done = divmod(step, len(batches))
    if not done:
        return epoch
    batches.first_step = done
    model.fit(
        batches.dataset(),
        validation_data=validation,
        initial_epoch=epoch,
        epochs=epoch + 1,
        shuffle=False,
        **fit_options,
    )
    batches.first_step = 0
    return epoch + 1
