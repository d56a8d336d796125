"""Ten times AG News's rows fit into a laptop's memory."""

import subprocess
import sys

import numpy as np
import pytest
from conftest import PROJECT

ROWS = 1_200_000
PROGRAM = """
import sys
import data
from training.machine import peak_memory_mb

rows, text = data.load(sys.argv[1]).train, "title+description"
tokens = data.vectorize(data.fit_vectorizer(rows, text, 20000), rows)
next(iter(data.TrainingBatches(tokens, 128, 16).dataset()))
print(len(tokens), peak_memory_mb())
"""


@pytest.mark.slow
def test_reading_and_vectorising_1_2_million_rows_stays_under_2_gb(tmp_path):
    random = np.random.default_rng(0)
    words = np.array([f"word{i}" for i in range(50_000)])
    with open(tmp_path / "train.csv", "w", encoding="utf-8") as file:
        for first in range(0, ROWS, 10_000):
            ranks = (50_000 * random.random((10_000, 40)) ** 4).astype(int)  # few words are common
            for i, row in enumerate(words[ranks].tolist()):
                file.write(
                    f'"{1 + i % 4}","{first + i} {" ".join(row[:8])}","{" ".join(row[8:])}"\n'
                )
    (tmp_path / "test.csv").write_text('"1","a","b"\n')
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path],
        capture_output=True,
        text=True,
        timeout=900,
        cwd=PROJECT,
    )
    assert done.returncode == 0, done.stderr
    texts, peak = done.stdout.split()
    assert int(texts) == ROWS
    assert float(peak) < 2000
    print(f"peak {peak} MB")
