import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_hex

from corpus.errors import UserError
from experiments import comparison
from training import plots, process
from training.plots import NETWORK_COLORS, OTHER_COLOR


def group(*label, script="train_lstm", held_out=(), test=(0.9,), seconds=(60,)):
    """What `compare.rank` returns of runs that differ only in the seed."""
    values = {"validation_accuracy": held_out, "test_accuracy": test, "seconds": seconds}
    return {"label": label or ("lstm fast",), "runs": [{"script": script}], **values}


def labels(figure):
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def panels(figure):
    return [axes.get_xlabel() for axes in figure.axes]


def test_labels_are_whole_and_in_the_order_of_the_table_from_the_top():
    long = "lstm best", "--vectorizer-text title+description", f"--embeddings /a/{'x' * 90}/v.txt"
    figure = comparison.plot([group("rnn best"), group(*long), group("lstm fast")], "title")
    assert labels(figure) == ["rnn best", "\n".join(long), "lstm fast"]
    bottom, top = figure.axes[0].get_ylim()
    assert top < bottom
    assert (np.diff(figure.axes[0].get_yticks()) > 0).all()


def test_labels_do_not_overlap_and_fit():
    parts = [f"--flag-{i} {i}" for i in range(9)]
    figure = comparison.plot([group("a", *parts[:n]) for n in (0, 9, 1, 5)], "title")
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    assert all(lower.y1 < upper.y0 for upper, lower in zip(boxes, boxes[1:], strict=False))
    assert min(box.x0 for box in boxes) >= 0
    assert min(axes.bbox.width for axes in figure.axes) > 100


def test_every_run_has_a_dot_and_the_mean_another():
    axes = comparison.plot([group(test=(0.25, 0.5, 0.75))], "title").axes[0]
    assert [line.get_xdata().tolist() for line in axes.lines] == [[0.25, 0.5, 0.75], [0.5]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, ["test accuracy", "seconds"]),
        ({"held_out": (0.8,)}, ["held-out accuracy", "test accuracy", "seconds"]),
        ({"held_out": (0.8,), "test": (), "seconds": ()}, ["held-out accuracy"]),  # of trials
    ],
)
def test_there_is_a_panel_for_all_that_a_run_has(values, expected):
    other = group(test=values.get("test", (0.9,)), seconds=values.get("seconds", (60,)))
    assert panels(comparison.plot([group(**values), other], "title")) == expected


def test_a_network_has_the_same_colour_in_every_picture():
    scripts = [*(f"train_{name}" for name in ("rnn", "lstm", "bilstm")), "baselines", "train_mine"]
    figure = comparison.plot([group(script=script, seconds=()) for script in scripts], "title")
    colors = [to_hex(line.get_color()).upper() for line in figure.axes[0].lines[::2]]
    assert colors == [*NETWORK_COLORS.values(), OTHER_COLOR]
    assert len(set(colors)) == 5


@pytest.mark.filterwarnings("error")
def test_the_picture_shows_the_runs_whatever_their_names(tmp_path):
    names = ["$\\frac$", "新闻", "اخبار", "x" * 200, "--embeddings " + "/path" * 50]
    with process.one_line_errors("compare.py"):  # the font lacks some of these scripts
        plots.save(comparison.plot([group(name) for name in names], "$_"), tmp_path / "p.PNG")
    picture = matplotlib.image.imread(tmp_path / "p.PNG")
    orange = (np.abs(picture[..., :3] - [0xD5 / 255, 0x5E / 255, 0]) < 0.02).all(axis=-1)
    assert orange.sum() > 100


@pytest.mark.parametrize("name", ["p.svg", "p.pdf"])
def test_the_suffix_decides_the_format(name, tmp_path):
    plots.save(comparison.plot([group()], "title"), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith({"p.svg": b"<?xml", "p.pdf": b"%PDF"}[name])


@pytest.mark.parametrize("name", ["p.pgf", "p.nix", "p"])
def test_a_format_that_cannot_be_written_is_one_line_and_leaves_no_file(
    name, tmp_path, monkeypatch
):
    monkeypatch.setenv("PATH", "")  # no LaTeX, which .pgf needs
    with pytest.raises(UserError, match=f"--picture .*{name}: ") as error:
        plots.save(comparison.plot([group()], "title"), tmp_path / name)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())
