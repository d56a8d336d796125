import matplotlib.image
import numpy as np
import pytest

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
