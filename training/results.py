"""What a run ends with: the files of its directory and the last lines printed."""

import inspect

import matplotlib

from corpus.classes import listed
from corpus.description import shortened
from training import plots
from training.command_line import shell_command
from training.process import show
from training.recipes import SIMPLE, flags

MOST_CLASSES = 20  # of the table at the end
FEW_STEPS = 100  # a network that took fewer has rarely learned enough


@matplotlib.rc_context({"text.usetex": False})  # LaTeX is not always there, nor takes any name
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
    words = result["script"].removeprefix("train_"), result["recipe"], *flags(result["changed"])
    rows = f"{result['data']['rows']['train']:,} train rows"
    title = f"{' '.join(words)}, {rows}{', interrupted' * result['interrupted']}"
    if history is not None:
        with directory.writing("learning_curve.png") as path:
            rows = "test" if result["hyperparameters"]["validation"] == "test" else "held-out"
            steps = history.steps_per_epoch
            plots.learning_curve(history.points, steps, title, path, rows, result["best_epoch"])
    with directory.writing("confusion_matrix.png") as path:
        plots.confusion_matrix(matrix, result["classes"], title, path)


def layers(model):
    """Describes each layer of a model as a call, with the arguments that are not the default.

    Args:
        model: a `keras.Sequential`.

    Returns:
        List of `str`, such as "LSTM(units=8)".
    """
    return [_as_call(layer) for layer in model.layers]


def _as_call(layer):
    defaults = {}
    for kind in reversed(type(layer).__mro__):
        for name, parameter in inspect.signature(kind.__init__).parameters.items():
            defaults[name] = parameter.default
    arguments = []
    for name, value in layer.get_config().items():
        if name == "layer":
            arguments.append(_as_call(getattr(layer, "forward_layer", None) or layer.layer))
        elif type(value) in SIMPLE and name in defaults and value != defaults[name]:
            arguments.append(f"{name}={value}")
    return f"{type(layer).__name__}({', '.join(a for a in arguments if a[:5] != 'name=')})"


def class_table(per_class):
    """Formats precision, recall, F1 and rows of each class, or of the worst where there are many.

    Args:
        per_class: see `evaluation.scores`.

    Returns:
        `str`, lines after a header.
    """
    names, heading = [*per_class], "class"
    if len(names) > MOST_CLASSES:
        names = sorted(names, key=lambda name: per_class[name]["f1"])[:MOST_CLASSES]
        heading = f"the worst {MOST_CLASSES} of {len(per_class)} classes"
    width = max(map(len, [heading, *names]))
    lines = [f"{heading:{width}}  precision  recall      F1    rows"]
    for name in names:
        values = per_class[name].values()
        lines.append("{:{}}  {:9.4f}  {:.4f}  {:.4f}{:8,}".format(name, width, *values))
    return "\n".join(lines)


def print_scores(result, test):
    """Prints the scores of a run and, if something looks wrong, what it is and what to try.

    Args:
        result: the contents of its result.json.
        test: the `evaluation.Predictions` of the test rows; None without them.
    """
    rows, seconds = result["data"]["rows"], f"after {result['seconds']['total']:.0f} s"
    if test is not None:
        show(class_table(result["per_class"]))
    if result["validation_accuracy"] is not None:
        kept = f"; kept epoch {result['best_epoch']}" if result["best_epoch"] else ""
        accuracy, f1 = result["validation_accuracy"], result["validation_macro_f1"]
        shown = f"{accuracy:.4f}, macro F1 {f1:.4f}, {rows['held_out']:,} rows{kept}"
        show(f"held-out accuracy {shown}" + (f", {seconds}" if test is None else ""))
    if test is None:
        return
    low, high = result["test_interval"]
    interval = f"95% interval {low:.4f} to {high:.4f}"
    if tutorial := result["tutorial_accuracy"]:
        interval += f"; the tutorial's: {tutorial:.4f}"
    accuracy, f1 = result["test_accuracy"], result["macro_f1"]
    scores = f"{accuracy:.4f} ({interval}), macro F1 {f1:.4f}, {rows['test']:,} rows"
    show(f"test accuracy {scores}, {seconds}")
    show(f"predicting only the most frequent class: {result['majority_accuracy']:.4f}")
    if result["layers"]:
        _print_problems(result, test)


def _print_problems(result, test):
    """Prints what is wrong with a model, if anything, and what could help."""
    accuracy, majority, steps = (result[k] for k in ("test_accuracy", "majority_accuracy", "steps"))
    missing = sorted(set(test.labels.tolist()) - set(test.predicted.tolist()))
    never = [result["classes"][i] for i in missing]
    problems = [f"never predicted: {listed(never)}"] if never else []
    if result["test_interval"][0] <= majority and accuracy <= majority + (1 - majority) / 10:
        better = "hardly" if accuracy > majority else "no"
        problems.append(f"{better} better than the most frequent class")
    if steps < FEW_STEPS and (problems or accuracy < majority + (1 - majority) / 3):
        problems.append(f"only {steps} steps in all")
    remedies = [] if result["recipe"] == "own" else ["the recipe own"]
    if not result["best_epoch"] or steps < FEW_STEPS:
        remedies.append("more --epochs")
    uneven = majority > 1.5 / len(result["classes"])
    if never and uneven and result["hyperparameters"]["class_weights"] == "none":
        remedies.append("--class-weights balanced")
    if problems:
        show("; ".join(problems), f"try: {', '.join(remedies or ['more rows'])}")


def print_commands(result, directory, arguments, titles):
    """Prints what can be done with a run.

    Args:
        result: the contents of its result.json.
        directory: its path.
        arguments: the command line that it was started with, a list of `str`.
        titles: list of `str`; one of them is the example of a text.
    """
    show(f"run: {directory}")
    if (directory / "model.keras").exists():
        usable = [text for text in map(shortened, titles[:100]) if text and text[0] != "-"]
        whole = [text for text in usable if not text.endswith("...")]
        command = shell_command("predict", [str(directory), *[*whole, *usable, "a text"][:1]])
        show(f"predict: {command}")
    if result["interrupted"]:
        words = [word for word in arguments if word not in ("--resume", "--overwrite")]
        if not any(word.partition("=")[0] == "--run-dir" for word in words):
            words += ["--run-dir", str(directory)]
        show(f"Interrupted. To resume: {shell_command(result['script'], [*words, '--resume'])}")
