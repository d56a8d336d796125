"""Keras callbacks of every run: check, progress, history, early stopping, Ctrl-C, TensorBoard."""

import csv
import importlib.util
import math
import os
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from corpus.errors import UserError, in_one_line
from saving import verification
from training import checkpoint, process
from training.clock import clock


class Prepare(keras.callbacks.Callback):
    """Before the first step: checks that the model can be saved, and creates its variables.

    TensorFlow traces a function twice in which variables are created, and that takes seconds.
    """

    def __init__(self, classes, weights=None, run=None):
        """Prepares a model.

        Args:
            classes: how many probabilities it has to give.
            weights: the weights that it begins with: list of arrays; None for its own.
            run: the name of the run that they are from.
        """
        super().__init__()
        self.classes, self.weights, self.run = classes, weights, run

    def on_train_begin(self, logs=None):
        with clock.stage("check"):
            verification.check(self.model, self.classes)
        if self.weights is not None:
            try:
                self.model.set_weights(self.weights)
            except ValueError as error:  # another number of weights, or other shapes
                problem = f"{in_one_line(error)} Use the recipe and hyperparameters of that run."
                raise UserError(f"--start-from {self.run}: {problem}", status=2) from error
        self.begin = time.perf_counter()
        self.model.optimizer.build(self.model.trainable_variables)
        probabilities = np.full((1, self.classes), 1 / self.classes, np.float32)
        self.model.compute_metrics(None, np.zeros(1, np.int32), probabilities)
        self.model.reset_metrics()

    def on_train_batch_end(self, batch, logs=None):
        clock.seconds.setdefault("first_step", time.perf_counter() - clock.begin)

    def on_epoch_end(self, epoch, logs=None):
        clock.seconds["fit"] = time.perf_counter() - self.begin

    on_train_end = on_epoch_end


class Progress(keras.callbacks.ProgbarLogger):
    """Keras's bar in a terminal, and elsewhere a line now and then; `fit` uses it as its own.

    Keras counts whole executions of several steps, and so past the end of an epoch whose last
    execution has fewer; and it counts from 0 where a resumed run begins within an epoch.
    """

    INTERVAL = 30  # seconds between two lines, at the least

    def __init__(self, batches):
        """Shows the progress through `data.TrainingBatches`."""
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch, logs=None):
        self.target = len(self.batches)
        super().on_epoch_begin(epoch, logs)
        self.epoch, self.printed, self.first = epoch, time.monotonic(), None

    def on_train_batch_end(self, batch, logs=None):
        batch = min(self.batches.first_step + batch, self.target - 1)
        if batch == self.target - 1:
            self.progbar.interval = 0  # show the last step, however soon it comes
        super().on_train_batch_end(batch, logs)
        if self.verbose == 2:
            self._print_line(batch + 1, logs)

    def on_epoch_end(self, epoch, logs=None):
        # Keras would show that all steps were taken, after Ctrl-C as well.
        self.progbar.update(self.seen, list(logs.items()), finalize=True)

    def _print_line(self, step, logs):
        now = time.monotonic()
        first, begin = self.first = self.first or (step, now)  # what was before is preparation
        if now - self.printed < self.INTERVAL or step in (first, self.target):
            return
        self.printed = now
        values = "".join(f", {name} {value:.4f}" for name, value in sorted(logs.items()))
        left = (self.target - step) * (now - begin) / (step - first)
        where = f"epoch {self.epoch + 1}: step {step:,} of {self.target:,}"
        print(f"{where}{values}, about {left:,.0f} s left", flush=True)


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
        self.points = []

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        self.first = int(self.model.optimizer.iterations.numpy())  # the step before this epoch
        executions = self.steps_per_epoch // self.POINTS_PER_EPOCH / self.model.steps_per_execution
        self.every = max(1, math.ceil(executions)) * self.model.steps_per_execution
        # Of the epoch's texts at its beginning and at each point.
        self.sums = [{"steps": 0, "texts": 0, "acc": 0.0, "loss": 0.0}]

    def on_train_batch_end(self, batch, logs=None):
        if batch + 1 - self.sums[-1]["steps"] >= self.every:
            self.add(logs)

    def on_epoch_end(self, epoch, logs=None):
        self.add(logs)
        self.points[-1].update(val_acc=_accuracy(logs, "val_"), val_loss=logs.get("val_loss"))

    def add(self, logs):
        """Adds the point of the steps up to now, unless it exists.

        A few steps join the point before, as the mean of a batch or two would be mostly chance.
        """
        # Not Keras's batch: where the last execution has fewer steps, that is past the end.
        step = int(self.model.optimizer.iterations.numpy())
        steps = step - self.first
        if steps == self.sums[-1]["steps"]:
            return
        if steps - self.sums[-1]["steps"] < self.every and len(self.sums) > 1:
            del self.points[-1], self.sums[-1]
        tracker = next(metric for metric in self.model.metrics if metric.name == "loss")
        texts = round(float(tf.convert_to_tensor(tracker.count)))  # not all batches have as many
        right = np.round(_accuracy(logs, missing=math.nan) * texts)
        loss, before = logs["loss"] * texts, self.sums[-1]
        sums = {"steps": steps, "texts": texts, "acc": float(right), "loss": loss}
        added = {name: sums[name] - before[name] for name in sums}
        means = {name: added[name] / added["texts"] for name in ("acc", "loss")}
        point = {"step": step, "epoch": self.epoch + 1, **means, "val_acc": None, "val_loss": None}
        self.points.append(point)
        self.sums.append(sums)

    def write(self, path):
        """Writes the points to a CSV file."""
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.COLUMNS)
            writer.writeheader()
            writer.writerows(self.points)

    def restore(self, points):
        """Continues from the points of a run that is resumed."""
        for point in points:
            if point["step"] % self.steps_per_epoch:  # validated after an interrupt
                point.update(val_acc=None, val_loss=None)
        self.points = points


def _accuracy(logs, prefix="", missing=None):
    """The accuracy among what `fit` reports, under either of the names that Keras gives it."""
    return logs.get(f"{prefix}acc", logs.get(f"{prefix}accuracy", missing))


class EarlyStopping(keras.callbacks.Callback):
    """Ends `fit` when the validation accuracy has not improved for some epochs; keeps the best one.

    The accuracy is averaged over an epoch and the four before it: on fifty rows, the accuracy of a
    single epoch is mostly chance, and the loss depends mostly on a few rows. If several epochs are
    equally good, the last is kept, as the others are rarely better (docs/results.md).

    `keras.callbacks.EarlyStopping` keeps the best weights in memory, and counts from 0 in each
    `fit`. Here the history says which epoch was the best, and a file contains its weights, so that
    a run that is resumed ends like one that was not interrupted.
    """

    FILE = "checkpoint.best.weights.h5"
    AVERAGED = 5  # epochs

    def __init__(self, directory, history, patience, min_steps=0):
        """Watches a run.

        Args:
            directory: the `RunDirectory`.
            history: the `History`, which is called before this.
            patience: epochs without an improvement after which training ends; 0 for never.
            min_steps: training does not end before this step.
        """
        super().__init__()
        self.directory, self.history = directory, history
        self.patience, self.min_steps = patience, min_steps

    @property
    def best_epoch(self):
        """The last of the best whole epochs so far, from 1; None without one or `patience`."""
        return max(self._best_epochs(), default=None)

    @property
    def exhausted(self):
        """Whether training has come to its end."""
        best = self._best_epochs()
        late = bool(best) and self.history.points[-1]["step"] >= self.min_steps
        return late and max(self._scores()) - best[0] >= self.patience

    def _best_epochs(self):
        """The whole epochs with the best score, in order; [] without `patience`."""
        scores = self._scores() if self.patience else {}
        best = max(scores.values(), default=0)
        return [epoch for epoch, score in scores.items() if score == best]

    def _scores(self):
        """Dict of whole epoch to mean validation accuracy; an interrupted one decides nothing."""
        accuracies = {
            point["epoch"]: point["val_acc"]
            for point in self.history.points
            if point["val_acc"] is not None and point["step"] % self.history.steps_per_epoch == 0
        }
        values = [*accuracies.values()]
        windows = (values[max(0, i - self.AVERAGED + 1) : i + 1] for i in range(len(values)))
        means = (round(float(np.mean(window)), 9) for window in windows)  # so that ties are ties
        return dict(zip(accuracies, means, strict=True))

    def on_epoch_end(self, epoch, logs=None):
        if self.best_epoch == epoch + 1:
            checkpoint.write_state(self.directory, self.FILE, self.model)
        if self.exhausted:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.best_epoch is not None:
            checkpoint.read_state(self.directory.work / self.FILE, self.model)


class StopOnSignal(keras.callbacks.Callback):
    """Ends `fit` after the running step on Ctrl-C or another signal; on the second, at once.

    Attributes:
        signal: the number of the signal that came, None without one.
    """

    def __init__(self):
        super().__init__()
        self.signal = None
        self._handlers = ExitStack()

    def on_train_begin(self, logs=None):
        self._handlers.enter_context(process.signals(self._handle))

    def on_train_end(self, logs=None):
        self._handlers.close()

    def _handle(self, number, frame):
        self.signal, self.model.stop_training = number, True
        self._handlers.close()  # back to the handlers of the run
        message = "Stopping after this step. Press Ctrl-C or signal again to quit without saving."
        with suppress(OSError):  # nobody has to be there to read it
            os.write(2, f"\n{message}\n".encode())


class TensorBoard(keras.callbacks.TensorBoard):
    """Scalars of each epoch, and of each execution within it; steps continue in a resumed run."""

    def __init__(self, directory, run, resume=False):
        """Writes to a subdirectory that is called like the run.

        Args:
            directory: the argument of --tensorboard.
            run: the path of the run's directory.
            resume: whether logs that are there are of the same run; else they are deleted.

        Raises:
            UserError: TensorBoard is not installed.
        """
        if importlib.util.find_spec("tensorboard") is None:
            raise UserError("--tensorboard needs TensorBoard: pip install tensorboard")
        logs = Path(directory, os.path.relpath(run).replace(os.pardir + os.sep, ""))
        for old in [] if resume else logs.glob("*/events.out.tfevents.*"):
            old.unlink()
        logs.mkdir(parents=True, exist_ok=True)
        name = os.fsencode(logs).decode(errors="replace")  # TensorFlow knows UTF-8 alone
        super().__init__(name, update_freq="batch", write_graph=False)

    def on_train_batch_end(self, batch, logs=None):
        # Keras counts executions, from 0 in every `fit`.
        self._global_train_batch = int(self.model.optimizer.iterations.numpy())
        super().on_train_batch_end(batch, logs)
