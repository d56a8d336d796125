"""What a run ends with: the files of its directory and the last lines printed."""

import os
import shlex
import subprocess

from corpus.classes import listed
from training import plots
from training.recipes import flags

FEW_STEPS = 100  # a network that took fewer has rarely learned enough


def run_name(result):
    """A run's script, recipe and what was changed of it, as on the command line: `str`.

    Args:
        result: the contents of its result.json.
    """
    words = [result["script"].removeprefix("train_"), result["recipe"]]
    words += flags(result.get("changed", {}))
    return " ".join([*words, "(interrupted)"] if result["interrupted"] else words)


def draw(directory, history, matrix, result):
    """Writes a run's pictures.

    Args:
        directory: the `RunDirectory`.
        history: the `callbacks.History`.
        matrix: its confusion matrix on the test rows.
        result: what its result.json will contain.

    Raises:
        UserError: a file cannot be written.
    """
    title = f"{run_name(result)}, {result['data']['rows']['train']:,} train rows"
    with directory.writing("learning_curve.png") as path:
        steps, rows = history.steps_per_epoch, result["hyperparameters"]["validation"]
        plots.learning_curve(history.points, steps, title, path, rows, result["best_epoch"])
    with directory.writing("confusion_matrix.png") as path:
        plots.confusion_matrix(matrix, result["classes"], title, path)


def print_accuracy(result, matrix):
    """Prints the scores of a run and, if something looks wrong, what it is and what to try.

    Args:
        result: the contents of its result.json.
        matrix: its confusion matrix on the test rows.
    """
    tutorial = result["tutorial_accuracy"]
    beside = f" (the tutorial's: {tutorial:.4f})" if tutorial else ""
    seconds = result["seconds"]["total"]
    accuracy, f1 = f"test accuracy {result['test_accuracy']:.4f}", result["macro_f1"]
    majority = f"predicting only the most frequent class: {result['majority_accuracy']:.4f}"
    print(f"{accuracy}{beside} and macro F1 {f1:.4f} after {seconds:.0f} s; {majority}")
    if epoch := result["best_epoch"]:
        print(f"kept epoch {epoch}, the best on held-out rows")
    problems, remedies = _problems(result, matrix)
    if problems:
        print("; ".join(problems))
        print(f"try: {', '.join(remedies)}")


def _problems(result, matrix):
    """(what is wrong with a model, what could help): two lists of `str`."""
    accuracy, majority, steps = (result[k] for k in ("test_accuracy", "majority_accuracy", "steps"))
    missing = (matrix.sum(axis=0) == 0) & (matrix.sum(axis=1) > 0)
    never = [result["classes"][i] for i in missing.nonzero()[0]]
    problems = [f"never predicted: {listed(never)}"] if never else []
    if accuracy <= majority:
        problems.append("no better than the most frequent class")
    if steps < FEW_STEPS and (problems or accuracy < majority + (1 - majority) / 3):
        problems.append(f"only {steps} steps in all")
    remedies = [] if result["recipe"] == "own" else ["the recipe own"]
    if not result["best_epoch"]:
        remedies.append("more --epochs")
    uneven = majority > 1.5 / len(result["classes"])
    if never and uneven and result["hyperparameters"]["class_weights"] == "none":
        remedies.append("--class-weights balanced")
    return problems, remedies or ["more rows"]


def print_commands(result, directory, arguments):
    """Prints what can be done with a run.

    Args:
        result: the contents of its result.json.
        directory: its path.
        arguments: the command line that it was started with, a list of `str`.
    """
    print(f"run: {directory}")
    predict = ["python", "predict.py", str(directory), "Oil prices fall as supply grows"]
    print(f"predict: {_joined(predict)}")
    if result["interrupted"]:
        words = [word for word in arguments if word not in ("--resume", "--overwrite")]
        if not any(word.partition("=")[0] == "--run-dir" for word in words):
            words += ["--run-dir", str(directory)]
        command = ["python", f"{result['script']}.py", *words, "--resume"]
        print(f"Interrupted. To resume: {_joined(command)}")


def _joined(words):
    """Words as the shell of this system takes them: `str`."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)
