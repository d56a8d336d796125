"""Training runs that tables and pictures are made of: each is run once and then found again."""

import json
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import command_line
import corpus
import train_bilstm
import train_lstm
import train_rnn
from runs import RunDirectory, RunError, load_result

SCRIPTS = {"train_rnn": train_rnn, "train_lstm": train_lstm, "train_bilstm": train_bilstm}
FULL_TEXT = "title+description"


@dataclass(frozen=True)
class Experiment:
    """A training script, a recipe of it, and what is changed of the recipe."""

    script: str
    recipe: str
    options: tuple[str, ...] = ()

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
        """Those that the recipe and the options ask for, as a dict."""
        recipes = SCRIPTS[self.script].RECIPES
        arguments = [self.recipe, *self.options]
        return vars(command_line.parse(self.script, "", recipes, arguments)[1])


def recipes():
    """Every recipe of every script, and `best` for titles."""
    every = [Experiment(s, recipe) for s, module in SCRIPTS.items() for recipe in module.RECIPES]
    titles = Experiment("train_rnn", "best", ("--text", "title"))
    return [*every[: len(train_rnn.RECIPES)], titles, *every[len(train_rnn.RECIPES) :]]


def switches(vectors=None, width=50):
    """The tutorial's side remarks: pairs of (what the switch does, the experiment with it).

    What it is compared with is the same recipe without options.

    Args:
        vectors: a file of pretrained word vectors; None leaves these switches out.
        width: the numbers of each of them.
    """
    full_vocabulary = ("--vectorizer-rows", "0", "--vectorizer-text", FULL_TEXT)
    pairs = [
        ("descriptions beside titles", "train_rnn", "titles", "--text", FULL_TEXT),
        ("padding masked", "train_rnn", "titles", "--mask"),
        ("padding not masked", "train_rnn", "masked", "--no-mask"),
        ("no buckets", "train_rnn", "titles", "--buckets", "1"),
        ("vocabulary of the full text", "train_lstm", "tutorial", *full_vocabulary),
        ("a smaller learning rate", "train_rnn", "masked", "--learning-rate", "0.0003"),
        ("a falling learning rate", "train_lstm", "tutorial", "--schedule", "cosine"),
        ("fewer rows", "train_lstm", "tutorial", "--train-rows", "20000"),
        ("a larger batch", "train_lstm", "tutorial", "--batch-size", "64"),
        ("GRU for LSTM", "train_lstm", "fast", "--cell", "gru"),
        ("GRU for LSTM", "train_bilstm", "fast", "--cell", "gru"),
        ("no dropout", "train_rnn", "best", "--dropout", "0"),
        ("the last state", "train_rnn", "best", "--pooling", "last"),
    ]
    if vectors:
        given = ("--embed-size", str(width), "--embeddings", str(vectors))
        pairs += [
            ("pretrained vectors", "train_lstm", "fast", *given),
            ("pretrained vectors, frozen", "train_lstm", "fast", *given, "--no-train-embeddings"),
            ("pretrained vectors", "train_lstm", "best", *given),
        ]
    return [(about, Experiment(s, recipe, tuple(options))) for about, s, recipe, *options in pairs]


def run(experiment, seed, data, directory):
    """Runs an experiment, or goes on with it, unless the directory holds its finished run.

    Args:
        experiment: an `Experiment`.
        seed: of the run.
        data: as of the scripts' --data.
        directory: of all the runs.

    Returns:
        The contents of the run's result.json.

    Raises:
        RunError: the run failed; what it printed is on standard error. Or the directory holds its
            run on other rows.
        KeyboardInterrupt, SystemExit: it was interrupted.
    """
    path = Path(directory) / f"{experiment.name}-seed{seed}"
    command = [f"{experiment.script}.py", experiment.recipe, *experiment.options]
    command += ["--data", data, "--seed", str(seed), "--run-dir", str(path), "--quiet"]
    before = _settings(path)
    if before is not None:
        asked = json.loads(json.dumps(experiment.hyperparameters()))
        if before.get("hash of the rows") != _hash(data, asked["train_rows"]):
            raise RunError(f"{path}: holds a run on other rows; name another --dir")
        same = asked.items() <= before.items()
        if same and RunDirectory(path).finished:
            return load_result(path)
        command.append("--resume" if same else "--overwrite")
    script = Path(__file__).parent / command[0]
    process = subprocess.Popen([sys.executable, script, *command[1:]], stdout=subprocess.DEVNULL)
    try:
        status = process.wait()
    except KeyboardInterrupt:  # it came to the run as well, which saves what it has
        process.wait()
        raise
    except SystemExit:
        process.terminate()
        process.wait()
        raise
    if status in (128 + signal.SIGINT, 128 + signal.SIGTERM):
        raise KeyboardInterrupt
    if status:
        raise RunError(f"{shlex.join(command)}: ended with status {status}")
    return load_result(path)


def _settings(path):
    """Hyperparameters and "hash of the rows" of the run in a directory; None without one."""
    directory = RunDirectory(path)
    if directory.unfinished:
        return directory.read_settings()
    if not (path / "result.json").exists():
        return None
    result = load_result(path)
    return result["hyperparameters"] | {"hash of the rows": result["data"]["hash"]}


@cache
def _hash(data, train_rows):
    return corpus.load(data, train_rows).hash


def run_all(experiments, seeds, data, directory):
    """The results of experiments, as `report` takes them; a line is printed for each run.

    Args:
        experiments: list of `Experiment`.
        seeds: list of int; all experiments are run with the first before any with the second.
        data: as of the scripts' --data.
        directory: of the runs.
    """
    results = {}
    for i, (seed, experiment) in enumerate((s, e) for s in seeds for e in experiments):
        result = run(experiment, seed, data, directory)
        results[experiment, seed] = result
        place = f"{i + 1}/{len(seeds) * len(experiments)}"
        figures = f"{result['test_accuracy']:.4f}, {result['seconds']['total']:.0f} s"
        print(f"{place} {experiment.command} --seed {seed}: {figures}", flush=True)
    return results
