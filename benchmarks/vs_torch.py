"""The time of fit: the scripts against PyTorch with the same models, batches, optimizer and rows.

Needs `pip install torch`, which nothing else does. One epoch with compilation counted, and the
steady state: two epochs less one, from two runs. Medians of ratios; each repetition runs both, one
after the other. PyTorch pads less (to the longest text of each batch), and its BiLSTM, unpacked,
reads the padding, which is faster and worse.

    python benchmarks/vs_torch.py --data DIR
"""

from importlib.metadata import version
from statistics import median

from processes import machine, markdown, parser, run, run_script
from vs_notebook import MODELS

# What is measured: model, batch size. The tutorial's batches, and for the BiLSTM larger ones.
CASES = {
    "titles": ("titles", 16),
    "masked": ("masked", 16),
    "lstm": ("lstm", 8),
    "bilstm": ("bilstm", 16),
    "bilstm-128": ("bilstm", 128),
}


def main():
    """Prints a line for each repetition, then the table."""
    arguments = parser(__doc__, CASES)
    arguments.add_argument("--repetitions", type=int, default=3)
    options = arguments.parse_args()
    print(f"{machine()}, Torch {version('torch')}", flush=True)
    ratios = {model: [] for model in options.models}
    for seed in range(1, options.repetitions + 1):
        for model in options.models:
            ratios[model].append(repetition(model, options.data, seed))
    header = ["model", "PyTorch's seconds / ours: one epoch", "steady state"]
    print(markdown(header, [[model, *medians(of)] for model, of in ratios.items()]))


def repetition(model, data, seed):
    """For one of `CASES`: (ratio of the first epoch, of a later one): above 1, ours are faster."""
    name, batch_size = CASES[model]
    script, recipe, _ = MODELS[name]
    _, output = run("benchmarks/torch_method.py", name, data, str(seed), str(batch_size))
    theirs = [float(seconds) for seconds in output.split()[-2:]]
    command = (script, recipe, "--data", data, "--seed", str(seed), "--validation", "none")
    command += ("--batch-size", str(batch_size))
    if name == "masked":
        command += ("--buckets", "32")  # the recipe has none; PyTorch's batches are of like length
    one, two = (run_script(*command, "--epochs", epochs)["seconds"]["fit"] for epochs in ("1", "2"))
    ours = [one, two - one]
    print(
        f"{model}, seed {seed}: PyTorch {theirs[0]:.1f} and {theirs[1]:.1f} s, "
        f"ours {ours[0]:.1f} and {ours[1]:.1f} s",
        flush=True,
    )
    return theirs[0] / ours[0], theirs[1] / ours[1]


def medians(ratios):
    """The median of each column, as text."""
    return [f"{median(column):.2f}" for column in zip(*ratios, strict=True)]


if __name__ == "__main__":
    main()
