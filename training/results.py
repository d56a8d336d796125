"""What a run ends with: the files of its directory and the last lines printed."""

import os
import shlex
import subprocess

from corpus.errors import UserError
from training import plots, progress, saved
from training.directory import UNPROVED
from training.recipes import flags


def name(result):
    """A run's script, recipe and what was changed of it, as on the command line: `str`.

    Args:
        result: what its result.json holds.
    """
    words = [result["script"].removeprefix("train_"), result["recipe"]]
    words += flags(result.get("changed", {}))
    return " ".join([*words, "(interrupted)"] if result["interrupted"] else words)


def write_files(directory, model, prove, reading, history, verbose=0):
    """Writes a run's model and history.

    Args:
        directory: the `RunDirectory`.
        model: its fitted model, from raw text to class probabilities.
        prove: a function of the path that it is saved at, which raises a `UserError` if the file
            does not say what was measured.
        reading: its `saved.Reading`.
        history: the `callbacks.History`.
        verbose: as of `fit`: 1 to say what is done.

    Raises:
        UserError: a file cannot be written, or the model was not saved as it is.
    """
    with directory.whole_file("model.keras") as path:
        with progress.shown("saving the model", verbose):
            saved.save(model, reading, path)
        try:
            with progress.shown("loading it again, to prove it", verbose):
                prove(path)
        except UserError as error:
            kept = directory.path / UNPROVED
            os.replace(path, kept)
            raise UserError(f"{error}; it is kept as {kept}") from error
    with directory.whole_file("history.csv") as path:
        history.write(path)


def draw(directory, history, matrix, result):
    """Writes a run's pictures.

    Args:
        directory, history: as of `write_files`.
        matrix: its confusion matrix on the test rows.
        result: what its result.json will hold.

    Raises:
        UserError: a file cannot be written.
    """
    title = f"{name(result)}, {result['data']['rows']['train']:,} train rows"
    with directory.whole_file("learning_curve.png") as path:
        plots.learning_curve(history.points, title, path)
    with directory.whole_file("confusion_matrix.png") as path:
        plots.confusion_matrix(matrix, result["classes"], title, path)


def print_accuracy(result):
    """Prints what a run came to.

    Args:
        result: what its result.json holds.
    """
    tutorial = result["tutorial_accuracy"]
    beside = f" (the tutorial's: {tutorial:.4f})" if tutorial else ""
    seconds = result["seconds"]["total"]
    accuracy, f1 = f"test accuracy {result['test_accuracy']:.4f}", result["macro_f1"]
    print(f"{accuracy}{beside} and macro F1 {f1:.4f} after {seconds:.0f} s")
    if best := result["best_epoch"]:
        print(f"the weights are those of epoch {best}, the best on held-out rows")


def print_commands(result, directory, arguments):
    """Prints what can be done with a run.

    Args:
        result: what its result.json holds.
        directory: its path.
        arguments: those that it was started with.
    """
    print(f"run: {directory}")
    example = as_typed([str(directory), "Oil prices fall as supply grows"])
    print(f"predict: python predict.py {example}")
    if result["interrupted"]:
        command = resume_command(result["script"], arguments, directory)
        print(f"interrupted; to go on: {as_typed(command)}")


def as_typed(words):
    """Words as the shell of this system takes them: `str`."""
    return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)


def resume_command(script, arguments, directory):
    """The command that goes on with a run: list of `str`.

    Args:
        script: its name, without .py.
        arguments: those that it was started with.
        directory: its path.
    """
    given = [argument for argument in arguments if argument not in ("--resume", "--overwrite")]
    named = any(argument.partition("=")[0] == "--run-dir" for argument in given)
    given += [] if named else ["--run-dir", str(directory)]
    return ["python", f"{script}.py", *given, "--resume"]
