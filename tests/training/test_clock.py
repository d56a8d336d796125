import time

import pytest

import train_lstm
from training import start
from training.clock import Clock, clock


def test_seconds_of_earlier_parts_are_added():
    clock = Clock()
    with clock.stage("fit"):
        pass
    alone = clock.so_far()
    assert 0 <= alone["fit"] < 1
    clock.earlier = {"load": 2, "fit": 10.0, "total": 100}
    together = clock.so_far()
    assert (together["load"], round(together["fit"])) == (2, 10)
    assert 100 < together["total"] < 101 + alone["total"]


@pytest.mark.parametrize("is_program", [True, False])
def test_a_run_begins_with_the_process_only_where_the_script_is_the_program(
    is_program, monkeypatch, tmp_path
):
    monkeypatch.setattr("training.run.IMPORTED", time.perf_counter() - 1000)
    program = train_lstm if is_program else pytest
    monkeypatch.setitem(__import__("sys").modules, "__main__", program)
    hyperparameters, recipes = train_lstm.Hyperparameters, train_lstm.RECIPES
    monkeypatch.setattr("sys.argv", ["train_lstm.py", "--run-dir", str(tmp_path / "run")])
    start(train_lstm.__file__, "", hyperparameters, recipes)
    assert (clock.so_far()["total"] > 1000) == is_program
