"""Compares the time of `fit` with PyTorch: same models, batch sizes, optimizer and rows.

Needs `pip install torch`, which nothing else does. It measures the first epoch, which includes
tracing, and the steady state, the difference between runs of two epochs and of one. Each repetition
runs PyTorch and the scripts one after the other; the table contains medians of ratios. PyTorch pads
less, to the longest text of each batch, and its BiLSTM reads the padding (it is not packed), which
is faster but less accurate.

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


def measure(case, data, seed):
    """Measures a case: (ratio of the first epoch, of a later one); above 1, ours is faster."""
    model, batch_size = CASES[case]
    script, recipe, _ = MODELS[model]
    _, output = run("-m", "benchmarks.torch_method", model, data, seed, batch_size)
    theirs = [float(seconds) for seconds in output.split()[-2:]]
    command = [script, recipe, data, seed, "--validation", "none", "--batch-size", batch_size]
    if model == "masked":
        command += ["--buckets", 32]  # PyTorch's batches have similar lengths, too
    first, both = (run_script(*command, "--epochs", n)["seconds"]["fit"] for n in (1, 2))
    ours = [first, both - first]
    return theirs[0] / ours[0], theirs[1] / ours[1]


def main():
    """Prints the table of the median ratios."""
    ratios = measured(__doc__, measure, CASES)
    rows = [[case, *np.median(pairs, axis=0).round(2)] for case, pairs in ratios.items()]
    print(markdown(["model", "PyTorch's seconds / ours: one epoch", "steady state"], rows))


if __name__ == "__main__":
    main()
