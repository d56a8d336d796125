import keras
import numpy as np
import pytest
from conftest import WORDS
from matplotlib.figure import Figure

import models
from corpus.errors import UserError
from inference import answers
from inference.explanation import MOST_TEXTS, draw, explain, lines

VOCABULARY = " ".join(WORDS.values()).split()
CLASSES = ("World", "Sports", "Business")


def network(build=models.lstm, **options):
    """A saved model's network with random weights, large enough for words to matter."""
    vectorizer = models.Vectorizer(VOCABULARY, **options)
    sizes = {"embed_size": 8, "units": 6, "classes": len(CLASSES)}
    model = build(vectorizer.vocabulary_size(), **sizes)
    random = np.random.default_rng(1)
    model.set_weights([random.normal(size=weight.shape) for weight in model.get_weights()])
    return models.end_to_end(model, vectorizer, CLASSES)


@pytest.fixture
def read(monkeypatch):
    """The texts that any model reads, a list that grows."""
    texts, predict = [], keras.Model.predict_on_batch

    def counted(model, batch):
        texts.extend(text.decode() for text in batch.numpy())
        return predict(model, batch)

    monkeypatch.setattr(keras.Model, "predict_on_batch", counted)
    return texts


@pytest.mark.parametrize("build", [models.lstm, models.stacked_bilstm])
def test_losses_are_what_the_probability_loses_without_each_word(build):
    model, text = network(build), "  Goal, minister 😀🎉 bank\tgoal! "
    explained = explain(model, text)
    [answer] = answers.classify(model, [text])
    assert explained == answer | {name: explained[name] for name in ("explanation", "remarks")}
    rows = explained["explanation"]
    assert [row["words"] for row in rows] == ["Goal,", "minister", "😀🎉", "bank", "goal!"]
    without = [
        "minister 😀🎉 bank goal",
        "goal 😀🎉 bank goal",
        "goal minister bank goal",
        "goal minister 😀🎉 goal",
        "goal minister 😀🎉 bank",
    ]
    index, probability = CLASSES.index(answer["class"]), max(answer["probabilities"].values())
    expected = probability - answers.probabilities(model, without)[:, index]
    assert [row["loss"] for row in rows] == pytest.approx(expected.tolist(), abs=1e-5)
    assert max(expected) > 0.01
    assert [row["unknown"] for row in rows] == [False, False, True, False, False]


def test_the_class_after_each_word_is_that_of_the_text_up_to_it():
    model, words = network(), VOCABULARY[:20]
    explained = explain(model, " ".join(words))
    beginnings = [" ".join(words[: i + 1]) for i in range(len(words))]
    after = [answer["class"] for answer in answers.classify(model, beginnings)]
    assert [row["class_after"] for row in explained["explanation"]] == after
    turns = [now for before, now in zip([None, *after], after, strict=False) if now != before]
    assert len(turns) > 1
    shown = list(lines(explained))
    assert [line.split()[0] for line in shown] == words
    assert [line.rpartition("-> ")[2] for line in shown if "->" in line] == turns


def backwards(vocab_size, **sizes):
    layer = lambda *arguments, **options: keras.layers.LSTM(  # noqa: E731
        *arguments, go_backwards=True, **options
    )
    return models.lstm(vocab_size, layer=layer, **sizes)


@pytest.mark.parametrize("build", [models.stacked_bilstm, backwards])
def test_a_network_that_reads_backwards_has_no_class_after_a_word(build):
    explained = explain(network(build), "goal bank")
    assert [row["class_after"] for row in explained["explanation"]] == [None, None]
    assert "->" not in "".join(lines(explained))


@pytest.mark.parametrize("build", [models.lstm, models.stacked_bilstm])
@pytest.mark.parametrize("count", [99, 100, 101, 199, 200, 1000])
def test_at_most_200_texts_are_read(build, count, read):
    text = " ".join(f"{VOCABULARY[i % 20]}{'.' * (i % 3)}" for i in range(count))
    explained = explain(network(build), text)
    assert len(read) <= MOST_TEXTS == 200
    rows = explained["explanation"]
    assert " ".join(row["words"] for row in rows) == text
    sizes = [len(row["words"].split()) for row in rows]
    assert len({*sizes[:-1]}) == 1
    assert sizes[-1] <= sizes[0]
    assert bool(explained["remarks"]) == (sizes[0] > 1)
    if sizes[0] > 1:
        assert f"each line covers {sizes[0]} words" in next(iter(lines(explained)))
    else:
        assert len(rows) == count


def test_words_that_are_not_read_are_left_out_and_this_is_said():
    model = network(max_words=3)
    explained = explain(model, "goal - bank 😀🎉 minister")
    assert [row["words"] for row in explained["explanation"]] == ["goal", "-", "bank", "😀🎉"]
    assert explained["remarks"] == ["the network reads the first 3 of 5 words"]
    assert explain(model, "goal bank goal - !")["remarks"] == []


def test_characters_are_explained_where_the_network_reads_them():
    vectorizer = {"tokens": "characters"}
    explained = explain(network(**vectorizer), "go a\u0301l")
    assert [row["words"] for row in explained["explanation"]] == list("go\u00e1l")


@pytest.mark.parametrize("text", ["", " \n "])
def test_a_text_without_words_has_an_answer_and_no_word(text):
    explained = explain(network(), text)
    assert explained["explanation"] == list(lines(explained)) == []
    assert explained["class"] in CLASSES


def test_control_characters_are_escaped():
    [line] = lines(explain(network(), "\x1b[31m"))
    assert line.startswith(r"\x1b[31m")


@pytest.mark.parametrize("text", ["goal $x_ minister 😀 \x1b[31m" + " bank" * 300, ""])
def test_the_picture_shows_words_and_classes(text, tmp_path, monkeypatch):
    figures, save = [], Figure.savefig
    monkeypatch.setattr(
        Figure, "savefig", lambda self, *a, **b: figures.append(self) or save(self, *a, **b)
    )
    explained = explain(network(), text)
    draw(explained, tmp_path / "a.svg")
    [figure] = figures
    axes = figure.axes[0]
    assert len(axes.patches) == len(axes.get_yticklabels()) == len(explained["explanation"])
    assert [bar.get_width() for bar in axes.patches] == [
        row["loss"] for row in explained["explanation"]
    ]
    with pytest.raises(UserError, match="--picture .*a.xyz: Format 'xyz' is not supported"):
        draw(explained, tmp_path / "a.xyz")
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]
