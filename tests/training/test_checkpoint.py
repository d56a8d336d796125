import numpy as np
import pytest
from conftest import fitted

from training import callbacks, checkpoint
from training.directory import RunError


def test_a_long_epoch_is_saved_within(run_directory, monkeypatch):
    monkeypatch.setattr(checkpoint.Checkpoint, "SECONDS", 0)
    monkeypatch.setattr(checkpoint.Checkpoint, "LARGEST_SHARE", 1e9)
    history = callbacks.History(steps_per_epoch=16)
    saving = checkpoint.Checkpoint(run_directory, history)
    monkeypatch.setattr(saving, "on_epoch_end", lambda epoch, logs=None: None)
    fitted(history, epochs=1, callbacks=[saving])
    assert (run_directory.work / checkpoint.FILE).exists()
    restored = callbacks.History(steps_per_epoch=16)
    restored.restore(run_directory.work / checkpoint.HISTORY, last_step=16)
    assert restored.points[:-1] == history.points[:-1]
    assert restored.points[-1]["loss"] == history.points[-1]["loss"]


@pytest.mark.parametrize("broken", ["loss", "weights"])
def test_what_is_not_finite_ends_the_training_and_keeps_the_checkpoint(run_directory, broken):
    history = callbacks.History(steps_per_epoch=16)
    saving = checkpoint.Checkpoint(run_directory, history)
    model = fitted(history, epochs=1, callbacks=[saving]).model
    saved = (run_directory.work / checkpoint.FILE).read_bytes()
    model.set_weights([np.full_like(w, np.nan) for w in model.get_weights()])
    loss = float("nan") if broken == "loss" else 1.0
    saving.next = 0  # due
    with pytest.raises(RunError, match="smaller --learning-rate, .* keeps the last finite"):
        saving.on_train_batch_end(0, {"loss": loss})
    assert (run_directory.work / checkpoint.FILE).read_bytes() == saved
