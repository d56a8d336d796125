import csv
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from conftest import status, words
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, classification_report
from sklearn.pipeline import make_pipeline

import compare
import train_rnn
from corpus import loading
from experiments import baselines
from training.directory import load_result

RECIPES = "majority", "bag-of-words", "tf-idf"


def write_corpus(directory, pairs):
    """Writes pairs of class and text as train.csv; returns the directory."""
    directory.mkdir()
    with open(directory / "train.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("label", "text"), *pairs])
    return directory


@pytest.fixture(scope="module")
def reviews(tiny, tmp_path_factory):
    """A directory with rows of `tiny`, most of the third class, and no test file."""
    directory = tmp_path_factory.mktemp("reviews")
    lines = (tiny / "train.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    lines = [line for i, line in enumerate(lines) if line.startswith('"3"') or i % 8 < 4]
    (directory / "train.csv").write_text("".join(lines), encoding="utf-8")
    return directory


@pytest.fixture(scope="module")
def runs(reviews, tmp_path_factory):
    """A directory with a run of each baseline on the titles of `reviews`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("runs"))
        options = ["--data", reviews, "--text", "title", "--seed", 7]
        assert status(baselines.main, options) == 0
        return Path("runs").absolute()


@pytest.fixture
def results(runs):
    """Dict of the name of a baseline to its result.json."""
    results = [load_result(path) for path in runs.iterdir()]
    return {result["recipe"]: result for result in results}


def test_each_baseline_is_a_run_with_the_scores_of_scikit_learn(reviews, results):
    assert results.keys() == set(RECIPES)
    corpus = loading.load(str(reviews))
    train, test = (rows.texts("title") for rows in (corpus.train, corpus.test))
    tf_idf = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    for name, model in {
        "majority": DummyClassifier(strategy="most_frequent"),
        "tf-idf": make_pipeline(tf_idf, LogisticRegression(C=10)),
    }.items():
        predicted, result = model.fit(train, corpus.train.labels).predict(test), results[name]
        assert result["test_accuracy"] == accuracy_score(corpus.test.labels, predicted)
        report = classification_report(
            corpus.test.labels, predicted, output_dict=True, zero_division=0
        )
        assert result["macro_f1"] == pytest.approx(report["macro avg"]["f1-score"])
        for label in set(corpus.test.labels):
            recall = result["per_class"][corpus.classes[label]]["recall"]
            assert recall == pytest.approx(report[str(label)]["recall"])
    assert results["majority"]["parameters"] == 0
    assert results["tf-idf"]["parameters"] == model[-1].coef_.size + model[-1].intercept_.size
    assert results["bag-of-words"]["test_accuracy"] > 0.7  # few rows are enough


def test_a_network_has_the_same_rows_and_compare_shows_it_beside_the_baselines(
    reviews, runs, results, tmp_path, monkeypatch, capsys
):
    shutil.copytree(runs, tmp_path / "runs")
    network = tmp_path / "runs" / "network"
    options = ["--epochs", 1, "--units", 4, "--run-dir", network, "--seed", 7]
    train_rnn.main(words("titles", "--data", reviews, *options))
    data = load_result(network)["data"]
    assert all(result["data"] == data for result in results.values())
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    assert status(compare.main, []) == 0
    table = capsys.readouterr().out
    for name in RECIPES:
        assert f"\nbaselines {name} --text title  " in table
    assert "\nrnn titles --" in table
    assert table.count("sorted by") == 1  # all have the same test rows


def test_what_is_printed(reviews, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):  # the second time adds runs
        assert status(baselines.main, ["--data", reviews, "--train-rows", 20]) == 0
    printed = capsys.readouterr().out
    results = [load_result(path) for path in (tmp_path / "runs").iterdir()]
    assert Counter(result["recipe"] for result in results) == dict.fromkeys(RECIPES, 2)
    for result in results:
        assert result["data"]["rows"]["train"] == 20
        assert f"\n{result['recipe']}: " in f"\n{printed}"
        assert f"test accuracy {result['test_accuracy']:.4f} (" in printed


def test_a_baseline_can_be_trained_alone_in_a_directory_of_choice(reviews, tmp_path):
    options = ["--data", reviews, "--run-dir", tmp_path / "run"]
    assert status(baselines.main, ["tf-idf", *options]) == 0
    result = load_result(tmp_path / "run")
    assert (result["recipe"], result["layers"], result["best_epoch"]) == ("tf-idf", [], None)
    errors = list(csv.DictReader((tmp_path / "run" / "errors.csv").open(encoding="utf-8")))
    rows = result["data"]["rows"]["test"]
    assert result["test_accuracy"] == pytest.approx(1 - len(errors) / rows)
    assert status(baselines.main, ["tf-idf", *options]) == 1
    assert status(baselines.main, options) == 2  # three runs in one directory


def test_without_a_word_that_occurs_twice_tf_idf_is_refused(tmp_path, monkeypatch, capsys):
    pairs = [("ab"[i % 2], f"word{i} other{i}") for i in range(20)]
    corpus = write_corpus(tmp_path / "corpus", pairs)
    monkeypatch.chdir(tmp_path)
    assert status(baselines.main, ["--data", corpus]) == 1
    assert "tf-idf cannot be trained: no words occur in two rows" in capsys.readouterr().err
    recipes = {load_result(path)["recipe"] for path in (tmp_path / "runs").iterdir()}
    assert recipes == {"majority", "bag-of-words"}


def test_languages_without_spaces_are_read_by_characters(tmp_path, monkeypatch):
    texts = [("sports", "日本代表が勝利決勝"), ("business", "銀行の利益が増加株価")]
    pairs = [(label, text[i % 5 :] + chr(0x4E00 + i)) for i in range(40) for label, text in texts]
    corpus = write_corpus(tmp_path / "corpus", pairs)
    monkeypatch.chdir(tmp_path)
    options = ["--data", corpus, "--tokens", "characters"]
    assert status(baselines.main, options) == 0
    results = {r["recipe"]: r for r in map(load_result, (tmp_path / "runs").iterdir())}
    assert results["tf-idf"]["test_accuracy"] == 1
    assert results["bag-of-words"]["test_accuracy"] == 1
    assert json.dumps(results["tf-idf"]["changed"]) == '{"tokens": "characters"}'


@pytest.mark.parametrize("case", ["no words", "no directory", "no room for runs"])
def test_an_error_is_one_line_and_leaves_nothing(case, reviews, tmp_path, monkeypatch, capsys):
    corpus, expected = reviews, "runs"
    monkeypatch.chdir(tmp_path)
    if case == "no words":
        pairs = [("ab"[i % 2], "!?" * i) for i in range(20)]
        corpus, expected = write_corpus(tmp_path / "corpus", pairs), "contain no word"
    elif case == "no directory":
        corpus = expected = tmp_path / "nowhere"
    else:
        (tmp_path / "runs").touch()
    assert status(baselines.main, ["--data", corpus]) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert str(expected) in line
    assert not (tmp_path / "runs").is_dir()


@pytest.mark.parametrize("arguments", ["--seed -1", "--text titel", "--units 3", "tfidf"])
def test_wrong_usage_is_one_line(arguments, capsys):
    assert status(baselines.main, arguments.split()) == 2
    assert arguments.split()[0] in capsys.readouterr().err.splitlines()[0]


def test_help_has_the_options_that_make_sense(capsys):
    assert status(baselines.main, ["--help"]) == 0
    text = capsys.readouterr().out
    assert all(flag in text for flag in ("--data", "--train-rows", "--text", "--seed", "tf-idf"))
    assert "--export" not in text
