"""Whole processes, start to reported test accuracy: the tutorial's own method against the scripts.

    python benchmarks/vs_notebook.py --data DIR [--models titles masked ...] [--repetitions 3]

Each repetition has its own seed and runs the tutorial's method (notebook.py) and both recipes of a
model one after the other, so that what else the machine does falls on all of them. The table gives
medians of the repetitions' ratios, never of absolute times.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean, median

import machine

ROOT = Path(__file__).parent.parent

# model: (script, its recipe with the tutorial's hyperparameters, its fast recipe)
MODELS = {
    "titles": ("train_rnn", "titles", "titles-fast"),
    "masked": ("train_rnn", "masked", "masked-fast"),
    "lstm": ("train_lstm", "tutorial", "fast"),
    "bilstm": ("train_bilstm", "tutorial", "fast"),
}


def run(command):
    """Runs a process to its end; returns (seconds, standard output)."""
    begin = time.perf_counter()
    process = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    seconds = time.perf_counter() - begin
    if process.returncode:
        sys.exit(f"{' '.join(command)}: status {process.returncode}\n{process.stderr[-2000:]}")
    return seconds, process.stdout


def notebook(model, data, seed):
    """One run of the tutorial's method: (seconds, accuracy, peak memory in MB)."""
    command = [sys.executable, "benchmarks/notebook.py", model, data, str(seed)]
    seconds, output = run(command)
    accuracy, memory = re.search(r"accuracy (\S+) memory (\S+)", output).groups()
    return seconds, float(accuracy), float(memory)


def recipe(script, name, data, seed):
    """One run of a script: (seconds, accuracy, peak memory in MB, seconds by stage)."""
    with tempfile.TemporaryDirectory() as directory:
        options = ["--data", data, "--seed", str(seed), "--run-dir", f"{directory}/run", "--quiet"]
        seconds, _ = run([sys.executable, f"{script}.py", name, *options])
        result = json.loads((Path(directory) / "run" / "result.json").read_text())
    return seconds, result["test_accuracy"], result["peak_memory_mb"], result["seconds"]


def main():
    """Prints one line a run, then the table and the stages of the fast recipes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="ag_news", help="as of the scripts")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    print(machine.describe(), flush=True)
    runs = {model: {"notebook": [], "same recipe": [], "fast": []} for model in options.models}
    for seed in range(1, options.repetitions + 1):
        for model in options.models:
            script, same, fast = MODELS[model]
            runs[model]["notebook"].append(notebook(model, options.data, seed))
            runs[model]["same recipe"].append(recipe(script, same, options.data, seed))
            runs[model]["fast"].append(recipe(script, fast, options.data, seed))
            for kind, made in runs[model].items():
                seconds, accuracy, memory = made[-1][:3]
                print(
                    f"{model} seed {seed} {kind}: {seconds:.1f} s, accuracy {accuracy:.4f}, "
                    f"{memory:.0f} MB",
                    flush=True,
                )
    print(table(runs))
    print(stages(runs))


def table(runs):
    """The Markdown table of ratios and accuracies."""
    lines = [
        "| model | same recipe | same accuracy | accuracy: notebook | same recipe | fast "
        "| peak MB: notebook | same recipe | fast |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for model, kinds in runs.items():
        columns = {kind: list(zip(*made, strict=True)) for kind, made in kinds.items()}
        base = columns["notebook"][0]
        ratios = [
            f"{median(ratios(base, columns[kind][0])):.1f}" for kind in ("same recipe", "fast")
        ]
        accuracies = [f"{mean(columns[kind][1]):.4f}" for kind in columns]
        memory = [f"{median(columns[kind][2]):.0f}" for kind in columns]
        lines.append(f"| {' | '.join([model, *ratios, *accuracies, *memory])} |")
    sums = {
        kind: [sum(made) for made in zip(*seconds_by_model(runs, kind), strict=True)]
        for kind in ("notebook", "same recipe", "fast")
    }
    total = [f"{median(ratios(sums['notebook'], sums[k])):.1f}" for k in ("same recipe", "fast")]
    return "\n".join([*lines, f"| sum | {' | '.join(total)} | | | | | | |"])


def ratios(base, ours):
    """How many times longer the base took, repetition by repetition."""
    return [b / o for b, o in zip(base, ours, strict=True)]


def seconds_by_model(runs, kind):
    """For each model the seconds of each repetition."""
    return [[made[0] for made in kinds[kind]] for kinds in runs.values()]


def stages(runs):
    """The Markdown table of where the seconds of the fast recipes go (medians)."""
    lines = []
    for model, kinds in runs.items():
        of_runs = [made[3] for made in kinds["fast"]]
        if not lines:
            lines = [f"| fast: seconds | {' | '.join(of_runs[0])} |"]
            lines.append("|---" * (len(of_runs[0]) + 1) + "|")
        medians = [f"{median(seconds[stage] for seconds in of_runs):.1f}" for stage in of_runs[0]]
        lines.append(f"| {' | '.join([model, *medians])} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
