"""What TensorFlow is started with."""

import json
import os
import subprocess
import sys

import pytest
from conftest import PROJECT

FAULTS = """
import gc, resource
from contextlib import ExitStack
from training import run, startup
stack = ExitStack()
stack.enter_context(startup.tensorflow())
import keras, train_bilstm

class Faults(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        self.end = int(self.model.optimizer.iterations.numpy()), resource.getrusage(0).ru_minflt
        if not hasattr(self, "begin") and self.end[0] > 32:
            self.begin = self.end

    def on_train_end(self, logs=None):
        steps, faults = (b - a for a, b in zip(self.begin, self.end))
        print(gc.get_freeze_count() > 1000, faults / steps)

callbacks = run.Run.callbacks
run.Run.callbacks = lambda *arguments: [*callbacks(*arguments), Faults()]
train_bilstm.main("tutorial --data sample --test-rows 20 --quiet --run-dir".split() + [RUN])
"""


# What main() could change of a process, before and after it.
PROGRAM = """
import gc, json, locale, logging, os, signal, sys, warnings
if sys.argv.pop(1) == "keras":
    import keras
import csv
import train_lstm

def state():
    keras = sys.modules["keras"]
    return {
        "descriptor 2": os.readlink("/proc/self/fd/2") if os.path.exists("/proc/self/fd") else "",
        "stderr": id(sys.stderr),
        "errors of stdout": sys.stdout.errors,
        "warnings": list(map(str, warnings.filters)),
        "log levels": [logging.getLogger(name).level for name in (None, "absl", "matplotlib")],
        "environment": sorted(name for name in os.environ if name.startswith(("TF_", "KERAS_"))),
        "frozen": gc.get_freeze_count() > 1000,  # Python 3.12 itself freezes a few hundred
        "garbage": gc.isenabled(),
        "field": csv.field_size_limit(),
        "signals": [signal.getsignal(number).__name__ for number in (2,)],
        "dtype": (keras.config.floatx(), keras.config.dtype_policy().name),
        "registry": sorted(keras.saving.get_custom_objects()),
    }

def light():
    return {
        "descriptor 2": os.readlink("/proc/self/fd/2") if os.path.exists("/proc/self/fd") else "",
        "stderr": id(sys.stderr), "frozen": gc.get_freeze_count() > 1000, "garbage": gc.isenabled(),
        "warnings": list(map(str, warnings.filters)), "errors of stdout": sys.stdout.errors,
        "environment": sorted(name for name in os.environ if name.startswith(("TF_", "KERAS_"))),
        "field": csv.field_size_limit(),
    }

if "keras" in sys.modules:
    keras.config.set_dtype_policy("mixed_bfloat16")
    import devices, models, training.adversarial  # they register classes, as an import may
before = state() if "keras" in sys.modules else light()
train_lstm.main(sys.argv[1:])
after = state()
print(json.dumps([name for name in before if before[name] != after[name]]))
"""


@pytest.mark.parametrize("imported", ["keras", "nothing"])
def test_main_leaves_a_program_that_calls_it_as_it_was(imported, tiny, tmp_path):
    command = [sys.executable, "-c", PROGRAM, imported, "--data", tiny, "--run-dir", tmp_path / "r"]
    done = subprocess.run(
        [*map(str, command), "--units", "2"], cwd=PROJECT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


@pytest.mark.parametrize("content", ['{"floatx": "bfloat16", "image_data_format": "?"}'])
def test_the_configuration_of_keras_is_not_read(content, tmp_path):
    (tmp_path / "keras.json").write_text(content)
    code = "import os\nfrom training import startup\nwith startup.tensorflow(): import keras\n"
    code += "print(keras.config.floatx(), *map(os.environ.get, ('KERAS_HOME', 'KERAS_BACKEND')))"
    environment = os.environ | {"KERAS_HOME": str(tmp_path), "KERAS_BACKEND": ""}  # "": not set
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"float32 {tmp_path} \n"


@pytest.mark.parametrize(
    ("program", "left_out"),
    [("train_rnn.py", True), ("experiments/baselines.py", True), (".venv/bin/jupyter", False)],
)
def test_a_script_does_not_import_what_it_does_not_use(program, left_out):
    code = f"__file__ = {str(PROJECT / program)!r}\nimport sys\nfrom training import startup\n"
    code += "with startup.tensorflow(): import keras\n"
    code += "print(not {'sklearn', 'matplotlib.pyplot'} & sys.modules.keys())\n"
    code += "import sklearn, sklearn.base, matplotlib.pyplot\n"  # later, a program may
    if not left_out:
        code += "keras.wrappers.SKLearnClassifier(keras.Sequential())"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"{left_out}\n"), done.stderr


def test_a_script_prints_nothing_of_tensorflows_log_unless_it_is_asked_to(run_script, tiny):
    quiet = run_script("predict", tiny, "text")
    assert quiet.stderr.count("\n") == 1
    loud = run_script("predict", tiny, "text", environment={"TF_CPP_MIN_LOG_LEVEL": "0"})
    assert loud.stderr.endswith(quiet.stderr)


def test_what_an_import_that_fails_has_logged_is_shown(tmp_path):
    package = tmp_path / "keras"
    package.mkdir()
    (package / "__init__.py").write_text("import os; os.write(2, b'the cause\\n'); 1 / 0")
    code = "from training import startup\nwith startup.tensorflow(): pass"
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{PROJECT}"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.stderr.startswith("the cause\n")
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


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
