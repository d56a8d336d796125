"""A run of a training script: everything around its path from rows to a fitted model."""

import sys
import time
import warnings
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from corpus.errors import UserError
from training import command_line, machine, process, recipes, startup
from training.clock import IMPORTED, clock
from training.directory import EXPORT, SECONDS, RunDirectory

VERIFIED_TEXTS = 100  # the first test rows
FOR_RECIPES = "ag_news", "sample", "tfds:ag_news_subset"  # corpora that every recipe suits


def start(file, about, hyperparameters, known_recipes, arguments=None):
    """Reads the command line of a training script.

    Args:
        file: the script's `__file__`.
        about: a sentence on what it trains, for --help.
        hyperparameters: its dataclass of them.
        known_recipes: dict of name to `Recipe`; the first is the default.
        arguments: list of `str`; None for the words that the process was started with.

    Returns:
        (`Run`, the hyperparameters of the run).

    Raises:
        SystemExit: status 0 after --help, 2 for wrong usage.
    """
    is_program = getattr(sys.modules["__main__"], "__file__", None) == file
    clock.reset(IMPORTED if is_program else time.perf_counter())
    arguments = command_line.typed_arguments() if arguments is None else map(str, arguments)
    arguments, script = list(arguments), Path(file).stem
    name, chosen, options = command_line.parse(
        script, about, hyperparameters, known_recipes, arguments
    )
    return Run(script, name, known_recipes[name], chosen, options, arguments), chosen


class _NothingToDo(Exception):
    """Ends the block of a run that is finished already."""


class Run:
    """What surrounds `compile` and `fit`: directory, signals, devices, checkpoints, result.

    Use it as a context manager around a script's path. The block ends the process in one line with
    status 1 for data, a model or a directory that cannot be used, and with 130 or 143 when it was
    interrupted; when it succeeds, the code after it runs. What it changes of the process is undone
    at the end.

    Attributes:
        options: the `Options` of the run.
        seed: an int.
        verbose: for `fit`: 0 with --quiet, 1 in a terminal, else 2.
    """

    def __init__(self, script, recipe_name, recipe, hyperparameters, options, arguments):
        self.script, self.recipe_name, self.recipe = script, recipe_name, recipe
        self.hyperparameters, self.options, self._arguments = hyperparameters, options, arguments
        self._base = recipe.hyperparameters(type(hyperparameters))  # with nothing changed
        self.seed = options.seed
        silent = options.quiet or sys.stdout is None  # it is closed
        self.verbose = 0 if silent else 1 if sys.stdout.isatty() else 2
        moment = datetime.now().strftime("%Y%m%d-%H%M%S-%f")
        unnamed = Path("runs") / f"{script}-{recipe_name}-{moment}"
        self.directory = RunDirectory(options.run_dir or unnamed)
        named = {"script": script, "recipe": recipe_name, "seed": options.seed}
        self._settings = vars(hyperparameters) | named
        self._history = None  # until there are callbacks

    def __enter__(self):
        program = f"{self.script}.py"
        with ExitStack() as stack:
            stack.enter_context(process.one_line_errors(program))
            stack.enter_context(process.signals())
            stack.enter_context(warnings.catch_warnings())  # imported packages add filters
            from corpus.loading import directory_of  # and NumPy, for which --help need not wait

            stack.callback(self.directory.release)
            self.directory.claim(self.options.resume, self.options.overwrite)
            self.directory.compare(self._settings)
            directory_of(self.options.data)  # find a misspelt one before the wait for TensorFlow
            self._print_opening()
            with (
                process.ending_on_signals(program, self.directory.release),
                clock.stage("import"),
            ):
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
            print(*values)

    def _print_opening(self):
        hp, top = self.hyperparameters, recipes.defaults(type(self.hyperparameters))
        self.print(f"{self.script} {self.recipe_name}, seed {self.seed}: {self.directory.path}")
        for name, before, after in (
            (self.recipe_name, top, self._base),
            ("changed", self._base, hp),
        ):
            if words := recipes.flags(recipes.changes(before, after)):
                self.print(f"{name}: {' '.join(words)}")
        if self.recipe_name != "own" and self.options.data not in FOR_RECIPES:
            self.print("hint: for your own corpus, try the recipe own")

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
            print(f"{self.directory.path}: this run is finished, nothing to resume{hint}")
            raise _NothingToDo
        hp, held_out = self.hyperparameters, len(corpus.train) - len(batches.tokens)
        if hp.validation == "held-out":
            held_out = held_out or len(corpus.validation)
            if not held_out:
                self.print("note: no row can be held out: every text is the only one of a class")
        self._rows = {"train": len(batches.tokens), "held_out": held_out}
        self._history = callbacks.History(len(batches))
        self._stopping = callbacks.EarlyStopping(
            self.directory, self._history, hp.patience, hp.min_steps
        )
        self._checkpoint = Checkpoint(
            self.directory, self._history, batches, self._stopping, self.options.resume, self.print
        )
        self._signal = callbacks.StopOnSignal()
        result = [callbacks.Prepare(len(corpus.classes)), self._history, self._stopping]
        result += [self._checkpoint, self._signal]
        if directory := self.options.tensorboard:
            run = self.directory.path, self.options.resume
            result.append(callbacks.TensorBoard(directory, *run))
        # Progress after the checkpoint, for where its output is closed; `batches` ends an epoch.
        return [*result, callbacks.Progress(batches), batches]

    def finish(self, model, vectorizer, test, corpus):
        """Evaluates a fitted model, and writes the files that the run directory ends with.

        Args:
            model: the model on token ids.
            vectorizer: the `models.Vectorizer` that made them.
            test: the `data.Tokens` of the test rows.
            corpus: the `corpus.Corpus`; some of its test rows verify the saved model.

        Raises:
            UserError: a file cannot be written, or the model was not saved as it is.
            SystemExit: with status 130 or 143 if training was interrupted.
        """
        import data
        import models
        from saving import verification
        from training import evaluation, results

        if self._history is None or not self._history.points or self._history.model is not model:
            raise UserError("train this model by fit with callbacks=run.callbacks(corpus, batches)")
        masked = models.mask_padding(model)
        with clock.stage("evaluate"):
            batches = data.evaluation_batches(test)
            matrix = evaluation.confusion_matrix(masked, batches, self.verbose)
        files = corpus.text_names, corpus.label_name, self.options.encoding or ""
        labels = models.Labels(corpus.classes, corpus.labels, *files)
        complete = models.end_to_end(model, vectorizer, labels)
        rows = test.lengths[:VERIFIED_TEXTS].argsort()
        ids, _ = test.batch(rows, test.lengths[rows].max())
        with self.directory.writing("model.keras") as path:
            complete.save(path)
            # Raw texts against the token ids that were measured: the whole way of a value.
            texts = corpus.test[rows].texts(vectorizer.text).tolist()
            verification.check_saved(path, texts, ids, masked)
        with self.directory.writing("history.csv") as path:
            self._history.write(path)
        result = self._result(model, vectorizer, test, corpus)
        scores = evaluation.scores(matrix, corpus.classes)
        result |= {"test_accuracy": scores.pop("accuracy")} | scores
        result["majority_accuracy"] = evaluation.majority_accuracy(corpus.train.labels, test.labels)
        result["steps"] = self._history.points[-1]["step"]
        self.directory.write_json(SECONDS, result["seconds"])
        results.print_accuracy(result, matrix)
        results.draw(self.directory, self._history, matrix, result)  # nobody waits for it
        self.directory.write_json("result.json", result)
        self.directory.publish()
        results.print_commands(result, self.directory.path, self._arguments)
        if self.options.export:
            from saving.export import export

            export(complete, self.directory.path, self.directory.path / EXPORT)
        if self._signal.signal:
            raise SystemExit(128 + self._signal.signal)

    def _result(self, model, vectorizer, test, corpus):
        """The contents of result.json but for the scores."""
        import devices

        comparable = corpus.official_test and vectorizer.text == self._base.text
        names = "text", "tokens", "markup", "max_words"
        return {
            "script": self.script,
            "recipe": self.recipe_name,
            "hyperparameters": vars(self.hyperparameters),
            "changed": recipes.changes(self._base, self.hyperparameters),
            "reading": {name: getattr(vectorizer, name) for name in names},
            "data": {
                "name": corpus.name,
                "rows": self._rows | {"test": len(test)},
                "hash": corpus.hash,
                "test_hash": corpus.test_hash,
                "options": self.options.columns(),
            },
            "seed": self.seed,
            "parameters": model.count_params(),
            "classes": corpus.classes,
            "tutorial_accuracy": self.recipe.tutorial_accuracy if comparable else None,
            "seconds": clock.so_far(),
            "peak_memory_mb": machine.peak_memory_mb(),
            "versions": machine.versions(),
            "device": devices.device_name(),
            "best_epoch": self._stopping.best_epoch,
            "interrupted": self._signal.signal is not None,
            "resumed_from_epoch": self._checkpoint.resumed_from_epoch,
            "machine": machine.machine(),
        }
