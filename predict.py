"""Classifies texts with a trained model: those of the command line, or standard input's lines."""

import argparse
import json
import os
import re
import sys
from itertools import chain, islice
from pathlib import Path

from corpus.rows import CLASSES
from training import command_line, quiet

BATCH_SIZE = 32
WORD = re.compile(r"\S+", re.ASCII)  # TensorFlow splits at ASCII white space
SHOWN_LENGTH = 60


class ModelError(Exception):
    """A model file that cannot be used. The message is one line: what, where, what to do."""


def load_model(path):
    """Loads the model of a run, in safe mode: a file that would run code of its own is refused.

    Args:
        path: a run directory, or a .keras file.

    Returns:
        A `keras.Model` from strings of shape (batch,) to probabilities of shape (batch, 4).

    Raises:
        ModelError: there is no such file, it cannot be loaded safely, or it is another model.
    """
    import keras

    import models  # noqa: F401  (layers of your own are registered there)

    path = Path(path)
    try:
        file = path / "model.keras" if path.is_dir() else path
        if not file.is_file() or file.suffix != ".keras":
            what = "no such file" if not file.exists() else "not a model"
            raise ModelError(f"{file}: {what}; give a run directory or a .keras file")
        file.open("rb").close()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        model = keras.models.load_model(file, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises nearly anything for a damaged or foreign file
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"{file}: not a model that can be loaded safely: {reason}") from error
    reads_text = [(i.dtype, i.shape) for i in model.inputs] == [("string", (None,))]
    if not reads_text or [o.shape for o in model.outputs] != [(None, len(CLASSES))]:
        raise ModelError(f"{file}: not a model from raw text to the four classes; train one first")
    return model


def classify(model, texts):
    """The probabilities that a model gives to texts.

    Args:
        model: as of `load_model`.
        texts: list of `str`.

    Returns:
        A list of dicts: "text", "class", and "probabilities", a dict of class name to float.
    """
    import tensorflow as tf

    # An argument that is not valid UTF-8 reaches Python as surrogates, which TensorFlow refuses.
    clean = tf.constant([text.encode("utf-8", "replace") for text in texts])
    answers = []
    for text, row in zip(texts, model.predict_on_batch(clean), strict=True):
        probabilities = dict(zip(CLASSES, row.tolist(), strict=True))
        best = max(probabilities, key=probabilities.get)
        answers.append({"text": text, "class": best, "probabilities": probabilities})
    return answers


def prefixes(text):
    """The beginnings of a text, each a word longer: what the network has read after each word."""
    return [text[: word.end()] for word in WORD.finditer(text)]


def main(arguments=None):
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="predict.py", description=__doc__, allow_abbrev=False)
    parser.add_argument("model", metavar="RUN_OR_MODEL", help="a run directory or a .keras file")
    parser.add_argument("text", metavar="TEXT", nargs="*", help="default: lines of standard input")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    parser.add_argument(
        "--explain", action="store_true", help="a line for each word: the class up to there"
    )
    options = parser.parse_intermixed_args(arguments)  # RUN --explain TEXT
    command_line.allow_any_output()
    with command_line.errors("predict.py", ModelError) as end:
        quiet.hide_native_logs()
        from training import devices

        devices.prepare()
        _answer(load_model(options.model), options)
    return end.status


def _answer(model, options):
    """Prints an answer for each text, as it comes."""
    texts = _lines(options.text)
    if options.explain:
        texts = chain.from_iterable(map(prefixes, texts))
    size = 1 if not options.text and sys.stdin.isatty() else BATCH_SIZE
    try:
        while batch := list(islice(texts, size)):
            for answer in classify(model, batch):
                print(json.dumps(answer) if options.json else _line(answer, options.explain))
            sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` for one, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _lines(texts):
    if texts:
        return iter(texts)
    if hasattr(sys.stdin, "reconfigure"):  # a notebook's has no need of it
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    if sys.stdin.isatty():
        print("One text per line; end with Ctrl-D.", file=sys.stderr)
    return (line.rstrip("\r\n") for line in sys.stdin)


def _line(answer, show_end=False):
    shares = "  ".join(f"{name} {share:.2f}" for name, share in answer["probabilities"].items())
    text = " ".join(answer["text"].split())
    if len(text) > SHOWN_LENGTH:
        kept = SHOWN_LENGTH - 3
        text = f"...{text[-kept:]}" if show_end else f"{text[:kept]}..."
    return f"{answer['class']:8}  {shares}  {text}"


if __name__ == "__main__":
    sys.exit(main())
