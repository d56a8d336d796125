"""The training runs behind the tables and pictures; experiments/runs.py makes them."""

import importlib
import re
import shlex
from dataclasses import dataclass
from hashlib import sha256

from training.recipes import flags

SCRIPTS = "train_rnn", "train_lstm", "train_bilstm"
FULL_TEXT = "title+description"
LONGEST_NAME = 200  # characters of a run directory; a file system allows 255 bytes


@dataclass(frozen=True)
class Experiment:
    """A training script with a recipe and changes to that recipe.

    Attributes:
        script: the name of the script, without .py, or "baselines".
        recipe: the name of one of its recipes.
        changes: tuple of (hyperparameter, value); see `experiment`.
    """

    script: str
    recipe: str
    changes: tuple = ()

    @property
    def options(self):
        """The changes as on a command line: list of `str`."""
        return flags(dict(self.changes))

    @property
    def command(self):
        """The command line without data and seed."""
        return shlex.join([f"{self.script}.py", self.recipe, *self.options])

    def directory_name(self, seed):
        """The name of the run directory for a seed."""
        words = [self.script, self.recipe, *self.options, f"seed{seed}"]
        name = "-".join(word.removeprefix("--") for word in words)
        plain = re.sub(r"[^\w.+-]+", "_", name)[:LONGEST_NAME]
        # Two paths, for example, may differ only in characters that are replaced.
        return name if plain == name else f"{plain}-{sha256(name.encode()).hexdigest()[:8]}"

    @property
    def module(self):
        """The module of the script, with `RECIPES`, `Hyperparameters` and `main`."""
        module = {"baselines": "experiments.baselines"}.get(self.script, self.script)
        return importlib.import_module(module)

    def hyperparameters(self):
        """The hyperparameters of the changed recipe, an instance of its dataclass."""
        recipe = self.module.RECIPES[self.recipe]
        return recipe.hyperparameters(self.module.Hyperparameters, **dict(self.changes))


def experiment(script, recipe, /, **changes):
    """Makes an `Experiment`; changes are keyword arguments."""
    return Experiment(script, recipe, tuple(changes.items()))


def recipes():
    """Every recipe of every script, and `best` for titles: list of `Experiment`."""
    modules = map(importlib.import_module, SCRIPTS)
    every = [experiment(m.__name__, recipe) for m in modules for recipe in m.RECIPES]
    return [*every, experiment("train_rnn", "best", text="title")]


def switches():
    """The tutorial's side remarks: list of (what the switch does, the `Experiment` with it).

    It is compared with the same recipe without changes.
    """
    return [
        ("titles and descriptions", experiment("train_rnn", "titles", text=FULL_TEXT)),
        ("padding masked", experiment("train_rnn", "titles", mask=True)),
        ("padding not masked", experiment("train_rnn", "masked", mask=False)),
        ("buckets with a mask", experiment("train_rnn", "masked", buckets=32)),
        ("no buckets", experiment("train_rnn", "titles", buckets=1)),
        (
            "vocabulary of the full text",
            experiment("train_lstm", "tutorial", vectorizer_rows=0, vectorizer_text=FULL_TEXT),
        ),
        ("smaller learning rate", experiment("train_rnn", "masked", learning_rate=0.0003)),
        ("gradients clipped", experiment("train_rnn", "masked", clip_norm=1)),
        ("gradients not clipped", experiment("train_rnn", "masked-fast", clip_norm=0)),
        ("decreasing learning rate", experiment("train_lstm", "tutorial", schedule="cosine")),
        ("fewer rows", experiment("train_rnn", "masked", train_rows=15000)),
        ("fewer rows", experiment("train_rnn", "masked", train_rows=30000)),
        ("fewer rows", experiment("train_lstm", "tutorial", train_rows=20000)),
        ("two epochs", experiment("train_rnn", "titles", epochs=2)),
        ("two epochs", experiment("train_rnn", "masked", epochs=2)),
        ("two epochs", experiment("train_lstm", "tutorial", epochs=2)),
        ("larger batch", experiment("train_lstm", "tutorial", batch_size=64)),
        ("word vectors from the corpus", experiment("train_lstm", "fast", embeddings="corpus")),
        ("GRU instead of LSTM", experiment("train_lstm", "fast", cell="gru")),
        ("GRU instead of LSTM", experiment("train_bilstm", "fast", cell="gru")),
        ("no dropout", experiment("train_rnn", "best", dropout=0)),
        ("last state instead of max pooling", experiment("train_rnn", "best", pooling="last")),
        ("no adversarial training", experiment("train_rnn", "best", adversarial=0)),
        ("no adversarial training", experiment("train_lstm", "best", adversarial=0)),
        ("no word vectors from the corpus", experiment("train_lstm", "best", embeddings=None)),
        ("markup removed", experiment("train_lstm", "fast", markup="removed")),
        ("markup removed", experiment("train_bilstm", "fast", markup="removed")),
        ("markup removed", experiment("train_lstm", "best", markup="removed")),
    ]
