"""What each lever is worth: the fast recipes with one of them removed at a time.

A ratio is the seconds of adapt, vectorise and fit without the lever through those with all of them,
which are measured before and after; "none" is the second of these through their mean, and shows the
noise. The accuracy is that of one seed. A dash: the recipe does without the lever anyway.

    python benchmarks/levers.py --data DIR
"""

from processes import machine, markdown, parser, run_script
from vs_notebook import MODELS

# lever: options that remove it; None: a patch of without.py
LEVERS = {
    "texts to token ids once": None,
    "bucketing": ("--buckets", "1"),
    "fused layers rather than XLA": None,
    "16 steps per execution": None,
    "embedding of the vocabulary's size": None,
    "fused layers rather than Keras's": None,
    "fused Adam": None,
    "larger batch": ("--batch-size", "16"),
    "full-text vocabulary": ("--vectorizer-rows", "2000", "--vectorizer-text", "title"),
    "cosine schedule": ("--schedule", "constant"),
    "fewer rows": ("--train-rows", "0"),
}


def main():
    """Prints a line for each run, then the table."""
    arguments = parser(__doc__, MODELS)
    arguments.add_argument("--levers", nargs="+", choices=LEVERS, default=list(LEVERS))
    options = arguments.parse_args()
    print(machine(), flush=True)
    header, table = ["lever removed"], [[lever] for lever in ("none", *options.levers)]
    for model in options.models:
        header += [f"{model}: times longer", "accuracy"]
        script, _, recipe = MODELS[model]
        command = (script, recipe, "--data", options.data)
        before = run_script(*command)
        results = [without(lever, command, before) for lever in options.levers]
        after = run_script(*command)
        base = (seconds(before) + seconds(after)) / 2
        for row, result in zip(table, [after, *results], strict=True):
            row += ["–", "–"]
            if result is not None:
                row[-2:] = [f"{seconds(result) / base:.1f}", f"{result['test_accuracy']:.4f}"]
            print(model, row[0], *row[-2:], flush=True)
    print(markdown(header, table))


def seconds(result):
    """From the rows to the fitted model."""
    return sum(result["seconds"][stage] for stage in ("adapt", "vectorise", "fit"))


def without(lever, command, base):
    """The result of a run without a lever; None where its recipe lacks it."""
    if LEVERS[lever] is None:
        return run_script("benchmarks/without.py", lever, *command)
    result = run_script(*command, *LEVERS[lever])
    return None if result["hyperparameters"] == base["hyperparameters"] else result


if __name__ == "__main__":
    main()
