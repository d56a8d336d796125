"""How time and memory grow with the train rows, stage by stage.

Where there are fewer rows, they are repeated. Interleaved: each repetition goes through all sizes.

    python benchmarks/scaling.py --data DIR
"""

import csv
import tempfile
from pathlib import Path
from statistics import median

from processes import machine, markdown, parser, run_script

from corpus import load

STAGES = ("load", "adapt", "vectorise", "fit", "evaluate", "process")
SIZES = (60_000, 120_000, 600_000, 1_200_000)


def main():
    """Prints the table: medians of seconds, and of the peak memory."""
    arguments = parser(__doc__)
    arguments.add_argument("--script", default="train_lstm.py")
    arguments.add_argument("--recipe", default="fast")
    arguments.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="train rows")
    arguments.add_argument("--repetitions", type=int, default=3)
    options = arguments.parse_args()
    print(machine(), flush=True)
    rows = load(options.data)
    results = {size: [] for size in options.sizes}
    with tempfile.TemporaryDirectory() as directory:
        for size in results:
            write(rows, size, Path(directory) / str(size))
        for _ in range(options.repetitions):
            for size in results:
                data = str(Path(directory) / str(size))
                command = (options.script, options.recipe, "--data", data, "--train-rows", "0")
                results[size].append(run_script(*command))
    table = [
        [f"{size:,}", *(f"{median(r['seconds'][stage] for r in of):.1f}" for stage in STAGES)]
        + [f"{median(r['peak_memory_mb'] for r in of):.0f}"]
        for size, of in results.items()
    ]
    print(markdown(["train rows", *STAGES, "peak MB"], table))


def write(rows, size, directory):
    """Writes a corpus directory of `size` train rows, repeated where there are fewer."""
    directory.mkdir()
    for name, split, count in (
        ("train", rows.train, size),
        ("test", rows.test, len(rows.test)),
    ):
        with open(directory / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            for i in range(count):
                at = i % len(split)
                writer.writerow([split.labels[at] + 1, split.titles[at], split.descriptions[at]])


if __name__ == "__main__":
    main()
