import matplotlib.image
import numpy as np
import pytest

from corpus.errors import UserError
from experiments import comparison


def run(number, label="a label", script="train_lstm", recipe="best", accuracy=0.9, seconds=60):
    return {
        "number": number,
        "label": label,
        "script": script,
        "recipe": recipe,
        "test_accuracy": accuracy,
        "seconds": {"total": seconds},
    }


def numbers_and_key(figure):
    """The numbers in the plot, and the entries of the key without padding: lists of `str`."""
    numbers = [text.get_text() for text in figure.axes[0].texts]
    return numbers, [text.get_text().strip() for text in figure.legends[0].get_texts()]


def test_runs_have_numbers_and_the_key_explains_each():
    runs = [run(1, "rnn best"), run(2, "lstm fast"), run(1, "rnn best")]
    numbers, key = numbers_and_key(comparison.plot(runs))
    assert numbers == ["1", "2", "1"]
    assert [entry.replace("\u2007", " ") for entry in key] == ["1 rnn best", "2 lstm fast"]


def test_with_many_runs_the_key_explains_colours_and_shapes_and_refers_to_the_table():
    scripts, recipes = ["train_rnn", "train_own"], ["fast", "my-own"]
    runs = [run(i + 1, f"{i}", scripts[i % 2], recipes[i % 2]) for i in range(40)]
    numbers, key = numbers_and_key(comparison.plot(runs))
    assert numbers == [str(i + 1) for i in range(40)]
    table = "numbers: see # in the table"
    assert key == [table, "rnn", "own", "recipe fast", "recipe my-own"]


def test_long_labels_are_wrapped_between_flags_and_never_within():
    flags = ["--vectorizer-text title+description", "--no-train-embeddings", "--units 128"]
    label = " ".join(["lstm best", *flags, "--embeddings /a/path" + 60 * "x" + "/vectors.txt"])
    _, [entry] = numbers_and_key(comparison.plot([run(1, label)]))
    lines = entry.replace("\u2007", " ").replace("\u00a0", " ").splitlines()
    assert max(map(len, lines)) < 50
    assert len(lines) > 1
    for flag in [*flags, "--embeddings /a", "/vectors.txt"]:
        assert any(flag in line for line in lines)


def test_a_network_has_a_colour_and_a_recipe_has_a_shape():
    scripts = ["train_rnn", "train_lstm", "train_bilstm", "baseline", "train_mine"]
    recipes = ["best", "fast", "own"]
    runs = [run(1, s + r, s, r) for s in scripts for r in recipes]
    lines = comparison.plot(runs).axes[0].lines
    looks = {(line.get_markerfacecolor(), line.get_marker()) for line in lines}
    assert len(looks) == 15
    assert [len(set(look)) for look in zip(*looks, strict=True)] == [5, 3]


def test_a_run_looks_the_same_whatever_other_runs_there_are():
    alone, together = (
        comparison.plot([run(1), *others]).axes[0].lines[0]
        for others in ([], [run(2, script="train_a", recipe="a"), run(3, recipe="fast")])
    )
    assert alone.get_markerfacecolor() == together.get_markerfacecolor()
    assert alone.get_marker() == together.get_marker()


def test_numbers_of_runs_with_equal_results_are_beside_each_other():
    texts = comparison.plot([run(i) for i in range(1, 9)]).axes[0].texts
    assert len({text.get_position() for text in texts}) == 8


SECONDS = [(10, 10.4), (5, 300), (1, 100_000), (37, 37), (60,), (99, 1001), (9, 31), (0.2, 3)]


@pytest.mark.parametrize("seconds", [*SECONDS, (10, 10), (10, 10.0001), (100, 390), (100, 400)])
def test_the_axis_of_seconds_has_at_least_two_labelled_ticks(seconds):
    figure = comparison.plot([run(1, seconds=s) for s in seconds])
    axis, (low, high) = figure.axes[0].xaxis, figure.axes[0].get_xlim()
    shown = [
        label.get_text()
        for tick, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
        if low <= tick <= high
    ]
    assert len(set(shown)) == len(shown) >= 2
    assert all(low <= float(text.replace(",", "")) <= high for text in shown)


@pytest.mark.filterwarnings("error")
def test_the_picture_shows_the_runs_whatever_their_names(tmp_path):
    names = ["$\\frac$", "新闻", "x" * 200, "--embeddings " + "/path" * 50]
    runs = [run(i + 1, name, recipe=name) for i, name in enumerate(names)]
    comparison.draw(runs, tmp_path / "p.PNG")
    picture = matplotlib.image.imread(tmp_path / "p.PNG")
    orange = (np.abs(picture[..., :3] - [0xD5 / 255, 0x5E / 255, 0]) < 0.02).all(axis=-1)
    assert orange.sum() > 100


@pytest.mark.parametrize("name", ["p.svg", "p.pdf"])
def test_the_suffix_decides_the_format(name, tmp_path):
    comparison.draw([run(1)], tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith({"p.svg": b"<?xml", "p.pdf": b"%PDF"}[name])


@pytest.mark.parametrize("name", ["p.pgf", "p.nix", "p"])
def test_a_format_that_cannot_be_written_is_one_line_and_leaves_no_file(
    name, tmp_path, monkeypatch
):
    monkeypatch.setenv("PATH", "")  # no LaTeX, which .pgf needs
    with pytest.raises(UserError, match=f"--picture .*{name}: ") as error:
        comparison.draw([run(1)], tmp_path / name)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())
