"""The model card of a run: what a model was trained on and how well it does, for who takes it."""

import json
import math
import os
import shlex
from pathlib import Path

from corpus import OFFICIAL_TEST_HASH
from training.directory import CARD_BEGINS
from training.recipes import flags

AG_NEWS = "fancyzhx/ag_news"  # its name on the Hugging Face hub
TEXT = """\
{metadata}
---

# {name}

A recurrent network that puts a text into one of {classes} classes: {named}.
Trained with Keras on {train:,} texts of `{data}`, by the recipe `{recipe}` of `{script}.py`.

## How to load it

The SavedModel, with TensorFlow alone or TensorFlow Serving:

```python
import tensorflow as tf

model = tf.saved_model.load("{place}")  # its directory, as seen from that of this card
classify = model.signatures["serving_default"]
classify(text=tf.constant(["{example}"]))["probabilities"]
[name.decode() for name in model.signatures["classes"]()["classes"].numpy()]
```

The names of the classes are in its `assets/classes.txt` as well. `model.keras` is for the project
that trained it: `python predict.py DIRECTORY TEXT`. Both take texts as they are, in UTF-8: lower
case, punctuation and the vocabulary are a part of the model. Where texts may hold decomposed
characters, compose them first (Unicode's NFC), as `predict.py` does.

## Data

It reads {read}. On {train:,} texts it was trained{held_out}, on {test:,} tested.{about}
SHA-256 of the rows: `{hash}`.

## Recipe

```sh
{command}
```

{shortened}{interrupted}{parameters:,} parameters, seed {seed}, on a {device},
in {seconds:.0f} seconds; {versions}.

| hyperparameter | value |
|---|---|
{hyperparameters}

## Figures

On the {test:,} test texts, which were not trained on: accuracy {accuracy:.4f}, macro F1 {f1:.4f}.
From {test:,} texts it follows that the accuracy on all texts like them is between {low:.3f} and
{high:.3f} (95% interval, after Wilson).

| class | precision | recall | F1 |
|---|---|---|---|
{per_class}

One run with one seed: another seed gives another figure.

## Limits

- It knows these {classes} classes and no "none of them": any text gets the most likely one.
- The figures hold for texts like those of its corpus: of the same time, source and language.
- A probability is no promise of how often it is right: measure that on texts of your own.
- A word that is not in its vocabulary is an unknown one to it, whichever it is.
- What the texts hold of errors and of prejudice, in words or in classes, it has learned as well.
"""
SHORTENED = "Of files and directories the name alone is shown. "
INTERRUPTED = "The training was interrupted before its end. "
FEED = """
They are AG News's, made from Antonio Gulli's corpus of news articles, which is for research and
other non-commercial use; about one label in a hundred looks wrong."""


def markdown(result, reading, place):
    """The card, in the form that model hubs read: Markdown below metadata in YAML.

    After Mitchell et al., Model Cards for Model Reporting, https://arxiv.org/abs/1810.03993, and
    https://huggingface.co/docs/hub/model-cards.

    Args:
        result: what the run's result.json holds.
        reading: the `saved.Reading` of its model.
        place: the directory of the SavedModel, as seen from the card.
    """
    hp, rows, accuracy = result["hyperparameters"], result["data"]["rows"], result["test_accuracy"]
    low, high = interval(accuracy, rows["test"])
    data = _place_left_out(result["data"]["name"])
    is_ag_news = result["data"]["test_hash"] == OFFICIAL_TEST_HASH
    given = [*flags(result["changed"]), "--data", result["data"]["name"]]
    options = [*map(_place_left_out, given), "--seed", str(result["seed"])]
    held_out = f", on {rows['held_out']:,} validated" if rows["held_out"] else ""
    return TEXT.format(
        metadata=_metadata(result, AG_NEWS if is_ag_news else None, data),
        place=place,
        name=f"{result['script']} {result['recipe']}",
        classes=len(result["classes"]),
        named=", ".join(result["classes"][:20]) + (", ..." if len(result["classes"]) > 20 else ""),
        data=data,
        recipe=result["recipe"],
        script=result["script"],
        read=_read(reading, is_ag_news),
        example="Oil prices fall as supply grows"
        if is_ag_news
        else "A text like those of the corpus",
        train=rows["train"],
        held_out=held_out,
        test=rows["test"],
        hash=result["data"]["hash"],
        about=FEED if is_ag_news else "",
        command=f"python {result['script']}.py {result['recipe']} {shlex.join(options)}",
        parameters=result["parameters"],
        seed=result["seed"],
        device=result["device"],
        seconds=result["seconds"]["total"],
        versions=", ".join(f"{name} {number}" for name, number in result["versions"].items()),
        hyperparameters="\n".join(
            f"| {name} | {_cell(_place_left_out(str(value)))} |" for name, value in hp.items()
        ),
        shortened=SHORTENED if options[: len(given)] != given else "",
        interrupted=INTERRUPTED if result["interrupted"] else "",
        accuracy=accuracy,
        low=low,
        high=high,
        f1=result["macro_f1"],
        per_class="\n".join(
            f"| {_cell(name)} | {v['precision']:.4f} | {v['recall']:.4f} | {v['f1']:.4f} |"
            for name, v in result["per_class"].items()
        ),
    )


def interval(share, count, z=1.96):
    """Between what two shares that of all probably is, by that of so many: (low, high).

    Wilson, Probable inference, the law of succession, and statistical inference, 1927.

    Args:
        share: between 0 and 1.
        count: 1 at least.
        z: of the normal distribution; 1.96 for 95 per cent.
    """
    middle = share + z**2 / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return (middle - half) / (1 + z**2 / count), (middle + half) / (1 + z**2 / count)


def _read(reading, is_ag_news):
    """Which text of a row a model reads, in words."""
    alone = reading.text == "title"
    if is_ag_news:
        return "titles" if alone else "titles and descriptions, joined by a space"
    names = [repr(name) for name in (reading.text_names[:1] if alone else reading.text_names)]
    if names:
        return f"of each row {' and '.join(names)}{', joined by a space' * (len(names) > 1)}"
    return f"of each row {'the first text' if alone else 'the text; several are joined by a space'}"


def _metadata(result, dataset, data):
    """The YAML; each value as JSON, which is YAML."""
    figures = {"accuracy": result["test_accuracy"], "f1": result["macro_f1"]}
    shown = {"accuracy": "accuracy", "f1": "macro F1"}
    index = {
        "name": f"{result['script']}-{result['recipe']}",
        "results": [
            {
                "task": {"type": "text-classification"},
                "dataset": {"type": dataset or data, "name": data, "split": "test"},
                "metrics": [
                    {"type": kind, "name": shown[kind], "value": figures[kind]} for kind in figures
                ],
            }
        ],
    }
    values = {"pipeline_tag": "text-classification"}
    values |= {"datasets": [dataset], "language": ["en"]} if dataset else {}
    values |= {"metrics": [*figures], "tags": ["recurrent neural network"], "model-index": [index]}
    lines = [f"{name}: {json.dumps(value)}" for name, value in values.items()]
    return CARD_BEGINS + "\n".join(lines)


def _place_left_out(text):
    """A text; of a path the name, since where a file lies is the concern of one machine alone."""
    return Path(os.path.abspath(text)).name if os.sep in text or text == "." else text


def _cell(value):
    """A value in a table's cell, which is one line and ends at a bar."""
    return " ".join(str(value).split()).replace("|", "\\|")
