"""The model card of a run: what a model was trained on and how well it does, for who takes it."""

import json
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

model = tf.saved_model.load("{place}")
classify = model.signatures["serving_default"]
classify(text=tf.constant(["Oil prices fall as supply grows"]))["probabilities"]
[name.decode() for name in model.signatures["classes"]()["classes"].numpy()]
```

The names of the classes are in its `assets/classes.txt` as well. `model.keras` is for the project
that trained it: `python predict.py DIRECTORY TEXT`. Both take texts as they are, in UTF-8: lower
case, punctuation and the vocabulary are a part of the model. Where texts may hold decomposed
characters, compose them first (Unicode's NFC), as `predict.py` does.

## Data

It reads {read}. {train:,} texts were trained on{held_out} and {test:,} tested.{about}
SHA-256 of the rows: `{hash}`.

## Recipe

```sh
{command}
```

{interrupted}{parameters:,} parameters, seed {seed}, on a {device}, in {seconds:.0f} seconds;
{versions}.

| hyperparameter | value |
|---|---|
{hyperparameters}

## Figures

On the {test:,} test texts, which were not trained on: accuracy {accuracy:.4f}, macro F1 {f1:.4f}.

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
INTERRUPTED = "The training was interrupted before its end. "
FEED = """
They are AG News's, made from Antonio Gulli's corpus of news articles, which is for research and
other non-commercial use; about one label in a hundred looks wrong."""


def markdown(result, place):
    """The card, in the form that model hubs read: Markdown below metadata in YAML.

    After Mitchell et al., Model Cards for Model Reporting, https://arxiv.org/abs/1810.03993, and
    https://huggingface.co/docs/hub/model-cards.

    Args:
        result: what the run's result.json holds.
        place: the directory of the SavedModel, as seen from the card.
    """
    hp, rows = result["hyperparameters"], result["data"]["rows"]
    data = _place_left_out(result["data"]["name"])
    is_ag_news = result["data"]["test_hash"] == OFFICIAL_TEST_HASH
    options = [*map(_place_left_out, flags(result["changed"])), "--data", data]
    options += ["--seed", str(result["seed"])]
    held_out = f", {rows['held_out']:,} were held out to validate on" if rows["held_out"] else ""
    return TEXT.format(
        metadata=_metadata(result, AG_NEWS if is_ag_news else None, data),
        place=place,
        name=f"{result['script']} {result['recipe']}",
        classes=len(result["classes"]),
        named=", ".join(result["classes"][:20]) + (", ..." if len(result["classes"]) > 20 else ""),
        data=data,
        recipe=result["recipe"],
        script=result["script"],
        read="titles" if hp["text"] == "title" else "titles and descriptions, joined by a space",
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
        interrupted=INTERRUPTED if result["interrupted"] else "",
        accuracy=result["test_accuracy"],
        f1=result["macro_f1"],
        per_class="\n".join(
            f"| {_cell(name)} | {v['precision']:.4f} | {v['recall']:.4f} | {v['f1']:.4f} |"
            for name, v in result["per_class"].items()
        ),
    )


def _metadata(result, dataset, data):
    """The YAML; each value as JSON, which is YAML."""
    figures = {"accuracy": result["test_accuracy"], "f1": result["macro_f1"]}
    index = {
        "name": f"{result['script']}-{result['recipe']}",
        "results": [
            {
                "task": {"type": "text-classification"},
                "dataset": {"type": dataset or data, "name": data, "split": "test"},
                "metrics": [{"type": name, "value": figures[name]} for name in figures],
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
