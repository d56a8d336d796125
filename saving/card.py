"""The model card of a run: what a model was trained on, how good it is, and how to use it."""

import json
import os
import shlex
from pathlib import Path
from textwrap import shorten

from corpus.loading import OFFICIAL_TEST_HASH
from corpus.prepared import PREFIX
from training.recipes import flags

TEMPLATE = Path(__file__).with_name("card.md")
AG_NEWS = "fancyzhx/ag_news"  # its name on the Hugging Face hub
AG_NEWS_SOURCE = """
The texts are from AG News, which was made from Antonio Gulli's corpus of news articles for research
and other non-commercial use. About one label in a hundred looks wrong."""


def markdown(result, labels, vectorizer):
    """Returns the card as model hubs read it: Markdown after metadata in YAML.

    Mitchell et al., Model Cards for Model Reporting, https://arxiv.org/abs/1810.03993;
    https://huggingface.co/docs/hub/model-cards.

    Args:
        result: the contents of the run's result.json.
        labels: the `models.Labels` of its model.
        vectorizer: the `models.Vectorizer` of its model.
    """
    data = result["data"]
    start = _last_name(result["started_from"] or "")
    is_ag_news = data["test_hash"] == OFFICIAL_TEST_HASH
    options = [*flags(result["changed"]), "--data", data["name"], "--seed", str(result["seed"])]
    command = ["python", f"{result['script']}.py", result["recipe"], *options]
    command = [*map(_last_name, command), *flags(data.get("options", {}))]
    columns = [repr(name) for name in labels.text_names] or ["the title", "the description"]
    values = {
        "datasets": f"datasets: [{AG_NEWS}]\nlanguage: [en]\n" if is_ag_news else "",
        "dataset": json.dumps(AG_NEWS if is_ag_news else _last_name(data["name"])),
        "classes": len(labels.classes),
        "class_names": shorten(", ".join(labels.classes), 300, placeholder=" ..."),
        "data_name": _last_name(data["name"]),
        "columns": " and ".join(columns[:1] if vectorizer.text == "title" else columns),
        "source": AG_NEWS_SOURCE if is_ag_news else "",
        "command": shlex.join(command),
        "versions": ", ".join(f"{name} {number}" for name, number in result["versions"].items()),
        "interruption": " It was interrupted before the end." if result["interrupted"] else "",
        "start": f" It began with the weights of `{start}`." if start else "",
        "hyperparameters": _table(
            (name, _last_name(str(value))) for name, value in result["hyperparameters"].items()
        ),
        "per_class": _table(
            (name, *(f"{scores[score]:.4f}" for score in ("precision", "recall", "f1")))
            for name, scores in result["per_class"].items()
        ),
    }
    return TEMPLATE.read_text(encoding="utf-8").format_map(result | values)


def _last_name(text):
    """A text; of a path its last name, since its directories mean nothing on other machines."""
    is_path = (os.sep in text or text == ".") and not text.startswith(PREFIX)
    return os.path.basename(os.path.abspath(text)) if is_path else text


def _table(rows):
    """The rows of a Markdown table; in a cell, lines are joined and bars escaped."""
    cells = ([" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in rows)
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)
