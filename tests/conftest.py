import csv
import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

import devices
from corpus.rows import Rows
from training.directory import RunDirectory

PROJECT = Path(__file__).parent.parent
ROOMS = ("training", "devices", "saving", "corpus", "experiments", "inference")
WORDS = {
    "1": "minister border treaty troops election embassy",
    "2": "match goal coach season league striker",
    "3": "profit shares bank earnings merger quarter",
    "4": "software chip internet browser satellite gene",
}


READY = ExitStack()
READY.enter_context(devices.prepared())  # while pytest holds back what is printed


def pytest_configure(config):
    """Drops what TensorFlow has logged so far; the process that hands out tests would show it."""
    config.pluginmanager.getplugin("capturemanager").read_global_capture()


@pytest.fixture(scope="session")
def run_script():
    """Runs a script as a user does; returns the finished process."""

    def run(script, *arguments, stdin="", environment=None, timeout=120):
        return subprocess.run(
            [sys.executable, PROJECT / f"{script}.py", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            env=os.environ | (environment or {}),
        )

    return run


def python_blocks(page):
    """The Python code that a page of docs/ shows: list of `str`."""
    text = (PROJECT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, flags=re.M | re.S)


@pytest.fixture
def clone(tmp_path):
    """A copy of the project's code, for a test to edit as a user would."""
    directory = tmp_path / "clone"
    for file in PROJECT.rglob("*.py"):
        place = file.relative_to(PROJECT)
        if place.parts[0] in ROOMS or len(place.parts) == 1:
            (directory / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, directory / place)
    return directory


def edit(file, *pairs):
    """Replaces text in a file, each of it once, as a user would."""
    text = file.read_text(encoding="utf-8")
    for before, after in pairs:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    file.write_text(text, encoding="utf-8")


def rows(titles):
    """`Rows` with these titles, the classes 0, 1, 2, ... and no descriptions."""
    count = len(titles)
    descriptions = np.full(count, "", object)
    return Rows(np.arange(count, dtype=np.int32), np.array(titles, object), descriptions)


def status(main, arguments):
    """The exit status of a script's `main`."""
    try:
        main(list(map(str, arguments)))
    except SystemExit as end:
        return end.code
    return 0


def words(*arguments):
    """A command line for a script's `main`."""
    return [str(argument) for argument in arguments]


def weights(run):
    """The weights that a run has saved: list of float arrays."""
    import keras  # after `devices.prepared`

    import models  # noqa: F401  (how texts are read is registered there)

    model = keras.models.load_model(run / "model.keras")
    return [np.asarray(array) for array in model.get_weights() if array.dtype.kind == "f"]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A directory with train.csv and test.csv, 80 and 24 rows that are easy to tell apart."""
    directory = tmp_path_factory.mktemp("tiny")
    for name, count in (("train.csv", 20), ("test.csv", 6)):
        with open(directory / name, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            for i in range(count):
                for label, words in WORDS.items():
                    several = (words.split() * 3)[i % 6 : i % 6 + 2 + i % 5]
                    writer.writerow([label, f"{name} {i} {several[0]}", " ".join(several)])
    return directory


@pytest.fixture(scope="session")
def trained(tiny, run_script, tmp_path_factory):
    """The directory of a finished run on the tiny corpus, in an ASCII locale."""
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    directory = tmp_path_factory.mktemp("runs") / "trained"
    command = ["titles", "--data", tiny, "--epochs", 2, "--batch-size", 8, "--run-dir", directory]
    done = run_script("train_rnn", *command, environment=ascii_only)
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture
def run_directory(tmp_path):
    """A `RunDirectory` that is claimed."""
    directory = RunDirectory(tmp_path / "run")
    directory.claim(resume=False, overwrite=False)
    yield directory
    directory.release()


@pytest.fixture(scope="session")
def ag_news_dir():
    """Real rows, where AG_NEWS_DIR says that there are some."""
    directory = os.environ.get("AG_NEWS_DIR")
    if not directory:
        pytest.skip("AG_NEWS_DIR names no directory with AG News's train.csv and test.csv")
    return Path(directory)


def comparison_of_outputs_and_gradients(plain):
    """A function that compares a network with this one: on texts of 0 to 11 words, same weights."""
    random = np.random.default_rng(0)
    plain.set_weights([random.normal(size=w.shape) / 2 for w in plain.get_weights()])
    lengths = np.array([9, 0, 1, 4, 11, 7])
    ids = random.integers(1, 50, size=(6, 13)) * (np.arange(13) < lengths[:, None])
    expected = _outputs_and_gradients(plain, ids)
    assert all(np.abs(tensor).max() > 1e-5 for tensor in expected)

    def compare(fused):
        fused.set_weights(plain.get_weights())
        for right, actual in zip(expected, _outputs_and_gradients(fused, ids), strict=True):
            np.testing.assert_allclose(actual, right, rtol=1e-4, atol=1e-6)

    return compare


def _outputs_and_gradients(model, ids):
    import tensorflow as tf  # after `devices.prepared`

    @tf.function
    def traced(ids):
        with tf.GradientTape() as tape:
            outputs = model(ids)
            loss = tf.reduce_sum(outputs[:, 0] ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        return [outputs, *map(tf.convert_to_tensor, gradients)]

    return traced(tf.constant(ids, dtype="int32"))


def fitted(history, epochs=2, steps_per_execution=1, callbacks=(), verbose=0):
    """A small network after `fit` with the callbacks: what `fit` returns."""
    import keras  # after `devices.prepared`

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="softmax")])
    model.compile(
        "adam",
        "sparse_categorical_crossentropy",
        metrics=["acc"],
        steps_per_execution=steps_per_execution,
    )
    x = np.random.default_rng(0).normal(size=(64, 2))
    y = (x[:, 0] > 0).astype(int)
    return model.fit(
        x,
        y,
        batch_size=4,
        epochs=epochs,
        validation_data=(x, y),
        callbacks=[history, *callbacks],
        verbose=verbose,
    )
