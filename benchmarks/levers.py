"""What each lever is worth: the fast recipes with one of them removed at a time.

A ratio is the seconds of fit without the lever through those with all of them, which are measured
before and after; the accuracy is that of one seed.

    python benchmarks/levers.py --data DIR
"""

import argparse

import machine
from processes import markdown, run_script
from vs_notebook import MODELS

# lever: options that remove it; None: a patch of without.py
LEVERS = {
    "texts to token ids once": None,
    "bucketing": ("--buckets", "1"),
    "no XLA": ("--xla",),
    "16 steps per execution": None,
    "embedding of the vocabulary's size": None,
    "fused SimpleRNN or LSTM": None,
    "fused Adam": None,
    "larger batch": ("--batch-size", "16"),
    "full-text vocabulary": ("--vectorizer-rows", "2000", "--vectorizer-text", "title"),
    "cosine schedule": ("--schedule", "constant"),
    "fewer rows": ("--train-rows", "0"),
}


def main():
    """Prints a line for each run, then the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="ag_news", help="as of the scripts")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--levers", nargs="+", choices=LEVERS, default=list(LEVERS))
    options = parser.parse_args()
    print(machine.describe(), flush=True)
    header, table = ["lever removed"], [[lever] for lever in ("none", *options.levers)]
    for model in options.models:
        header += [f"{model}: fit, times longer", "accuracy"]
        script, _, recipe = MODELS[model]
        command = (script, recipe, "--data", options.data)
        results = [run_script(*command), *(without(lever, command) for lever in options.levers)]
        fits = [result["seconds"]["fit"] for result in results]
        fits[0] = (fits[0] + run_script(*command)["seconds"]["fit"]) / 2
        for row, fit, result in zip(table, fits, results, strict=True):
            row += [f"{fit / fits[0]:.1f}", f"{result['test_accuracy']:.4f}"]
            print(model, row[0], *row[-2:], flush=True)
    print(markdown(header, table))


def without(lever, command):
    """The result of a run without a lever."""
    if LEVERS[lever] is None:
        return run_script("benchmarks/without.py", lever, *command)
    return run_script(*command, *LEVERS[lever])


if __name__ == "__main__":
    main()
