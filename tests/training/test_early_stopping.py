import numpy as np
import pytest
from conftest import fitted

from corpus.errors import UserError
from training import callbacks
from training.callbacks import EarlyStopping


def watched(accuracies, patience, directory=None):
    """An `EarlyStopping` whose history has whole epochs of these validation accuracies."""
    history = callbacks.History(steps_per_epoch=4)
    for epoch, accuracy in enumerate(accuracies, start=1):
        history.points += [
            {"step": 4 * epoch - 2, "epoch": epoch, "val_acc": None},
            {"step": 4 * epoch, "epoch": epoch, "val_acc": accuracy},
        ]
    return EarlyStopping(directory, history, patience)


@pytest.mark.parametrize(
    ("accuracies", "patience", "best", "exhausted"),
    [
        ([], 1, None, False),
        ([0.5], 1, 1, False),
        ([0.5, 0.6, 0.5], 1, 2, True),
        ([0.5, 0.6, 0.5], 2, 2, False),
        ([0.5, 0.6, 0.4, 0.5], 2, 2, True),
        ([1.0, 1.0, 1.0], 2, 3, True),  # of equal epochs the last is kept, the first counts
        ([0.5, 0.6, 0.5], 0, None, False),
        ([0.3] * 4 + [0.9] + [0.5] * 5, 3, 9, False),  # a lucky epoch does not decide
        ([None, None], 1, None, False),  # no rows to validate on
    ],
)
def test_it_ends_when_the_mean_accuracy_has_not_risen_for_some_epochs(
    accuracies, patience, best, exhausted
):
    stopping = watched(accuracies, patience)
    assert (stopping.best_epoch, stopping.exhausted) == (best, exhausted)


def test_it_does_not_end_before_the_least_steps():
    stopping = watched([0.6, 0.5, 0.5], 2)
    stopping.min_steps = 13
    assert not stopping.exhausted
    stopping.min_steps = 12
    assert stopping.exhausted


def test_an_epoch_that_was_interrupted_decides_nothing():
    stopping = watched([0.5, 0.6], 1)
    stopping.history.points[-1]["step"] = 7
    assert (stopping.best_epoch, stopping.exhausted) == (1, False)


def test_fit_ends_and_the_weights_are_those_of_the_best_epoch(run_directory):
    class Worse(callbacks.History):
        """The second epoch is the best, whatever happens."""

        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs | {"val_acc": [0.5, 0.7, 0.4, 0.4, 0.4][epoch]})

    history = Worse(steps_per_epoch=16)
    stopping = EarlyStopping(run_directory, history, patience=2)
    model = fitted(history, epochs=5, callbacks=[stopping]).model
    assert history.points[-1]["epoch"] == 4
    best = fitted(callbacks.History(16), epochs=2).model.get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), best, strict=True))
    assert (run_directory.work / EarlyStopping.FILE).exists()


def test_best_weights_that_are_lost_are_one_line(run_directory):
    stopping = watched([0.5], 1, run_directory)
    stopping.set_model(fitted(callbacks.History(16), epochs=1).model)
    with pytest.raises(UserError, match=f"{EarlyStopping.FILE}: damaged.*; --overwrite"):
        stopping.on_train_end()
