"""Datasets of TFDS that are prepared in a temporary directory, without a network."""

import json
import time

import numpy as np
import pytest
import tensorflow_datasets as tfds
from conftest import WORDS, status, words

import predict
import train_lstm
from corpus.errors import UserError
from corpus.loading import load
from training.directory import load_result

Text, ClassLabel, SomeLabels = tfds.features.Text, tfds.features.ClassLabel, tfds.features.Sequence
NAMES = ["world news", "sport", "money", "Sci/Tech"]
REVIEWS = {
    "headline": Text(),
    "review_body": Text(),
    "id": Text(),
    "topic": ClassLabel(names=NAMES),
}


@pytest.fixture
def prepare(tmp_path, monkeypatch):
    """Prepares a dataset: the function's arguments are its name, features and rows by split."""
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path / "tfds"))

    def store(name, features, **splits):
        name, _, config = name.partition("/")
        tfds.dataset_builders.store_as_tfds_dataset(
            name=name,
            config=config or None,
            version="1.0.0",
            features=tfds.features.FeaturesDict(features),
            split_datasets={split: [*enumerate(rows)] for split, rows in splits.items()},
            data_dir=tmp_path / "tfds",
        )

    return store


def reviews(count, label=None):
    return [
        {"headline": text, "review_body": f"{text} {i}", "id": f"u{i}", "topic": label or position}
        for i in range(count)
        for position, text in enumerate(WORDS.values())
    ]


def scalars(count, labels=("a", "b")):
    return [{"text": f"goal {i}", "label": labels[i % len(labels)]} for i in range(count)]


def test_a_dataset_is_trained_on_and_predicted_under_the_names_of_its_classes(
    prepare, tmp_path, capsys
):
    prepare("reviews/short", REVIEWS, train=reviews(10), test=reviews(3), validation=reviews(2))
    run = tmp_path / "run"
    small = ["--export", "--units", 8, "--embed-size", 16, "--batch-size", 4, "--epochs", 4]
    train_lstm.main(words("fast", "--data", "tfds:reviews/short", "--run-dir", run, *small))
    shown = capsys.readouterr().out
    assert "labels: column 'topic', 4 classes" in shown
    assert "texts: columns 'headline', 'review body', such as" in shown
    assert " --data tfds:reviews/short " in (run / "model" / "README.md").read_text()
    result = load_result(run)
    assert result["classes"] == NAMES
    assert result["data"]["name"] == "tfds:reviews/short"
    assert (result["data"]["rows"]["train"], result["data"]["rows"]["test"]) == (40, 12)
    assert result["test_accuracy"] > 0.8
    file = tmp_path / "rows.csv"
    lines = (f'"{name}","{text}"' for name, text in zip(NAMES, WORDS.values(), strict=True))
    file.write_text("label,text\n" + "\n".join(lines))
    assert status(predict.main, [run, "--evaluate", file, "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert list(scores["per_class"]) == NAMES
    assert scores["accuracy"] > 0.7


def test_splits_are_taken_as_files_of_these_names_would_be(prepare):
    unlabelled = reviews(2, label=-1)
    prepare(
        "whole", REVIEWS, train=reviews(10) + unlabelled, test=reviews(3), validation=reviews(2)
    )
    corpus = load("tfds:whole")
    assert [*map(len, (corpus.train, corpus.validation, corpus.test))] == [40, 8, 12]
    assert "train rows without a label, not used: 8" in corpus.remarks
    assert corpus.labels == corpus.classes == tuple(NAMES)
    assert (corpus.label_name, corpus.text_names) == ("topic", ("headline", "review body"))
    prepare("untested", REVIEWS, train=reviews(10), test=unlabelled, validation=reviews(2))
    corpus = load("tfds:untested")
    assert [*map(len, (corpus.train, corpus.validation, corpus.test))] == [40, 0, 8]
    assert any("validation rows are used for testing" in remark for remark in corpus.remarks)
    prepare("train_alone", REVIEWS, train=reviews(10))
    corpus = load("tfds:train_alone")
    assert [*map(len, (corpus.train, corpus.validation, corpus.test))] == [36, 0, 4]


@pytest.mark.parametrize(
    ("feature", "labels", "classes"),
    [
        (Text(), ("b", "a"), ("a", "b")),
        (np.int64, (10, 9, 2), ("2", "9", "10")),
        (ClassLabel(num_classes=2), (0, 1), ("0", "1")),
    ],
)
def test_a_label_may_be_a_name_or_a_number(prepare, feature, labels, classes):
    prepare("numbers", {"text": Text(), "label": feature}, train=scalars(12, labels))
    corpus = load("tfds:numbers")
    assert corpus.classes == corpus.labels == classes
    assert classes[corpus.train.labels[0]] == str(
        labels[int(corpus.train.titles[0].split()[1]) % len(labels)]
    )


def test_columns_are_chosen_by_name(prepare):
    features = {"a": ClassLabel(names=["x", "y"]), "b": ClassLabel(names=["p", "q", "r"])}
    rows = [{"One": f"one {i}", "two": f"two {i}", "a": i % 2, "b": i % 3} for i in range(12)]
    prepare("both", features | {"One": Text(), "two": Text()}, train=rows)
    corpus = load("tfds:both", text_column=("two",), label_column="B")
    assert corpus.classes == ("p", "q", "r")
    assert {title.split()[0] for title in corpus.train.titles} == {"two"}
    with pytest.raises(UserError, match="--text-column three: no such text; it has One .Text., a"):
        load("tfds:both", text_column=("three",), label_column="b")


BAD = {
    "several labels, a, b; it has .*a .ClassLabel.*--label-column": (
        {"text": Text(), "a": ClassLabel(names=["x", "y"]), "b": ClassLabel(names=["x", "y"])},
        [{"text": "t", "a": 0, "b": 1}],
    ),
    "no label; it has joy .bool., text .Text., topics .Sequence.": (
        {"text": Text(), "joy": np.bool_, "topics": SomeLabels(ClassLabel(num_classes=2))},
        [{"text": "t", "joy": True, "topics": [0, 1]}],
    ),
    "no text; it has id .Text., label .ClassLabel., words .Sequence.": (
        {"id": Text(), "words": SomeLabels(Text()), "label": ClassLabel(names=["x", "y"])},
        [{"id": "1", "words": ["t"], "label": 0}],
    ),
    "all rows have the label": (
        {"text": Text(), "label": ClassLabel(names=["x", "y"])},
        [{"text": "t", "label": 0}],
    ),
    "no labelled rows in a split train": (
        {"text": Text(), "label": ClassLabel(names=["x", "y"])},
        [{"text": "t", "label": -1}],
    ),
    "bad, train, row 1, column 1: no label": ({"text": Text(), "label": Text()}, scalars(4, ("",))),
}


@pytest.mark.parametrize("message", BAD)
def test_a_dataset_without_a_text_or_a_single_label_is_refused(prepare, message):
    features, rows = BAD[message]
    prepare("bad", features, train=rows)
    with pytest.raises(
        UserError, match=f"^tfds:bad(, train)?[:,] ?{message.removeprefix('bad, ')}"
    ):
        load("tfds:bad")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("imdb_review", r"no such dataset \(did you mean imdb_reviews\?\)"),
        ("imdb_reviews", r"not prepared in .*tfds; .*python -c .*tfds.load\('imdb_reviews'\)"),
        ("glue/sst9", "cannot be read .*sst9"),
        ("huggingface:glue", "no such dataset"),  # TFDS would look for it in the network
        ("", "no such dataset"),
    ],
)
def test_a_dataset_that_is_not_prepared_is_one_line_and_soon(prepare, name, message, tmp_path):
    begin = time.monotonic()
    with pytest.raises(UserError, match=f"^tfds:{name}: .*{message}") as error:
        load(f"tfds:{name}")
    assert "\n" not in str(error.value)
    assert time.monotonic() - begin < 10


def test_a_damaged_copy_is_named(prepare, tmp_path):
    prepare("damaged", {"text": Text(), "label": Text()}, train=scalars(12))
    [records] = (tmp_path / "tfds").rglob("*.tfrecord*")
    records.write_bytes(records.read_bytes()[:40])
    with pytest.raises(UserError, match="^tfds:damaged: cannot be read from .*tfds"):
        load("tfds:damaged")
