"""Model files that would run code, read other files or fill the memory, and damaged ones."""

import base64
import io
import json
import marshal
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import PROJECT, status

import models
import predict
from corpus.errors import UserError
from inference.answers import load_model
from saving import verification

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
MATRIX = "layers/sequential/layers/dense/vars/0"  # of shape (16, 4)
MARKER = "marker"  # what code in a file would write


def function(module, name):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def layer(kind, module="keras.layers", **config):
    """The config of a layer."""
    return {"module": module, "class_name": kind, "config": config, "registered_name": None}


def code():
    """A Python function that leaves the marker, as Keras writes it."""
    touch = compile(f"lambda x: (open({MARKER!r}, 'w'), x)[1]", "", "eval").co_consts[0]
    dumped = base64.b64encode(marshal.dumps(touch)).decode()
    return {
        "class_name": "__lambda__",
        "config": {"code": dumped, "defaults": None, "closure": None},
    }


class Touch:
    """Leaves the marker when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, (MARKER,)


def pickled():
    return base64.b64encode(pickle.dumps(Touch())).decode()


def lambda_layer(called, **arguments):
    return layer("Lambda", name="extra", function=called, arguments=arguments, output_shape=[4])


# Layers that take the place of the classifier.
LAYERS = {
    "marshalled code": lambda: lambda_layer(code()),
    "code for the shape": lambda: layer(
        "Lambda", name="extra", function=function("keras.ops", "abs"), output_shape=code()
    ),
    "the old form": lambda: {
        "class_name": "Lambda",
        "config": {"name": "extra", "function": [code()["config"]["code"], None, None]},
    },
    "a function of Keras": lambda: lambda_layer(function("keras.config", "set_backend")),
    "get_file": lambda: lambda_layer(
        function("keras.utils", "get_file"), origin="file:///etc/passwd", cache_dir="."
    ),
    "save_img": lambda: lambda_layer(function("keras.utils", "save_img"), x=[[[0]]]),
    "load_model": lambda: lambda_layer(function("keras.models", "load_model"), safe_mode=False),
    "unsafe": lambda: lambda_layer(function("keras.config", "enable_unsafe_deserialization")),
    "a SavedModel": lambda: layer("TFSMLayer", name="extra", filepath="/tmp"),
    "a SavedModel in a lambda": lambda: lambda_layer(function("keras.layers", "TFSMLayer")),
    "by its own module": lambda: layer("TFSMLayer", "keras.src.export.tfsm_layer", filepath="/tmp"),
    "torch": lambda: layer("TorchModuleWrapper", name="extra", module=pickled()),
    "jax": lambda: layer("JaxLayer", name="extra", call_fn=function("os", "mkdir")),
    "a module": lambda: layer("system", "os", command=f"touch {MARKER}"),
    "repeated": lambda: layer("RepeatVector", name="extra", n=700_000_000),
    "padded": lambda: layer("ZeroPadding1D", name="extra", padding=[0, 700_000_000]),
    "a metric": lambda: layer("MeanIoU", "keras.metrics", num_classes=30_000),
    "a wide text": lambda: layer("__numpy__", None, value=["a"], dtype="S2000000000"),
    "a class": lambda: layer("Popen", "subprocess", args=["touch", MARKER]),
    "an activation": lambda: layer("Dense", units=4, activation=function("os", "mkdir")),
    "an initializer": lambda: layer(
        "Dense", units=4, kernel_initializer=layer("mkdir", "os", path=MARKER)
    ),
    "a registered name": lambda: layer("exec", "builtins") | {"registered_name": "models>exec"},
    "a type": lambda: {
        "class_name": "__typespec__",
        "spec_name": "mkdir",
        "module": "os",
        "registered_name": None,
        "config": [MARKER],
    },
    "a vocabulary": lambda: layer("StringLookup", vocabulary="/etc/passwd"),
    "numbers": lambda: layer("IntegerLookup", vocabulary="/etc/passwd"),
    "a vectorizer": lambda: layer("TextVectorization", vocabulary="/etc/passwd"),
    "control characters": lambda: layer("Den\x1b[31m\nse"),
}
CLASSIFIERS = {
    "units": {"units": 2**40},
    "4 GB": {"units": 2**26},
    "no integer": {"units": 1e300},
    "no probabilities": {"activation": "linear"},
}
CONFIGS = {
    "100,000 lists": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 100_000,
    "no JSON": b"hello",
    "nothing": b"",
    "a list": b"[]",
    "null": b"null",
    "an object": b"{}",
    "no layers": b'{"module": "keras", "class_name": "Sequential", "config": null}',
    "a huge number": b"9" * 5000,
    "another encoding": b"\xff\xfe{}",
}
LABELS = {"no classes": {"classes": [], "labels": []}, "numbers": {"classes": [1, 2, 3, 4]}}
OTHER = np.zeros((16, 5), np.float32)
DATASETS = {
    "external link": lambda file: file.update({MATRIX: h5py.ExternalLink("other.h5", "w")}),
    "soft link": lambda file: file.update({MATRIX: h5py.SoftLink("/layers")}),
    "external storage": lambda file: file.create_dataset(
        MATRIX, (16, 4), "f4", external=[("secret", 0, 256)]
    ),
    "virtual": lambda file: file.create_virtual_dataset(MATRIX, virtual()),
    "4 TB": lambda file: file.create_dataset(MATRIX, (2**40,), "f4", chunks=(1024,), fillvalue=1),
    "3 GB": lambda file: file.create_dataset(MATRIX, (3 << 28,), "f4", chunks=(1024,), fillvalue=1),
    "3 GB in one": lambda file: file.create_dataset(MATRIX, (3 << 28,), "f4"),
    "other shape": lambda file: file.update({MATRIX: OTHER}),
    "other type": lambda file: file.update({MATRIX: np.full((16, 4), 1e300)}),
    "text": lambda file: file.update({MATRIX: "hello"}),
    "missing": lambda file: None,
    "NaN": lambda file: nan_in_a_word(file),
}
ARCHIVES = {
    "more parts": lambda parts: parts | {"assets/x": b""},
    "a path above": lambda parts: parts | {f"../../{MARKER}": b""},
    "an absolute path": lambda parts: parts | {os.path.abspath(MARKER): b""},
    "no config": lambda parts: {"hello.txt": b""},
    "no weights": lambda parts: parts | {WEIGHTS: b""},
    "half of the weights": lambda parts: parts | {WEIGHTS: parts[WEIGHTS][:5000]},
    "pickled weights": lambda parts: parts | {"model.weights.npz": pickle.dumps(Touch())},
}
WHOLE = {
    "cut off": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "an .h5 file": lambda content: unzipped(content)[WEIGHTS],
}


def nan_in_a_word(file):
    file[MATRIX] = np.zeros((16, 4), np.float32)
    file["layers/sequential/layers/embedding/vars/0"][5, 0] = np.nan


def virtual():
    layout = h5py.VirtualLayout((16, 4), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "w", (16, 4))
    return layout


def unzipped(content):
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


def zipped(parts, compression=zipfile.ZIP_STORED):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", compression) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return memory.getvalue()


def configured(parts, change):
    """The parts with another config."""
    config = json.loads(parts[CONFIG])
    _, vectorizer, network, labels = config["config"]["layers"]
    change(vectorizer, network["config"]["layers"], labels)
    return zipped(parts | {CONFIG: json.dumps(config)})


def weighted(parts, change):
    """The parts with another dataset in the place of the classifier's matrix."""
    memory = io.BytesIO(parts[WEIGHTS])
    with h5py.File(memory, "r+") as file:
        del file[MATRIX]
        change(file)
    return zipped(parts | {WEIGHTS: memory.getvalue()})


def hostile(content):
    """Yields a name and the content of each kind of file."""
    parts = unzipped(content)
    for name, extra in LAYERS.items():
        yield name, configured(parts, lambda _, layers, __, extra=extra: layers.append(extra()))
    for name, change in CLASSIFIERS.items():
        yield (
            name,
            configured(parts, lambda _, layers, __, new=change: layers[-1]["config"].update(new)),
        )
    for name, change in LABELS.items():
        yield name, configured(parts, lambda *a, change=change: a[2]["config"].update(change))
    for name, path in {"a path": "/etc/passwd", "bytes": {"class_name": "__bytes__"}}.items():
        yield (
            name,
            configured(parts, lambda *a, path=path: a[0]["config"].update(vocabulary=path)),
        )
    for name, config in CONFIGS.items():
        yield name, zipped(parts | {CONFIG: config})
    for name, change in DATASETS.items():
        yield name, weighted(parts, change)
    for name, change in ARCHIVES.items():
        yield name, zipped(change(parts))
    for part in (CONFIG, WEIGHTS):
        yield f"bomb in {part}", zipped(parts | {part: bytes(2**24)}, zipfile.ZIP_DEFLATED)
    for name, change in WHOLE.items():
        yield name, change(content)


@pytest.fixture
def content(trained, tmp_path, monkeypatch):
    """The content of a model file that is as it should be; the directory is empty."""
    monkeypatch.chdir(tmp_path)
    return (trained / "model.keras").read_bytes()


def test_each_is_refused_in_one_line_and_leaves_nothing(content, tmp_path, monkeypatch, capsys):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    with h5py.File("other.h5", "w") as file:
        file["w"] = np.zeros((16, 4), np.float32)
    Path("secret").write_bytes(bytes(256))
    for name, hostile_content in hostile(content):
        Path("m.keras").write_bytes(hostile_content)
        assert status(predict.main, ["m.keras", "text"]) == 1, name
        output = capsys.readouterr()
        assert output.out == "", name
        [line] = output.err.splitlines()
        assert line.startswith("predict.py: m.keras: cannot be used ("), name
        assert line.endswith("); use a model.keras as a training script has saved it"), name
        assert line.isprintable(), name
        assert name[:4] != "bomb" or "far too large" in line
        files = {path.name for path in tmp_path.rglob("*")}
        assert files == {"tmp", "m.keras", "other.h5", "secret"}, name


PROGRAM = """
import sys
import predict
for path in sys.argv[1:]:
    try:
        predict.main([path, "text"])
    except SystemExit:
        pass
print(*(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_none_takes_more_than_a_gigabyte(content):
    names = [
        *CLASSIFIERS,
        *DATASETS,
        "repeated",
        "padded",
        "a metric",
        "a wide text",
        "100,000 lists",
        "bomb in config.json",
        "bomb in model.weights.h5",
    ]
    paths = []
    for name, hostile_content in hostile(content):
        if name in names:
            paths.append(Path(f"{len(paths)}.keras").absolute())
            paths[-1].write_bytes(hostile_content)
    command = [sys.executable, "-c", PROGRAM, *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=PROJECT)
    lines = [line for line in done.stderr.splitlines() if line.startswith("predict.py: ")]
    assert len(lines) == len(paths) == len(names)
    assert "Warning" not in done.stderr
    assert int(done.stdout) < 1e6  # kB


@keras.saving.register_keras_serializable("models")
def half(x):
    return x / 2


@keras.saving.register_keras_serializable("models")
class Scaled(keras.layers.Layer):
    def call(self, inputs):
        return inputs * half(1.0)


def test_what_stands_in_models_py_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(Scaled, "__module__", "models")
    monkeypatch.setattr(half, "__module__", "models")
    ids = keras.Input((None,), dtype="int32")
    words = keras.layers.Embedding(30, 8, embeddings_regularizer="l2")(ids)
    cells = [keras.layers.LSTMCell(4), keras.layers.GRUCell(3, kernel_constraint="unit_norm")]
    states = keras.layers.Bidirectional(keras.layers.RNN(cells))(words)
    states = keras.ops.concatenate([states[:, :2], keras.layers.BatchNormalization()(states)], 1)
    hidden = Scaled()(keras.layers.Dense(5, activation=half)(states))
    network = keras.Model(ids, keras.layers.Dense(3, activation="softmax")(hidden))
    vectorizer = models.Vectorizer([*"abcdef"], max_words=10**8)
    model = models.end_to_end(network, vectorizer, "xyz")
    model.compile(keras.optimizers.Adam(0.1), "sparse_categorical_crossentropy", metrics=["acc"])
    model.save(tmp_path / "m.keras")
    texts = tf.constant(["a b", "", "c"])
    np.testing.assert_allclose(load_model(tmp_path / "m.keras")(texts), model(texts), atol=1e-6)
    parts = unzipped((tmp_path / "m.keras").read_bytes())  # another program may compress them
    (tmp_path / "m.keras").write_bytes(zipped(parts, zipfile.ZIP_DEFLATED))
    load_model(tmp_path / "m.keras")
    monkeypatch.setattr(Scaled, "__module__", "elsewhere")
    with pytest.raises(UserError, match="'models>Scaled', which is not in models.py"):
        load_model(tmp_path / "m.keras")


@pytest.mark.parametrize("version", ["3.9.2", "3.12.4", "3.15.0", "3.15.1", "3.16.0rc1", "4.0.0"])
def test_a_keras_that_is_too_old_loads_and_trains_nothing(version, trained, monkeypatch, capsys):
    monkeypatch.setattr(keras, "__version__", version)
    too_old = version in ("3.9.2", "3.12.4", "3.15.0")
    assert status(predict.main, [trained, "text"]) == too_old
    output = capsys.readouterr()
    if too_old:
        command = f"pip install 'keras>={verification.LEAST_KERAS}'"
        assert output.err.startswith(f"predict.py: Keras {version} may run code")
        assert output.err.endswith(f": {command}\n")
        with pytest.raises(UserError, match=f"^Keras {version} "):
            verification.check(models.lstm(30))


def test_the_requirements_ask_for_the_same_keras():
    requirements = (PROJECT / "requirements.txt").read_text().splitlines()
    [line] = [line for line in requirements if line.startswith("keras")]
    assert line.partition(",")[0] == f"keras>={verification.LEAST_KERAS}"
