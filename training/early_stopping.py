"""Ending a training when it no longer pays, with the weights of the best epoch."""

import keras

from training import checkpoint

FILE = "checkpoint.best.weights.h5"


class EarlyStopping(keras.callbacks.Callback):
    """Ends `fit` when the validation accuracy has not risen for some epochs.

    `keras.callbacks.EarlyStopping` keeps the best weights in memory, and counts from 0 in each
    `fit`. Here the history says which epoch was the best, and a file holds its weights, so that a
    run that is resumed ends as one that was not.
    """

    def __init__(self, directory, history, patience):
        """Watches a run.

        Args:
            directory: the `RunDirectory`.
            history: the `callbacks.History`, which is called before this.
            patience: epochs without a better one after which training ends; 0 for never.
        """
        super().__init__()
        self.directory, self.history, self.patience = directory, history, patience

    @property
    def best_epoch(self):
        """The first of the best whole epochs so far, from 1; None without one or `patience`."""
        scores = self._scores()
        return max(scores, key=scores.get) if self.patience and scores else None

    @property
    def exhausted(self):
        """Whether training has come to its end."""
        best = self.best_epoch
        return best is not None and max(self._scores()) - best >= self.patience

    def on_epoch_end(self, epoch, logs=None):
        if self.best_epoch == epoch + 1:
            checkpoint.write_state(self.directory, FILE, self.model)
        if self.exhausted:
            self.model.stop_training = True

    def restore_best(self, model):
        """Gives a model the weights of the best epoch, if there is one.

        Raises:
            UserError: their file is lost or damaged.
        """
        if self.best_epoch is not None:
            checkpoint.read_state(self.directory.work / FILE, model)

    def _scores(self):
        """Dict of whole epoch to validation accuracy; an interrupted one decides nothing."""
        steps = self.history.steps_per_epoch
        return {
            point["epoch"]: point["val_acc"]
            for point in self.history.points
            if point["val_acc"] is not None and point["step"] % steps == 0
        }
