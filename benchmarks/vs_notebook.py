"""Whole processes, start to reported test accuracy: the tutorial's own method against the scripts.

Each repetition has its own seed and runs the tutorial's method (notebook.py) and both recipes of a
model one after the other, so that what else the machine does falls on all of them. The tables give
medians of the repetitions' ratios, mean accuracies, and where the seconds of the fast recipes go.

    python benchmarks/vs_notebook.py --data DIR
"""

import re
from statistics import mean, median

from processes import machine, markdown, parser, run, run_script

# model: (script, its recipe with the tutorial's hyperparameters, its fast recipe)
MODELS = {
    "titles": ("train_rnn.py", "titles", "titles-fast"),
    "masked": ("train_rnn.py", "masked", "masked-fast"),
    "lstm": ("train_lstm.py", "tutorial", "fast"),
    "bilstm": ("train_bilstm.py", "tutorial", "fast"),
}
KINDS = ("notebook", "same recipe", "fast")


def notebook(model, data, seed):
    """One run of the tutorial's method, in the form of `run_script`'s result."""
    seconds, output = run("benchmarks/notebook.py", model, data, str(seed))
    accuracy, memory = re.search(r"accuracy (\S+) memory (\S+)", output).groups()
    return {
        "seconds": {"process": seconds},
        "test_accuracy": float(accuracy),
        "peak_memory_mb": float(memory),
    }


def repetition(model, data, seed):
    """One run of each kind of a model, one after the other: dict of kind to result."""
    script, same, fast = MODELS[model]
    options = ("--data", data, "--seed", str(seed))
    results = {
        "notebook": notebook(model, data, seed),
        "same recipe": run_script(script, same, *options),
        "fast": run_script(script, fast, *options),
    }
    for kind, result in results.items():
        seconds, accuracy = result["seconds"]["process"], result["test_accuracy"]
        print(f"{model}, seed {seed}, {kind}: {seconds:.1f} s, {accuracy:.4f}", flush=True)
    return results


def main():
    """Prints a line for each run, then the tables."""
    arguments = parser(__doc__, MODELS)
    arguments.add_argument("--repetitions", type=int, default=3)
    options = arguments.parse_args()
    print(machine(), flush=True)
    runs = {model: [] for model in options.models}
    for seed in range(1, options.repetitions + 1):
        for model in options.models:
            runs[model].append(repetition(model, options.data, seed))
    print(comparison(runs))
    print()
    print(stages(runs))


def comparison(runs):
    """How many times sooner, how accurate, with how much memory; the sum of the models last."""
    header = ["model", "same recipe: times sooner", "fast: times sooner"]
    header += [f"accuracy, {kind}" for kind in KINDS] + [f"peak MB, {kind}" for kind in KINDS]
    rows = []
    for model, repetitions in runs.items():
        rows.append([model, *times_sooner([[one] for one in repetitions])])
        for kind in KINDS:
            rows[-1].append(f"{mean(one[kind]['test_accuracy'] for one in repetitions):.4f}")
        for kind in KINDS:
            rows[-1].append(f"{median(one[kind]['peak_memory_mb'] for one in repetitions):.0f}")
    everything = list(zip(*runs.values(), strict=True))
    rows.append(["sum", *times_sooner(everything), *[""] * (2 * len(KINDS))])
    return markdown(header, rows)


def times_sooner(repetitions):
    """The median ratio of each kind after the first; a repetition is a list of models' runs."""
    sums = [
        {kind: sum(model[kind]["seconds"]["process"] for model in models) for kind in KINDS}
        for models in repetitions
    ]
    return [f"{median(one['notebook'] / one[kind] for one in sums):.1f}" for kind in KINDS[1:]]


def stages(runs):
    """Where the seconds of the fast recipes go: medians."""
    names = list(next(iter(runs.values()))[0]["fast"]["seconds"])
    rows = [
        [model, *(f"{median(o['fast']['seconds'][n] for o in repetitions):.1f}" for n in names)]
        for model, repetitions in runs.items()
    ]
    return markdown(["fast, seconds", *names], rows)


if __name__ == "__main__":
    main()
