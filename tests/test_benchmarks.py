import subprocess
import sys

import pytest
from conftest import PROJECT

BENCHMARKS = PROJECT / "benchmarks"


@pytest.fixture
def vs_notebook(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import vs_notebook

    return vs_notebook


def runs(notebook, fast):
    def result(seconds, **more):
        return {
            "seconds": {"fit": seconds / 2, "process": seconds},
            "test_accuracy": 0.5,
            "peak_memory_mb": 700.0,
        } | more

    return {"notebook": result(notebook), "same recipe": result(notebook), "fast": result(fast)}


def test_the_sum_is_a_ratio_of_sums(vs_notebook):
    table = vs_notebook.comparison({"titles": [runs(30, 10)] * 3, "bilstm": [runs(300, 100)] * 3})
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    assert [row[0] for row in rows] == ["model", "---", "titles", "bilstm", "sum"]
    assert [row[2] for row in rows[2:]] == ["3.0", "3.0", "3.0"]
    uneven = vs_notebook.comparison({"titles": [runs(30, 30)], "bilstm": [runs(300, 30)]})
    assert uneven.splitlines()[-1].split("|")[3].strip() == "5.5"


def test_the_stages_are_medians(vs_notebook):
    table = vs_notebook.stages({"titles": [runs(30, 10), runs(30, 12), runs(30, 99)]})
    assert table.splitlines()[-1] == "| titles | 6.0 | 12.0 |"


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "vs_notebook.py --models titles lstm --repetitions 1",
        "scaling.py --repetitions 1 --sizes 1000 3000",
        "levers.py --models titles lstm",
    ],
)
def test_each_benchmark_runs_on_the_sample(command):
    name, *options = command.split()
    done = subprocess.run(
        [sys.executable, BENCHMARKS / name, "--data", "sample", *options],
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stderr
    assert "|---" in done.stdout.replace(" ", "")
