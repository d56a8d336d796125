import dataclasses
import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import WORDS, words

import models
import predict
import train_rnn
from corpus.errors import UserError
from training import card, export, saved
from training.directory import CARD_BEGINS, load_result

TEXTS = ["Striker signs for league", "bank profit, quarter!", "unheard of", ""]
READING = saved.Reading(("a", "b", "c", "d"), ("1", "2", "3", "4"), (), "title", "words")
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


def test_a_run_that_exists_can_be_exported(trained, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    assert predict.main([str(run), "--export", str(tmp_path / "new" / "taken")]) == 0
    assert capsys.readouterr().out.count("wrote ") == 2
    signature = tf.saved_model.load(tmp_path / "new" / "taken").signatures["serving_default"]
    said = signature(text=tf.constant(TEXTS))["probabilities"]
    np.testing.assert_allclose(
        said, predict.probabilities(predict.load_model(run), TEXTS), atol=1e-5
    )
    own = (run / "README.md").read_text(encoding="utf-8")
    taken = (tmp_path / "new" / "taken" / "README.md").read_text(encoding="utf-8")
    assert own.startswith(CARD_BEGINS)
    assert own.replace('load("../new/taken")', 'load(".")') == taken


def test_a_run_that_says_too_little_has_no_card(trained, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    (run / "README.md").write_text("mine")
    assert predict.main([str(run), "--export", str(tmp_path / "a")]) == 0
    assert (run / "README.md").read_text() == "mine"
    (run / "result.json").write_text('{"script": "train_rnn"}')
    assert predict.main([str(run), "--export", str(tmp_path / "b")]) == 0
    assert [(tmp_path / name / "README.md").exists() for name in "ab"] == [True, False]


def test_a_run_is_there_although_its_export_fails(run_directory, monkeypatch, trained):
    def refuse(*_):
        raise UserError("no")

    monkeypatch.setattr(export, "write", refuse)
    result, path = load_result(trained), run_directory.path
    with pytest.raises(UserError, match="the run is finished: predict.py RUN --export DIR"):
        export.into_run(None, READING, result, path)
    assert [file.name for file in path.iterdir()] == ["unfinished"]
    (path / "README.md").write_text("mine")
    with pytest.raises(UserError, match=r"README.md: is there already.*; the run is finished"):
        export.into_run(None, READING, result, path)
    assert (path / "README.md").read_text() == "mine"


def test_a_place_that_is_taken_is_left_as_it_is(trained, tmp_path, capsys):
    (tmp_path / "mine").write_text("mine")
    for place in (tmp_path, tmp_path / "mine", tmp_path / "absent" / ".."):
        assert predict.main([str(trained), "--export", str(place)]) == 1
        [line] = capsys.readouterr().err.splitlines()
        assert "is there already" in line
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("more", [["a text"], ["--explain"], ["--evaluate", "rows.csv"]])
def test_export_takes_nothing_else(more, capsys):
    with pytest.raises(SystemExit) as stopped:
        predict.main(["run", "--export", "there", *more])
    assert stopped.value.code == 2
    assert "--export" in capsys.readouterr().err


def test_the_code_of_the_card_loads_the_model(exported, monkeypatch):
    whole = (exported / "README.md").read_text(encoding="utf-8")
    _, metadata, text = whole.split("---\n", 2)
    values = dict(line.split(": ", 1) for line in metadata.splitlines())
    [entry] = json.loads(values["model-index"])
    result = load_result(exported)
    shown = {m["type"]: m["value"] for m in entry["results"][0]["metrics"]}
    assert shown == {"accuracy": result["test_accuracy"], "f1": result["macro_f1"]}
    assert f"accuracy {result['test_accuracy']:.4f}" in text
    assert str(exported) not in whole  # nor any other place on this machine
    assert str(exported.parent) not in whole
    monkeypatch.chdir(exported)
    names = {}
    exec(text.split("```python\n")[1].split("```")[0], names)
    assert names["model"].signatures["classes"]()["classes"].shape == (4,)


def test_a_card_has_no_place_of_this_machine(trained):
    result = load_result(trained)
    result["hyperparameters"]["embeddings"] = result["changed"]["embeddings"] = "/home/me/v.txt"
    text = card.markdown(result | {"interrupted": True}, READING, ".")
    assert "/" + "home" not in text
    assert "--embeddings v.txt" in text
    assert "the name alone is shown" in text
    assert "interrupted before its end" in text


@pytest.mark.parametrize(
    ("names", "text", "read"),
    [
        (("text",), "title", "It reads of each row 'text'."),
        (("subject", "body"), "title", "It reads of each row 'subject'."),
        (("subject", "body"), "title+description", "'subject' and 'body', joined by a space."),
        ((), "title", "It reads of each row the first text."),
    ],
)
def test_a_card_says_which_columns_are_read(names, text, read, trained):
    reading = dataclasses.replace(READING, text_names=names, text=text)
    assert read in card.markdown(load_result(trained), reading, ".")


def test_the_interval_of_an_accuracy_is_wilsons():
    assert card.interval(0.9, 100) == pytest.approx((0.8256, 0.9448), abs=1e-4)
    low, high = card.interval(1.0, 30)
    assert (low, high) == (pytest.approx(0.8865, abs=1e-4), pytest.approx(1))


def test_a_file_in_a_run_has_the_card_of_the_run_and_another_file_none(trained, tmp_path, capsys):
    shutil.copytree(trained, tmp_path / "run")
    shutil.copy(trained / "model.keras", tmp_path / "mine.keras")
    assert predict.main([str(tmp_path / "run/model.keras"), "--export", str(tmp_path / "a")]) == 0
    assert "no model card" not in capsys.readouterr().out
    assert 'load("../a")' in (tmp_path / "run" / "README.md").read_text(encoding="utf-8")
    assert predict.main([str(tmp_path / "mine.keras"), "--export", str(tmp_path / "b")]) == 0
    assert "no model card" in capsys.readouterr().out
    assert not (tmp_path / "b" / "README.md").exists()
    assert not (tmp_path / "README.md").exists()


def network(build, **options):
    vectorizer = keras.layers.TextVectorization(
        vocabulary=" ".join(WORDS.values()).split(),
        standardize=models.standardize,
        split=models.split_words,
    )
    return models.end_to_end(build(vectorizer.vocabulary_size(), **options), vectorizer, 3)


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
    export.write(model, READING, tmp_path / "model")  # compares what both say
    size = sum(file.stat().st_size for file in (tmp_path / "model" / "variables").iterdir())
    assert size < 1.3 * 4 * model.count_params() + 5000  # each weight once


def test_an_export_that_says_something_else_is_refused(tmp_path, monkeypatch):
    model = network(models.lstm)
    save = tf.saved_model.save

    def save_others(module, *arguments):
        for weight in module.weights:
            weight.assign(weight + 1)
        save(module, *arguments)
        for weight in module.weights:
            weight.assign(weight - 1)

    monkeypatch.setattr(tf.saved_model, "save", save_others)
    with pytest.raises(UserError, match="other probabilities"):
        export.write(model, READING, tmp_path / "model")
    file = tmp_path / "model.keras"
    saved.save(model, READING, file)
    assert predict.main([str(file), "--export", str(tmp_path / "taken")]) == 1
    assert not list(tmp_path.glob("*taken*"))


def test_a_gpu_leaves_no_operation_that_only_a_gpu_has():
    model = network(models.stacked_bilstm, units=4)
    export._without_cudnn(model)
    layers = [layer for layer in model._flatten_layers() if hasattr(layer, "use_cudnn")]
    assert len(layers) == 4
    assert not any(layer.use_cudnn for layer in layers)
