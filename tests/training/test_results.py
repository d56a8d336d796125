import csv
import re
from collections import Counter

import keras
import numpy as np
import pytest
from conftest import words
from keras import layers
from scipy.stats import binomtest

import train_lstm
from corpus import loading
from training import evaluation, results
from training.directory import load_result

OPTIONS = "--train-rows", 300, "--text", "title", "--epochs", 6, "--patience", 2, "--seed", 2


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The directory of a run on the sample whose classes are uneven."""
    directory = tmp_path_factory.mktemp("run")
    corpus = loading.load("sample")
    for name, rows, step in (("train", corpus.train, 1), ("test", corpus.test, 3)):
        with open(directory / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["label", "text"])
            for label, title in zip(rows.labels[::step], rows.titles[::step], strict=True):
                writer.writerow(["abbc"[label], title])
    command = "fast", "--data", directory, *OPTIONS, "--validation", "held-out"
    train_lstm.main(words(*command, "--run-dir", directory / "run", "--quiet"))
    return directory / "run"


@pytest.fixture(scope="module")
def printed(run, tmp_path_factory):
    """The last lines of the same run."""
    import io
    from contextlib import redirect_stdout

    with redirect_stdout(io.StringIO()) as stream:
        command = "fast", "--data", run.parent, *OPTIONS, "--validation", "held-out", "--quiet"
        train_lstm.main(words(*command, "--run-dir", tmp_path_factory.mktemp("again") / "run"))
    return stream.getvalue()


def numbers(pattern, text):
    return [*map(float, re.search(pattern, text, re.M).groups())]


def test_the_test_scores_are_those_of_errors_csv_and_the_rows(run, printed):
    corpus = loading.load(run.parent)
    errors = list(csv.DictReader((run / "errors.csv").open(newline="", encoding="utf-8")))
    assert len(errors) > 5
    names = [corpus.classes[label] for label in corpus.test.labels]
    true = Counter(names)
    texts = {*zip(corpus.test.titles, names, strict=True)}
    assert all((error["text"], error["class"]) in texts for error in errors)
    sureness = [float(error["probability"]) for error in errors]
    assert sureness == sorted(sureness, reverse=True)

    rows = sum(true.values())
    accuracy, low, high, f1, tested = numbers(
        r"^test accuracy (\S+) \(95% interval (\S+) to (\S+)\), macro F1 (\S+), (\d+) rows", printed
    )
    assert tested == rows
    assert accuracy == pytest.approx(1 - len(errors) / rows, abs=1e-4)
    interval = binomtest(rows - len(errors), rows).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((interval.low, interval.high), abs=1e-4)

    f1_scores = []
    for name in corpus.classes:
        missed = sum(error["class"] == name for error in errors)
        wrongly = sum(error["answer"] == name for error in errors)
        right = true[name] - missed
        expected = [right / (right + wrongly), right / true[name]]
        expected.append(2 * right / (2 * right + missed + wrongly))
        row = numbers(rf"^{name} +(\S+) +(\S+) +(\S+) +(\d+)$", printed)
        assert row == pytest.approx([*expected, true[name]], abs=1e-4)
        f1_scores.append(expected[-1])
    assert f1 == pytest.approx(np.mean(f1_scores), abs=1e-4)

    most = np.bincount(corpus.train.labels).argmax()
    [majority] = numbers(r"^predicting only the most frequent class: (\S+)$", printed)
    assert majority == pytest.approx(np.mean(corpus.test.labels == most), abs=1e-4)


def test_the_held_out_score_is_that_of_the_kept_epoch(run, printed):
    history = list(csv.DictReader((run / "history.csv").open(newline="", encoding="utf-8")))
    by_epoch = [float(point["val_acc"]) for point in history if point["val_acc"]]
    means = [np.mean(by_epoch[max(0, i - 4) : i + 1]) for i in range(len(by_epoch))]
    accuracy, held_out, kept = numbers(
        r"^held-out accuracy (\S+), macro F1 \S+, (\d+) rows; kept epoch (\d+)$", printed
    )
    assert means[int(kept) - 1] == pytest.approx(max(means))
    assert accuracy == pytest.approx(by_epoch[int(kept) - 1], abs=1e-4)
    assert held_out == 300 - load_result(run)["data"]["rows"]["train"]


def test_result_json_says_what_was_trained_by_which_code(run):
    result = load_result(run)
    size = result["layers"][0]
    assert re.fullmatch(r"Embedding\(input_dim=\d+, output_dim=64\)", size)
    assert result["layers"][1:] == ["LSTM(units=8)", "Dense(units=3, activation=softmax)"]
    assert set(result["code"]) == {"commit", "changed", "hash"}
    assert (result["trial"], result["started_from"]) == (False, None)


def test_layers_show_what_is_not_the_default_also_within_wrappers():
    model = keras.Sequential(
        [
            keras.Input((None,)),
            layers.Embedding(7, 3, mask_zero=True, trainable=False),
            layers.Bidirectional(layers.GRU(2, return_sequences=True)),
            layers.Dense(4, "relu", name="mine"),
        ]
    )
    embedding, recurrent, dense = results.layers(model)
    assert "mask_zero=True" in embedding
    assert "trainable=False" in embedding
    assert recurrent.startswith("Bidirectional(")
    assert "GRU(return_sequences=True, " in recurrent
    assert "units=2" in recurrent
    assert dense == "Dense(units=4, activation=relu)"


def test_of_many_classes_the_worst_twenty_are_shown():
    per_class = {
        f"class {i}": {"precision": 0.5, "recall": 0.5, "f1": i % 30 / 30, "rows": 1000 + i}
        for i in range(60)
    }
    header, *lines = results.class_table(per_class).splitlines()
    assert header.startswith("the worst 20 of 60 classes")
    shown = [line.split()[1] for line in lines]
    assert shown == [str(i) for pair in zip(range(10), range(30, 40), strict=True) for i in pair]
    assert lines[0].endswith("1,000")


def remark(labels, predicted, capsys):
    """What is printed after the scores of a model on these test rows."""
    predictions = {"test": evaluation.Predictions(labels, predicted, np.ones(len(labels)))}
    result = evaluation.report(predictions, "abcd", labels)
    result |= {"classes": "abcd", "layers": ["LSTM"], "recipe": "own", "steps": 500}
    result |= {"data": {"rows": {"test": len(labels)}}, "seconds": {"total": 9}, "best_epoch": 3}
    result |= {"hyperparameters": {"class_weights": "balanced"}, "tutorial_accuracy": None}
    results.print_scores(result, predictions["test"])
    _, _, last = capsys.readouterr().out.partition("most frequent class: ")
    return last.splitlines()[1:]


@pytest.mark.parametrize(("right", "better"), [(20, "no"), (25, "no"), (29, "hardly"), (45, "")])
def test_a_model_that_guesses_is_named(right, better, capsys):
    labels = np.arange(200) % 4
    predicted = np.where(np.arange(200) < 2 * right, labels, (labels + 1) % 4)
    expected = [f"{better} better than the most frequent class", "try: more rows"]
    assert remark(labels, predicted, capsys) == (expected if better else [])


def test_a_good_model_on_few_uneven_rows_is_not_blamed(capsys):
    labels = np.repeat([0, 1, 2, 3], [37, 1, 1, 1])
    assert remark(labels, labels, capsys) == []
    labels = np.repeat([0, 1, 2, 3], [21, 4, 3, 3])
    assert remark(labels, np.repeat([0, 1, 2, 3, 0], [21, 2, 1, 1, 6]), capsys) == []
