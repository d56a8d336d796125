"""A run of a training script: everything around its path from rows to a fitted model."""

import sys
import time
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path

from corpus import directory_of
from training import backend, clock, command_line, interrupts, machine, progress, recipes, saved
from training.directory import RunDirectory

PROVED_TEXTS = 10  # the shortest of ten times as many: Keras's layers take long for long ones


def start(file, about, hyperparameters, known_recipes, arguments=None):
    """Reads the command line of a training script.

    Args:
        file: the script's `__file__`.
        about: a sentence on what it trains, for --help.
        hyperparameters: its dataclass of them.
        known_recipes: dict of name to `Recipe`; the first is the default.
        arguments: list of `str`; None for those that the process was started with.

    Returns:
        (`Run`, the hyperparameters of the run).

    Raises:
        SystemExit: status 0 after --help, 2 for wrong usage.
    """
    script = Path(file).stem
    name, chosen, options = command_line.parse(
        script, about, hyperparameters, known_recipes, arguments
    )
    given = command_line.given() if arguments is None else list(map(str, arguments))
    return Run(script, name, known_recipes[name], chosen, options, given), chosen


class _NothingToDo(Exception):
    """Ends the block of a run that is finished already."""


class Run:
    """What surrounds `compile` and `fit`: directory, signals, devices, checkpoints, result.

    It is used as a context manager around a script's path. The block ends the process in one line
    with status 1 for data, a model or a directory that cannot be used, with 130 or 143 when it was
    interrupted; when it succeeds, what stands after it goes on. It holds no texts, tokens or
    batches, only what result.json says of them.

    Attributes:
        options: the `Options` of the run.
        seed: an int.
        verbose: for `fit`: 0 with --quiet, 1 in a terminal, else 2.
        validation: which rows to validate on, as of `data.hold_out`.
        strategy: the `tf.distribute.Strategy` in whose scope the model is built and compiled.
        replicas: the number of devices that share each batch.
        layers: dict of the recurrent layers' classes: "simple_rnn", "lstm" and "gru".
    """

    def __init__(self, script, recipe_name, recipe, hyperparameters, options, arguments):
        self.script, self.recipe_name, self.recipe = script, recipe_name, recipe
        self.hyperparameters, self.options, self._arguments = hyperparameters, options, arguments
        self._base = recipe.hyperparameters(type(hyperparameters))  # with nothing changed
        self.seed, self.validation = options.seed, hyperparameters.validation
        silent = options.quiet or sys.stdout is None  # it is closed
        self.verbose = 0 if silent else 1 if sys.stdout.isatty() else 2
        moment = datetime.now().strftime("%Y%m%d-%H%M%S-%f")
        unnamed = Path("runs") / f"{script}-{recipe_name}-{moment}"
        self.directory = RunDirectory(options.run_dir or unnamed)
        self._interrupt, self._resumed_from = None, 0  # the callback that knows, once in `fit`

    def __enter__(self):
        clock.begin()
        command_line.allow_any_output()
        program = f"{self.script}.py"
        with ExitStack() as stack:
            self._end = stack.enter_context(command_line.errors(program))
            stack.enter_context(interrupts.handled())
            stack.callback(self.directory.release)
            self._finished = not self.directory.claim(self.options.resume, self.options.overwrite)
            directory_of(self.options.data)  # a misspelt one is told before TensorFlow is imported
            self.print(f"{self.script} {self.recipe_name}, seed {self.seed}: {self.directory.path}")
            for line in recipes.differences(self.hyperparameters):
                self.print(line)
            with interrupts.ending_the_process(program, self.directory.release):
                self._import_tensorflow()
            self._prepare()
            self._stack = stack.pop_all()
        self._exit_unless_well()
        return self

    def __exit__(self, kind, error, traceback):
        handled = self._stack.__exit__(kind, error, traceback)
        if kind is None or handled:
            self._exit_unless_well()
        return handled or kind is _NothingToDo

    def print(self, *values, **_):
        """Prints, except with --quiet. Serves `model.summary` as its print_fn."""
        if not self.options.quiet:
            print(*values)

    def check_rows(self, corpus):
        """Notes which rows a run has. With --resume they must be those that it began with.

        Args:
            corpus: the `corpus.Corpus`.

        Raises:
            UserError: the run began with other rows or hyperparameters.
        """
        self._rows = {
            "name": corpus.name,
            "rows": {"train": len(corpus.train), "held_out": 0, "test": len(corpus.test)},
            "hash": corpus.hash,
            "test_hash": corpus.test_hash,
        }
        hp = self.hyperparameters
        names = corpus.classes, corpus.labels, corpus.text_names
        self._reading = saved.Reading(*names, hp.text, hp.tokens)
        comparable = corpus.official_test and hp.text == self._base.text
        self._tutorial_accuracy = self.recipe.tutorial_accuracy if comparable else None
        named = {"script": self.script, "recipe": self.recipe_name, "seed": self.seed}
        decisive = named | vars(hp) | {"rows_hash": corpus.hash}
        self.directory.check_settings(decisive | {"devices": self.options.devices})
        if self._finished:
            hint = "; predict.py RUN --export DIR exports it" if self.options.export else ""
            print(f"{self.directory.path} holds a finished run; nothing to resume{hint}")
            raise _NothingToDo
        self.print(corpus)
        if hp.tokens == "words" and not corpus.train.has_spaces(hp.text):
            self.print("hint: few spaces between words; --tokens characters reads such languages")

    def adam(self, learning_rate, schedule, steps, **options):
        """The optimizer Adam, as of `devices.adam`."""
        return self._devices.adam(self.options.devices, learning_rate, schedule, steps, **options)

    def execution(self, steps):
        """Keyword arguments of `compile` on how, not which, steps are taken."""
        return self._devices.execution(self.options.devices, steps)

    def prepared(self, model, vectorizer, batches):
        """The model with what --embeddings and --adversarial ask for, before it is compiled."""
        from training import adversarial, embeddings

        hp = self.hyperparameters
        embeddings.apply(model, vectorizer, batches.tokens, hp, self.print, self.verbose)
        return adversarial.wrapped(model, hp.adversarial)

    def check_model(self, model):
        """Refuses a model that cannot be saved as it is trained, as of `proof.check`."""
        with progress.shown("checking the model", self.verbose):
            self._proof.check(model, len(self._reading.classes))

    def callbacks(self, batches):
        """Those of `fit` on a `data.TrainingBatches`: history, checkpoints, Ctrl-C, TensorBoard."""
        from training import callbacks, checkpoint, early_stopping

        rows = self._rows["rows"]
        if self.validation == "held-out":
            rows["held_out"] = rows["train"] - len(batches.tokens)
        rows["train"] = len(batches.tokens)
        self._history = callbacks.History(len(batches))
        self._first_step, self._interrupt = callbacks.FirstStep(), callbacks.StopOnSignal()
        patience = self.hyperparameters.patience
        self._stopping = early_stopping.EarlyStopping(self.directory, self._history, patience)
        saving = checkpoint.Checkpoint(self.directory, self._history)
        every = [callbacks.Progress(), callbacks.Build(), checkpoint.EpochOrder(batches)]
        every += [self._first_step, self._history, self._stopping, saving, self._interrupt]
        if self.options.tensorboard:
            logs = callbacks.logs_of(self.options.tensorboard, self.directory.path)
            every.append(callbacks.tensorboard(logs, goes_on=self.options.resume))
        clock.start("fit")
        return every

    def resume(self, model, batches, validation, callbacks):
        """With --resume: loads the last checkpoint into the model, and ends its epoch.

        Args:
            model: a compiled model.
            batches: the `data.TrainingBatches`.
            validation: the dataset that `fit` validates on, or None.
            callbacks: those of `fit`.

        Returns:
            The epoch, from 0, that `fit` is to begin with: 0 unless a run goes on.

        Raises:
            UserError: the checkpoint is damaged.
        """
        from training import checkpoint

        if not self.options.resume:
            return 0
        with self.strategy.scope():
            step = checkpoint.restore(self.directory, model, self._history)
        if step is None:
            self.print(f"no checkpoint in {self.directory.path}: starting anew")
            return 0
        self._resumed_from, done = divmod(step, len(batches))
        self.print(f"resuming after step {done} of epoch {self._resumed_from + 1}")
        epoch = checkpoint.end_epoch(
            model, batches, step, validation, callbacks=callbacks, verbose=self.verbose
        )
        # After Ctrl-C in there, or the last epoch, the script's `fit` has nothing left to do.
        done = self._interrupted or self._stopping.exhausted
        return self.hyperparameters.epochs if done else epoch

    def finish(self, model, vectorizer, test_batches, corpus):
        """Evaluates a fitted model, and writes all that the run directory ends with.

        Args:
            model: the model on token ids.
            vectorizer: the `keras.layers.TextVectorization` that made them.
            test_batches: dataset of the test rows, as of `data.evaluation_batches`.
            corpus: the `corpus.Corpus`; by some of its test rows the saved model is proved.

        Raises:
            UserError: a file cannot be written, or the model was not saved as it is.
        """
        import models
        from training import checkpoint, evaluation, export, results

        clock.SECONDS["first_step"] = (self._first_step.time or time.perf_counter()) - clock.START
        clock.stop("fit")
        hp, reading = self.hyperparameters, self._reading
        self._stopping.restore_best(model)
        with clock.stage("evaluate"):
            masked = models.mask_padding(model)
            matrix = evaluation.confusion_matrix(masked, test_batches, self.verbose)
        complete = models.end_to_end(model, vectorizer, hp.max_words)
        texts = sorted(corpus.test[: 10 * PROVED_TEXTS].texts(hp.text), key=len)[:PROVED_TEXTS]
        expected = masked(models.token_ids(vectorizer, texts, hp.max_words))
        prove = partial(self._proof.check_saved, vectorizer, texts, expected)
        results.write_files(self.directory, complete, prove, reading, self._history, self.verbose)
        scores = evaluation.scores(matrix, reading.classes)
        result = self._facts() | {"parameters": model.count_params()}
        result |= {"test_accuracy": scores.pop("accuracy"), "classes": reading.classes} | scores
        self.directory.write_json(checkpoint.SECONDS, result["seconds"])
        results.print_accuracy(result)
        results.draw(self.directory, self._history, matrix, result)  # nobody waits for it
        self.directory.write_json("result.json", result)
        self.directory.publish()
        results.print_commands(result, self.directory.path, self._arguments)
        if self.options.export:
            export.into_run(complete, reading, result, self.directory.path)

    @property
    def _interrupted(self):  # by Ctrl-C or SIGTERM, in training
        return self._interrupt is not None and self._interrupt.signal is not None

    def _facts(self):
        """What result.json says besides how well the model does."""
        return {
            "script": self.script,
            "recipe": self.recipe_name,
            "hyperparameters": vars(self.hyperparameters),
            "changed": recipes.changes(self._base, self.hyperparameters),
            "data": self._rows,
            "seed": self.seed,
            "tutorial_accuracy": self._tutorial_accuracy,
            "seconds": clock.so_far(),
            "peak_memory_mb": machine.peak_memory_mb(),
            "versions": machine.versions(),
            "device": self._devices.name(),
            "devices": self.replicas,
            "best_epoch": self._stopping.best_epoch,
            "interrupted": self._interrupted,
            "resumed_from_epoch": self._resumed_from,
            "machine": machine.machine(),
        }

    @clock.stage("import")
    def _import_tensorflow(self):
        backend.start()
        from training import devices, proof

        self._devices, self._proof = devices, proof

    def _prepare(self):
        """Sets up the devices, and checks that they can share the batches."""
        self._devices.prepare(self.seed)
        batch_size = self.hyperparameters.batch_size
        self.strategy = self._devices.strategy(self.options.devices, batch_size)
        self.layers = self._devices.layers(self.options.devices)
        self.replicas = self.strategy.num_replicas_in_sync
        if self.replicas > 1 and self.validation != "none":
            # Each batch has to divide among them, and of the validation rows none can be left out.
            self.print("no validation during training on several devices")
            self.validation = "none"

    def _exit_unless_well(self):
        if self._end.status:
            raise SystemExit(self._end.status)
        if self._interrupted:
            raise SystemExit(128 + self._interrupt.signal)
