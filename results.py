"""What a run ends with: its test accuracy, the files of its directory, the last lines printed."""

import shlex
import sys
import time

import evaluation
import models
import plots
import runtime


def finish(run, model):
    """Evaluates a fitted model, fills the run directory and reports.

    Args:
        run: the `training.Session`.
        model: its fitted model on token ids.
    """
    with run.clock("evaluate"):
        alone = models.without_padding(model, plain=False)
        matrix = evaluation.confusion_matrix(alone, run.test_batches, run.verbose)
    with run.directory.whole_file("model.keras") as path:
        models.on_raw_text(models.without_padding(model), run.vectorizer).save(path)
    with run.directory.whole_file("history.csv") as path:
        run.history.write(path)
    _draw(run, matrix)
    result = _result(run, model, matrix)
    run.directory.write_json("result.json", result)
    run.directory.publish()
    _report(run, result)


def _draw(run, matrix):
    rows = len(run.train_batches.labels)
    title = f"{run.script} {run.recipe_name}, {rows:,} train rows"
    with run.directory.whole_file("learning_curve.png") as path:
        plots.learning_curve(run.history.points, title, path)
    with run.directory.whole_file("confusion_matrix.png") as path:
        plots.confusion_matrix(matrix, title, path)


def _result(run, model, matrix):
    corpus = run.corpus
    run.seconds["total"] = time.perf_counter() - runtime.START
    same_text = run.hyperparameters.text == run.recipe.hyperparameters.text
    comparable = corpus.official_test and same_text
    return {
        "script": run.script,
        "recipe": run.recipe_name,
        "hyperparameters": vars(run.hyperparameters),
        "changed": run.changed,
        "data": {
            "name": corpus.name,
            "rows": {
                "train": len(run.train_batches.labels),
                "held out": run.held_out,
                "test": len(corpus.test),
            },
            "hash": corpus.hash,
            "test hash": corpus.test_hash,
        },
        "seed": run.options.seed,
        "parameters": model.count_params(),
        "test_accuracy": evaluation.accuracy(matrix),
        "tutorial_accuracy": run.recipe.tutorial_accuracy if comparable else None,
        "per_class": evaluation.per_class(matrix),
        "seconds": {stage: round(seconds, 3) for stage, seconds in run.seconds.items()},
        "peak_memory_mb": runtime.peak_memory_mb(),
        "versions": runtime.versions(),
        "device": runtime.device(),
        "devices": run.strategy.num_replicas_in_sync,
        "interrupted": run.interrupted,
        "resumed_from_epoch": run.resumed_from_epoch,
    }


def _report(run, result):
    tutorial = result["tutorial_accuracy"]
    beside = f" (the tutorial's: {tutorial:.4f})" if tutorial else ""
    seconds = result["seconds"]["total"]
    print(f"test accuracy {result['test_accuracy']:.4f}{beside} after {seconds:.0f} s")
    path = str(run.directory.path)
    print(f"run: {path}")
    example = shlex.join([path, "Oil prices fall as supply grows"])
    print(f"predict: python predict.py {example}")
    if run.interrupted:
        print(f"interrupted; to go on: {_resume_command(run)}")


def _resume_command(run):
    given = [a for a in sys.argv[1:] if a not in ("--resume", "--overwrite")]
    if run.options.run_dir is None:
        given += ["--run-dir", str(run.directory.path)]
    return shlex.join(["python", f"{run.script}.py", *given, "--resume"])
