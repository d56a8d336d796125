import importlib
import json
import re
import statistics

import pytest
from conftest import PROJECT, status

import reproduce
from experiments import SCRIPTS, experiment, few_rows
from training.recipes import DataOptions


def entry(command, *accuracies, **more):
    return {
        "command": command,
        "accuracies": list(accuracies),
        "seconds": [9.6, 20.0, 11.2],
        "parameters": 1234,
        "tutorial_accuracy": None,
    } | more


REPORT = {
    "rows": "3 train rows",
    "seeds": [1, 2, 3],
    "machine": "abacus",
    "commit": "0123456",
    "baselines": [{"name": "majority class", "accuracies": [0.25], "parameters": 0}],
    "recipes": [entry("a.py b", 0.5, 0.6, 0.7, tutorial_accuracy=0.9)],
    "switches": [entry("a.py b --c", 0.7, remark="c", base=entry("a.py b", 0.8))],
    "few_rows": {"rows": [500, 3], "accuracies": {"LSTM": [[0.5, 0.7], [0.8]]}},
}


def test_the_tables():
    lines = reproduce.markdown(REPORT).splitlines()
    assert "| majority class | 0.2500 | 0.2500 to 0.2500 |  |  | 0 |" in lines
    assert "| `a.py b` | 0.6000 | 0.5000 to 0.7000 | 0.9000 | 11 | 1,234 |" in lines
    assert "| c | `a.py b --c` | 0.7000 | 0.8000 | -0.1000 |" in lines
    assert "| 500 | 0.6000 |" in lines
    assert any("3 train rows. Seeds 1, 2, 3." in line for line in lines)


def test_the_published_tables_are_its_output_word_for_word():
    report = json.loads((PROJECT / "docs" / "results.json").read_text(encoding="utf-8"))
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    results = (PROJECT / "docs" / "results.md").read_text(encoding="utf-8")
    tables = [reproduce.recipe_table(report), reproduce.baseline_table(report)]
    tables += [reproduce.switch_table(report), few_rows.table(report["few_rows"])]
    assert all(table in results for table in tables)
    rows = [line for line in readme.splitlines() if line.startswith("| ")]
    assert rows
    assert all(row in tables[0].splitlines() for row in rows)
    assert "\n".join(tables) == reproduce.markdown(report)


def test_the_recipe_lines_of_help_are_the_stored_results():
    report = json.loads((PROJECT / "docs" / "results.json").read_text(encoding="utf-8"))
    stored = {entry["command"]: entry for entry in report["recipes"]}
    few = {kind: report["few_rows"]["accuracies"][name] for name, kind in few_rows.KINDS.items()}
    for script in SCRIPTS:
        for name, recipe in importlib.import_module(script).RECIPES.items():
            entry = stored[f"{script}.py {name}"]
            accuracy, seconds = re.search(r": (0\.\d+) in (\d+) s$", recipe.about).groups()
            # The recipe for one's own texts shows the fewest rows.
            own = few.get(experiment(script, name))
            mean = statistics.mean(own[0] if own else entry["accuracies"])
            assert accuracy == f"{mean:.{len(accuracy) - 2}f}", (script, name)
            if not own:
                assert seconds == f"{statistics.median(entry['seconds']):.0f}", (script, name)
            assert recipe.tutorial_accuracy == entry["tutorial_accuracy"], (script, name)


def test_runs_that_shared_a_machine_have_no_seconds():
    shared = entry("a.py b", 0.5) | {"seconds": []}
    table = reproduce.recipe_table(REPORT | {"recipes": [shared]})
    assert "| `a.py b` | 0.5000 | 0.5000 to 0.5000 |  |  | 1,234 |" in table


@pytest.mark.parametrize("options", [["--workers", "0"], ["--workers", "2", "--scheduler", "a"]])
def test_wrong_usage(options, capsys):
    with pytest.raises(SystemExit) as stopped:
        reproduce.main(options)
    assert stopped.value.code == 2
    assert "--workers" in capsys.readouterr().err


def test_bad_data_is_one_line(tmp_path, capsys):
    assert status(reproduce.main, ["--data", tmp_path / "absent"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("given", "data", "seeds"),
    [("", "sample", [1]), ("--data DIR", "DIR", [1]), ("--seeds 4 5", "sample", [4, 5])],
)
def test_what_is_given_wins_over_what_quick_implies(given, data, seeds):
    options = reproduce.parse([*given.split(), "--quick"])
    assert (options.data, options.seeds, options.dir) == (data, seeds, "runs/quick")


def test_the_report_of_runs(monkeypatch, tmp_path):
    """Two seeds, of which one shared its machine in a single run."""

    def run_all(runs, data, directory, executor):
        assert data == DataOptions("sample")
        return {
            (made, seed): {
                "test_accuracy": seed / 10,
                "seconds": {"total": 7.0},
                "parameters": 5,
                "code": {"commit": "0123456789", "changed": seed == 2, "hash": "0"},
                "machine": "abacus" + ", 2 runs at once" * ("--mask" in made.options and seed == 2),
            }
            for made, seed in runs
        }

    monkeypatch.setattr(reproduce, "run_all", run_all)
    options = reproduce.parse(["--data", "sample", "--seeds", "1", "2", "1"])
    report = reproduce.measure(options)
    assert report["seeds"] == [1, 2]
    assert report["machine"] == "abacus"
    assert report["commit"] == "0123456, 0123456 (files changed since)"
    assert len(report["recipes"]) == 16
    by_name = {entry["name"]: entry["accuracies"] for entry in report["baselines"]}
    assert by_name["majority class"] == [0.1, 0.2]
    assert by_name["bag of words, as fastText's, titles"] == [0.1, 0.2]
    titles = report["recipes"][0]
    assert titles["command"] == "train_rnn.py titles"
    assert (titles["accuracies"], titles["seconds"]) == ([0.1, 0.2], [7.0, 7.0])
    masked = next(entry for entry in report["switches"] if entry["remark"] == "padding masked")
    assert masked["seconds"] == [7.0]
    assert masked["base"] == titles
    assert report["few_rows"]["rows"] == [500, 2000, 2400]
    assert report["few_rows"]["accuracies"]["LSTM"] == [[0.1, 0.2]] * 3
    few_rows.draw(report["few_rows"]).savefig(tmp_path / "rows.png")


@pytest.mark.slow
def test_quick_makes_the_tables_and_is_not_run_twice(run_script, tmp_path):
    done = run_script("reproduce", "--quick", "--dir", tmp_path, timeout=600)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results.md").read_text() in done.stdout
    assert len(json.loads((tmp_path / "results.json").read_text())["recipes"]) == 9
    again = run_script("reproduce", "--quick", "--dir", tmp_path, timeout=60)
    found = f"9 of 9 runs found in {tmp_path}\n5 of 5 runs found in {tmp_path}\n"
    assert again.stdout == found + (tmp_path / "results.md").read_text()
