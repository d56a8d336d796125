"""Ranks values by held-out accuracy, and says which differences are more than chance."""

from statistics import mean, stdev

from experiments import comparison

Z = 1.96  # quantile of the normal distribution, for 95 per cent


def ranked(groups):
    """Sorts groups of runs from `comparison.group` by mean score, the best first."""
    return sorted(groups, key=lambda group: -mean(group["validation_accuracy"]))


def held_out_rows(group):
    """How many different rows were held out, over all folds."""
    seeds = {run["seed"] for run in group["runs"]}
    return sum(run["data"]["rows"]["held_out"] for run in group["runs"]) // len(seeds)


def margin(best, other):
    """Half of a 95% confidence interval of the difference between two mean scores.

    It combines the variance over seeds and folds (Student's t, on the differences between runs with
    the same seed and fold) with the variance from the choice of held-out rows. The latter is
    computed as if the two were measured on different rows, which is cautious.

    Args:
        best, other: groups, their runs in the same order of seeds and folds.
    """
    from scipy.stats import t  # takes half a second

    scores = [group["validation_accuracy"] for group in (best, other)]
    sizes = map(held_out_rows, (best, other))
    variance = Z**2 * sum(mean(p) * (1 - mean(p)) / n for p, n in zip(scores, sizes, strict=True))
    differences = [a - b for a, b in zip(*scores, strict=True)]
    if (runs := len(differences)) > 1:
        variance += (t.ppf(0.975, runs - 1) * stdev(differences)) ** 2 / runs
    return variance**0.5


def table(groups):
    """Formats groups as `ranked` returns them, and says which may be as good as the best."""
    best, rows, alike, name = groups[0], [], [], "validation_accuracy"
    for group in groups:
        label, scores = " ".join(group["label"]), group[name]
        f1 = f"{mean(group['validation_macro_f1']):.4f}"
        row = {"values": label, "held-out accuracy": comparison.spread(scores), "macro F1": f1}
        difference = mean(best[name]) - mean(scores)
        half = margin(best, group)
        below = "" if group is best else f"{difference:.4f} ± {half:.4f}"
        rows.append(row | {"below the best": below})
        alike += [label] if below and difference <= half else []
    lines = [comparison.table(rows)]
    plural = "s" if len(best["runs"]) > 1 else ""
    lines.append(f"{len(best['runs'])} run{plural} each, {held_out_rows(best):,} held-out rows")
    if len(set(map(held_out_rows, groups))) > 1:
        lines.append("the held-out rows differ; with a validation file, they would be the same")
    if alike:
        lines.append(f"cannot be told apart from the best: {'; '.join(alike)}")
        lines.append("more seeds, folds or rows may separate them")
    elif len(groups) > 1:
        lines.append(f"{rows[0]['values']} is better than the others, beyond what chance explains")
    if len(groups) > 1 and all(group[name] == best[name] for group in groups):
        lines.append("all values have the same scores: is the hyperparameter used in main()?")
    if len({run["seed"] for run in best["runs"]}) == 1:
        lines.append("a single seed does not show how much the accuracy depends on the seed")
    return "\n".join(lines)
