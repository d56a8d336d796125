"""Keras callbacks of every run: progress, history, first step, interruption, TensorBoard."""

import csv
import importlib.util
import math
import os
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from corpus.errors import UserError, in_one_line
from training import interrupts


class Progress(keras.callbacks.ProgbarLogger):
    """Keras's bar in a terminal, and without one a line now and then; `fit` takes it for its own.

    Keras counts whole executions of several steps, and so past the end of an epoch whose last one
    has fewer.
    """

    SECONDS = 30  # between two lines, at the least

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.traced = False

    def on_epoch_begin(self, epoch, logs=None):
        super().on_epoch_begin(epoch, logs)
        self.epoch, self.said, self.first = epoch, time.monotonic(), None
        if self.verbose == 1 and not self.traced:  # the bar, which is longer, goes over it
            print("preparing the first step ...", end="\r", flush=True)

    def on_train_batch_end(self, batch, logs=None):
        self.traced = True
        if self.target is not None:
            batch = min(batch, self.target - 1)
            if batch == self.target - 1:
                self.progbar.interval = 0  # the last step is shown, however soon it comes
        super().on_train_batch_end(batch, logs)
        if self.verbose == 2 and self.target is not None:
            self._say(batch + 1, logs)

    def on_test_begin(self, logs=None):
        super().on_test_begin(logs)
        if self.verbose == 1:  # the end of the line, which is longer, goes over it
            print(" - validating ...", end="", flush=True)

    def on_epoch_end(self, epoch, logs=None):
        if self.target is None:
            super().on_epoch_end(epoch, logs)
        else:  # Keras would say that all steps were taken, after Ctrl-C as well
            self.progbar.update(self.seen, list(logs.items()), finalize=True)

    def _say(self, step, logs):
        now = time.monotonic()
        first, begin = self.first = self.first or (step, now)  # what was before is preparation
        if now - self.said < self.SECONDS or step == self.target:
            return
        self.said = now
        values = "".join(f", {name} {value:.4f}" for name, value in sorted(logs.items()))
        left = (self.target - step) * (now - begin) / (step - first) if step > first else None
        about = "" if left is None else f", about {left:,.0f} s left"
        where = f"epoch {self.epoch + 1}: step {step:,} of {self.target:,}"
        print(f"{where}{values}{about}", flush=True)


class History(keras.callbacks.Callback):
    """Accuracy and loss within the epoch as well as at its end.

    Keras reports the mean since the epoch began. Each point here is the mean of the texts since the
    point before it.

    Attributes:
        points: list of dicts: "step", "epoch" (both from 1), "acc", "loss", "val_acc", "val_loss"
            (None except at the end of an epoch).
    """

    POINTS_PER_EPOCH = 50
    COLUMNS = ("step", "epoch", "acc", "loss", "val_acc", "val_loss")

    def __init__(self, steps_per_epoch):
        super().__init__()
        self.steps_per_epoch = steps_per_epoch
        self.every = max(1, steps_per_epoch // self.POINTS_PER_EPOCH)
        self.points = []

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        self.first = int(self.model.optimizer.iterations.numpy())  # the step before this epoch
        # The steps and texts of the epoch that have a point, and the sums of their values.
        self.done, self.texts, self.sums = 0, 0, {"acc": 0.0, "loss": 0.0}

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 - self.done >= self.every:
            self.add(logs)

    def on_epoch_end(self, epoch, logs=None):
        self.add(logs)
        self.points[-1].update(val_acc=_accuracy(logs, "val_"), val_loss=logs.get("val_loss"))

    def add(self, logs):
        """Adds the point of the steps up to now, unless it is there."""
        # Not Keras's batch: where the last execution has fewer steps, that is past the end.
        step = int(self.model.optimizer.iterations.numpy())
        steps = step - self.first
        if steps == self.done:
            return
        tracker = next(metric for metric in self.model.metrics if metric.name == "loss")
        texts = round(float(tf.convert_to_tensor(tracker.count)))  # not all batches have as many
        right = np.round(_accuracy(logs, missing=math.nan) * texts)
        sums = {"acc": float(right), "loss": logs["loss"] * texts}
        means = {name: (sums[name] - self.sums[name]) / (texts - self.texts) for name in sums}
        point = {"step": step, "epoch": self.epoch + 1, **means, "val_acc": None, "val_loss": None}
        self.points.append(point)
        self.done, self.texts, self.sums = steps, texts, sums

    def write(self, path):
        """Writes the points to a CSV file."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.COLUMNS)
            writer.writeheader()
            writer.writerows(self.points)

    def restore(self, path, last_step):
        """Reads the points of `write` up to a step.

        Raises:
            OSError, ValueError, TypeError: the file cannot be read, or is damaged.
        """
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
        if list(reader.fieldnames or ()) != list(self.COLUMNS):
            raise ValueError(f"its columns are not {','.join(self.COLUMNS)}")
        points = [{name: float(row[name]) if row[name] else None for name in row} for row in rows]
        for point in points:
            point.update(step=int(point["step"]), epoch=int(point["epoch"]))
            if point["step"] % self.steps_per_epoch:  # validated after an interrupt
                point.update(val_acc=None, val_loss=None)
        self.points = [point for point in points if point["step"] <= last_step]


def _accuracy(logs, prefix="", missing=None):
    """The accuracy among what `fit` reports, under either of the names that Keras gives it."""
    return logs.get(f"{prefix}acc", logs.get(f"{prefix}accuracy", missing))


def logs_of(directory, run):
    """The place of a run's logs in a directory for TensorBoard: as the run's own path has it.

    Args:
        directory: as of --tensorboard.
        run: the path of the run's directory.
    """
    run = Path(os.path.abspath(run))
    here = Path.cwd()
    inside = run.relative_to(here) if run.is_relative_to(here) else run.relative_to(run.anchor)
    return Path(directory) / inside


def tensorboard(directory, goes_on=False):
    """Keras's TensorBoard callback: scalars of each epoch, and of each execution within it.

    Args:
        directory: of the run's logs.
        goes_on: whether those that are there are of the same run; else they are deleted.

    Raises:
        UserError: TensorBoard is not installed, or the logs cannot be written.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise UserError("--tensorboard needs it: pip install tensorboard")
    Path(directory).mkdir(parents=True, exist_ok=True)
    for old in [] if goes_on else Path(directory).glob("*/events.out.tfevents.*"):
        old.unlink()
    return _TensorBoard(directory, update_freq="batch", write_graph=False)


class _TensorBoard(keras.callbacks.TensorBoard):
    """Counts the optimizer's steps, where Keras counts executions, from 0 in every `fit`."""

    def on_train_batch_end(self, batch, logs=None):
        self._global_train_batch = int(self.model.optimizer.iterations.numpy())
        with self._one_line():
            super().on_train_batch_end(batch, logs)

    def on_epoch_end(self, epoch, logs=None):
        with self._one_line():
            super().on_epoch_end(epoch, logs)

    def on_train_end(self, logs=None):
        with self._one_line():
            super().on_train_end(logs)

    @contextmanager
    def _one_line(self):
        try:
            yield
        except tf.errors.OpError as error:  # a disk that is full, for one
            raise UserError(
                f"{self.log_dir}: TensorBoard's logs cannot be written: {in_one_line(error)}"
            ) from error


class Build(keras.callbacks.Callback):
    """Creates the variables of optimizer and metrics before the first step is traced.

    TensorFlow traces a function twice in which variables are created, and that takes seconds.
    """

    def on_train_begin(self, logs=None):
        if self.model.distribute_strategy.num_replicas_in_sync > 1:  # they belong to its step
            return
        self.model.optimizer.build(self.model.trainable_variables)
        classes = self.model.output_shape[-1]
        probabilities = np.full((1, classes), 1 / classes, np.float32)
        self.model.compute_metrics(None, np.zeros(1, np.int32), probabilities)
        self.model.reset_metrics()


class FirstStep(keras.callbacks.Callback):
    """Notes when the first training step was done, compilation included."""

    def __init__(self):
        super().__init__()
        self.time = None

    def on_train_batch_end(self, batch, logs=None):
        if self.time is None:
            self.time = time.perf_counter()


class StopOnSignal(keras.callbacks.Callback):
    """Ends `fit` after the running step on Ctrl-C or SIGTERM; on the second one, at once.

    Attributes:
        signal: the number of the signal that came, None without one.
    """

    def __init__(self):
        super().__init__()
        self.signal = None
        self._handlers = ExitStack()

    def on_train_begin(self, logs=None):
        self._handlers.enter_context(interrupts.handled(self._handle, self._handle))

    def on_train_batch_end(self, batch, logs=None):
        if self.signal is not None:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        self._handlers.close()

    def _handle(self, number, frame):
        self.signal = number
        self._handlers.close()  # back to those of the run
        os.write(2, b"\nstopping after this step; once more leaves at once, without a result\n")
