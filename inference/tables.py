"""Classifies the rows of a file."""

import csv
from collections import Counter
from itertools import chain, count

from corpus import loading
from inference.answers import checked_output, count_words, probabilities
from training.atomic import atomic_write


def classify_file(model, file, output, text_columns=(), label_column=None, encoding=None):
    """Classifies the rows of a file, and writes them with two more columns.

    The new columns are "predicted", the class, and "probability", the class's probability; if the
    file already has such a column, "predicted_2", and so on. Columns without a name are called
    "column 1", "column 2", and so on or, if there is only one, "text".

    Args:
        model: a model that `answers.load_model` returned.
        file: rows in one of the forms that a corpus may have, with labels or without.
        output: the CSV file, which is written whole or not at all.
        text_columns, label_column: see `corpus.columns.read`.
        encoding: of a file that is not UTF-8 or UTF-16; by default that of the model's corpus.

    Returns:
        (dict of "rows"; "classes", a dict of class to how many rows it has, the most frequent
        first; "words" and "unknown" as in `answers.classify`, which columns were used).

    Raises:
        UserError: the file cannot be used, or is the one to write.
        OSError: the other file cannot be written.
    """
    import models

    labels, vectorizer = models.part(model, models.Labels), models.part(model, models.Vectorizer)
    output = checked_output(output, file)
    rows, split = loading.read(file, labels, text_columns, label_column, encoding, labelled=False)
    columns, texts = split.table.columns, rows.texts(vectorizer.text)
    header = split.table.names or [f"column {i + 1}" for i in range(len(columns))]
    header = ["text"] if header == ["column 1"] else header
    with atomic_write(output) as partial, partial.open("w", encoding="utf-8", newline="") as target:
        confidence, words = probabilities(model, texts), count_words(model, texts)
        predicted = [labels.classes[i] for i in confidence.argmax(axis=1)]
        shown = [f"{probability:.4f}" for probability in confidence.max(axis=1)]
        writer = csv.writer(target)
        writer.writerow([*header, *(_free(name, header) for name in ("predicted", "probability"))])
        writer.writerows(zip(*columns, predicted, shown, strict=True))
    counts = {"rows": len(texts), "classes": dict(Counter(predicted).most_common())}
    return counts | dict(zip(("words", "unknown"), words.sum(axis=0).tolist(), strict=True)), split


def _free(name, names):
    """The first of name, name_2, name_3, ... that is not among `names`."""
    return next(n for n in chain([name], (f"{name}_{i}" for i in count(2))) if n not in names)
