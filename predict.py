"""Classifies texts from the command line, or one per line from standard input."""

import json
import os
import re
import sys

from corpus.classes import listed
from corpus.columns import LABELS
from corpus.decoding import UTF_16_MARKS, lines
from corpus.description import shortened
from corpus.errors import UserError
from corpus.files import FORMS
from inference import explanation
from inference.answers import classify, evaluate, load_model, probabilities  # noqa: F401
from inference.tables import classify_file
from training import command_line, process, startup
from training.results import class_table

BATCH_SIZE = 32
SHOWN_CLASSES = 4
STDIN = "standard input"
JSON = re.compile(r'\s*(\[\s*)?(\{\s*"|$)')  # how a file of objects begins, if not blank


def main(arguments=None):
    """Runs the command line.

    Raises:
        SystemExit: with status 1 after an error, 2 for wrong usage, 130 after Ctrl-C.
    """
    options = _parse(arguments)
    columns = options.text_column, options.label_column, options.encoding
    with process.one_line_errors("predict.py"), startup.tensorflow():
        import devices

        with devices.prepared(), process.reader_may_leave():
            model = load_model(options.model)
            if options.export is not None:
                from saving.export import export

                export(model, options.model, options.export)
            elif options.evaluate is not None:
                scores, about = evaluate(model, options.evaluate, *columns, options.errors)
                _print(scores, lambda: _scores(scores, about, options), options)
            elif options.file is not None:
                counts, about = classify_file(model, options.file, options.output, *columns)
                _print(counts, lambda: _counts(counts, about, _unit(model), options), options)
            else:
                _answer(model, options)


def _parse(arguments):
    """The options of the command line."""
    parser = command_line.parser_of_paths("predict.py", __doc__)
    add = parser.add_argument
    add("model", metavar="RUN_OR_MODEL", help="a run directory or a .keras file")
    add("text", metavar="TEXT", nargs="*", default=[], type=str, help="default: standard input")
    task = parser.add_mutually_exclusive_group()
    task.add_argument("--explain", action="store_true", help="show what each word contributes")
    task.add_argument("--file", metavar="IN", help="classify the rows of a file, see --output")
    task.add_argument("--evaluate", metavar="FILE", help="measure accuracy on labelled rows")
    task.add_argument("--export", metavar="DIR", help="write a SavedModel, for TensorFlow alone")
    add("--json", action="store_true", help="print one JSON object per line")
    add("--picture", metavar="FILE", help="draw what --explain shows for one TEXT")
    add("--output", metavar="OUT.csv", help="write the rows of --file, with class and probability")
    add("--errors", metavar="OUT.csv", help="write the misclassified rows of --evaluate")
    name = {"metavar": "NAME", "type": str, "help": "if it is not that of the model's corpus"}
    add("--text-column", nargs="+", action="extend", default=[], **name)
    add("--label-column", **name)
    add("--encoding", **name)
    options = parser.parse_intermixed_args(arguments)  # RUN --explain TEXT
    of_file = options.file is not None or options.evaluate is not None
    if options.text and (of_file or options.export is not None):
        parser.error("--file IN, --evaluate FILE and --export DIR take no TEXT")
    if not of_file and (options.text_column, options.label_column) != ([], None):
        parser.error("--text-column and --label-column need --file IN or --evaluate FILE")
    if (options.file is None) != (options.output is None):
        parser.error("--file IN and --output OUT.csv need each other")
    if options.errors is not None and options.evaluate is None:
        parser.error("--errors OUT.csv needs --evaluate FILE")
    if options.picture is not None and not (options.explain and len(options.text) == 1):
        parser.error("--picture FILE needs --explain and one TEXT")
    return options


def _print(value, lines, options):
    """Prints a value as JSON, or the lines that a function returns, which say the same."""
    print(json.dumps(value)) if options.json else process.show(lines())


def _scores(scores, about, options):
    """The lines of --evaluate."""
    interval = "{:.4f} to {:.4f}".format(*scores["interval"])
    accuracy = f"accuracy {scores['accuracy']:.4f} (95% interval {interval})"
    lines = [f"{options.evaluate}: {scores['rows']:,} rows; {about}"]
    lines.append(f"{accuracy}, macro F1 {scores['macro_f1']:.4f}")
    return "\n".join([*lines, class_table(scores["per_class"])])


def _counts(counts, about, unit, options):
    """The lines of --file."""
    classes = listed([f"{name} {rows:,}" for name, rows in counts["classes"].items()])
    unknown = f"{counts['unknown']:,} of {counts['words']:,} {unit} unknown"
    written = f"{options.output}: {counts['rows']:,} rows; {classes}; {unknown}"
    return f"{options.file}: {about}\n{written}"


def _answer(model, options):
    """Prints an answer for each text as it comes, up to the first that cannot be read."""
    import models

    lines = _lines(options.encoding)
    texts = options.text or _watched(lines, models.part(model, models.Labels))
    for text in options.text:
        if text.lower().endswith(FORMS) and os.path.isfile(text):
            remark = "this name of a file is classified as a text; use --file"
            process.print_error(f"{text}: {remark}")
    typed = not options.text and sys.stdin is not None and sys.stdin.isatty()
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


def _unit(model):
    """What the model reads: "words" or "characters"."""
    import models

    return models.part(model, models.Vectorizer).tokens


def _print_answers(model, texts, options):
    def lines():
        words = explanation.lines(answer) if options.explain else ()
        return "\n".join([_line(answer, _unit(model)), *words])

    explained = (explanation.explain(model, text) for text in texts)
    for answer in explained if options.explain else classify(model, texts):
        _print(answer, lines, options)
        if options.picture is not None:
            explanation.draw(answer, options.picture)
    if sys.stdout is not None:
        sys.stdout.flush()


def _watched(lines, labels):
    """Yields lines; says so where the first looks like a header or a row of a corpus."""
    names = {*labels.labels, *labels.classes, *LABELS, labels.label_name, *labels.text_names}
    names = {name.casefold() for name in names | {"title", "text"}} - {""}
    for line in lines:
        if names and line.strip():
            cells = {cell.strip(" '\"").casefold() for cell in re.split("[,;|\t]", line)}
            if (len(cells) > 1 and not names.isdisjoint(cells)) or JSON.match(line):
                problem = "the lines look like rows of a corpus; labels are read as text, too"
                process.print_error(f"{STDIN}: {problem}; use --file IN --output OUT.csv")
            names = None  # of the first line alone
        yield line


def _lines(encoding=None):
    """The lines of standard input, which is None where it is closed."""
    if sys.stdin is None:
        raise UserError(f"{STDIN} is closed, and no TEXT was given")
    if sys.stdin.isatty():
        process.print_error("One text per line; end with Ctrl-D.")
    if not hasattr(sys.stdin, "buffer"):  # a notebook's
        yield from (line.rstrip("\r\n") for line in sys.stdin)
        return
    stream = sys.stdin.buffer
    for number, line in enumerate(stream, start=1):
        if number == 1 and (line.startswith(UTF_16_MARKS) or encoding is not None):
            line += stream.read()  # a line feed may be more bytes than one
        yield from lines(line, STDIN, number, encoding)


def _line(answer, unit):
    pairs = list(answer["probabilities"].items())
    if len(pairs) > SHOWN_CLASSES:
        pairs = sorted(pairs, key=lambda pair: -pair[1])[:SHOWN_CLASSES]
    shown = "  ".join(f"{name} {probability:.2f}" for name, probability in pairs)
    words, unknown = answer["words"], answer["unknown"]
    remark = f"  ({unknown} of {words} {unit} unknown)" if unknown else ""
    remark = remark if words else f"  (no {unit})"
    width = max(map(len, answer["probabilities"]))
    return f"{answer['class']:{width}}  {shown}  {shortened(answer['text'])}{remark}"


if __name__ == "__main__":
    main()
