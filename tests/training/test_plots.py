import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from corpus.ag_news import CLASSES
from training import plots


def points(validated):
    return [
        {"step": i, "acc": i / 9, "loss": 1 / (i + 1), "val_acc": v, "val_loss": v}
        for i, v in enumerate([None] * 9 + [0.8 if validated else None])
    ]


@pytest.mark.parametrize("validated", [False, True])
def test_a_learning_curve_is_drawn(tmp_path, validated):
    plots.learning_curve(points(validated), "title", tmp_path / "picture")
    picture = matplotlib.image.imread(tmp_path / "picture", format="png")
    orange = (np.abs(picture[..., :3] - [0xD5 / 255, 0x5E / 255, 0]) < 0.02).all(axis=-1)
    assert orange.any() == validated


@pytest.mark.parametrize("names", [["$a$_b$", "新闻", "x" * 99], [f"c{i}" for i in range(150)]])
def test_a_confusion_matrix_has_any_names_and_any_number_of_them(names, tmp_path, recwarn):
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
    what = (points(True),) if picture == "learning_curve" else (np.eye(4, dtype=int), CLASSES)
    getattr(plots, picture)(*what, "the title", tmp_path / "picture")
    assert titles == ["the title"]


def test_a_class_without_rows_has_no_shares():
    axes = Figure().subplots()
    plots.draw_confusion_matrix(axes, np.array([[2, 1], [0, 0]]), ["a", "b"])
    assert [text.get_position() for text in axes.texts] == [(0, 0), (1, 0)]
