import subprocess
import sys

import matplotlib.image
import numpy as np
import pytest
from conftest import PROJECT
from matplotlib.figure import Figure

from experiments.error_analysis import doubtful_labels, draw_lines
from training.evaluation import Predictions
from training.plots import NETWORK_COLORS


def test_a_label_looks_wrong_if_all_models_are_confident_of_another():
    labels = np.array([1, 1, 0, 1])
    predictions = [
        Predictions(labels, np.array([0, 0, 0, 1]), np.array([0.95, 0.95, 0.95, 0.98])),
        Predictions(labels, np.array([0, 0, 0, 0]), np.array([0.92, 0.6, 0.92, 0.97])),
    ]
    assert doubtful_labels(predictions).tolist() == [True, False, False, False]


def test_a_network_has_the_colour_that_it_has_in_other_pictures(monkeypatch):
    lines = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, _: lines.extend(figure.axes[0].lines))
    names = {"SimpleRNN": "rnn", "LSTM": "lstm", "stacked BiLSTM": "bilstm"}
    draw_lines("p.png", dict.fromkeys(names, ((0, 1), (0, 1))), "x")
    assert [line.get_color() for line in lines] == [NETWORK_COLORS[n] for n in names.values()]


@pytest.mark.slow
def test_one_command_makes_the_pages_pictures(tmp_path):
    command = [sys.executable, "-m", "experiments.error_analysis", "--data", "sample"]
    command += ["--dir", tmp_path / "runs", "--pictures", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, cwd=PROJECT)
    assert done.returncode == 0, done.stderr
    page = (PROJECT / "docs" / "error_analysis.md").read_text(encoding="utf-8")
    for name in ("confusion.png", "lengths.png", "reliability.png"):
        assert matplotlib.image.imread(tmp_path / name).std() > 0
        assert f"]({name})" in page
    assert done.stdout.count("calibration error 0.") == 4
    assert "texts are misclassified by all 4 models" in done.stdout
