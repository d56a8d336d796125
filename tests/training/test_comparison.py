import itertools
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from corpus.errors import UserError
from training import comparison
from training.comparison import Point

LONG = "lstm best " + " ".join(f"--a-flag-that-is-long-{i} /a/path/{'x' * 60}" for i in range(5))


def drawn(points):
    """The axes after `comparison.fill`, and the labels that found no room."""
    figure = Figure(figsize=(8.3, 5.2), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    unlabelled = comparison.fill(figure, points, "hollow: another's")
    figure.draw_without_rendering()
    return figure.axes[0], unlabelled


def assert_legible(axes):
    """No label overlaps another one or a marker, and none leaves the axes."""
    inside = axes.get_window_extent()
    boxes = [Text.get_window_extent(text) for text in axes.texts]  # without its line
    for box in boxes:
        assert inside.x0 <= box.x0
        assert inside.x1 >= box.x1
        assert inside.y0 <= box.y0
        assert inside.y1 >= box.y1
        for line in axes.lines:
            [middle] = axes.transData.transform(line.get_xydata())
            assert not box.contains(*middle)
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)


def points(count, labels="lstm best --units {}", near=False):
    random = np.random.default_rng(0)
    ranges = ((0.9, 0.901), (2, 2.01)) if near else ((0.8, 0.92), (1, 2.5))
    accuracies, powers = (random.uniform(*some, count) for some in ranges)
    return [
        Point(labels.format(i), "lstm", "best", accuracy, 10**power)
        for i, (accuracy, power) in enumerate(zip(accuracies, powers, strict=True))
    ]


CROWDS = [
    (1, LONG + "{}", False),
    (2, "lstm best --units {}", True),
    (9, "{} " + LONG, False),
    (9, "lstm best --units {}", True),
    (9, "$a{}_b$ $新闻", False),
    (40, "lstm best --units {}", False),
    (40, "{} " + LONG, True),
]


@pytest.mark.parametrize(("count", "labels", "near"), CROWDS)
@pytest.mark.filterwarnings("ignore:Glyph")
def test_labels_overlap_nothing_and_stay_inside(count, labels, near):
    some = points(count, labels, near)
    axes, unlabelled = drawn(some)
    assert_legible(axes)
    assert len(axes.texts) + len(unlabelled) == count
    assert len(axes.texts) >= min(count, 5)
    assert unlabelled == [] or count == 40


@settings(deadline=None, max_examples=10)
@given(
    st.lists(
        st.tuples(st.text(max_size=80), st.floats(0, 1), st.floats(0.001, 1e7)),
        min_size=1,
        max_size=12,
    )
)
@pytest.mark.filterwarnings("ignore:Glyph")
def test_labels_of_any_text_at_any_place(some):
    axes, _ = drawn([Point(text, "rnn", "best", *place) for text, *place in some])
    assert_legible(axes)


def test_points_at_the_same_place_have_a_label_each():
    axes, unlabelled = drawn([Point(f"run {i}", "rnn", "best", 0.9, 60) for i in range(6)])
    assert unlabelled == []
    assert_legible(axes)


def test_runs_of_one_name_share_a_label():
    axes, _ = drawn([Point("rnn best", "rnn", "best", 0.9 + i / 100, 60) for i in range(3)])
    assert [text.get_text() for text in axes.texts] == ["rnn best"]


def test_a_label_is_nearest_to_its_own_point_or_has_a_line_to_it():
    axes, _ = drawn(points(9, near=True))
    for text in axes.texts:
        box, (own,) = Text.get_window_extent(text), axes.transData.transform([text.xy])
        places = [axes.transData.transform(line.get_xydata())[0] for line in axes.lines]
        far = {tuple(p): np.hypot(*(np.clip(p, box.min, box.max) - p)) for p in places}
        assert text.arrow_patch or min(far, key=far.get) == tuple(own)


SECONDS = [(10, 10.4), (5, 300), (1, 100_000), (37, 37), (60,), (99, 1001), (9, 31), (0.2, 3)]


@pytest.mark.parametrize("seconds", SECONDS)
def test_there_are_three_ticks_at_any_range(seconds):
    axes, _ = drawn([Point(f"{s}", "rnn", "best", 0.9, s) for s in seconds])
    low, high = axes.get_xlim()
    names = [text.get_text() for text in axes.get_xticklabels()]
    places = axes.get_xticks()
    assert len(set(names)) == len(names) >= 3
    assert ((low <= places) & (places <= high)).all()
    assert [float(name.replace(",", "")) for name in names] == pytest.approx(places)
    boxes = [text.get_window_extent() for text in axes.get_xticklabels()]
    assert all(one.x1 < other.x0 for one, other in itertools.pairwise(boxes))
    assert len(axes.get_yticks()) >= 3


def test_a_range_that_is_next_to_nothing_is_widened():
    axes, _ = drawn([Point(f"{s}", "rnn", "best", 0.9, s) for s in (10, 10.0001)])
    low, high = axes.get_xlim()
    assert low < 9.8
    assert high > 10.2


@given(st.floats(1e-3, 1e9), st.floats(1.05, 1e9))
def test_ticks_are_few_and_within(low, ratio):
    found = comparison.ticks(low, low * ratio)
    assert 3 <= len(found) <= 20
    assert found == sorted(set(found))
    assert low <= found[0] < found[-1] <= low * ratio


def test_families_have_colours_recipes_shapes_and_both_are_in_the_legend():
    families, recipes = ["rnn", "lstm", "bilstm", "mine", "yours"], ["best", "fast", "$own$"]
    some = [Point(f, f, r, 0.9, 9) for f in families for r in recipes]
    axes, _ = drawn([*some, Point("h", "rnn", "best", 0.8, 9, filled=False)])
    lines = axes.lines
    colors, markers = (
        {key(point): look(line) for point, line in zip(some, lines, strict=False)}
        for key, look in (
            (lambda p: p.family, lambda line: line.get_markerfacecolor()),
            (lambda p: p.recipe, lambda line: line.get_marker()),
        )
    )
    assert len(set(colors.values())) == 5
    assert len(set(markers.values())) == 3
    assert lines[-1].get_markerfacecolor() == "white"
    assert lines[-1].get_markeredgecolor() == colors["rnn"]
    legends = [[text.get_text() for text in legend.get_texts()] for legend in axes.figure.legends]
    assert legends == [families, ["fast", "best", "$own$", "hollow: another's"]]
    for legend in axes.figure.legends:
        assert not any(text.get_parse_math() for text in legend.get_texts())
    for point, line in zip(some, lines, strict=False):
        assert (line.get_markerfacecolor(), line.get_marker()) == (
            colors[point.family],
            markers[point.recipe],
        )


def test_a_legend_of_long_names_stays_inside():
    axes, _ = drawn([Point("", "f" * 99, f"{i}" * 99, 0.9, 9) for i in range(6)])
    for legend in axes.figure.legends:
        box = legend.get_window_extent()
        assert 0 <= box.x0 < box.x1 <= axes.figure.bbox.width
        assert not axes.get_tightbbox().overlaps(box)


def test_a_family_looks_the_same_whatever_is_beside_it():
    known, others = {"rnn": 1, "lstm": 2}, (3, 4)
    assert comparison.assigned(["lstm"], known, others) == {"lstm": 2}
    assert comparison.assigned(["b", "a", "c", "rnn"], known, others) == {
        "rnn": 1,
        "a": 3,
        "b": 4,
        "c": 3,
    }


FORMATS = sorted(set(Figure().canvas.get_supported_filetypes()) - {"pgf", "raw", "rgba", "avif"})


@pytest.mark.parametrize("kind", [*FORMATS, "PNG"])
def test_a_picture_has_any_format(kind, tmp_path):
    comparison.draw(points(2), "", tmp_path / f"p.{kind}")
    content = (tmp_path / f"p.{kind}").read_bytes()
    begins = {
        "png": b"\x89PNG",
        "pdf": b"%PDF",
        "svg": b"<?xml",
        "eps": b"%!PS",
        "jpg": b"\xff\xd8",
    }
    assert content.startswith(begins.get(kind.lower(), b""))
    assert len(content) > 1000


def test_a_format_that_cannot_be_written_here_is_one_line_and_leaves_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")  # no LaTeX
    for name in ("p.pgf", "p.nix", "p"):
        with pytest.raises(UserError, match=f"--picture .*{name}: ") as error:
            comparison.draw(points(1), "", tmp_path / name)
        assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_the_picture_in_a_file_shows_the_points(tmp_path):
    comparison.draw([Point("a", "lstm", "best", 0.9, 9)], "", tmp_path / "p.png")
    picture = matplotlib.image.imread(Path(tmp_path / "p.png"))
    orange = (np.abs(picture[..., :3] - [0xD5 / 255, 0x5E / 255, 0]) < 0.02).all(axis=-1)
    assert orange.sum() > 100
