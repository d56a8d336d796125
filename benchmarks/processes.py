"""Runs whole processes for the benchmarks."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def parser(about, models=()):
    """Makes the command line that the benchmarks share, with --models if there are any."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--data", default="ag_news", help="see the training scripts")
    parser.add_argument("--repetitions", type=int, default=3)
    if models:
        parser.add_argument("--models", nargs="+", choices=models, default=list(models))
    return parser


def repeat(measure, cases, data, repetitions):
    """Measures all cases in each repetition, so that other load on the machine affects all.

    Args:
        measure: a function of case, data and seed.
        cases: list of what is measured.
        data: passed to `measure`.
        repetitions: the number of repetitions, each with its own seed.

    Returns:
        Dict of case to the list of what `measure` returned.
    """
    values = {case: [] for case in cases}
    for seed in range(1, repetitions + 1):
        for case in cases:
            values[case].append(measure(case, data, seed))
    return values


def run(*command):
    """Runs Python with a command line to its end; returns (seconds, standard output)."""
    words = [str(word) for word in command]
    begin = time.perf_counter()
    process = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    seconds = time.perf_counter() - begin
    if process.returncode:
        sys.exit(f"{' '.join(words)}: status {process.returncode}\n{process.stderr[-2000:]}")
    return seconds, process.stdout


def run_script(script, recipe, data, seed, *options):
    """Runs a training script; returns its result.json, with "process" among the seconds."""
    with tempfile.TemporaryDirectory() as directory:
        command = script, recipe, "--data", data, "--seed", seed, *options
        seconds, _ = run(*command, "--run-dir", f"{directory}/run", "--quiet")
        result = json.loads((Path(directory) / "run" / "result.json").read_text())
    result["seconds"]["process"] = seconds
    return result


def markdown(header, rows):
    """Formats a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
