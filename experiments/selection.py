"""Compares the held-out scores of runs: which of several values is best, and is it really?"""

from dataclasses import dataclass
from statistics import mean, stdev

from matplotlib.figure import Figure

from experiments import comparison
from experiments.comparison import spread
from training import plots
from training.recipes import as_flag, as_text, flags

Z = 1.96  # quantile of the normal distribution, for 95 per cent


@dataclass(frozen=True)
class Candidate:
    """A combination of values, and the runs that score it.

    Attributes:
        values: dict of hyperparameter to value, those that differ between candidates.
        results: list of the contents of result.json, one for each seed and fold.
    """

    values: dict
    results: list

    def __str__(self):
        return " ".join(flags(self.values)) or "as in the recipe"

    @property
    def scores(self):
        """The held-out accuracy of each run."""
        return [result["validation_accuracy"] for result in self.results]

    @property
    def rows(self):
        """How many different rows were held out, over all folds."""
        seeds = {result["seed"] for result in self.results}
        return sum(r["data"]["rows"]["held_out"] for r in self.results) // len(seeds)


def ranked(candidates):
    """Sorts candidates by mean score, the best first."""
    return sorted(candidates, key=lambda candidate: -mean(candidate.scores))


def margin(best, other):
    """Half of a 95% confidence interval of the difference between two mean scores.

    It adds up what seeds and folds change (Student's t for the differences of runs with the same
    seed and fold) and what other held-out rows would change. The latter is taken as if the two were
    scored on different rows, which is cautious.

    Args:
        best, other: `Candidate`s.
    """
    from scipy.stats import t  # takes half a second

    rows = sum(mean(c.scores) * (1 - mean(c.scores)) / c.rows for c in (best, other))
    variance = Z**2 * rows
    differences = [a - b for a, b in zip(best.scores, other.scores, strict=True)]
    if (runs := len(differences)) > 1:
        variance += (t.ppf(0.975, runs - 1) * stdev(differences)) ** 2 / runs
    return variance**0.5


def table(candidates):
    """Formats candidates as `ranked` returns them, and says which may be as good as the best."""
    best, rows, alike = candidates[0], [], []
    for candidate in candidates:
        f1 = mean(result["validation_macro_f1"] for result in candidate.results)
        row = {"values": str(candidate), "held-out accuracy": spread(candidate.scores)}
        rows.append(row | {"macro F1": f"{f1:.4f}", "below the best": ""})
        if candidate is not best:
            difference = mean(best.scores) - mean(candidate.scores)
            half = margin(best, candidate)
            rows[-1]["below the best"] = f"{difference:.4f} ± {half:.4f}"
            alike += [str(candidate)] if difference <= half else []
    lines = [comparison.table(rows)]
    lines.append(f"{len(best.scores)} runs each, {best.rows:,} held-out rows")
    if alike:
        lines.append(f"cannot be told apart from the best: {'; '.join(alike)}")
        lines.append("more --seeds, --folds or rows may tell more")
    elif len(candidates) > 1:
        lines.append(f"{best} is better than the others by more than chance explains")
    if len({result["seed"] for result in best.results}) == 1:
        lines.append("with a single seed, nothing shows how much the seed changes")
    return "\n".join(lines)


def plot(candidates):
    """Draws scores against the values of the first field that varies, as a Matplotlib figure."""
    field = next(iter(candidates[0].values), "")
    lines = {}  # the values of the other fields to pairs of a value and scores
    for candidate in candidates:
        others = {name: value for name, value in candidate.values.items() if name != field}
        point = as_text(candidate.values.get(field)), candidate.scores
        lines.setdefault(" ".join(flags(others)), []).append(point)
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    if len(lines) == 1:
        axes.set_prop_cycle(color=[plots.network_color(candidates[0].results[0]["script"])])
    for label, points in lines.items():
        values, scores = zip(*points, strict=True)
        [line] = axes.plot(values, [*map(mean, scores)], "o-", label=label)
        axes.plot(values, scores, "_", color=line.get_color())
    axes.set(xlabel=as_flag(field) if field else "", ylabel="held-out accuracy")
    axes.grid(alpha=0.3)
    if len(lines) > 1:
        axes.legend()
    return figure
