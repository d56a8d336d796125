"""Describes a corpus: its rows, its classes, how its texts are read, and what is odd about them."""

from collections import Counter

import numpy as np

from corpus.classes import listed

EXAMPLE = 60  # characters of a text that are shown


def describe(corpus, vectorizer):
    """Describes a `corpus.Corpus` and a `models.Vectorizer`, in lines for the screen."""
    lines, remarks = [str(corpus), _describe_texts(corpus, vectorizer)], [*corpus.remarks]
    if blank := sum(not text.strip() for text in corpus.train.texts(vectorizer.text)):
        remarks.append(f"train rows without text: {blank:,}")
    lines += [f"notes: {'; '.join(remarks)}"] if remarks else []
    lines.append(f"vocabulary: {vectorizer.vocabulary_size():,} {vectorizer.tokens}")
    if vectorizer.tokens == "words" and not corpus.train.has_spaces(vectorizer.text):
        lines.append("hint: spaces rarely separate words here; try --tokens characters")
    return "\n".join(lines)


def _describe_texts(corpus, vectorizer):
    """Says in one line which columns are read, with an example as the network reads it."""
    several = vectorizer.text != "title" and any(corpus.train.descriptions)
    names = [*map(repr, corpus.text_names)]
    columns = f"columns {listed(names) or '2 and up'}" if several else f"column {(names or [2])[0]}"
    texts = corpus.train[:100].texts(vectorizer.text).tolist()
    tokens = vectorizer.tokenize(texts)[:, : vectorizer.max_words or None].to_list()
    example = next((b" ".join(words).decode() for words in tokens if words), "")
    return f'texts: {columns}, such as "{shortened(example)}"'


def shortened(text, most=EXAMPLE):
    """A text in one line of at most so many characters and "...", none of them a control character.

    Those would change how a terminal behaves.
    """
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(text.split()))
    return text if len(text) <= most else f"{text[:most]}..."


def on_classes(train, test, classes):
    """Names the classes without a row, and those with nearly the same name: list of `str`.

    Args:
        train, test: `Rows`.
        classes: the names of the classes.
    """
    counts, tested = (np.bincount(rows.labels, minlength=len(classes)) for rows in (train, test))
    remarks, untested = [], [i for i in range(len(classes)) if len(test) and not tested[i]]
    if single := [repr(classes[i]) for i in untested if counts[i] == 1]:
        remarks.append(f"classes whose only row stays in train: {listed(single)}")
    if others := [classes[i] for i in untested if counts[i] != 1]:
        remarks.append(f"no test rows of {listed(others)}")
    if untrained := [name for name, count in zip(classes, counts, strict=True) if not count]:
        remarks.append(f"no train rows of {listed(untrained)}")
    plain = [name.casefold().replace(" ", "") for name in classes]
    times = Counter(plain)
    if same := [name for name, form in zip(classes, plain, strict=True) if times[form] > 1]:
        remarks.append(f"classes that differ only in capitals or spaces: {listed(same)}")
    return remarks


def on_texts(train, validation, test):
    """Counts the texts that are used more than once: list of `str`.

    Args:
        train, validation, test: `Rows`.
    """
    remarks, hashes = [], train.text_hashes()
    different = set(hashes.tolist())
    if repeated := len(train) - len(different):
        remarks.append(f"train rows that repeat the text of another: {repeated:,}")
        order = np.lexsort((train.labels, hashes))
        hashes, labels = hashes[order], train.labels[order]
        other_label = (hashes[1:] == hashes[:-1]) & (labels[1:] != labels[:-1])
        if ambiguous := len(np.unique(hashes[1:][other_label])):
            remarks.append(f"train texts with more than one label: {ambiguous:,}")
    validated, tested = (rows.text_hashes().tolist() for rows in (validation, test))
    for split, texts, other, others in (
        ("validation", validated, "train", different),
        ("test", tested, "train", different),
        ("test", tested, "validation", set(validated)),
    ):
        if shared := sum(text in others for text in texts):
            effect = f": the {split} accuracy is too high" if shared >= len(texts) / 100 else ""
            counts = f"{shared:,} of {len(texts):,} {split} texts"
            remarks.append(f"{counts} are also in {other}{effect}")
    return remarks
