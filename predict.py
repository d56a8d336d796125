"""Classifies texts from the command line, or one per line from standard input."""

import argparse
import gc
import json
import os
import re
import sys
import unicodedata
from contextlib import suppress
from itertools import chain
from pathlib import Path

import numpy as np
from tqdm import tqdm

from corpus import loading
from corpus.columns import LABELS
from corpus.decoding import UTF_16_MARKS, lines
from corpus.errors import UserError, in_one_line
from training import process, startup

BATCH_SIZE = 32
EVALUATION_BATCH_SIZE = 256
TOKEN = {"words": re.compile(r"\S+"), "characters": re.compile(r"\S")}
SHOWN_LENGTH = 60
SHOWN_CLASSES = 4
STDIN = "standard input"


def load_model(path):
    """Loads the model of a run, in safe mode: a file that would run code of its own is refused.

    Args:
        path: a run directory, or a .keras file.

    Returns:
        A `keras.Model` from strings of shape (batch,) to probabilities of shape (batch, classes).
        See `models.part` for its `models.Vectorizer` and `models.Labels`.

    Raises:
        UserError: there is no such file, it cannot be loaded safely, or it is another model.
    """
    import keras

    import models

    path = Path(path)
    file = path / "model.keras" if path.is_dir() else path
    if file.suffix != ".keras" or not file.exists():
        raise UserError(f"{file}: no such model; give a run directory or a .keras file")
    file.open("rb").close()  # an OSError names the file
    try:
        model = keras.models.load_model(file, compile=False, safe_mode=True)
        models.part(model, models.Vectorizer)
        classes = len(models.part(model, models.Labels).classes)
        ends = [(end.dtype, end.shape) for end in model.inputs + model.outputs]
        if ends == [("string", (None,)), ("float32", (None, classes))]:
            return model
        cause = "it is not a model from texts to the probabilities of its classes"
    except Exception as error:  # Keras raises nearly anything for a damaged or foreign file
        cause = f"Keras {keras.__version__} does not load it in safe mode: {in_one_line(error)}"
    raise UserError(f"{file}: {cause}")


def classify(model, texts):
    """Classifies texts.

    Args:
        model: a model that `load_model` returned.
        texts: list of `str`.

    Returns:
        A list of dicts: "text"; "class"; "probabilities", a dict of class name to float; "words",
        how many words (or characters) the network reads; "unknown", how many of them are unknown.
    """
    import models

    answers, classes = [], models.part(model, models.Labels).classes
    rows = probabilities(model, texts).tolist(), *_count_words(model, texts)
    for text, row, words, unknown in zip(texts, *rows, strict=True):
        by_class = dict(zip(classes, row, strict=True))
        best = max(by_class, key=by_class.get)
        answers.append({"text": text, "class": best, "probabilities": by_class})
        answers[-1] |= {"words": words, "unknown": unknown}
    return answers


def _count_words(model, texts):
    """(the number of words of each text that are read, and of those that are unknown): lists."""
    import tensorflow as tf

    import models

    vectorizer = models.part(model, models.Vectorizer)
    ids = vectorizer.all_token_ids(tf.constant(_encoded(texts), tf.string))
    ids = ids[:, : vectorizer.max_words or None]
    unknown = tf.reduce_sum(tf.cast(ids == 1, tf.int64), axis=1)
    return ids.row_lengths().numpy().tolist(), unknown.numpy().tolist()


def probabilities(model, texts):
    """Computes the probabilities of many texts, with a bar in a terminal if it takes long.

    Args:
        model: a model that `load_model` returned.
        texts: list or array of `str`.

    Returns:
        float32 array of shape (texts, classes).
    """
    import tensorflow as tf

    encoded = _encoded(texts)
    result = np.empty((len(texts), model.output_shape[-1]), np.float32)
    order = np.argsort([len(text) for text in texts], kind="stable")  # like lengths, little padding
    starts = range(0, len(order), EVALUATION_BATCH_SIZE)
    for start in tqdm(starts, "predicting", leave=False, delay=1, disable=None):
        batch = order[start : start + EVALUATION_BATCH_SIZE]
        result[batch] = model.predict_on_batch(tf.constant([encoded[i] for i in batch]))
    return result


def _encoded(texts):
    """Texts as the model reads them: list of composed UTF-8."""
    # An argument that is not valid UTF-8 reaches Python as surrogates, which TensorFlow refuses.
    return [unicodedata.normalize("NFC", text).encode("utf-8", "replace") for text in texts]


def evaluate(model, file, text_columns=(), label_column=None, encoding=None):
    """Scores a model on labelled texts.

    Args:
        model: a model that `load_model` returned.
        file: rows in one of the forms that a corpus may have.
        text_columns, label_column, encoding: see `corpus.loading.read`.

    Returns:
        (dict of "rows", "accuracy", "macro_f1" and "per_class", which columns were used).

    Raises:
        UserError: the file cannot be used, or has a class that the model does not have.
    """
    import models
    from training import evaluation

    labels, vectorizer = models.part(model, models.Labels), models.part(model, models.Vectorizer)
    rows, about = loading.read(file, labels, text_columns, label_column, encoding)
    predicted = probabilities(model, rows.texts(vectorizer.text)).argmax(axis=1)
    matrix = evaluation.count(rows.labels, predicted, len(labels.classes))
    return {"rows": len(rows), **evaluation.scores(matrix, labels.classes)}, about


def prefixes(text, tokens="words"):
    """The beginnings of a text, each a word longer: what the network has read after each word.

    Args:
        text: `str`.
        tokens: "words", or "characters" for each a character longer.
    """
    return [text[: token.end()] for token in TOKEN[tokens].finditer(text)]


def main(arguments=None):
    """Runs the command line.

    Raises:
        SystemExit: with status 1 after an error, 2 for wrong usage, 130 after Ctrl-C.
    """
    parser = argparse.ArgumentParser(prog="predict.py", description=__doc__, allow_abbrev=False)
    parser.add_argument("model", metavar="RUN_OR_MODEL", help="a run directory or a .keras file")
    help_text = "default: lines of standard input"
    parser.add_argument("text", metavar="TEXT", nargs="*", default=[], help=help_text)
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    names = {"metavar": "NAME", "help": "name in FILE, if different from the model's corpus"}
    parser.add_argument("--text-column", nargs="+", action="extend", default=[], **names)
    parser.add_argument("--label-column", **names)
    help_text = "encoding of FILE or standard input, such as cp1252; default: UTF-8 or UTF-16"
    parser.add_argument("--encoding", metavar="NAME", help=help_text)
    task = parser.add_mutually_exclusive_group()
    task.add_argument("--explain", action="store_true", help="show the prediction after each word")
    task.add_argument("--evaluate", metavar="FILE", help="score labelled rows of a file")
    task.add_argument("--export", metavar="DIR", help="write a SavedModel, for TensorFlow alone")
    options = parser.parse_intermixed_args(arguments)  # RUN --explain TEXT
    if options.text and (options.evaluate, options.export) != (None, None):
        parser.error("--evaluate FILE and --export DIR take no TEXT")
    columns = options.text_column, options.label_column
    if options.evaluate is None and columns != ([], None):
        parser.error("--text-column and --label-column need --evaluate FILE")
    with process.one_line_errors("predict.py"), startup.tensorflow():
        import devices

        with devices.prepared(), process.reader_may_leave():
            model = load_model(options.model)
            if options.export is not None:
                from saving.export import export

                export(model, options.model, options.export)
            elif options.evaluate is None:
                _answer(model, options)
            else:
                scores = evaluate(model, options.evaluate, *columns, options.encoding)
                _print_scores(*scores, options)


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


def _answer(model, options):
    """Prints an answer for each text as it comes, up to the first that cannot be read."""
    import models

    lines = _lines(options.encoding)
    texts = options.text or _watched(lines, models.part(model, models.Labels))
    if options.explain:
        tokens = models.part(model, models.Vectorizer).tokens
        texts = chain.from_iterable(prefixes(text, tokens) for text in texts)
    typed = not options.text and _is_terminal(sys.stdin)
    batch, size = [], 1 if typed else BATCH_SIZE
    try:
        for text in texts:
            batch.append(text)
            if len(batch) == size:
                _print_answers(model, batch, options)
                batch = []
    except UserError:
        _print_answers(model, batch, options)
        raise
    _print_answers(model, batch, options)


def _print_answers(model, texts, options):
    import models

    unit = models.part(model, models.Vectorizer).tokens
    for answer in classify(model, texts):
        print(json.dumps(answer) if options.json else _line(answer, unit, options.explain))
    if sys.stdout is not None:
        sys.stdout.flush()


def _watched(lines, labels):
    """Yields lines; says so where the first three look like rows of a corpus."""
    names = {*labels.labels, *labels.classes, *LABELS, labels.label_name} - {""}
    names, rows = {name.casefold() for name in names}, 0
    for number, line in enumerate(lines, start=1):
        if number <= 3:
            cells = {cell.strip(' "').casefold() for cell in re.split("[,;\t]", line)}
            rows += line.startswith('{"') or (len(cells) > 1 and not names.isdisjoint(cells))
            if rows == 3:
                problem = "the lines look like rows of a corpus; labels are read as text, too"
                process.print_error(f"{STDIN}: {problem}; use --evaluate FILE")
        yield line


def _lines(encoding=None):
    """The lines of standard input, which is None where it is closed."""
    if sys.stdin is None:
        raise UserError(f"{STDIN} is closed, and no TEXT was given")
    if _is_terminal(sys.stdin):
        process.print_error("One text per line; end with Ctrl-D.")
    if not hasattr(sys.stdin, "buffer"):  # a notebook's
        yield from (line.rstrip("\r\n") for line in sys.stdin)
        return
    stream = sys.stdin.buffer
    with _progress(stream) as progress:
        for number, line in enumerate(stream, start=1):
            progress.update(len(line))
            if number == 1 and (line.startswith(UTF_16_MARKS) or encoding is not None):
                line += stream.read()  # a line feed may be more bytes than one
            yield from lines(line, STDIN, number, encoding)


def _progress(stream):
    """A bar for the bytes of a stream, on a terminal that shows neither texts nor answers."""
    size = None  # a pipe's is not known
    with suppress(OSError):
        size = os.fstat(stream.fileno()).st_size or None
    shown = _is_terminal(sys.stderr) and not (_is_terminal(sys.stdin) or _is_terminal(sys.stdout))
    options = {"unit": "B", "unit_scale": True, "leave": False, "delay": 1}
    return tqdm(desc="predicting", total=size, disable=not shown, **options)


def _is_terminal(stream):
    return stream is not None and stream.isatty()


def _line(answer, unit, show_end=False):
    pairs = list(answer["probabilities"].items())
    if len(pairs) > SHOWN_CLASSES:
        pairs = sorted(pairs, key=lambda pair: -pair[1])[:SHOWN_CLASSES]
    shown = "  ".join(f"{name} {probability:.2f}" for name, probability in pairs)
    text = " ".join(answer["text"].split())
    if len(text) > SHOWN_LENGTH:
        kept = SHOWN_LENGTH - 3
        text = f"...{text[-kept:]}" if show_end else f"{text[:kept]}..."
    words, unknown = answer["words"], answer["unknown"]
    remark = (
        f"  ({unknown} of {words} {unit} unknown)" if unknown else "" if words else f"  (no {unit})"
    )
    width = max(map(len, answer["probabilities"]))
    return f"{answer['class']:{width}}  {shown}  {text}{remark}"


if __name__ == "__main__":
    main()
    gc.freeze()  # the process ends sooner if Python need not search TensorFlow for garbage
