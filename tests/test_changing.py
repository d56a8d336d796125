"""A copy of the scripts, edited as the README invites its reader to."""

import json
import re
import shutil
from pathlib import Path

import keras
import pytest
from conftest import PROJECT, edit

import models  # noqa: F401 - its layers are in every saved model
from experiments import SCRIPTS
from training.directory import load_result

SMALL = ["--units", 4, "--embed-size", 8, "--buckets", 3]
OWN_LAYER = '''

@keras.saving.register_keras_serializable("models")
class Scale(layers.Layer):
    """Multiplies by a number that is learned."""

    def __init__(self, start=1.0, **options):
        super().__init__(**options)
        self.start = start
        self.supports_masking = True

    def build(self, shape):
        self.factor = self.add_weight(shape=(), initializer=keras.initializers.Constant(self.start))

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        return super().get_config() | {"start": self.start}
'''


def train(run_script, script, *arguments):
    return run_script(script.with_suffix(""), *arguments)


def test_a_value_edited_at_the_top_of_a_script_is_the_value_used(clone, run_script, tiny, tmp_path):
    edit(clone / "train_rnn.py", ("    units: int = 16 ", "    units: int = 5 "))
    run = tmp_path / "run"
    done = train(run_script, clone / "train_rnn.py", "--data", tiny, "--run-dir", run)
    assert done.returncode == 0, done.stderr
    assert load_result(run)["hyperparameters"]["units"] == 5
    layer = keras.models.load_model(run / "model.keras").get_layer("simple_rnn").layers[1]
    assert layer.units == 5


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_the_new_hyperparameter_of_the_readme_is_used(script, clone, run_script, tiny, tmp_path):
    text = " ".join((PROJECT / "README.md").read_text(encoding="utf-8").split())
    field, use = re.search(r"such as `([^`]*)`.* here, add `([^`]*)` as the last", text).groups()
    edit(
        clone / f"{script}.py",
        ("    units: int", f"    {field}\n    units: int"),
        ("hp.clip_norm\n", f"hp.clip_norm, {use}\n"),
    )
    edit(
        clone / "devices" / "adam.py",
        ("self.beta_1**step", "(print(self.beta_1) or self.beta_1) ** step"),
    )
    name, value = field.partition(":")[0], 0.75
    run = tmp_path / "run"
    options = ["--data", tiny, "--run-dir", run, f"--{name.replace('_', '-')}", value]
    done = train(run_script, clone / f"{script}.py", *options)
    assert done.returncode == 0, done.stderr
    assert load_result(run)["hyperparameters"][name] == value
    assert f"\n{value}\n" in done.stdout


EDITS = {
    "max_words=hp.max_words": "max_words=3",
    "reads=hp.text": 'reads="title"',
    "tokens=hp.tokens": 'tokens="characters"',
    "markup=hp.markup": 'markup="removed"',
    "epochs=epochs,": "epochs=3,",
    "models.lstm(": "models.masked_lstm(",
}


SLOW = "tokens=hp.tokens", "markup=hp.markup", "epochs=epochs,"  # like the others


@pytest.mark.parametrize(
    "before",
    [pytest.param(edit, marks=pytest.mark.slow) if edit in SLOW else edit for edit in EDITS],
)
def test_an_edit_in_main_is_what_is_trained_saved_and_measured(before, clone, run_script, tmp_path):
    edit(clone / "train_lstm.py", (before, EDITS[before]))
    edit(
        clone / "models.py",
        (
            "def masked_rnn(",
            "def masked_lstm(*sizes, **options):\n"
            "    return lstm(*sizes, **options | {'mask': True, 'dropout': 0.1})\n\n\n"
            "def masked_rnn(",
        ),
    )
    data = tmp_path / "data"
    data.mkdir()
    for name, count in (("train", 40), ("test", 12)):
        rows = [
            f'{label},"{words} {name} {i}","&lt;b&gt; a\\b {words} #39;s {"profit " * (i % 9)}"'
            for i in range(count)
            for label, words in (("a", "goal by a striker"), ("b", "oil prices fall"))
        ]
        (data / f"{name}.csv").write_text("label,title,description\n" + "\n".join(rows) + "\n")
    run = tmp_path / "run"
    command = ["--data", data, "--run-dir", run, "--units", 3, "--embed-size", 4, "--epochs", 2]
    done = train(run_script, clone / "train_lstm.py", *command)
    assert done.returncode == 0, done.stderr
    scores = run_script(clone / "predict", run, "--evaluate", data / "test.csv", "--json")
    accuracy = load_result(run)["test_accuracy"]
    assert json.loads(scores.stdout)["accuracy"] == pytest.approx(accuracy, abs=1e-6)
    expected = {
        "max_words=hp.max_words": ("max_words", 3),
        "reads=hp.text": ("text", "title"),
        "tokens=hp.tokens": ("tokens", "characters"),
        "markup=hp.markup": ("markup", "removed"),
    }
    if before in expected:
        name, value = expected[before]
        assert load_result(run)["reading"][name] == value
    history = (run / "history.csv").read_text().splitlines()
    assert history[-1].split(",")[1] == ("3" if "epochs" in before else "2")


def test_token_ids_that_the_saved_model_would_not_read_are_refused(clone, run_script, tmp_path):
    other = "        other = models.Vectorizer(vectorizer.get_vocabulary(False), max_words=3)\n"
    edit(
        clone / "train_lstm.py",
        ("data.vectorize(vectorizer, rows)", "data.vectorize(other, rows)"),
        ("        run.print(data.describe", other + "        run.print(data.describe"),
    )
    command = ["--data", "sample", "--train-rows", 300, "--run-dir", tmp_path / "run", *SMALL]
    sample = Path(__file__).parent.parent / "sample"
    shutil.copytree(sample, clone / "sample")
    done = train(run_script, clone / "train_lstm.py", *command)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "the saved model reads texts differently from those measured" in line
    assert not (tmp_path / "run" / "result.json").exists()


@pytest.mark.slow
def test_knobs_a_recipe_layers_and_an_optimizer_of_ones_own(clone, run_script, tiny, tmp_path):
    script = clone / "train_bilstm.py"
    edit(
        script,
        (
            "    batch_size: int = 16 ",
            "    dropout: float = 0.1  # a switch, on\n"
            "    # -- my own --\n"
            "    clip_norm: float = 1  # largest norm of a gradient\n"
            "    note: str | None = None\n"
            "    batch_size: int = 16 ",
        ),
        (
            "RECIPES = {\n",
            'RECIPES = {\n    "mine": Recipe("my recipe", None, units=4, epochs=2),\n',
        ),
        (
            "devices.adam(\n                hp.learning_rate, hp.schedule, epochs * len(batches), "
            "hp.clip_norm\n            )",
            "keras.optimizers.SGD(0.1, clipnorm=hp.clip_norm)",
        ),
        ("        import data", "        import keras\n        import data"),
    )
    edit(
        clone / "models.py",
        (
            'layers.Bidirectional(layer(units, return_sequences=True), name="recurrent_1")',
            "layers.Bidirectional(layer(units, return_sequences=True, recurrent_dropout=0.1), "
            'merge_mode="sum"), Scale(0.5), layers.LayerNormalization()',
        ),
        (
            'layers.Dense(classes, activation="softmax", name="classifier"),\n        ],\n'
            '        name="stacked_bilstm"',
            'layers.Dense(5, "relu"), layers.Dense(classes, activation="softmax"),\n        ],\n'
            '        name="stacked_bilstm"',
        ),
        ("from keras import layers\n", "from keras import layers\n" + OWN_LAYER),
    )
    run = tmp_path / "run"
    command = ["mine", "--data", tiny, "--run-dir", run, "--note", "a first try"]
    done = train(run_script, script, *command)
    assert done.returncode == 0, done.stderr
    result = load_result(run)
    assert result["recipe"] == "mine"
    own = {"clip_norm": 1.0, "note": "a first try", "dropout": 0.1, "units": 4, "epochs": 2}
    assert own.items() <= result["hyperparameters"].items()
    assert "mine: --dropout" not in done.stdout
    assert "mine: --units 4 --epochs 2" in done.stdout
    answers = run_script(clone / "predict", run, "--json", "goal by the striker", "bank " * 40)
    assert answers.returncode == 0, answers.stderr
    classes = [json.loads(line)["class"] for line in answers.stdout.splitlines()]
    assert len(classes) == 2


def test_a_layer_that_takes_padding_for_text_is_refused_before_training(
    clone, run_script, tiny, tmp_path
):
    edit(
        clone / "models.py",
        (
            "            *_dropout(dropout),\n            layer(units, return_sequences=pooling != "
            '"last", name="recurrent"),\n            *_pooling(pooling),\n            layers.Dense('
            'classes, activation="softmax", name="classifier"),\n        ],\n        name="lstm"',
            '            layers.Conv1D(4, 3, padding="same"), layer(units),\n'
            '            layers.Dense(classes, activation="softmax")],\n        name="lstm"',
        ),
    )
    command = ["--data", tiny, "--run-dir", tmp_path / "run", *SMALL]
    done = train(run_script, clone / "train_lstm.py", *command)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("train_lstm.py: layer 'conv1d' (Conv1D): ")
    assert not (tmp_path / "run").exists()
