"""What a run ends with: the files of its directory and the last lines printed."""

import shlex

import models
from training import evaluation, plots


def scores(matrix, classes):
    """What result.json says of a confusion matrix.

    Args:
        matrix: int array of shape (classes, classes), true class by predicted class.
        classes: the names of the classes.
    """
    return {
        "test_accuracy": evaluation.accuracy(matrix),
        "classes": list(classes),
        "per_class": evaluation.per_class(matrix, classes),
    }


def write_files(directory, model, vectorizer, history, matrix, classes, title):
    """Writes all files of a run but result.json.

    Args:
        directory: the `RunDirectory`.
        model: its fitted model on token ids, which masks padding.
        vectorizer: the `keras.layers.TextVectorization` that made them.
        history: the `callbacks.History`.
        matrix, classes: as of `scores`.
        title: a line above the pictures.
    """
    with directory.whole_file("model.keras") as path:
        models.end_to_end(model, vectorizer).save(path)
    with directory.whole_file("history.csv") as path:
        history.write(path)
    with directory.whole_file("learning_curve.png") as path:
        plots.learning_curve(history.points, title, path)
    with directory.whole_file("confusion_matrix.png") as path:
        plots.confusion_matrix(matrix, classes, title, path)


def report(result, directory, resume_command):
    """Prints how a run ended.

    Args:
        result: what its result.json holds.
        directory: its path.
        resume_command: list of `str` that goes on with it if it was interrupted.
    """
    tutorial = result["tutorial_accuracy"]
    beside = f" (the tutorial's: {tutorial:.4f})" if tutorial else ""
    seconds = result["seconds"]["total"]
    print(f"test accuracy {result['test_accuracy']:.4f}{beside} after {seconds:.0f} s")
    print(f"run: {directory}")
    example = shlex.join([str(directory), "Oil prices fall as supply grows"])
    print(f"predict: python predict.py {example}")
    if result["interrupted"]:
        print(f"interrupted; to go on: {shlex.join(resume_command)}")


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
