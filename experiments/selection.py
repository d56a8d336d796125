"""Compares the held-out scores of runs: which of several values is best, and is it really?"""

from dataclasses import dataclass
from functools import cached_property
from statistics import mean, stdev

from matplotlib.figure import Figure

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

    @cached_property
    def scores(self):
        """The held-out accuracy of each run."""
        return [result["validation_accuracy"] for result in self.results]

    @cached_property
    def rows(self):
        """How many different rows were held out, over all folds."""
        seed = self.results[0]["seed"]
        parts = [result for result in self.results if result["seed"] == seed]
        return sum(result["data"]["rows"]["held_out"] for result in parts)


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
    best, *others = candidates
    width = max(map(len, ["values", *map(str, candidates)]))
    lines = [
        f"{'values':{width}}  held-out accuracy    lowest to highest  macro F1  below the best"
    ]
    alike = []
    for candidate in candidates:
        scores = candidate.scores
        f1 = mean(result["validation_macro_f1"] for result in candidate.results)
        spread = f"{min(scores):.4f} to {max(scores):.4f}"
        lines.append(f"{candidate!s:{width}}  {mean(scores):17.4f}{spread:>21}{f1:10.4f}")
        if candidate is not best:
            difference, half = mean(best.scores) - mean(scores), margin(best, candidate)
            lines[-1] += f"  {difference:.4f} ± {half:.4f}"
            alike += [str(candidate)] if difference <= half else []
    lines.append(f"{len(best.scores)} runs each, {best.rows:,} held-out rows")
    if alike:
        lines.append(f"cannot be told apart from the best: {'; '.join(alike)}")
        lines.append("more --seeds, --folds or rows may tell more")
    elif others:
        lines.append(f"{best} is better than the others by more than chance explains")
    if len({result["seed"] for result in best.results}) == 1:
        lines.append("with a single seed, nothing shows how much the seed changes")
    return "\n".join(lines)


def draw(candidates, path):
    """Draws the scores against the values of the first field that varies into a file.

    Args:
        candidates: list of `Candidate`.
        path: the file, whose suffix is one of Matplotlib's formats.

    Raises:
        UserError: see `plots.save`.
    """
    field = next(iter(candidates[0].values), "")
    levels = list(dict.fromkeys(candidate.values.get(field) for candidate in candidates))
    numeric = all(type(level) in (int, float) for level in levels)
    lines = {}  # the values of the other fields to pairs of position and scores
    for candidate in candidates:
        others = {name: value for name, value in candidate.values.items() if name != field}
        level = candidate.values.get(field)
        point = level if numeric else levels.index(level), candidate.scores
        lines.setdefault(" ".join(flags(others)), []).append(point)
    result = candidates[0].results[0]
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    plots.add_title(figure, f"{result['script']} {result['recipe']}, {result['data']['name']}")
    axes = figure.subplots()
    if len(lines) == 1:
        axes.set_prop_cycle(color=[plots.network_color(result["script"])])
    for label, points in lines.items():
        positions, scores = zip(*sorted(points), strict=True)
        [line] = axes.plot(positions, [*map(mean, scores)], "o-", label=label)
        for position, values in zip(positions, scores, strict=True):
            axes.plot([position] * len(values), values, "_", color=line.get_color())
    if numeric and min(levels) > 0 and max(levels) >= 10 * min(levels):
        axes.set_xscale("log")
    axes.set_xticks(levels if numeric else range(len(levels)), map(as_text, levels))
    axes.minorticks_off()
    axes.set(xlabel=as_flag(field) if field else "", ylabel="held-out accuracy")
    axes.grid(alpha=0.3)
    if len(lines) > 1:
        axes.legend()
    plots.save(figure, path)
