"""Each script as a user runs it, from the shell."""

import csv
import json
import shutil
import signal

import keras
import numpy as np
import pytest
from conftest import PROJECT, weights, words

import models  # noqa: F401 - its functions are in every saved model
import train_bilstm
import train_lstm
import train_rnn
from training import startup
from training.directory import RESULTS, load_result

SCRIPTS = ["train_rnn", "train_lstm", "train_bilstm"]
EVERY_RECIPE = [
    (module.__name__, recipe)
    for module in (train_rnn, train_lstm, train_bilstm)
    for recipe in module.RECIPES
]
SMALL = ["--units", 4, "--embed-size", 8, "--buckets", 3]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_trains_on_the_sample(script, run_script, tmp_path):
    run = tmp_path / "run"
    done = run_script(script, "--data", "sample", "--train-rows", 200, "--run-dir", run, *SMALL)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    *lines, where, how = done.stdout.splitlines()
    assert "predicting only the most frequent class: 0.2500" in lines
    [accuracy] = [line for line in lines if line.startswith("test accuracy 0.")]
    assert "tutorial" not in accuracy
    assert where == f"run: {run}"
    assert how.startswith(f"predict: python predict.py {run} ")
    assert "Total params" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\r" not in done.stdout

    assert sorted(path.name for path in run.iterdir()) == sorted(RESULTS)
    result = load_result(run)
    assert result["script"] == script
    assert result["recipe"] in ("titles", "tutorial")
    assert result["hyperparameters"]["units"] == 4
    assert result["data"]["name"] == "sample"
    assert result["data"]["rows"] == {"train": 200, "held_out": 0, "test": len(sample_test_rows())}
    assert result["tutorial_accuracy"] is None
    assert (result["interrupted"], result["resumed_from_epoch"], result["seed"]) == (False, 0, 1)
    stages = "import load adapt vectorise check first_step fit evaluate total".split()
    assert set(result["seconds"]) == set(stages)
    assert result["seconds"]["total"] >= result["seconds"]["fit"] > 0
    assert f"{result['test_accuracy']:.4f}" in accuracy
    for scores in result["per_class"].values():
        assert 0 <= scores["precision"] <= 1
        assert 0 <= scores["recall"] <= 1
    model = keras.models.load_model(run / "model.keras", safe_mode=True)
    assert model.count_params() == result["parameters"]


def sample_test_rows():
    with open(PROJECT / "sample" / "test.csv", newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_the_test_accuracy_is_that_of_the_saved_model(trained, tiny, run_script):
    with open(tiny / "test.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    titles = "\n".join(title for _, title, _ in rows)
    done = run_script("predict", trained, "--json", stdin=titles)
    names = ["World", "Sports", "Business", "Sci/Tech"]
    answers = [names.index(json.loads(line)["class"]) + 1 for line in done.stdout.splitlines()]
    right = np.mean([answer == int(row[0]) for answer, row in zip(answers, rows, strict=True)])
    assert load_result(trained)["test_accuracy"] == pytest.approx(right)


def test_the_same_seed_gives_the_same_weights_from_the_shell_and_in_a_notebook(
    run_script, tiny, tmp_path
):
    command = ["--data", tiny, "--seed", 7, *SMALL]
    done = run_script("train_lstm", *command, "--run-dir", tmp_path / "a")
    assert done.returncode == 0, done.stderr
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    assert train_lstm.main(words(*command, "--run-dir", tmp_path / "b")) is None
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    a, b = weights(tmp_path / "a"), weights(tmp_path / "b")
    assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(("script", "recipe"), EVERY_RECIPE)
def test_each_recipe_is_deterministic(script, recipe, run_script, tmp_path):
    for name in "ab":
        options = ["--data", "sample", "--train-rows", 600, "--run-dir", tmp_path / name]
        done = run_script(script, recipe, *options, timeout=300)
        assert done.returncode == 0, done.stderr
    a, b = weights(tmp_path / "a"), weights(tmp_path / "b")
    assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_pretrained_vectors_are_put_in_and_left_as_they_are(tiny, tmp_path, capsys):
    (tmp_path / "v.txt").write_text("goal 1 2 3\nshares -1 0.5 2\nabsent 9 9 9\n")
    command = ["--data", tiny, "--embeddings", tmp_path / "v.txt", "--units", 3]
    run = tmp_path / "run"
    command += ["--embed-size", 3, "--no-train-embeddings", "--run-dir", run]
    train_lstm.main(words(*command))
    assert "v.txt: vectors for 2 of " in capsys.readouterr().out
    network = keras.models.load_model(run / "model.keras").get_layer("lstm")
    embedding = network.layers[0].get_weights()[0]
    assert [1, 2, 3] in embedding.tolist()
    assert [-1, 0.5, 2] in embedding.tolist()


@pytest.mark.slow
def test_vectors_of_words_are_refused_for_characters(run_script, tiny, tmp_path):
    command = ["train_rnn", "characters", "--data", tiny, "--run-dir", tmp_path / "run"]
    done = run_script(*command, "--no-one-hot", "--embeddings", tmp_path / "v.txt")
    assert done.returncode == 1
    assert done.stderr.endswith("word vectors, but the tokens are characters\n")


BAD_DATA = {
    "two columns": b"1,t,d\n2,t\n",
    "another class": b"1,t,d\n5,t,d\n",
    "a name": b"x,t,d\n",
    "numbers and names": b"1,t,d\nx,t,d\n",
    "no class": b",t,d\n",
    "one column more": b"1,t,d,e\n",
    "not UTF-8": b"1,\xff\xfe,d\n",
    "NUL": b"1,t\0,d\n",
    "empty": b"",
    "no text": b"Class Index,Headline\n1,t\n",
}


@pytest.mark.parametrize("kind", BAD_DATA)
def test_bad_data_ends_in_one_line_and_leaves_nothing(kind, tiny, tmp_path, capsys):
    corpus = tmp_path / "corpus"
    shutil.copytree(tiny, corpus)
    (corpus / "test.csv").write_bytes(BAD_DATA[kind])
    with pytest.raises(SystemExit) as refused:
        train_rnn.main(words("--data", corpus, "--run-dir", tmp_path / "runs" / "run"))
    assert refused.value.code == 1
    [line] = capsys.readouterr().err.splitlines()
    assert str(corpus / "test.csv") in line
    assert not (tmp_path / "runs").exists()


def test_missing_data_ends_in_one_line_and_leaves_nothing(run_script, tmp_path):
    (tmp_path / "empty").mkdir()
    for directory in (tmp_path / "missing", tmp_path / "empty"):
        done = run_script("train_lstm", "--data", directory, "--run-dir", tmp_path / "run")
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert str(directory) in done.stderr
        assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("script", SCRIPTS)
def test_wrong_usage_has_status_2(script, run_script, tmp_path):
    for arguments in (["fastest"], ["--unitz", "3"], ["--units", "0"], ["--learning-rate", "inf"]):
        done = run_script(script, *arguments, "--run-dir", tmp_path / "run")
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert 0 < len(done.stderr.splitlines()) < 20
        assert not (tmp_path / "run").exists()


def refused(capsys, *arguments):
    """The line with which train_rnn ends with status 1."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as end:
        train_rnn.main(words(*arguments))
    assert end.value.code == 1
    [line] = capsys.readouterr().err.splitlines()
    return line


def test_a_finished_run_is_refused_resumed_as_done_and_overwritten(trained, tiny, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(trained, run)
    same = ["--data", tiny, "--run-dir", run]
    assert "--overwrite" in refused(capsys, *same)
    train_rnn.main(words(*same, "--epochs", 2, "--batch-size", 8, "--resume"))
    assert "nothing to resume" in capsys.readouterr().out
    prolonged = refused(capsys, *same, "--epochs", 3, "--batch-size", 8, "--resume")
    assert "epochs was 2, now 3" in prolonged
    assert "--overwrite" in prolonged
    assert load_result(run) == load_result(trained)
    train_rnn.main(words(*same, "--overwrite", "--quiet", "--seed", 3))
    assert len(capsys.readouterr().out.splitlines()) == 9
    assert load_result(run)["seed"] == 3


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("no.csv", "no such directory or file; --data takes ag_news, sample, tfds:NAME, a"),
        ("no", "no such directory or file"),
    ],
)
def test_a_mistaken_data_path_is_told_before_anything_else(tiny, tmp_path, capsys, source, message):
    assert message in refused(capsys, "--data", tiny / source, "--run-dir", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_says_what_and_where_it_is_before_tensorflow_is_imported(
    tiny, tmp_path, monkeypatch, capsys
):
    said = []
    original = startup.tensorflow

    def tensorflow():
        said.append(capsys.readouterr().out)
        return original()

    monkeypatch.setattr(startup, "tensorflow", tensorflow)
    train_lstm.main(words("tutorial", "--data", tiny, "--run-dir", tmp_path / "run", "--units", 2))
    first, second, third = said[0].splitlines()
    assert first == f"train_lstm tutorial, seed 1: {tmp_path / 'run'}"
    assert second == "changed: --units 2"
    assert third == "hint: for your own corpus, try the recipe own"


def test_a_run_directory_that_cannot_be_written_is_refused(run_script, tiny, tmp_path):
    (tmp_path / "file").write_text("")
    done = run_script("train_rnn", "--data", tiny, "--run-dir", tmp_path / "file" / "run")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(tmp_path / "file" / "run") in done.stderr


def test_resume_without_a_checkpoint_starts_anew_and_says_so(tiny, tmp_path, capsys):
    run = tmp_path / "run"
    train_rnn.main(words("--data", tiny, "--run-dir", run, "--resume", *SMALL))
    assert "starting from the beginning" in capsys.readouterr().out
    assert load_result(run)["resumed_from_epoch"] == 0


def test_no_network_ends_soon_with_the_ways_on(run_script, tmp_path):
    nowhere = {"TFDS_DATA_DIR": str(tmp_path / "tfds"), "https_proxy": "http://127.0.0.1:9"}
    done = run_script("train_rnn", "--run-dir", tmp_path / "run", environment=nowhere, timeout=30)
    assert done.returncode == 1
    for way in ("--data DIR", "--data sample", str(tmp_path / "tfds")):
        assert way in done.stderr
    assert not (tmp_path / "run").exists()
