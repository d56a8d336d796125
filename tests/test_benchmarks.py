import importlib.util
import subprocess
import sys

import pytest
from conftest import PROJECT

from benchmarks import vs_notebook


def runs(notebook, fast):
    """What `vs_notebook.measure` returns, from the seconds of two kinds."""
    return [(seconds, 0.5, 700.0) for seconds in (notebook, notebook, fast)]


def test_the_sum_is_a_ratio_of_sums():
    table = vs_notebook.comparison({"titles": [runs(30, 10)] * 3, "bilstm": [runs(300, 100)] * 3})
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    assert [row[0] for row in rows] == ["model", "---", "titles", "bilstm", "sum"]
    assert [row[2] for row in rows[2:]] == ["3.0", "3.0", "3.0"]
    uneven = vs_notebook.comparison({"titles": [runs(30, 30)], "bilstm": [runs(300, 30)]})
    assert uneven.splitlines()[-1].split("|")[3].strip() == "5.5"


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        "vs_notebook --cases titles lstm",
        pytest.param(
            "vs_torch --cases titles",
            marks=pytest.mark.skipif(
                importlib.util.find_spec("torch") is None, reason="needs PyTorch"
            ),
        ),
    ],
)
def test_each_benchmark_runs_on_the_sample(command):
    name, *options = f"{command} --data sample --repetitions 1".split()
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", *options],
        capture_output=True,
        text=True,
        timeout=1200,
        cwd=PROJECT,
    )
    assert done.returncode == 0, done.stderr
    assert "|---" in done.stdout.replace(" ", "")
