import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml
from conftest import WORDS, status, words

import models
import predict
import train_rnn
from saving import card
from saving.export import export
from training.directory import load_result

TEXTS = ["Striker signs for league", "bank profit, quarter!", "unheard of", ""]
LABELS = models.Labels("abcd", "1234")
VECTORIZER = models.Vectorizer(" ".join(WORDS.values()).split())
# As a serving program does it, and as one in Python: neither has the project.
SERVED = """
import json, sys
import tensorflow as tf
path, texts = sys.argv[1], json.loads(sys.argv[2])
assert not {"models", "training"} & sys.modules.keys()
signatures = tf.saved_model.load(path).signatures
said = signatures["serving_default"](text=tf.constant(texts))["probabilities"].numpy().tolist()
names = [name.decode() for name in signatures["classes"]()["classes"].numpy()]
with tf.compat.v1.Session(graph=tf.Graph()) as session:
    graph = tf.compat.v1.saved_model.load(session, ["serve"], path)
    default = graph.signature_def["serving_default"]
    feed = {default.inputs["text"].name: texts}
    served = session.run(default.outputs["probabilities"].name, feed).tolist()
    ends = [*default.inputs], [*default.outputs]
print(json.dumps([said, names, served, ends, [a.filename for a in graph.asset_file_def]]))
"""


@pytest.fixture(scope="module")
def exported(tiny, tmp_path_factory):
    """The directory of a run with --export."""
    run = tmp_path_factory.mktemp("runs") / "exported"
    options = words("--data", tiny, "--epochs", 2, "--batch-size", 8, "--export", "--quiet")
    train_rnn.main(["titles", *options, "--run-dir", str(run)])
    return run


def served(path, elsewhere):
    command = [sys.executable, "-I", "-c", SERVED, str(path), json.dumps(TEXTS)]
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_saved_model_is_served_without_the_project(exported, tmp_path):
    said, names, by_session, ends, assets = served(exported / "model", tmp_path)
    expected = predict.probabilities(predict.load_model(exported), TEXTS)
    np.testing.assert_allclose(said, expected, atol=1e-5)
    np.testing.assert_allclose(by_session, expected, atol=1e-5)
    assert ends == [["text"], ["probabilities"]]
    assert names == load_result(exported)["classes"]
    assert assets == ["classes.txt"]
    listed = (exported / "model" / "assets" / "classes.txt").read_text(encoding="utf-8")
    assert listed.splitlines() == names


def test_an_existing_run_can_be_exported(trained, tmp_path, capsys):
    target = tmp_path / "new [1]" / "*"  # TensorFlow takes such a path for a pattern
    before = sorted(file.name for file in trained.iterdir())
    assert status(predict.main, [str(trained), "--export", str(target)]) == 0
    assert capsys.readouterr().out == f"exported: {target}, a SavedModel and its model card\n"
    assert sorted(file.name for file in trained.iterdir()) == before
    target.rename(tmp_path / "plain")
    signature = tf.saved_model.load(tmp_path / "plain").signatures["serving_default"]
    probabilities = signature(text=tf.constant(TEXTS))["probabilities"]
    assert signature(text=tf.constant([], tf.string))["probabilities"].shape == (0, 4)
    expected = predict.probabilities(predict.load_model(trained), TEXTS)
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)


def test_only_a_run_with_a_complete_result_has_a_card(trained, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    shutil.copy(trained / "model.keras", tmp_path / "mine.keras")
    assert status(predict.main, [str(run / "model.keras"), "--export", str(tmp_path / "a")]) == 0
    (run / "result.json").write_text('{"script": "train_rnn"}')
    for model, target in ((run, "b"), (tmp_path / "mine.keras", "c")):
        assert status(predict.main, [str(model), "--export", str(tmp_path / target)]) == 0
        line = f"no model card: {model} has no complete result.json\n"
        assert line in capsys.readouterr().out
    assert [(tmp_path / name / "README.md").exists() for name in "abc"] == [True, False, False]


def test_a_target_that_is_not_empty_is_left_as_it_is(trained, tmp_path, capsys):
    (tmp_path / "mine").write_text("mine")
    for target in (tmp_path, tmp_path / "mine", tmp_path / "absent" / ".."):
        assert status(predict.main, [str(trained), "--export", str(target)]) == 1
        [line] = capsys.readouterr().err.splitlines()
        assert f"--export {target}: not an empty directory" in line
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]


def test_a_run_is_finished_although_its_export_fails(tiny, tmp_path, capsys):
    options = words("--data", tiny, "--epochs", 1, "--run-dir", tmp_path / "run", "--quiet")
    train_rnn.main(["titles", *options])
    (tmp_path / "run" / "model").write_text("mine")
    with pytest.raises(SystemExit) as stopped:
        train_rnn.main(["titles", *options, "--overwrite", "--export"])
    assert stopped.value.code == 1
    assert "model: not an empty directory; use a new one" in capsys.readouterr().err
    assert (tmp_path / "run" / "model").read_text() == "mine"
    assert load_result(tmp_path / "run")["script"] == "train_rnn"


@pytest.mark.parametrize("more", [["a text"], ["--explain"], ["--evaluate", "rows.csv"]])
def test_export_takes_nothing_else(more, capsys):
    with pytest.raises(SystemExit) as stopped:
        predict.main(["run", "--export", "there", *more])
    assert stopped.value.code == 2
    assert "--export" in capsys.readouterr().err


def test_the_card_has_the_figures_of_the_run_and_code_that_loads_the_model(exported, monkeypatch):
    content = (exported / "model" / "README.md").read_text(encoding="utf-8")
    assert not (exported / "README.md").exists()
    _, metadata, text = content.split("---\n", 2)
    values = yaml.safe_load(metadata)
    [entry] = values["model-index"]
    [measured] = entry["results"]
    result = load_result(exported)
    figures = {metric["type"]: metric["value"] for metric in measured["metrics"]}
    assert figures == {"accuracy": result["test_accuracy"], "f1": result["macro_f1"]}
    assert measured["dataset"]["name"] == "tiny0"
    assert f"accuracy is {result['test_accuracy']:.4f}" in text
    assert str(exported.parent) not in content  # nor another path of this machine
    monkeypatch.chdir(exported / "model")
    names = {}
    exec(text.split("```python\n")[1].split("```")[0], names)
    assert names["model"].signatures["classes"]()["classes"].shape == (4,)


def test_a_card_has_no_path_of_this_machine_and_says_what_is_unusual(trained):
    result = load_result(trained)
    result["hyperparameters"]["embeddings"] = result["changed"]["embeddings"] = "/home/me/v.txt"
    result["per_class"]["a|b"] = result["per_class"].pop("World")
    text = card.markdown(result | {"interrupted": True}, LABELS, VECTORIZER)
    assert "/" + "home" not in text
    assert "--embeddings v.txt" in text
    assert "interrupted before the end" in text
    assert "| a\\|b |" in text


@pytest.mark.parametrize(
    ("names", "text", "columns"),
    [
        (("subject", "body"), "title", "reads 'subject' of"),
        (("subject", "body"), "title+description", "reads 'subject' and 'body' of"),
        ((), "title", "reads the title of"),
    ],
)
def test_a_card_says_which_columns_are_read(names, text, columns, trained):
    labels, vectorizer = models.Labels("ab", text_names=names), models.Vectorizer(text=text)
    assert columns in card.markdown(load_result(trained), labels, vectorizer)


def network(build, **options):
    model = build(VECTORIZER.vocabulary_size(), **options)
    return models.end_to_end(model, VECTORIZER, LABELS)


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (models.simple_rnn, {"one_hot": True}),
        (models.lstm, {"layer": keras.layers.GRU, "dropout": 0.3}),
        (models.stacked_bilstm, {"units": 4, "pooling": "max", "dropout": 0.3}),
    ],
)
def test_every_network_can_be_exported(build, options, tmp_path):
    model = network(build, **options)
    export(model, tmp_path, tmp_path / "model")  # compares the probabilities
    size = sum(file.stat().st_size for file in (tmp_path / "model" / "variables").iterdir())
    assert size < 1.3 * 4 * model.count_params() + 5000  # each weight once
    for layer in model._flatten_layers():  # nor an operation that only a GPU has
        assert not getattr(layer, "use_cudnn", False)


def test_an_export_with_other_probabilities_is_refused(tmp_path, monkeypatch, capsys):
    model = network(models.lstm)
    save = tf.saved_model.save

    def save_others(module, *arguments):
        for weight in module.weights:
            weight.assign(weight + 1)
        save(module, *arguments)
        for weight in module.weights:
            weight.assign(weight - 1)

    monkeypatch.setattr(tf.saved_model, "save", save_others)
    model.save(tmp_path / "model.keras")
    assert status(predict.main, [tmp_path / "model.keras", "--export", tmp_path / "new"]) == 1
    assert "the SavedModel gives different probabilities" in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]
