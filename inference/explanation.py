"""Explains an answer: what each word adds to it, and how the class changes from word to word."""

import re

import numpy as np

from corpus.decoding import composed
from corpus.description import shortened
from inference.answers import classify, count_words, probabilities

MOST_TEXTS = 200  # that the network reads for an explanation
PIECE = {"words": re.compile(r"\S+"), "characters": re.compile(r"\S")}
LONGEST_PIECE = 24  # characters that are shown
BAR = 20  # characters of the longest bar
SMALLEST_SCALE = 0.1  # of the bars, so that small losses look small


def explain(model, text):
    """Explains a prediction by how much its probability drops without each word.

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
    [answer] = classify(model, [text])
    forwards, text = reads_forwards(model), composed(text)  # an accent belongs to its letter
    spans, remarks = _spans(model, text, MOST_TEXTS // 2 if forwards else MOST_TEXTS - 1)
    without = [text[:start] + text[end:] for start, end, _ in spans]
    beginnings = [text[:end] for _, end, _ in spans[:-1]] if forwards else []
    rows = probabilities(model, without + beginnings)
    classes, after = [*answer["probabilities"]], [None] * len(spans)
    if forwards:
        after = [classes[i] for i in rows[len(spans) :].argmax(axis=1)] + [answer["class"]]
    losses = max(answer["probabilities"].values()) - rows[:, classes.index(answer["class"])]
    explanation = []
    for (start, end, unknown), loss, now in zip(spans, losses.tolist(), after, strict=False):
        row = {"words": text[start:end], "loss": loss, "unknown": unknown, "class_after": now}
        explanation.append(row)
    return answer | {"explanation": explanation, "remarks": remarks}


def reads_forwards(model):
    """Whether no layer reads a text from its end."""
    layers = model._flatten_layers()  # Keras has no public way into wrappers
    return not any(getattr(layer, "go_backwards", False) for layer in layers)


def _spans(model, text, most):
    """(start, end and whether all is unknown of each word or span that is read, remarks)."""
    import models

    vectorizer, remarks = models.part(model, models.Vectorizer), []
    pieces = [piece.span() for piece in PIECE[vectorizer.tokens].finditer(text)]
    counts = count_words(model, [text[start:end] for start, end in pieces])
    before = np.cumsum(counts[:, 0]) - counts[:, 0]
    read = np.count_nonzero(before < (vectorizer.max_words or np.inf))
    if counts[read:, 0].any():
        total = f"{counts[:, 0].sum():,} {vectorizer.tokens}"
        remarks.append(f"the network reads the first {vectorizer.max_words:,} of {total}")
        pieces = pieces[:read]
    size = max(1, -(-len(pieces) // most))
    if size > 1:
        remarks.append(f"the text is long: each line covers {size:,} {vectorizer.tokens}")
    spans = []
    for first in range(0, len(pieces), size):
        span = pieces[first : first + size]
        words, unknown = counts[first : first + size].sum(axis=0)
        spans.append((span[0][0], span[-1][1], bool(0 < words == unknown)))
    return spans, remarks


def lines(explained):
    """Yields lines for the screen: the remarks, and one for each word of what `explain` returns."""
    yield from (f"note: {remark}" for remark in explained["remarks"])
    rows = explained["explanation"]
    labels = [*_labels(rows)]
    width = max((len(name) for name, _ in labels), default=0)
    scale = largest_loss(rows)
    for (name, after), row in zip(labels, rows, strict=True):
        loss = round(row["loss"], 3) + 0  # no -0.000
        bar = "-+"[row["loss"] > 0] * round(BAR * abs(row["loss"]) / scale)
        yield f"{name:{width}}  {loss:+.3f}  {bar:{BAR}}  {after}".rstrip()


def largest_loss(rows):
    """The largest loss of an explanation's rows, either way, but at least `SMALLEST_SCALE`."""
    return max([SMALLEST_SCALE, *(abs(row["loss"]) for row in rows)])


def _labels(rows):
    """Yields each word, marked if it is unknown, and the class after it, marked if it is new."""
    before = None
    for row in rows:
        name = shortened(row["words"], LONGEST_PIECE) + " (unknown)" * row["unknown"]
        after = row["class_after"]
        turn = "  " if after == before else "->"
        yield name, "" if after is None else f"{turn} {after}"
        before = after


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

    answer, losses = explained["class"], np.array([row["loss"] for row in explained["explanation"]])
    labels, positions = [*_labels(explained["explanation"])], range(len(losses))
    probability, text = explained["probabilities"][answer], shortened(explained["text"], 200)
    figure = Figure(figsize=(7, 1.8 + 0.24 * len(losses)), layout="constrained")
    plots.add_title(figure, f"{answer} {probability:.2f}: {text}")
    axes = figure.subplots()
    axes.barh(positions, losses, color=np.where(losses > 0, plots.SKY, plots.AMBER))
    low, high = axes.get_xlim()
    axes.set_xlim(low, max(high, SMALLEST_SCALE))
    axes.set_yticks(positions, [name for name, _ in labels], parse_math=False)
    axes.set_ylim(max(1, len(losses)) - 0.5, -0.5)  # the first word is at the top
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel(f"drop in the probability of {answer} without the word", parse_math=False)
    side = axes.secondary_yaxis("right")
    side.set_yticks(positions, [after for _, after in labels], parse_math=False)
    side.set_ylabel("class after the word" if any(after for _, after in labels) else "")
    plots.save(figure, path)
