"""What TensorFlow is started with."""

import gc
import os
import subprocess
import sys

import keras  # noqa: F401
import pytest
from conftest import PROJECT

from training import backend

FAULTS = """
import gc, resource
from training import backend, run
backend.start()
import keras, train_bilstm

class Faults(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.end = int(self.model.optimizer.iterations.numpy()), resource.getrusage(0).ru_minflt
        if not hasattr(self, "begin") and self.end[0] > 32:
            self.begin = self.end

    def on_train_end(self, logs=None):
        steps, faults = (b - a for a, b in zip(self.begin, self.end))
        print(gc.get_freeze_count() > 0, faults / steps)

callbacks = run.Run.callbacks
run.Run.callbacks = lambda *arguments: [*callbacks(*arguments), Faults()]
train_bilstm.main("tutorial --data sample --test-rows 20 --quiet --run-dir".split() + [RUN])
"""


def test_what_a_run_leaves_is_not_kept_for_ever_when_another_starts():
    before = gc.get_freeze_count()
    backend.start()
    assert gc.get_freeze_count() <= before


def is_glibc():
    """Whether the C library is the one whose settings are changed."""
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except (AttributeError, ValueError, OSError):
        return False


@pytest.mark.slow
@pytest.mark.skipif(not is_glibc(), reason="another C library keeps memory as it likes")
@pytest.mark.parametrize(
    ("environment", "most"),
    # A user's own setting, the default one, wins.
    [({}, 500), ({"MALLOC_TRIM_THRESHOLD_": "131072"}, None)],
)
def test_the_memory_of_a_step_is_kept_for_the_next(environment, most, tmp_path):
    code = FAULTS.replace("RUN]", f"{str(tmp_path / 'run')!r}]")
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    frozen, faults = done.stdout.splitlines()[0].split()
    assert frozen == "True"
    assert float(faults) < most if most else float(faults) > 1000
