"""Explains an answer: what each word adds to it, and how the class changes from word to word."""

import re

import numpy as np

from corpus.description import shortened
from inference.answers import classify, count_words, probabilities

MOST_TEXTS = 200  # that the network reads for an explanation
PIECE = {"words": re.compile(r"\S+"), "characters": re.compile(r"\S")}
LONGEST_PIECE = 24  # characters that are shown
BAR = 20  # characters of the longest bar
SMALLEST_SCALE = 0.1  # of the bars, so that small losses look small


def explain(model, text):
    """Explains the answer to a text by what its probability loses without each word.

    The network reads the text without the word (occlusion, as Zeiler and Fergus do with patches of
    a picture, https://arxiv.org/abs/1311.2901), and, if it reads in one direction only, the text up
    to each word. Of a long text, spans of equally many words take the place of words, so that the
    network reads at most `MOST_TEXTS` texts.

    Args:
        model: a model that `answers.load_model` returned.
        text: `str`.

    Returns:
        The dict that `answers.classify` returns for the text, with "explanation": list of dicts:
        "words", a word, a character or a span as it is written in the text; "loss", how much higher
        the probability of the class is with it than without it, below 0 if it speaks for another
        class; "unknown", whether all its words are unknown; "class_after", the class of the text up
        to its end, None for networks that read backwards; and with "remarks": list of `str`, what
        the explanation leaves out.
    """
    import models

    [answer] = classify(model, [text])
    classes = models.part(model, models.Labels).classes
    forwards = _reads_forwards(model)
    spans, unknown, remarks = _spans(model, text, MOST_TEXTS // 2 if forwards else MOST_TEXTS - 1)
    without = [text[:start] + text[end:] for start, end in spans]
    beginnings = [text[:end] for _, end in spans[:-1]] if forwards else []
    rows = probabilities(model, without + beginnings)
    losses = answer["probabilities"][answer["class"]] - rows[:, classes.index(answer["class"])]
    after = [None] * len(spans)
    if forwards and spans:
        after = [classes[i] for i in rows[len(spans) :].argmax(axis=1)] + [answer["class"]]
    words = [text[start:end] for start, end in spans]
    columns = words, losses[: len(spans)].tolist(), unknown, after
    names = "words", "loss", "unknown", "class_after"
    explanation = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return answer | {"explanation": explanation, "remarks": remarks}


def _reads_forwards(model):
    """Whether no layer reads a text from its end."""
    layers = model._flatten_layers()  # Keras has no public way into wrappers
    return not any(getattr(layer, "go_backwards", False) for layer in layers)


def _spans(model, text, most):
    """(start and end of each word or span that is read, whether these are unknown, remarks)."""
    import models

    vectorizer, remarks = models.part(model, models.Vectorizer), []
    pieces = np.array([piece.span() for piece in PIECE[vectorizer.tokens].finditer(text)])
    if not len(pieces):
        return [], [], remarks
    counts = count_words(model, [text[start:end] for start, end in pieces])
    before = np.cumsum(counts[:, 0]) - counts[:, 0]
    read = np.count_nonzero(before < (vectorizer.max_words or np.inf))
    if counts[read:, 0].any():
        total = f"{counts[:, 0].sum():,} {vectorizer.tokens}"
        remarks.append(f"the network reads the first {vectorizer.max_words:,} of {total}")
        pieces, counts = pieces[:read], counts[:read]
    size = -(-len(pieces) // most)
    if size > 1:
        remarks.append(f"a long text: each line is for {size:,} {vectorizer.tokens}")
    first = np.arange(0, len(pieces), size)
    last = np.minimum(first + size, len(pieces)) - 1
    words, unknown = np.add.reduceat(counts, first).T
    spans = np.stack([pieces[first, 0], pieces[last, 1]], axis=1).tolist()
    return spans, ((words > 0) & (words == unknown)).tolist(), remarks


def lines(explained):
    """Yields lines for the screen: the remarks, and one for each word of what `explain` returns."""
    yield from (f"note: {remark}" for remark in explained["remarks"])
    rows, before = explained["explanation"], None
    names = [shortened(row["words"], LONGEST_PIECE) for row in rows]
    width = max(map(len, names), default=0)
    marked = 7 * any(row["unknown"] for row in rows)
    scale = max([SMALLEST_SCALE, *(abs(row["loss"]) for row in rows)])
    for name, row in zip(names, rows, strict=True):
        loss = round(row["loss"], 2) + 0  # no -0.00
        bar = "-+"[row["loss"] > 0] * round(BAR * abs(row["loss"]) / scale)
        unknown = "unknown" if row["unknown"] else ""
        turn = f"-> {row['class_after']}" if row["class_after"] != before else ""
        yield f"{name:{width}}  {loss:+.2f}  {bar:{BAR}}  {unknown:{marked}}  {turn}".rstrip()
        before = row["class_after"]


def draw(explained, path):
    """Draws what `explain` returns: the words from top to bottom, with a bar for what each adds.

    Args:
        explained: what `explain` returned.
        path: the file, whose suffix is one of Matplotlib's formats.

    Raises:
        UserError: Matplotlib does not know the format, or cannot write it on this machine.
        OSError: the file cannot be written.
    """
    from matplotlib.figure import Figure

    from training import plots

    rows, answer = explained["explanation"], explained["class"]
    losses, turns = np.array([row["loss"] for row in rows]), [row["class_after"] for row in rows]
    names = [shortened(row["words"], LONGEST_PIECE) for row in rows]
    marks = [" (unknown)" if row["unknown"] else "" for row in rows]
    figure = Figure(figsize=(7, 1.8 + 0.24 * len(rows)), layout="constrained")
    probability, text = explained["probabilities"][answer], shortened(explained["text"], 200)
    plots.add_title(figure, f"{answer} {probability:.2f}: {text}")
    axes = figure.subplots()
    axes.barh(range(len(rows)), losses, color=np.where(losses > 0, plots.BLUE, plots.ORANGE))
    axes.set_yticks(range(len(rows)), [*map(str.__add__, names, marks)], parse_math=False)
    axes.set_ylim(max(1, len(rows)) - 0.5, -0.5)  # the first word is at the top
    limit = max([SMALLEST_SCALE, *np.abs(losses)]) * 1.05
    axes.set_xlim(-limit, limit)
    axes.set_xlabel(f"what the probability of {answer} loses without the word", parse_math=False)
    axes.axvline(0, color="black", linewidth=0.8)
    if any(turns):
        side = axes.secondary_yaxis("right")
        side.set_yticks(range(len(rows)), turns, parse_math=False)
        side.set_ylabel("class after this word")
    plots.save(figure, path)
