"""Real training: each recipe reaches the accuracy that the README publishes."""

import json

import pytest
from conftest import PROJECT

from training.directory import load_result

PUBLISHED = json.loads((PROJECT / "docs" / "results.json").read_text(encoding="utf-8"))
BEYOND_THE_SEEDS = 0.02  # how far a run may lie outside what the published seeds gave


@pytest.mark.slow
@pytest.mark.parametrize("entry", PUBLISHED["recipes"], ids=lambda entry: entry["command"])
def test_a_recipe_reaches_its_published_accuracy(entry, ag_news_dir, run_script, tmp_path):
    script, *arguments = entry["command"].split()
    options = ["--data", ag_news_dir, "--run-dir", tmp_path / "run", "--quiet", "--seed", 4]
    done = run_script(script.removesuffix(".py"), *arguments, *options, timeout=1200)
    assert done.returncode == 0, done.stderr
    result = load_result(tmp_path / "run")
    assert f"test accuracy {result['test_accuracy']:.4f}" in done.stdout
    assert result["test_accuracy"] > min(entry["accuracies"]) - BEYOND_THE_SEEDS
    if result["data"]["rows"]["train"] <= PUBLISHED["train_rows"]:  # with more it may be better
        assert result["test_accuracy"] < max(entry["accuracies"]) + BEYOND_THE_SEEDS
