"""Which training runs tables and pictures are made of; experiments/runs.py makes them."""

import shlex
from dataclasses import dataclass
from pathlib import Path

import train_bilstm
import train_lstm
import train_rnn
from training.recipes import flags

PROJECT = Path(__file__).parent.parent
SCRIPTS = {"train_rnn": train_rnn, "train_lstm": train_lstm, "train_bilstm": train_bilstm}
FULL_TEXT = "title+description"


@dataclass(frozen=True)
class Experiment:
    """A training script, a recipe of it, and what is changed of the recipe.

    Attributes:
        script: its name, without .py.
        recipe: the name of a recipe of it.
        changes: pairs of hyperparameter and value; see `experiment`.
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
        """As typed in a shell, without data and seed."""
        options = [Path(o).name if "/" in o else o for o in self.options]  # a file's place is local
        return shlex.join([f"{self.script}.py", self.recipe, *options])

    @property
    def name(self):
        """A directory name."""
        words = [self.script, self.recipe, *self.options]
        return "-".join(Path(word).name.removeprefix("--") for word in words)

    def hyperparameters(self):
        """Those that the recipe and the changes ask for, as a dict."""
        module = SCRIPTS[self.script]
        recipe = module.RECIPES[self.recipe]
        return vars(recipe.hyperparameters(module.Hyperparameters, **dict(self.changes)))


def experiment(script, recipe, **changes):
    """An `Experiment` with changes given by name."""
    return Experiment(script, recipe, tuple(changes.items()))


def recipes():
    """Every recipe of every script, and `best` for titles."""
    return [
        experiment("train_rnn", "titles"),
        experiment("train_rnn", "masked"),
        experiment("train_rnn", "titles-fast"),
        experiment("train_rnn", "masked-fast"),
        experiment("train_rnn", "characters"),
        experiment("train_rnn", "best"),
        experiment("train_rnn", "best", text="title"),
        experiment("train_lstm", "tutorial"),
        experiment("train_lstm", "fast"),
        experiment("train_lstm", "best"),
        experiment("train_bilstm", "tutorial"),
        experiment("train_bilstm", "fast"),
        experiment("train_bilstm", "best"),
    ]


def switches(vectors=None, width=50):
    """The tutorial's side remarks: pairs of (what the switch does, the experiment with it).

    What it is compared with is the same recipe without changes.

    Args:
        vectors: a file of pretrained word vectors; None leaves these switches out.
        width: the numbers of each of them.
    """
    pairs = [
        ("descriptions beside titles", experiment("train_rnn", "titles", text=FULL_TEXT)),
        ("padding masked", experiment("train_rnn", "titles", mask=True)),
        ("padding not masked", experiment("train_rnn", "masked", mask=False)),
        ("buckets behind a mask", experiment("train_rnn", "masked", buckets=32)),
        ("no buckets", experiment("train_rnn", "titles", buckets=1)),
        (
            "vocabulary of the full text",
            experiment("train_lstm", "tutorial", vectorizer_rows=0, vectorizer_text=FULL_TEXT),
        ),
        ("a smaller learning rate", experiment("train_rnn", "masked", learning_rate=0.0003)),
        ("a falling learning rate", experiment("train_lstm", "tutorial", schedule="cosine")),
        ("fewer rows", experiment("train_lstm", "tutorial", train_rows=20000)),
        ("a larger batch", experiment("train_lstm", "tutorial", batch_size=64)),
        ("word vectors of the texts", experiment("train_lstm", "fast", embeddings="corpus")),
        ("GRU for LSTM", experiment("train_lstm", "fast", cell="gru")),
        ("GRU for LSTM", experiment("train_bilstm", "fast", cell="gru")),
        ("no dropout", experiment("train_rnn", "best", dropout=0)),
        ("the last state", experiment("train_rnn", "best", pooling="last")),
        ("no adversarial training", experiment("train_rnn", "best", adversarial=0)),
    ]
    if vectors:
        given = {"embed_size": width, "embeddings": str(vectors)}
        frozen = given | {"train_embeddings": False}
        pairs += [
            ("pretrained vectors", experiment("train_lstm", "fast", **given)),
            ("pretrained vectors, frozen", experiment("train_lstm", "fast", **frozen)),
            ("pretrained vectors", experiment("train_lstm", "best", **given)),
        ]
    return pairs
