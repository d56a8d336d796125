"""The recipe `own` and two baselines on few rows and on all: runs, a table, and a picture."""

from dataclasses import replace
from statistics import mean

from matplotlib.figure import Figure

from experiments import experiment
from training import plots

ROWS = 500, 2000, 5000
KINDS = {
    "TF-IDF, logistic regression": experiment("baselines", "tf-idf"),
    "bag of words": experiment("baselines", "bag-of-words"),
    "SimpleRNN on titles": experiment("train_rnn", "own", text="title"),
    "SimpleRNN": experiment("train_rnn", "own"),
    "LSTM": experiment("train_lstm", "own"),
    "stacked BiLSTM": experiment("train_bilstm", "own"),
}
COLORS = {name: plots.network_color(kind.script) for name, kind in KINDS.items()}
COLORS |= {"SimpleRNN on titles": plots.SKY, "bag of words": plots.BLACK}


def runs(all_rows):
    """The runs that are compared: dict of name to a list of `Experiment`s, fewest rows first.

    Args:
        all_rows: how many training rows there are.
    """
    few = [rows for rows in ROWS if rows < all_rows]
    return {
        name: [*(replace(kind, changes=(*kind.changes, ("train_rows", n))) for n in few), kind]
        for name, kind in KINDS.items()
    }


def report(results, seeds, all_rows):
    """Collects the accuracies of runs.

    Args:
        results: dict of (`Experiment`, seed) to the contents of result.json.
        seeds: list of int.
        all_rows: how many training rows there are.

    Returns:
        Dict of "rows", the numbers of rows, and "accuracies", a dict of name to a list, for each
        number of rows, of lists, the test accuracy with each seed.
    """
    every = runs(all_rows)
    accuracies = {
        name: [[results[run, seed]["test_accuracy"] for seed in seeds] for run in several]
        for name, several in every.items()
    }
    sizes = [run.hyperparameters().train_rows or all_rows for run in every["LSTM"]]
    return {"rows": sizes, "accuracies": accuracies}


def table(report):
    """Formats the table of docs/results.md.

    Args:
        report: see `report`.
    """
    names = [*report["accuracies"]]
    lines = ["Test accuracy by training rows:", ""]
    lines += [f"| rows | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for i, rows in enumerate(report["rows"]):
        cells = [f"{mean(report['accuracies'][name][i]):.4f}" for name in names]
        lines.append(f"| {rows:,} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def draw(report):
    """Draws the mean accuracies, and from the lowest to the highest, as a Matplotlib figure.

    Args:
        report: see `report`.
    """
    figure = Figure(figsize=(8, 4.5), dpi=120, layout="constrained")
    axes = figure.subplots()
    for name, accuracies in report["accuracies"].items():
        style = "--" if KINDS[name].script == "baselines" else "-"
        line = report["rows"], [mean(seeds) for seeds in accuracies]
        axes.plot(*line, style, marker="o", color=COLORS[name], label=name)
        bounds = [*map(min, accuracies)], [*map(max, accuracies)]
        axes.fill_between(report["rows"], *bounds, color=COLORS[name], alpha=0.15, linewidth=0)
    axes.set(xscale="log", xlabel="train rows", ylabel="test accuracy")
    axes.set_xticks(report["rows"], [f"{rows:,}" for rows in report["rows"]])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend()
    return figure
