"""Makes training runs: each is made once and found again later.

An executor (experiments/executors.py) makes the runs that are missing.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tqdm import tqdm

from corpus import loading
from corpus.classes import listed
from corpus.errors import UserError
from experiments import Experiment
from experiments.executors import DaskExecutor, LocalExecutor
from training import process
from training.directory import RunDirectory, load_result
from training.machine import code


@dataclass(frozen=True)
class Plan:
    """A run that is wanted.

    Attributes:
        name: what it is called on the screen.
        experiment: the `Experiment`.
        command: list of `str`: a training script and its arguments, without the run directory.
            They include --resume or --overwrite if the directory contains a run.
        path: the run directory.
        settings: dict that `RunDirectory.settings` has to include in the end.
        finished: whether the run is already there, whole.
    """

    name: str
    experiment: Experiment
    command: list
    path: Path
    settings: dict
    finished: bool


def run_all(wanted, data, directory, executor, trial=False):
    """Returns the results of runs, and makes the runs that are missing.

    A finished run in the directory is used again, an unfinished one is resumed, and one with other
    hyperparameters is replaced, and so is a trial of other code. Prints a line for each run that is
    made, and in a terminal a bar with the time left. A run that fails does not stop the others.

    Args:
        wanted: list of (`Experiment`, seed), in the order in which they are to be made.
        data: the `training.recipes.DataOptions` of all runs.
        directory: the directory for all run directories.
        executor: a `SameProcess`, a `LocalExecutor` or a `DaskExecutor`.
        trial: whether the runs only serve to choose, see --trial.

    Returns:
        Dict of (experiment, seed) to the contents of result.json; trials that failed are left out.

    Raises:
        UserError: a run failed, or the directory contains one on other rows.
        KeyboardInterrupt, SystemExit: interrupted; so are the runs.
    """
    for remark in loading.namesakes(data.data):
        print(f"note: {remark}")
    plans = {run: plan_run(*run, data, directory, trial) for run in wanted}
    missing = [plan for plan in plans.values() if not plan.finished]
    if found := len(plans) - len(missing):
        print(f"{found} of {len(plans)} runs found in {directory}", flush=True)
    done, failed, score_name = [], [], "validation_accuracy" if trial else "test_accuracy"
    with tqdm(total=len(missing), desc="runs", unit="run", leave=False, disable=None) as bar:

        def report(plan, error=None):
            with bar.external_write_mode():
                if error:
                    failed.append(plan.name)
                    process.print_error(f"{plan.name}: {error}")
                else:
                    done.append(plan.name)
                    score = load_result(plan.path)[score_name]
                    print(f"{len(done)}/{len(missing)} {plan.name}: {score:.4f}", flush=True)
            bar.update()

        executor.run(missing, report)
    if failed and not trial:
        raise UserError(f"failed: {listed(failed)}; run the same command to make them again")
    return {r: load_result(plan.path) for r, plan in plans.items() if plan.name not in failed}


def executor_for(options, alone):
    """Returns the executor that --workers and --scheduler ask for.

    Args:
        options: has `workers` and `scheduler`.
        alone: the executor for one run at a time.
    """
    if options.scheduler is not None:
        return DaskExecutor(options.scheduler)
    return LocalExecutor(options.workers) if options.workers > 1 else alone


def plan_run(experiment, seed, data, directory, trial=False):
    """Returns the `Plan` of a run; for the arguments see `run_all`.

    Raises:
        UserError: the directory contains this run on other rows.
    """
    path = Path(directory) / experiment.directory_name(seed)
    settings = vars(experiment.hyperparameters()) | {"seed": seed, "trial": trial}
    settings |= {"code": code()["hash"]} if trial else {}  # an edit in main() makes a difference
    settings = json.loads(json.dumps(settings))  # as `before`: tuples are lists there
    settings["rows_hash"] = rows_hash(data, settings["train_rows"], trial)
    run = RunDirectory(path)
    before = run.settings()  # {} where a run was killed at its beginning or end
    if before and before.get("rows_hash") != settings["rows_hash"]:
        raise UserError(f"{path}: contains a run on other rows; use another --dir")
    same = before is not None and settings.items() <= before.items()
    command = [f"{experiment.script}.py", experiment.recipe, *experiment.options]
    command += [*data.words(), "--seed", str(seed), "--quiet", *["--trial"] * trial]
    if before is not None:
        command.append("--resume" if same else "--overwrite")
    name = f"{experiment.command} --seed {seed}"
    return Plan(name, experiment, command, path, settings, finished=same and run.finished)


@cache
def rows_hash(data, train_rows, trial):
    """Returns the hash of the rows that a run uses; for the arguments see `run_all`."""
    rows = train_rows, data.test_rows
    return loading.load(data.data, *rows, test=not trial, **data.columns()).hash
