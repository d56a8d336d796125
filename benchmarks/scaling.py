"""Measures how the time of each stage, and memory, grow with the number of training rows.

Rows are repeated where there are too few. Each repetition measures all sizes, one after the other.

    python -m benchmarks.scaling --data DIR
"""

import csv
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.processes import markdown, measured, run_script
from corpus.loading import load

STAGES = ("load", "adapt", "vectorise", "fit", "evaluate", "process")
SIZES = (60_000, 120_000, 600_000, 1_200_000)


def measure(size, data, seed):
    """Trains on `size` rows; returns the seconds of each stage and the peak memory in MB."""
    corpus = load(data)
    with tempfile.TemporaryDirectory() as folder:
        write(corpus.train, size, Path(folder, "train.csv"))
        write(corpus.test, len(corpus.test), Path(folder, "test.csv"))
        result = run_script("train_lstm.py", "fast", folder, seed, "--train-rows", 0)
    return [*map(result["seconds"].get, STAGES), result["peak_memory_mb"]]


def write(rows, count, path):
    """Writes a CSV file of `count` rows, repeated if there are fewer."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        for i in (number % len(rows) for number in range(count)):
            writer.writerow([rows.labels[i] + 1, rows.titles[i], rows.descriptions[i]])


def main():
    """Prints a table of the median seconds of each stage and the median peak memory."""
    rows = [
        [f"{size:,}", *np.median(values, axis=0).round(1)]
        for size, values in measured(__doc__, measure, SIZES).items()
    ]
    print(markdown(["train rows", *STAGES, "peak MB"], rows))


if __name__ == "__main__":
    main()
