"""A run of a training script: everything around its path from rows to a fitted model."""

import os
import sys
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from corpus.classes import listed
from corpus.errors import UserError
from training import command_line, machine, process, recipes, startup
from training.clock import IMPORTED, clock
from training.directory import EXPORT, SECONDS, RunDirectory, load_result

FOR_RECIPES = "ag_news", "sample", "tfds:ag_news_subset"  # corpora that every recipe suits


def start(file, about, hyperparameters, known_recipes, arguments=None, options=None):
    """Reads the command line of a training script.

    Args:
        file: the script's `__file__`.
        about: a sentence on what it trains, for --help.
        hyperparameters: its dataclass of them.
        known_recipes: dict of name to `Recipe`; the first is the default.
        arguments: list of `str`; None for the words that the process was started with.
        options: the `RunOptions` that it has, with default values; None for `recipes.Options()`.

    Returns:
        (`Run`, the hyperparameters of the run).

    Raises:
        SystemExit: status 0 after --help, 2 for wrong usage.
    """
    is_program = getattr(sys.modules["__main__"], "__file__", None) == file and arguments is None
    clock.reset(IMPORTED if is_program else time.perf_counter())
    arguments = command_line.typed_arguments() if arguments is None else map(str, arguments)
    arguments, script = list(arguments), Path(file).stem
    of_script = script, about, hyperparameters, known_recipes
    name, chosen, options = command_line.parse(*of_script, arguments, options)
    recipe = known_recipes[name]
    return Run(script, name, recipe, chosen, options, arguments, is_program), chosen


class _NothingToDo(Exception):
    """Ends the block of a run that is finished already."""


class Run:
    """What surrounds `compile` and `fit`: directory, signals, devices, checkpoints, result.

    Use it as a context manager around a script's path. The block ends the process in one line with
    status 1 for data, a model or a directory that cannot be used, and with 130 or 143 when it was
    interrupted; when it succeeds, the code after it runs. What it changes of the process is undone
    at the end.

    Attributes:
        options: the `RunOptions` of the run.
        seed: an int.
        verbose: for `fit`: 0 with --quiet, 1 in a terminal that can show Keras's bar, else 2.
    """

    def __init__(self, script, recipe_name, recipe, hp, options, arguments, is_program):
        self.script, self.recipe_name, self.recipe = script, recipe_name, recipe
        self.hyperparameters, self.options, self._arguments = hp, options, arguments
        self._is_program = is_program  # so the process's memory is the run's
        self._base = recipe.hyperparameters(type(hp))  # with nothing changed
        self.seed = options.seed
        silent = options.quiet or sys.stdout is None  # it is closed
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        bar = not silent and sys.stdout.isatty() and sys.stdout.encoding.lower() == "utf-8"
        self.verbose = 0 if silent else 1 if bar and not plain else 2
        moment = datetime.now().strftime("%Y%m%d-%H%M%S-%f")
        unnamed = Path("runs") / f"{script}-{recipe_name}-{moment}"
        self.directory = RunDirectory(options.run_dir or unnamed)
        named = {"script": script, "recipe": recipe_name, "seed": options.seed}
        named |= {"trial": options.trial, "started_from": options.start_from}
        named |= {"code": machine.code()["hash"]} if options.trial else {}
        self._settings = vars(hp) | named
        # Until there are callbacks, or a vocabulary.
        self._history = self._former = self._train_rows = None

    def __enter__(self):
        with ExitStack() as stack:
            stack.enter_context(process.one_line_errors(f"{self.script}.py"))
            stack.enter_context(process.long_work())
            from corpus.loading import directory_of  # and NumPy, for which --help need not wait

            stack.callback(self.directory.release)
            self.directory.claim(self.options.resume, self.options.overwrite)
            self.directory.compare(self._settings)
            directory_of(self.options.data)  # find a misspelt one before the wait for TensorFlow
            if self.options.start_from is not None:
                load_result(self.options.start_from)
            self._print_opening()
            with process.signals_later(), clock.stage("import"):
                stack.enter_context(startup.tensorflow())
                import devices
            stack.enter_context(devices.prepared(self.seed))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind, error, traceback):
        return self._stack.__exit__(kind, error, traceback) or kind is _NothingToDo

    def print(self, *values, **_):
        """Prints, except with --quiet. Serves `model.summary` as its print_fn."""
        if not self.options.quiet:
            process.show(*values)

    def _print_opening(self):
        hp, top = self.hyperparameters, recipes.defaults(type(self.hyperparameters))
        self.print(f"{self.script} {self.recipe_name}, seed {self.seed}: {self.directory.path}")
        for name, before, after in (self.recipe_name, top, self._base), ("changed", self._base, hp):
            if words := recipes.flags(recipes.changes(before, after)):
                self.print(f"{name}: {' '.join(words)}")
        is_network = hasattr(hp, "min_steps")  # a baseline has no recipe own
        if is_network and self.recipe_name != "own" and self.options.data not in FOR_RECIPES:
            self.print("hint: for your own corpus, try the recipe own")

    @property
    def vocabulary(self):
        """The words of the run that --start-from names: list of `str`; None without the option."""
        if self.options.start_from is None:
            return None
        from inference.answers import load_model
        from models import Vectorizer, part

        self._former = load_model(self.options.start_from)
        return part(self._former, Vectorizer).get_vocabulary(include_special_tokens=False)

    def _initial_weights(self, corpus):
        """The weights of the run that --start-from names, and its name, if there are any."""
        if self._former is None:
            return ()
        from models import Labels, Vectorizer, part

        path = self.options.start_from
        classes = part(self._former, Labels).classes
        if classes != corpus.classes:
            has = f"its classes are {listed(classes)}, but the rows have {listed(corpus.classes)}"
            raise UserError(f"--start-from {path}: {has}")
        if part(self._former, Vectorizer).tokens != self.hyperparameters.tokens:
            raise UserError(f"--start-from {path}: was trained with other --tokens", status=2)
        return self._former.get_weights(), path

    def callbacks(self, corpus, batches):
        """Callbacks of `fit` that check, record, save, resume and stop a run.

        With --resume, the rows and hyperparameters have to be those that the run began with; `fit`
        then begins with the step after the last checkpoint.

        Args:
            corpus: the `corpus.Corpus`.
            batches: the `data.TrainingBatches`.

        Returns:
            List of `keras.callbacks.Callback`.

        Raises:
            UserError: the run began with other rows or hyperparameters.
        """
        from training import callbacks
        from training.checkpoint import Checkpoint

        self.directory.begin(self._settings | {"rows_hash": corpus.hash})
        if self.options.resume and self.directory.finished:
            hint = "; predict.py RUN --export DIR exports it" if self.options.export else ""
            process.show(f"{self.directory.path}: this run is finished, nothing to resume{hint}")
            raise _NothingToDo
        hp, self._train_rows = self.hyperparameters, len(batches.tokens)
        may_hold_out = hp.validation in ("test", "none") or len(corpus.validation)
        if self._train_rows == len(corpus.train) and not may_hold_out:
            problem = f"no row can be held out: too few for --validation {hp.validation}"
            if self.options.trial:
                raise UserError(f"{corpus.name}: {problem}")
            self.print(f"note: {problem}")
        self._history = callbacks.History(len(batches))
        run = self.directory, self._history
        self._stopping = callbacks.EarlyStopping(*run, hp.patience, hp.min_steps)
        run = *run, batches, self._stopping
        self._checkpoint = Checkpoint(*run, self.options.resume, self.print)
        self._signal = callbacks.StopOnSignal()
        prepare = callbacks.Prepare(len(corpus.classes), *self._initial_weights(corpus))
        result = [prepare, self._history, self._stopping, self._checkpoint, self._signal]
        if directory := self.options.tensorboard:
            run = self.directory.path, self.options.resume
            result.append(callbacks.TensorBoard(directory, *run))
        # Progress after the checkpoint, for where its output is closed; `batches` ends an epoch.
        return [*result, callbacks.Progress(batches), batches]

    def finish(self, model, vectorizer, test, validation, corpus):
        """Evaluates a fitted model, and writes the files that the run directory ends with.

        Args:
            model: the model on token ids.
            vectorizer: the `models.Vectorizer` that made them.
            test: the `data.Tokens` of the test rows.
            validation: the `data.Tokens` that `fit` validated on, or None.
            corpus: the `corpus.Corpus`; some of its test rows verify the saved model.

        Raises:
            UserError: a file cannot be written, or the model was not saved as it is.
            SystemExit: with status 130 or 143 if training was interrupted.
        """
        import models
        from training import evaluation, results

        if self._history is None or not self._history.points or self._history.model is not model:
            raise UserError("train this model by fit with callbacks=run.callbacks(corpus, batches)")
        masked = models.mask_padding(model)
        splits = {"test": test, "held_out": validation if validation is not test else None}
        with clock.stage("evaluate"):
            predictions = {
                name: evaluation.predict(masked, tokens, self.verbose)
                for name, tokens in splits.items()
                if tokens is not None and len(tokens)
            }
        if not self.options.trial:
            complete = self._save(model, masked, vectorizer, test, corpus)
        with self.directory.writing("history.csv") as path:
            self._history.write(path)
        network = {
            "parameters": model.count_params(),
            "layers": results.layers(model),
            "steps": self._history.points[-1]["step"],
            "best_epoch": self._stopping.best_epoch,
            "interrupted": self._signal.signal is not None,
            "resumed_from_epoch": self._checkpoint.resumed_from_epoch,
        }
        self.report(vectorizer, predictions, corpus, network)
        if self.options.export:
            from saving.export import export

            export(complete, self.directory.path, self.directory.path / EXPORT)
        if self._signal.signal:
            raise SystemExit(128 + self._signal.signal)

    def _save(self, model, masked, vectorizer, test, corpus):
        """Writes model.keras, and verifies it; returns the model in it."""
        import models
        from data import LONG
        from saving import verification

        files = corpus.text_names, corpus.label_name, self.options.encoding or ""
        labels = models.Labels(corpus.classes, corpus.labels, *files)
        complete = models.end_to_end(model, vectorizer, labels)
        lengths = test.lengths[:100]  # of a hundred test rows, the shortest first
        rows = lengths.argsort()[: max(1, (lengths <= LONG).sum())]
        ids, _ = test.batch(rows, test.lengths[rows].max())
        with self.directory.writing("model.keras") as path:
            complete.save(path)
            # Raw texts against the token ids that were measured: the whole way of a value.
            texts = corpus.test[rows].texts(vectorizer.text).tolist()
            verification.check_saved(path, texts, ids, masked)
        return complete

    def report(self, vectorizer, predictions, corpus, network):
        """Writes the scores and the pictures of a run, and prints the last lines.

        Args:
            vectorizer: the `models.Vectorizer` by which texts were read.
            predictions: dict of "test" and "held_out" to `evaluation.Predictions`, without splits
                that have no rows.
            corpus: the `corpus.Corpus`.
            network: dict of what else result.json contains.
        """
        from training import evaluation, results

        if self._history is None:  # else `callbacks` has begun the run
            self.directory.begin(self._settings | {"rows_hash": corpus.hash})

        test, classes = predictions.get("test"), corpus.classes
        rows = {"train": self._train_rows or len(corpus.train)} | {
            name: len(predictions[name].labels) if name in predictions else 0
            for name in ("held_out", "test")
        }
        untrained = {"layers": [], "steps": None, "best_epoch": None}
        untrained |= {"interrupted": False, "resumed_from_epoch": 0}
        result = self._about(vectorizer, corpus, rows) | untrained | network
        result |= evaluation.report(predictions, classes, corpus.train.labels)
        self.directory.write_json(SECONDS, result["seconds"])
        results.print_scores(result, test)
        if test is not None:  # nobody waits for these files
            with self.directory.writing("errors.csv") as path:
                evaluation.write_errors(path, corpus.test.texts(vectorizer.text), test, classes)
            results.draw(self.directory, self._history, test.matrix(len(classes)), result)
        self.directory.write_json("result.json", result)
        self.directory.publish()
        results.print_commands(result, self.directory.path, self._arguments, corpus.test.titles)

    def _about(self, vectorizer, corpus, rows):
        """The contents of result.json but for the network and its scores."""
        import devices

        comparable = corpus.official_test and len(corpus.train) == 120_000
        comparable = comparable and vectorizer.text == self._base.text
        names = "text", "tokens", "markup", "max_words"
        return {
            "script": self.script,
            "recipe": self.recipe_name,
            "trial": self.options.trial,
            "hyperparameters": vars(self.hyperparameters),
            "changed": recipes.changes(self._base, self.hyperparameters),
            "reading": {name: getattr(vectorizer, name) for name in names},
            "data": {
                "name": corpus.name,
                "rows": rows,
                "hash": corpus.hash,
                "test_hash": corpus.test_hash,
                "options": self.options.columns(),
            },
            "seed": self.seed,
            "started_from": self.options.start_from,
            "classes": corpus.classes,
            "tutorial_accuracy": self.recipe.tutorial_accuracy if comparable else None,
            "seconds": clock.so_far(),
            "peak_memory_mb": machine.peak_memory_mb() if self._is_program else None,
            "versions": machine.versions(),
            "code": machine.code(),
            "device": devices.device_name(),
            "machine": machine.machine(),
        }
