"""Saves a run within and after its epochs, and resumes it from there to the same weights."""

import io
import json
import math
import re
import time
from contextlib import suppress
from zlib import crc32

import h5py
import keras
import numpy as np

from corpus.errors import UserError, in_one_line
from training.clock import clock
from training.directory import SECONDS, differences, read_json
from training.results import layers

FILE = "checkpoint.weights.h5"
STATE = "state"  # the name of what is saved as JSON beside the variables


class Checkpoint(keras.callbacks.Callback):
    """Saves weights, optimizer and random state at the end of each epoch and within, and resumes.

    The step is not saved with them: it is the optimizer's own count, so they cannot disagree.
    `keras.callbacks.BackupAndRestore` would begin the epoch again, and forget the random state.

    Attributes:
        resumed_from_epoch: how many epochs were complete when the run was resumed, 0 for a new one.
    """

    INTERVAL = 20  # seconds between two checkpoints, at the least
    LARGEST_SHARE = 0.01  # of the time that saving within an epoch may take

    def __init__(self, directory, history, batches, stopping, resume, print):
        """Watches a run.

        Args:
            directory: the `RunDirectory`.
            history: the `callbacks.History`, which `fit` calls before this.
            batches: the `data.TrainingBatches`.
            stopping: the `callbacks.EarlyStopping`.
            resume: whether to continue from the checkpoint in the directory.
            print: a function that prints a line.
        """
        super().__init__()
        self.directory, self.history, self.batches = directory, history, batches
        self.stopping, self.resume, self.print = stopping, resume, print
        self.resumed_from_epoch = 0

    def on_train_begin(self, logs=None):
        self.trained = _what_is_trained(self.model, self.batches)
        if self.resume:
            self._restore()
        self.next = time.monotonic() + self.INTERVAL

    def _restore(self):
        """Loads the last checkpoint, and lets `fit` begin with the step after it.

        `fit` has no argument for a step within an epoch. It asks the dataset for its length once:
        so the batches of the first epoch begin at the step, give Keras the length of a whole epoch
        (`data._dataset`), and end this one as the end of its data would. `_initial_epoch` is what
        `keras.callbacks.BackupAndRestore` sets.
        """
        if not (self.directory.work / FILE).exists():
            self.print(f"no checkpoint in {self.directory.path}: starting from the beginning")
            return
        state = read_state(self.directory.work / FILE, self.model, self.trained)
        self.history.restore(state["points"])
        step = int(self.model.optimizer.iterations.numpy())
        with suppress(OSError, UserError):  # no reason not to resume
            clock.earlier = read_json(self.directory.work / SECONDS)
        epoch, done = divmod(step, len(self.batches))
        self.print(f"resuming after step {done} of epoch {epoch + 1}")
        self.resumed_from_epoch, self.batches.first_step = epoch, done
        exhausted = self.stopping.exhausted  # it ended, and then its results were not written
        self.model._initial_epoch = self.params["epochs"] if exhausted else epoch

    def on_train_batch_end(self, batch, logs=None):
        if not math.isfinite(logs["loss"]):
            self._fail()
        # The end of an epoch is saved after its validation, which early stopping needs.
        if time.monotonic() >= self.next and self.model.optimizer.iterations % len(self.batches):
            self.history.add(logs)
            self.save()

    def on_epoch_end(self, epoch, logs=None):
        steps, expected = int(self.model.optimizer.iterations), (epoch + 1) * len(self.batches)
        if steps != expected and not self.model.stop_training:
            problem = f"epoch {epoch + 1} ended at step {steps:,}, not {expected:,}"
            need = "epochs of whole `batches`, and an optimizer that counts each step"
            raise UserError(f"{problem}: a checkpoint needs {need}")
        self.save()

    def save(self):
        """Writes a checkpoint.

        Raises:
            UserError: a weight is not finite; the checkpoint before stays.
        """
        begin = time.monotonic()
        if not all(np.isfinite(weights).all() for weights in self.model.get_weights()):
            self._fail()
        state = {"points": self.history.points, "trained": self.trained}
        self.directory.write_json(SECONDS, clock.so_far())
        write_state(self.directory, FILE, self.model, state)
        end = time.monotonic()
        self.next = end + max(self.INTERVAL, (end - begin) / self.LARGEST_SHARE)

    def _fail(self):
        step, file = int(self.model.optimizer.iterations.numpy()), self.directory.work / FILE
        kept = f"; {file} keeps the last finite weights" if file.exists() else ""
        advice = f"start again with a smaller --learning-rate, in another --run-dir{kept}"
        raise UserError(f"step {step}: the loss or a weight is no longer finite; {advice}")


def write_state(directory, name, model, state=None):
    """Writes all that decides how training continues: weights, optimizer, random generators.

    Not with `Model.save_weights`, which forgets the random generators, and in which HDF5 ends the
    process with a segmentation fault where the disk is full: here it writes to memory.

    Args:
        directory: the `RunDirectory`.
        name: of the file, a HDF5 file with an array for each variable.
        model: a compiled model.
        state: further values, as for `json.dumps`.

    Raises:
        UserError: the file cannot be written; one that was there before stays.
    """
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        file[STATE] = np.frombuffer(json.dumps(state).encode(), np.uint8)
        for key, variable in _variables(model).items():
            file[key] = np.asarray(variable)
    with directory.writing(name) as path:
        path.write_bytes(memory.getbuffer())


def read_state(path, model, trained=None):
    """Reads a file of `write_state` into a compiled model, and returns its `state`.

    Args:
        path: the file.
        model: a compiled model like the one that was saved.
        trained: what the "trained" of its state has to be; None for anything.

    Raises:
        UserError: the file is lost, damaged, or another model's.
    """
    model.optimizer.build(model.trainable_variables)
    variables = _variables(model)
    try:
        with h5py.File(path, "r") as file:
            state = json.loads(np.asarray(file[STATE]).tobytes())
            if trained and (changes := differences(state["trained"], trained)):
                problem = f"cannot resume, since the code has changed what is trained ({changes})"
                advice = "undo that, use another --run-dir, or start again with --overwrite"
                raise UserError(f"{path}: {problem}; {advice}")
            shapes = {key: value.shape for key, value in file.items() if key != STATE}
            if shapes != {key: tuple(variable.shape) for key, variable in variables.items()}:
                raise ValueError("it has other variables")
            for key, variable in variables.items():
                variable.assign(np.asarray(file[key]))
        return state
    except (OSError, KeyError, ValueError, TypeError, RecursionError) as error:
        problem = f"damaged, or from another model ({in_one_line(error)})"
        raise UserError(f"{path}: {problem}; --overwrite starts again") from error


def _what_is_trained(model, batches):
    """Flat dict of the network, its optimizer and the token ids, as read from JSON."""
    optimizer, kind = {}, type(model.optimizer).__name__
    with suppress(NotImplementedError):  # of a schedule of the user's own
        optimizer = model.optimizer.get_config()
    trained = {
        "layers": ", ".join(layers(model)),
        "all arguments of layers": crc32("".join(map(_serialized, model.layers)).encode()),
        "loss": _serialized(model.loss),
        "adversarial": getattr(model, "share", 0),
        "batches": f"{batches}; seed {batches.seed}, weights of classes {batches.class_weights}",
        "token ids of the texts (vocabulary, way of reading)": batches.tokens.hash,
    }
    trained |= {f"optimizer's {name}": v for name, v in (optimizer | {"name": kind}).items()}
    return json.loads(json.dumps(trained, default=str))


def _serialized(thing):
    """What Keras saves of a thing, or the name of its class; without names, which Keras numbers.

    The name of a data type stays.
    """
    try:
        text = json.dumps(keras.saving.serialize_keras_object(thing), default=str)
    except Exception:  # Keras raises nearly anything
        text = getattr(thing, "__qualname__", type(thing).__qualname__)
    return re.sub(r'(?<!Policy", "config": {)"name": "[^"]*"', "", text).strip('"')


def _variables(model):
    """Dict of a name in a HDF5 file to each variable of a compiled model.

    Not their own names: Keras numbers random generators through the process.
    """
    every = [*model.variables, *model.optimizer.variables]
    return {f"{i:04}": variable for i, variable in enumerate(every)}
