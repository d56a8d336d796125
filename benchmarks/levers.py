"""What each lever is worth: the fast recipes with one of them removed at a time.

A ratio is the seconds of adapt, vectorise and fit without the lever through those of a run with all
of them, made directly before; "none" has the shortest and the longest of these through their
median, which shows the noise. The accuracy is that of one seed. A dash: the recipe does without the
lever anyway.

    python benchmarks/levers.py --data DIR
"""

from statistics import median

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
    told = {"metavar": "LEVER", "help": f"some of: {', '.join(LEVERS)}"}
    arguments.add_argument("--levers", nargs="+", choices=LEVERS, default=list(LEVERS), **told)
    options = arguments.parse_args()
    print(machine(), flush=True)
    header, table = ["lever removed"], [[lever] for lever in (*options.levers, "none")]
    for model in options.models:
        header += [f"{model}: times longer", "accuracy"]
        for row, both in zip(table, measured(model, options), strict=True):
            row += both
            print(model, row[0], *both, flush=True)
    print(markdown(header, table))


def measured(model, options):
    """Yields the two cells of each lever, and of "none"."""
    script, _, recipe = MODELS[model]
    command, with_all = (script, recipe, "--data", options.data), []
    for lever in options.levers:
        with_all.append(run_script(*command))
        result, base = without(lever, command, with_all[-1]), seconds(with_all[-1])
        yield ("–", "–") if result is None else cells(f"{seconds(result) / base:.1f}", result)
    every = [seconds(result) for result in with_all]
    low, high = (extreme(every) / median(every) for extreme in (min, max))
    yield cells(f"{low:.1f} to {high:.1f}", with_all[-1])


def cells(ratio, result):
    """As text."""
    return ratio, f"{result['test_accuracy']:.4f}"


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
