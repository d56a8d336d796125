"""Saving a run within and after its epochs, and going on from there to the same weights."""

import math
import time

import keras
import numpy as np

from training.directory import RunError

FILE = "checkpoint.weights.h5"
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
            RunError: a weight is not finite; the checkpoint before stays.
        """
        begin = time.monotonic()
        if not all(np.isfinite(weights).all() for weights in self.model.get_weights()):
            self._fail()
        with self.directory.whole_file(HISTORY) as path:
            self.history.write(path)
        with self.directory.whole_file(FILE) as path:
            self.model.save_weights(path)
        end = time.monotonic()
        self.next = end + max(self.SECONDS, (end - begin) / self.LARGEST_SHARE)

    def _fail(self):
        step, file = int(self.model.optimizer.iterations.numpy()), self.directory.work / FILE
        kept = f"; {file} keeps the last finite weights" if file.exists() else ""
        raise RunError(
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
        RunError: the checkpoint is damaged, or is another model's.
    """
    file = directory.work / FILE
    if not file.exists():
        return None
    try:
        model.optimizer.build(model.trainable_variables)
        model.load_weights(file)
        step = int(model.optimizer.iterations.numpy())
        history.restore(directory.work / HISTORY, step)
    except (OSError, KeyError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise RunError(
            f"{file}: damaged, or another model's ({reason}); --overwrite starts anew"
        ) from error
    for layer in model._flatten_layers():
        # Keras does not save it: [seed, times used], once a step but by `recurrent_dropout`.
        if hasattr(layer, "seed_generator"):
            layer.seed_generator.state.assign([layer.seed_generator.state[0], step])
    return step


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
