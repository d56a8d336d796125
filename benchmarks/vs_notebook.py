"""Compares the tutorial's own method with the scripts, from process start to test accuracy.

Each repetition has its own seed and runs the tutorial's method (notebook.py) and both recipes of a
model one after the other, so that other load on the machine affects all of them. The table contains
medians of the repetitions' ratios, mean accuracies and median peak memory.

    python -m benchmarks.vs_notebook --data DIR
"""

import numpy as np

from benchmarks.processes import markdown, measured, run, run_script

# model: (script, its recipe with the tutorial's hyperparameters, its fast recipe)
MODELS = {
    "titles": ("train_rnn.py", "titles", "titles-fast"),
    "masked": ("train_rnn.py", "masked", "masked-fast"),
    "lstm": ("train_lstm.py", "tutorial", "fast"),
    "bilstm": ("train_bilstm.py", "tutorial", "fast"),
}
KINDS = ("notebook", "same recipe", "fast")


def measure(model, data, seed):
    """Runs a model: list of (seconds, test accuracy, peak MB), in the order of KINDS."""
    script, *recipes = MODELS[model]
    seconds, output = run("-m", "benchmarks.notebook", model, data, seed)
    values = [(seconds, *map(float, output.split()[-2:]))]
    for recipe in recipes:
        result = run_script(script, recipe, data, seed)
        seconds = result["seconds"]["process"]
        values.append((seconds, result["test_accuracy"], result["peak_memory_mb"]))
    return values


def comparison(runs):
    """Formats how much sooner, how accurate, and with how much memory; the last row is the sum.

    Args:
        runs: dict of model to a list of what `measure` returned, one for each repetition.
    """
    header = ["model", "same recipe: times faster", "fast: times faster"]
    header += [f"accuracy, {kind}" for kind in KINDS] + [f"peak MB, {kind}" for kind in KINDS]
    rows, all_seconds = [], []
    for model, values in runs.items():
        seconds, accuracies, memory = np.moveaxis(values, 2, 0)  # each (repetitions, kinds)
        row = [model, *times_sooner(seconds)]
        row += [f"{accuracy:.4f}" for accuracy in accuracies.mean(axis=0)]
        rows.append(row + [f"{megabytes:.0f}" for megabytes in np.median(memory, axis=0)])
        all_seconds.append(seconds)
    rows.append(["sum", *times_sooner(sum(all_seconds)), *[""] * (2 * len(KINDS))])
    return markdown(header, rows)


def times_sooner(seconds):
    """Formats the median ratio of the notebook's seconds to each other kind's.

    Args:
        seconds: float array of shape (repetitions, kinds).
    """
    return [f"{ratio:.1f}" for ratio in np.median(seconds[:, :1] / seconds[:, 1:], axis=0)]


def main():
    """Prints the table."""
    print(comparison(measured(__doc__, measure, MODELS)))


if __name__ == "__main__":
    main()
