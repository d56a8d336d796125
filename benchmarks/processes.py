"""Runs whole processes for the benchmarks."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from training.machine import machine  # noqa: F401  (the benchmarks print it)


def parser(about, models=()):
    """The command line that the benchmarks share; --models only where there are some."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--data", type=_corpus, default="ag_news", help="as of the scripts")
    if models:
        parser.add_argument("--models", nargs="+", choices=models, default=list(models))
    return parser


def _corpus(value):
    """What means the same in the project's directory, where the scripts run."""
    return str(Path(value).resolve()) if Path(value).is_dir() else value


def run(*command):
    """Runs a Python file of this project to its end; returns (seconds, standard output)."""
    begin = time.perf_counter()
    process = subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=ROOT)
    seconds = time.perf_counter() - begin
    if process.returncode:
        sys.exit(f"{' '.join(command)}: status {process.returncode}\n{process.stderr[-2000:]}")
    return seconds, process.stdout


def run_script(*command):
    """Runs a training script; returns its result.json, with "process" among the seconds."""
    with tempfile.TemporaryDirectory() as directory:
        seconds, _ = run(*command, "--run-dir", f"{directory}/run", "--quiet")
        result = json.loads((Path(directory) / "run" / "result.json").read_text())
    result["seconds"]["process"] = seconds
    return result


def markdown(header, rows):
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
