import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from corpus.ag_news import CLASSES
from training import plots, process


def points(epochs, validated=True):
    """Two points in each epoch of 5 steps."""
    return [
        {"step": step, "acc": step / 99, "loss": 1 / step, "val_acc": value, "val_loss": value}
        for end in range(5, 5 * epochs + 1, 5)
        for step, value in ((end - 3, None), (end, 0.8 if validated else None))
    ]


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are written to a file."""
    figures, write = [], Figure.savefig

    def savefig(figure, *arguments, **options):
        figures.append(figure)
        write(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return figures


def test_a_learning_curve_counts_epochs_and_marks_the_one_that_is_kept(tmp_path, drawn):
    plots.learning_curve(points(3), 5, "title", tmp_path / "picture", "held-out", best_epoch=2)
    for axes in drawn[0].axes:
        train, validation, kept = axes.lines
        assert train.get_xdata() == pytest.approx([0.4, 1, 1.4, 2, 2.4, 3])
        assert [*validation.get_xdata()] == [1, 2, 3]
        assert [*kept.get_xdata()] == [2, 2]
        names = [text.get_text() for text in axes.get_legend().get_texts()]
        assert names == ["train rows", "held-out rows", "kept: epoch 2"]
        assert axes.get_xlabel() == "epoch"
        assert {0, 1, 2, 3} <= {*axes.get_xticks()}


@pytest.mark.parametrize(("epochs", "validated"), [(1, True), (1, False), (40, True)])
def test_a_learning_curve_has_a_tick_only_at_ends_of_epochs(tmp_path, drawn, epochs, validated):
    plots.learning_curve(points(epochs, validated), 5, "title", tmp_path / "picture")
    axes = drawn[0].axes[0]
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["train rows", "test rows"][: 1 + validated]
    assert all(tick == round(tick) for tick in axes.get_xticks())
    assert 2 <= len(axes.get_xticks()) < 15


def test_curves_have_colours_that_no_network_has(tmp_path, drawn):
    plots.learning_curve(points(2), 5, "title", tmp_path / "picture")
    colors = [line.get_color() for line in drawn[0].axes[0].lines]
    assert len({*colors, *plots.NETWORK_COLORS.values()}) == 2 + len(plots.NETWORK_COLORS)


@pytest.mark.parametrize("names", [["$a$_b$", "新闻", "x" * 99], [f"c{i}" for i in range(150)]])
def test_a_confusion_matrix_has_any_names_and_any_number_of_them(names, tmp_path, recwarn):
    with process.one_line_errors("train.py"):
        plots.confusion_matrix(np.eye(len(names), dtype=int), names, "title", tmp_path / "picture")
    height, width, _ = matplotlib.image.imread(tmp_path / "picture", format="png").shape
    assert max(height, width) < 3000
    assert not [warning for warning in recwarn if "Glyph" in str(warning.message)]


def test_a_confusion_matrix_with_an_empty_class_is_drawn(tmp_path):
    matrix = np.diag([5, 0, 3, 2])
    plots.confusion_matrix(matrix, CLASSES, "title", tmp_path / "picture")
    assert matplotlib.image.imread(tmp_path / "picture", format="png").std() > 0


TEN = "lstm best " + " ".join(f"--flag-{i} {i}" for i in range(10)) + ", 61,424 train rows"
TITLES = [
    "rnn titles, 9 train rows",
    TEN,
    "lstm fast --embeddings /" + "path" * 200,
    "$a_$",
]


@pytest.mark.parametrize("width", [5.6, 8])
@pytest.mark.parametrize("title", TITLES)
@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_title_stays_inside_the_picture(title, width):
    figure = Figure(figsize=(width, 3.6), layout="constrained")
    plots.add_title(figure, title)
    axes = figure.subplots()
    figure.draw_without_rendering()
    box = figure._suptitle.get_window_extent()
    assert 0 <= box.x0 < box.x1 <= figure.bbox.width
    assert axes.get_tightbbox().y1 <= box.y0 < box.y1 <= figure.bbox.height
    written = figure._suptitle.get_text()
    assert written.replace("\n", " ") == title or written.endswith("…")


def test_a_title_of_ten_flags_is_whole():
    figure = Figure(figsize=(5.6, 3.6))
    plots.add_title(figure, TEN)
    assert figure._suptitle.get_text().split() == TEN.split()


@pytest.mark.parametrize("picture", ["learning_curve", "confusion_matrix"])
def test_the_pictures_have_their_title(tmp_path, monkeypatch, picture):
    titles = []
    monkeypatch.setattr(plots, "add_title", lambda figure, title: titles.append(title))
    what = (points(1), 5) if picture == "learning_curve" else (np.eye(4, dtype=int), CLASSES)
    getattr(plots, picture)(*what, "the title", tmp_path / "picture")
    assert titles == ["the title"]


def test_a_cell_without_rows_is_empty():
    axes = Figure().subplots()
    plots.draw_confusion_matrix(axes, np.array([[2, 1, 0], [0, 0, 0], [0, 0, 3]]), ["a", "b", "c"])
    assert [text.get_position() for text in axes.texts] == [(0, 0), (1, 0), (2, 2)]


@pytest.mark.parametrize(
    ("classes", "numbers", "named"), [(20, 20, True), (21, 0, True), (61, 0, False)]
)
def test_many_classes_have_no_numbers_and_very_many_no_names(classes, numbers, named):
    axes, names = Figure().subplots(), [f"class {i}" for i in range(classes)]
    plots.draw_confusion_matrix(axes, np.eye(classes, dtype=int), names)
    assert len(axes.texts) == numbers
    assert ([label.get_text() for label in axes.get_yticklabels()] == names) == named
