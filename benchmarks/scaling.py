"""Measures how the time of each stage, and memory, grow with the number of training rows.

Rows are repeated where there are too few. Each repetition measures all sizes, one after the other.

    python -m benchmarks.scaling --data DIR
"""

import csv
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.processes import markdown, parser, repeat, run_script
from corpus.loading import load
from training.machine import machine

STAGES = ("load", "adapt", "vectorise", "fit", "evaluate", "process")
SIZES = (60_000, 120_000, 600_000, 1_200_000)


def main():
    """Prints a table of the median seconds of each stage and the median peak memory."""
    arguments = parser(__doc__)
    arguments.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="train rows")
    options = arguments.parse_args()
    print(machine(), flush=True)
    corpus = load(options.data)
    with tempfile.TemporaryDirectory() as folder:
        for size in options.sizes:
            directory = Path(folder) / str(size)
            directory.mkdir()
            write(corpus.train, size, directory / "train.csv")
            write(corpus.test, len(corpus.test), directory / "test.csv")
        results = repeat(measure, options.sizes, folder, options.repetitions)
    table = []
    for size, runs in results.items():
        seconds = [median(run["seconds"][stage] for run in runs) for stage in STAGES]
        memory = median(run["peak_memory_mb"] for run in runs)
        table.append([f"{size:,}", *(f"{value:.1f}" for value in seconds), f"{memory:.0f}"])
    print(markdown(["train rows", *STAGES, "peak MB"], table))


def measure(size, folder, seed):
    """Trains on the corpus of a size; returns the run's result."""
    return run_script("train_lstm.py", "fast", f"{folder}/{size}", seed, "--train-rows", 0)


def write(rows, count, path):
    """Writes a CSV file of `count` rows, repeated if there are fewer."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for i in (number % len(rows) for number in range(count)):
            writer.writerow([rows.labels[i] + 1, rows.titles[i], rows.descriptions[i]])


if __name__ == "__main__":
    main()
