"""The directory of a run: claimed by one process, filled with whole files, resumable.

    runs/NAME/unfinished/   what a run needs to be resumed: settings.json, the checkpoint, ...
    runs/NAME/              what a run ends with: model.keras, result.json, history.csv, pictures

Every file is written next to its final place and renamed, so it appears whole or not at all. The
results are collected in unfinished/ and move up together, result.json last: a run that replaces a
finished one leaves it as it is until then.
"""

import errno
import json
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path

from corpus.errors import UserError
from training.atomic import atomic_write, remove

try:
    import fcntl
except ImportError:  # Windows: two runs started at once in one directory go unnoticed there
    fcntl = None

TRIAL_RESULTS = "history.csv", "result.json"
RESULTS = "model.keras", "errors.csv", "learning_curve.png", "confusion_matrix.png", *TRIAL_RESULTS
EXPORT = "model"  # the SavedModel of a run, see saving/export.py
SETTINGS = "settings.json"
SETTINGS_NAMED = "script", "recipe", "seed", "trial", "started_from"
SECONDS = "checkpoint.seconds.json"
NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


def load_result(path):
    """Reads a run's result.json: a dict.

    Raises:
        UserError: the directory contains no finished run, or the file is damaged.
    """
    file = Path(path) / "result.json"
    try:
        return read_json(file)
    except OSError as error:
        raise UserError(f"{file}: {error.strerror}; is {path} a run directory?") from error


def read_json(file):
    """Reads a file that contains an object: a dict; a UserError names the file if it is damaged."""
    try:
        value = {**json.loads(file.read_text(encoding="utf-8"))}
        json.dumps(value, allow_nan=False)  # a ValueError for numbers that are not finite
        return value
    except (ValueError, TypeError, RecursionError) as error:
        raise UserError(f"{file}: damaged ({error})") from error


def differences(before, now):
    """Names what differs in two flat dicts: `str`, empty if nothing does."""
    return "; ".join(
        f"{name} was {before.get(name)}, now {now.get(name)}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    )


class RunDirectory:
    """A run directory that this process has for itself from `claim` to `release`.

    Attributes:
        path: the directory.
        work: its subdirectory unfinished/, where files are written.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.work = self.path / "unfinished"
        self._lock, self._claimed, self._overwrite, self._made = None, False, False, []

    @property
    def unfinished(self):
        """Whether the directory contains a run that can be resumed."""
        return self.work.is_dir() and any(self.work.iterdir())

    @property
    def finished(self):
        """Whether the directory contains a whole run, and none that can be resumed."""
        result = self.path / "result.json"
        if self.unfinished or not result.exists():
            return False
        return not read_json(result).get("interrupted")

    def claim(self, resume, overwrite):
        """Creates the directory if need be, locks it, and checks that the run may use it.

        Whether it succeeds or not, `release` ends it.

        Args:
            resume: whether to continue what unfinished/ contains.
            overwrite: whether the results of an earlier run may be replaced.

        Raises:
            UserError: it cannot be written, is in use, or contains something else.
        """
        try:
            path = self.path.absolute()
            self._made = [path for path in (path, *path.parents) if not path.exists()]
            path.mkdir(parents=True, exist_ok=True)
            self._lock_directory()
            self._claimed = True
            if (self.work / "result.json").exists():  # the run ended, but not all was moved up
                self.publish()
            if not (resume and self.finished):
                self._check_free(resume, overwrite)
                self.work.mkdir(exist_ok=True)
        except OSError as error:
            taken = "it, or one above it, is a file or a link that leads nowhere"
            problem = taken if isinstance(error, FileExistsError) else error.strerror
            raise UserError(f"{self.path}: cannot be written: {problem}") from error
        self._overwrite = overwrite and not resume

    def _lock_directory(self):
        if fcntl is None:
            return
        self._lock = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._made = []  # it is the other run's, still empty
            raise UserError(f"{self.path}: another run is using it") from error
        except OSError:  # some network drives have no locks: two runs go unnoticed there
            pass

    def _check_free(self, resume, overwrite):
        advice = None
        if self.unfinished:
            advice = "an unfinished run; use --resume to continue it, or --overwrite to start again"
        elif (self.path / "result.json").exists():
            advice = "a finished run; use --overwrite to replace it"
        if advice and not (resume or overwrite):
            raise UserError(f"{self.path}: already contains {advice}")
        if not advice and any(path != self.work for path in self.path.iterdir()):
            problem = "contains files that do not belong to a run; use another --run-dir"
            raise UserError(f"{self.path}: {problem}")

    def release(self):
        """Gives the directory up, and removes it if it contains nothing to resume."""
        with suppress(OSError):  # what cannot be read stays
            if self._claimed and all(file.name == SETTINGS for file in self.work.iterdir()):
                shutil.rmtree(self.work)
        for path in self._made:
            _remove_if_empty(path)
        if self._lock is not None:
            os.close(self._lock)
        self._lock, self._claimed = None, False

    @contextmanager
    def writing(self, name):
        """`atomic_write` for unfinished/NAME, a file or a directory.

        Raises:
            UserError: it cannot be written; what was there before stays.
        """
        try:
            with atomic_write(self.work / name) as partial:
                yield partial
        except OSError as error:
            advice = "; make room, then use --resume" if error.errno in NO_ROOM else ""
            problem = f"cannot be written: {error.strerror or error}{advice}"
            raise UserError(f"{self.work / name}: {problem}") from error

    def write_json(self, name, value):
        """Writes unfinished/NAME."""
        with self.writing(name) as path:
            path.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")

    def settings(self):
        """What the run in the directory began with: a flat dict, None where there is no run.

        Raises:
            UserError: the file that contains it is damaged.
        """
        if self.unfinished:
            file = self.work / SETTINGS
            return read_json(file) if file.exists() else {}
        if not (self.path / "result.json").exists():
            return None
        result = load_result(self.path)
        try:
            named = {name: result[name] for name in SETTINGS_NAMED if name in result}
            named |= {"code": result["code"]["hash"]} if result.get("trial") else {}
            return named | result["hyperparameters"] | {"rows_hash": result["data"]["hash"]}
        except (KeyError, TypeError) as error:
            raise UserError(f"{self.path}/result.json: damaged: {error!r}") from error

    def compare(self, settings):
        """Compares settings with what the run in the directory began with, if it is resumed.

        Args:
            settings: flat dict of what decides the weights, with or without "rows_hash".

        Returns:
            Whether there is such a run.

        Raises:
            UserError: the run began with other settings, or its file is damaged.
        """
        resumed = not self._overwrite and (self.unfinished or self.finished)
        before = self.settings() if resumed else None
        if not before:
            return False
        if "rows_hash" not in settings:
            before.pop("rows_hash", None)
        if changes := differences(before, json.loads(json.dumps(settings))):  # tuples are lists
            changes = changes.replace("rows_hash", "the hash of the rows")
            problem = f"cannot resume, since the run has other settings ({changes})"
            advice = "use another --run-dir, or replace it with --overwrite instead of --resume"
            raise UserError(f"{self.path}: {problem}; {advice}")
        return True

    def begin(self, settings):
        """Begins a run, or resumes the one that is there; for the arguments see `compare`."""
        if self._overwrite:
            shutil.rmtree(self.work)
            self.work.mkdir()
        if not self.compare(settings):
            self.write_json(SETTINGS, settings)

    def publish(self):
        """Moves the results up. Only an interrupted run leaves something to resume."""
        result = read_json(self.work / "result.json")
        if not result["interrupted"]:
            for file in self.work.iterdir():
                if file.name not in RESULTS:
                    remove(file)
        remove(self.path / f".partial-{EXPORT}")  # left by a process that was killed
        if (self.path / EXPORT / "assets" / "classes.txt").exists():  # else it is a user's own
            remove(self.path / EXPORT)  # of an earlier model
        for name in RESULTS:
            if result["trial"] and name not in TRIAL_RESULTS:
                remove(self.path / name)
            with suppress(FileNotFoundError):  # moved by a process that was killed before the rest
                os.replace(self.work / name, self.path / name)
        _remove_if_empty(self.work)


def _remove_if_empty(directory):
    with suppress(OSError):
        directory.rmdir()
