"""What every script shares around `compile` and `fit`: from command line to finished run."""

import signal
import sys
import time
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import command_line
import corpus
import runtime
from rows import DataError
from runs import RunDirectory, RunError

HELD_OUT_SHARE = 0.05
STEPS_PER_EXECUTION = 16


@contextmanager
def session(script, about, recipes):
    """Runs a training script's body between its command line and its exit status.

    Args:
        script: name of the script, without .py.
        about: a sentence on what it trains, for --help.
        recipes: dict of name to `Recipe`; the first is the default.

    Yields:
        A `Session`, with everything that `compile` and `fit` need.

    Raises:
        SystemExit: status 0 after --help, or where --resume finds the run finished; 1 for data or a
            run directory that cannot be used; 2 for wrong usage; 130 or 143 when interrupted.
    """
    recipe, hyperparameters, options = command_line.parse(script, about, recipes, sys.argv[1:])
    sys.stdout.reconfigure(errors="replace")  # for a terminal that knows only ASCII
    signal.signal(signal.SIGTERM, _exit_on_sigterm)
    moment = datetime.now().strftime("%Y%m%d-%H%M%S-%f")
    directory = RunDirectory(options.run_dir or Path("runs") / f"{script}-{recipe}-{moment}")
    try:
        if not directory.claim(options.resume, options.overwrite):
            print(f"{directory.path} holds a finished run; nothing to resume")
            raise SystemExit(0)
        run = Session(script, recipe, recipes[recipe], hyperparameters, options, directory)
        yield run
        raise SystemExit(run.exit_status)
    except (DataError, RunError, OSError) as error:
        print(f"{script}.py: {error}", file=sys.stderr)
        raise SystemExit(1) from error
    except Exception as error:
        # By name: --help and typing errors should not have to wait for TensorFlow's import.
        if type(error).__name__ not in ("MemoryError", "ResourceExhaustedError"):
            raise
        print(f"{script}.py: out of memory; try a smaller --batch-size or --units", file=sys.stderr)
        raise SystemExit(1) from error
    except KeyboardInterrupt as error:
        print(f"\n{script}.py: interrupted", file=sys.stderr)
        raise SystemExit(130) from error
    finally:
        directory.release()


def _exit_on_sigterm(number, frame):
    raise SystemExit(128 + number)


class Session:
    """One run of a training script.

    Attributes:
        hyperparameters: the script's `Hyperparameters`, as changed on the command line.
        vocab_size: the size of the fitted vocabulary, padding and unknown word included.
        training_data, validation_data: datasets of (token ids, labels) batches.
        initial_epoch, callbacks, verbose: for `fit`.
        learning_rate: a float or a `keras.optimizers.schedules.LearningRateSchedule`.
        steps_per_execution: for `compile`.
        strategy: a `tf.distribute.Strategy`, in whose scope the model is built and compiled.
        adam: the class of the optimizer: the fused one on a CPU, Keras's on GPUs and on several
            devices.
        layers: the classes of the recurrent layers "simple_rnn", "lstm" and "gru", likewise.
        changed: dict of the hyperparameters that are not the recipe's.
        exit_status: 0, or 130 or 143 after an interrupt.
    """

    def __init__(self, script, recipe_name, recipe, hyperparameters, options, directory):
        self.script, self.recipe_name, self.recipe = script, recipe_name, recipe
        self.hyperparameters, self.options, self.directory = hyperparameters, options, directory
        self.verbose = 0 if options.quiet else 1 if sys.stdout.isatty() else 2
        self.exit_status = 0
        self.seconds = {}
        self._load()
        directory.check_settings(self._what_decides_the_weights())
        self._print_changes()
        with self.clock("import"):
            runtime.start_tensorflow(options.seed)
            self.strategy = runtime.strategy(options.devices)
        train, test = self._vectorize()
        self._make_batches(train, test)
        self._make_callbacks()
        self._choose_execution()
        self._ready = time.perf_counter()

    def print(self, *values, **_):
        """Prints, except with --quiet. Serves `model.summary` as its print_fn."""
        if not self.options.quiet:
            print(*values)

    def load_embeddings(self, model):
        """With --embeddings: gives the model's first layer the vectors of words found there.

        Raises:
            DataError: the file cannot be used.
            RunError: the network reads characters.
        """
        hp = self.hyperparameters
        if hp.embeddings:
            import embeddings

            if self.tokens != "words":
                raise RunError(f"--embeddings {hp.embeddings}: for words, not for characters")
            words = self.vectorizer.get_vocabulary()
            found = embeddings.put_into(model.layers[0], hp.embeddings, words)
            self.print(f"{hp.embeddings}: vectors of {found:,} of {self.vocab_size:,} entries")
        if not hp.train_embeddings:
            model.layers[0].trainable = False

    def restore(self, model):
        """With --resume: loads the last checkpoint into a compiled model, and ends its epoch."""
        file = self.directory.work / self.checkpoint.FILE
        if not self.options.resume:
            return
        if not file.exists():
            self.print(f"no checkpoint in {self.directory.path}: starting anew")
            return
        try:
            with self.strategy.scope():
                model.optimizer.build(model.trainable_variables)
                model.load_weights(file)
        except (OSError, KeyError, ValueError) as error:
            raise RunError(f"{file}: damaged ({error}); --overwrite starts anew") from error
        step = int(model.optimizer.iterations.numpy())
        for layer in model.layers:
            if hasattr(layer, "seed_generator"):  # Keras does not save it: [seed, times used]
                layer.seed_generator.state.assign([layer.seed_generator.state[0], step])
        self.history.restore(self.directory.work / self.checkpoint.HISTORY, step)
        epoch, done = divmod(step, len(self.train_batches))
        self.initial_epoch = self.resumed_from_epoch = epoch
        self.print(f"resuming after step {done} of epoch {epoch + 1}")
        if done:
            self._end_epoch(model, done)

    def _end_epoch(self, model, done):
        self.train_batches.first_step = done
        model.fit(
            self.train_batches.dataset(),
            validation_data=self.validation_data,
            initial_epoch=self.initial_epoch,
            epochs=self.initial_epoch + 1,
            callbacks=self.callbacks,
            verbose=self.verbose,
            shuffle=False,
        )
        self.train_batches.first_step = 0
        self.initial_epoch = (
            self.hyperparameters.epochs if self.interrupted else self.initial_epoch + 1
        )

    def finish(self, model):
        """Evaluates a fitted model, and writes everything that the run directory ends with."""
        import results

        now = time.perf_counter()
        self.seconds["first_step"] = (self.first_step.time or now) - runtime.START
        self.seconds["fit"] = now - self._ready
        results.finish(self, model)
        if self.interrupted:
            self.exit_status = 128 + self.interrupt.signal

    @property
    def interrupted(self):
        """Whether Ctrl-C or SIGTERM ended the training."""
        return self.interrupt.signal is not None

    @contextmanager
    def clock(self, stage):
        """Notes the seconds of a stage of the run."""
        begin = time.perf_counter()
        yield
        self.seconds[stage] = time.perf_counter() - begin

    def _load(self):
        with self.clock("load"):
            options = self.options
            self.corpus = corpus.load(
                options.data, self.hyperparameters.train_rows, options.test_rows
            )
        rows = f"{len(self.corpus.train):,} train rows, {len(self.corpus.test):,} test rows"
        self.print(f"{self.corpus.name}: {rows}")

    def _vectorize(self):
        import data

        hp, train, test = self.hyperparameters, self.corpus.train, self.corpus.test
        with self.clock("adapt"):
            texts = train[: hp.vectorizer_rows or None].texts(hp.vectorizer_text)
            self.tokens = getattr(hp, "tokens", "words")  # only the SimpleRNN may read characters
            self.vectorizer = data.fit_vectorizer(texts, hp.vocab_size, self.tokens)
            self.vocab_size = self.vectorizer.vocabulary_size()
        self.print(f"vocabulary: {self.vocab_size:,} entries, from {len(texts):,} texts")
        with self.clock("vectorise"):
            return (
                data.vectorize(self.vectorizer, train.texts(hp.text), self.verbose == 1),
                data.vectorize(self.vectorizer, test.texts(hp.text), self.verbose == 1),
            )

    def _make_batches(self, train, test):
        import data

        hp, labels = self.hyperparameters, self.corpus.train.labels
        held_out = int(len(train) * HELD_OUT_SHARE) if hp.validation == "held-out" else 0
        kept, self.held_out = len(train) - held_out, held_out
        devices = self.strategy.num_replicas_in_sync
        if hp.batch_size % devices:
            raise RunError(f"--batch-size {hp.batch_size}: no multiple of the {devices} devices")
        kept -= kept % devices  # Keras wants equal shares of the first batch
        boundaries = data.bucket_boundaries(train.lengths, hp.buckets)
        self.print(f"buckets: texts padded to {', '.join(map(str, boundaries))} tokens")
        self.train_batches = data.TrainingBatches(
            train[:kept], labels[:kept], hp.batch_size, boundaries, self.options.seed
        )
        self.training_data = self.train_batches.dataset()
        self.test_batches = data.evaluation_batches(test, self.corpus.test.labels, boundaries)
        # A network without a mask would read the padding, which the saved model does not.
        widths = boundaries if hp.mask else None
        self.validation_data = None
        if devices > 1:  # likewise of validation's
            self.print("no validation during training on several devices")
        elif hp.validation == "test":
            self.validation_data = data.evaluation_batches(test, self.corpus.test.labels, widths)
        elif held_out:
            self.validation_data = data.evaluation_batches(train[kept:], labels[kept:], widths)

    def _make_callbacks(self):
        import callbacks

        self.initial_epoch = self.resumed_from_epoch = 0
        self.history = callbacks.History(len(self.train_batches))
        self.checkpoint = callbacks.Checkpoint(self.directory, self.history)
        self.first_step, self.interrupt = callbacks.FirstStep(), callbacks.StopOnSignal()
        order = callbacks.EpochOrder(self.train_batches)
        self.callbacks = [order, self.first_step, self.history, self.checkpoint, self.interrupt]
        if self.options.tensorboard:
            logs = Path(self.options.tensorboard) / self.directory.path.name
            self.callbacks.append(callbacks.tensorboard(logs))

    def _choose_execution(self):
        import keras

        from fused_adam import FusedAdam
        from fused_lstm import FusedLSTM
        from fused_rnn import FusedRNN

        fused = runtime.device() == "CPU" and self.options.devices == "one"
        self.learning_rate = self.hyperparameters.learning_rate
        if self.hyperparameters.schedule == "cosine":
            steps = self.hyperparameters.epochs * len(self.train_batches)
            self.learning_rate = keras.optimizers.schedules.CosineDecay(self.learning_rate, steps)
        self.adam = FusedAdam if fused else keras.optimizers.Adam
        self.layers = {
            "simple_rnn": FusedRNN if fused else keras.layers.SimpleRNN,
            "lstm": FusedLSTM if fused else keras.layers.LSTM,
            "gru": keras.layers.GRU,
        }
        # Several steps in one loop of TensorFlow fail on several devices.
        steps = STEPS_PER_EXECUTION if self.options.devices == "one" else 1
        self.steps_per_execution = min(steps, len(self.train_batches))

    def _what_decides_the_weights(self):
        named = {"script": self.script, "recipe": self.recipe_name, "seed": self.options.seed}
        named["devices"] = self.options.devices
        return named | vars(self.hyperparameters) | {"hash of the rows": self.corpus.hash}

    def _print_changes(self):
        recipe = self.recipe.hyperparameters
        tutorial = type(recipe)()
        of_recipe, self.changed = (
            {name: value for name, value in vars(new).items() if value != vars(old)[name]}
            for old, new in ((tutorial, recipe), (recipe, self.hyperparameters))
        )
        for about, changes, before in (
            (f"recipe {self.recipe_name}, where not as in the first", of_recipe, tutorial),
            ("changed on the command line", self.changed, recipe),
        ):
            if changes:
                values = [f"{name} {changes[name]} ({getattr(before, name)})" for name in changes]
                self.print(f"{about}: {', '.join(values)}")
