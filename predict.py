"""Classifies texts with a trained model: those of the command line, or standard input's lines."""

import argparse
import json
import os
import re
import sys
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

import corpus
from corpus.errors import UserError, in_one_line
from corpus.files import UTF_16_MARKS, decode, lines
from training import backend, command_line, saved

BATCH_SIZE = 32
EVALUATION_BATCH_SIZE = 256
TOKEN = {"words": re.compile(r"\S+"), "characters": re.compile(r"\S")}
SHOWN_LENGTH = 60
SHOWN_CLASSES = 4
STDIN = "standard input"


@dataclass(frozen=True)
class Classifier:
    """A trained model.

    Attributes:
        model: a `keras.Model` from strings of shape (batch,) to probabilities (batch, classes).
        reading: what it reads and says: a `saved.Reading`.
    """

    model: object
    reading: saved.Reading


def load_model(path):
    """Loads the model of a run, in safe mode: a file that would run code of its own is refused.

    Args:
        path: a run directory, or a .keras file.

    Returns:
        A `Classifier`.

    Raises:
        UserError: there is no such file, it cannot be loaded safely, or it is another model.
    """
    import keras

    import models  # noqa: F401  (how texts are read, and layers of your own, are registered there)

    path = Path(path)
    try:
        file = path / "model.keras" if path.is_dir() else path
        if not file.is_file() or file.suffix != ".keras":
            what = "no such file" if not file.exists() else "not a model"
            raise UserError(f"{file}: {what}; give a run directory or a .keras file")
        file.open("rb").close()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        model = keras.models.load_model(file, compile=False, safe_mode=True)
        shapes = [output.shape for output in model.outputs]
        reads_text = [(i.dtype, i.shape) for i in model.inputs] == [("string", (None,))]
        if not reads_text or len(shapes) != 1 or len(shapes[0]) != 2 or shapes[0][0] is not None:
            raise UserError(f"{file}: not a model from raw text to classes; train one first")
        return Classifier(model, saved.reading_of(file, shapes[0][1]))
    except UserError:
        raise
    except Exception as error:  # Keras raises nearly anything for a damaged or foreign file
        newer = saved.newer_keras(file)
        made = f" (made by Keras {newer}, and this is {keras.__version__})" if newer else ""
        raise UserError(
            f"{file}: not a model that Keras's safe mode loads{made}: {in_one_line(error)}"
        ) from error


def classify(classifier, texts):
    """The probabilities that a model gives to texts.

    Args:
        classifier: a `Classifier`.
        texts: list of `str`.

    Returns:
        A list of dicts: "text", "class", and "probabilities", a dict of class name to float.
    """
    answers = []
    for text, row in zip(texts, probabilities(classifier, texts), strict=True):
        shares = dict(zip(classifier.reading.classes, row.tolist(), strict=True))
        best = max(shares, key=shares.get)
        answers.append({"text": text, "class": best, "probabilities": shares})
    return answers


def probabilities(classifier, texts, verbose=0):
    """What a model says of many texts.

    Args:
        classifier: a `Classifier`.
        texts: list or array of `str`.
        verbose: 1 for a bar on standard error that shows the time left.

    Returns:
        float32 array of shape (texts, classes).
    """
    import tensorflow as tf

    # An argument that is not valid UTF-8 reaches Python as surrogates, which TensorFlow refuses.
    composed = [unicodedata.normalize("NFC", text).encode("utf-8", "replace") for text in texts]
    result = np.empty((len(texts), len(classifier.reading.classes)), np.float32)
    order = np.argsort([len(text) for text in texts], kind="stable")  # like lengths, little padding
    starts = range(0, len(order), EVALUATION_BATCH_SIZE)
    for start in tqdm(starts, "predicting", leave=False, delay=1, disable=verbose != 1):
        batch = order[start : start + EVALUATION_BATCH_SIZE]
        result[batch] = classifier.model.predict_on_batch(tf.constant([composed[i] for i in batch]))
    return result


def evaluate(classifier, file, verbose=0):
    """Scores a model on labelled texts.

    Args:
        classifier, verbose: as of `probabilities`.
        file: rows in one of the forms that a corpus may have.

    Returns:
        (dict of "rows", "accuracy", "macro_f1" and "per_class", what was taken for what).

    Raises:
        UserError: the file cannot be used, or has a class that the model does not have.
    """
    from training import evaluation

    reading = classifier.reading
    names = reading.labels, reading.classes, reading.text_names
    rows, about = corpus.read(file, *names)
    predicted = probabilities(classifier, rows.texts(reading.text), verbose).argmax(axis=1)
    matrix = evaluation.count(rows.labels, predicted, len(reading.classes))
    return {"rows": len(rows), **evaluation.scores(matrix, reading.classes)}, about


def prefixes(text, tokens="words"):
    """The beginnings of a text, each a word longer: what the network has read after each word.

    Args:
        text: `str`.
        tokens: "words", or "characters" for each a character longer.
    """
    return [text[: token.end()] for token in TOKEN[tokens].finditer(text)]


def main(arguments=None):
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="predict.py", description=__doc__, allow_abbrev=False)
    parser.add_argument("model", metavar="RUN_OR_MODEL", help="a run directory or a .keras file")
    help_text = "default: lines of standard input"
    parser.add_argument("text", metavar="TEXT", nargs="*", default=[], help=help_text)
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    task = parser.add_mutually_exclusive_group()
    task.add_argument("--explain", action="store_true", help="for each word, the class up to there")
    task.add_argument("--evaluate", metavar="FILE", help="score labelled rows: .csv, .tsv, .jsonl")
    task.add_argument("--export", metavar="DIR", help="write a SavedModel, for TensorFlow alone")
    options = parser.parse_intermixed_args(arguments)  # RUN --explain TEXT
    if options.text and (options.evaluate, options.export) != (None, None):
        parser.error("--evaluate FILE and --export DIR take no TEXT")
    command_line.allow_any_output()
    memory = "give shorter texts, or fewer rows at once"
    with command_line.errors("predict.py", memory=memory) as end:
        backend.start()
        from training import devices

        devices.prepare()
        classifier = load_model(options.model)
        with command_line.reader_that_may_leave():
            if options.export is not None:
                _export(classifier, options)
            elif options.evaluate is None:
                _answer(classifier, options)
            else:
                scores = evaluate(classifier, options.evaluate, int(_is_terminal(sys.stderr)))
                _print_scores(*scores, options)
    return end.status


def _export(classifier, options):
    from training import export

    written = export.of_run(classifier.model, classifier.reading, options.model, options.export)
    print(*(f"wrote {path}" for path in written), sep="\n")
    if not (written[0] / export.CARD).exists():
        print("no model card: its figures are in the result.json of the run, which is not there")


def _print_scores(scores, about, options):
    if options.json:
        print(json.dumps(scores))
        return
    print(f"{options.evaluate}: {scores['rows']:,} rows; {about}")
    print(f"accuracy {scores['accuracy']:.4f}, macro F1 {scores['macro_f1']:.4f}")
    width = max(map(len, scores["per_class"]))
    for name, values in scores["per_class"].items():
        shown = "  ".join(f"{score} {value:.4f}" for score, value in values.items())
        print(f"{name:{width}}  {shown}")


def _answer(classifier, options):
    """Prints an answer for each text, as it comes."""
    texts = iter(options.text) if options.text else _lines()
    if options.explain:
        tokens = classifier.reading.tokens
        texts = chain.from_iterable(prefixes(text, tokens) for text in texts)
    typed = not options.text and _is_terminal(sys.stdin)
    for batch in _batches(texts, 1 if typed else BATCH_SIZE):
        answers = classify(classifier, batch)
        lines = [json.dumps(a) if options.json else _line(a, options.explain) for a in answers]
        print(*lines, sep="\n", flush=True)


def _batches(texts, size):
    """Lists of at most so many texts: those before one that cannot be read, then its error."""
    batch, error = [], None
    while error is None:
        try:
            for text in islice(texts, size):
                batch.append(text)
        except UserError as unreadable:
            error = unreadable
        if not batch:
            break
        yield batch
        batch = []
    if error is not None:
        raise error


def _lines():
    """The lines of standard input, which is None where it is closed."""
    if sys.stdin is None:
        raise UserError(f"{STDIN} is closed, and no TEXT was given")
    if _is_terminal(sys.stdin):
        command_line.tell("One text per line; end with Ctrl-D.")
    if not hasattr(sys.stdin, "buffer"):  # a notebook's
        yield from (line.rstrip("\r\n") for line in sys.stdin)
        return
    stream = sys.stdin.buffer
    with _progress(stream) as progress:
        for number, line in enumerate(stream, start=1):
            progress.update(len(line))
            if number == 1 and line.startswith(UTF_16_MARKS):
                line += stream.read()
            text = decode(line, STDIN, lambda before, n=number: f"line {n + before.count(chr(10))}")
            yield from lines(text.removesuffix("\n").removesuffix("\r"))


def _progress(stream):
    """A bar for the bytes of a stream, on a terminal where neither texts nor answers stand."""
    size = None  # a pipe's is not known
    with suppress(OSError):
        size = os.fstat(stream.fileno()).st_size or None
    shown = _is_terminal(sys.stderr) and not (_is_terminal(sys.stdin) or _is_terminal(sys.stdout))
    options = {"unit": "B", "unit_scale": True, "leave": False, "delay": 1}
    return tqdm(desc="predicting", total=size, disable=not shown, **options)


def _is_terminal(stream):
    return stream is not None and stream.isatty()


def _line(answer, show_end=False):
    shares = answer["probabilities"].items()
    if len(shares) > SHOWN_CLASSES:
        shares = sorted(shares, key=lambda share: -share[1])[:SHOWN_CLASSES]
    shown = "  ".join(f"{name} {share:.2f}" for name, share in shares)
    text = " ".join(answer["text"].split())
    if len(text) > SHOWN_LENGTH:
        kept = SHOWN_LENGTH - 3
        text = f"...{text[-kept:]}" if show_end else f"{text[:kept]}..."
    width = max(map(len, answer["probabilities"]))
    return f"{answer['class']:{width}}  {shown}  {text}"


if __name__ == "__main__":
    sys.exit(main())
