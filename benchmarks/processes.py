"""What the benchmarks share: their command line, repetitions in whole processes, tables."""

import argparse
import subprocess
import sys
import tempfile
import time

import numpy as np

from training.directory import load_result
from training.machine import machine


def measured(about, measure, cases):
    """Measures all cases in each repetition, so that other load on the machine affects all.

    Prints the machine and a line for each measurement.

    Args:
        about: the docstring of the benchmark, for --help.
        measure: a function of case, data and seed that returns numbers.
        cases: the cases that --cases can choose, a dict by name; all by default.

    Returns:
        Dict of case to the list of what `measure` returned, each time with another seed.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--data", default="ag_news", help="see the training scripts")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--cases", nargs="+", default=[*cases], choices=[*cases])
    options = parser.parse_args()
    print(machine(), flush=True)
    values = {case: [] for case in options.cases}
    for seed in range(1, options.repetitions + 1):
        for case in options.cases:
            values[case].append(measure(case, options.data, seed))
            numbers = np.round(values[case][-1], 4).tolist()
            print(f"{case}, seed {seed}: {numbers}", flush=True)
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
        result = load_result(f"{directory}/run")
    result["seconds"]["process"] = seconds
    return result


def markdown(header, rows):
    """Formats a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
