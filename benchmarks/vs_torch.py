"""Compares the scripts with PyTorch (pytorch.py): same models, batch sizes, optimizer and rows.

It measures whole processes of one epoch, from the start to the test accuracy; the first epoch of
`fit`, which includes tracing; and the steady state, the difference between runs of two epochs and
of one. Each repetition runs PyTorch and the scripts one after the other; the table contains medians
of ratios.

    pip install torch
    python -m benchmarks.vs_torch --data DIR
"""

import numpy as np

from benchmarks.processes import markdown, measured, run, run_script
from benchmarks.vs_notebook import MODELS

# case: (model, batch size); the tutorial's batch sizes, and for the BiLSTM also a larger one
CASES = {
    "titles": ("titles", 16),
    "masked": ("masked", 16),
    "lstm": ("lstm", 8),
    "bilstm": ("bilstm", 16),
    "bilstm-128": ("bilstm", 128),
}
HEADER = ["model", "process of one epoch", "fit, one epoch", "steady state"]


def pytorch_seconds(model, data, seed, batch_size, epochs):
    """Trains a model with PyTorch: (seconds of the process, list of the seconds of each epoch)."""
    process, output = run("-m", "benchmarks.pytorch", model, data, seed, batch_size, epochs)
    return process, [float(word) for word in output.split()[-epochs:]]


def measure(case, data, seed):
    """Measures a case: ratios in the order of HEADER; above 1, ours is faster."""
    model, batch_size = CASES[case]
    script, recipe, _ = MODELS[model]
    command = [script, recipe, data, seed, "--validation", "none", "--batch-size", batch_size]
    if model == "masked":
        command += ["--buckets", 32]  # PyTorch's batches have similar lengths, too
    theirs, ours = {}, {}
    for epochs in (1, 2):
        theirs[epochs] = pytorch_seconds(model, data, seed, batch_size, epochs)
        ours[epochs] = run_script(*command, "--epochs", epochs)["seconds"]
    process, [first] = theirs[1]
    later = theirs[2][1][1] / (ours[2]["fit"] - ours[1]["fit"])
    return process / ours[1]["process"], first / ours[1]["fit"], later


def main():
    """Prints the table of the median ratios, and the lowest and highest."""
    rows = []
    for case, ratios in measured(__doc__, measure, CASES).items():
        columns = zip(*np.round(ratios, 2).tolist(), strict=True)
        rows.append([case, *(f"{np.median(c):.2f} ({min(c)}–{max(c)})" for c in columns)])
    print(markdown(HEADER, rows))


if __name__ == "__main__":
    main()
