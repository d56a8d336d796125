"""The directory of a run: claimed by one process, filled with whole files, resumable.

    runs/NAME/unfinished/   what a run needs to go on: settings.json, checkpoint.weights.h5, ...
    runs/NAME/              what a run ends with: model.keras, result.json, history.csv, pictures

Every file is written beside its place and renamed, so that it is there whole or not at all. The
results are gathered in unfinished/ and move up together, result.json last: a run that replaces a
finished one leaves it as it is until then.
"""

import errno
import json
import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path

from corpus.errors import UserError
from training.whole import remove, whole

try:
    import fcntl
except ImportError:  # Windows: two runs started at once in one directory go unnoticed there
    fcntl = None

RESULTS = (
    "model.keras",
    "history.csv",
    "learning_curve.png",
    "confusion_matrix.png",
    "result.json",
)
EXPORT = ("model", "README.md")  # as of training/export.py
CARD_BEGINS = '---\nlibrary_name: "keras"\n'  # README.md, and that in model/
SETTINGS = "settings.json"
UNPROVED = "unproved.keras"  # a model that was saved otherwise than it was measured
NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL)  # on some network drives
# Keys of results and settings that were once written otherwise.
FORMER = {"hash of the rows": "rows_hash", "held out": "held_out", "test hash": "test_hash"}


def load_result(path):
    """The contents of a run's result.json.

    Raises:
        UserError: the directory holds no finished run, or the file is damaged.
    """
    file = Path(path) / "result.json"
    try:
        result = _read_json(file)
    except OSError as error:
        raise UserError(f"{file}: {error.strerror}; is {path} a run directory?") from error
    if isinstance(data := result.get("data"), dict):
        data = result["data"] = _renamed(data)
        if isinstance(rows := data.get("rows"), dict):
            data["rows"] = _renamed(rows)
    return result


def _renamed(values):
    return {FORMER.get(name, name): value for name, value in values.items()}


def _read_json(file):
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{file}: damaged ({error})") from error
    if not isinstance(value, dict):
        raise UserError(f"{file}: damaged (not an object)")
    return value


class RunDirectory:
    """A run directory that this process has to itself from `claim` to `release`.

    Attributes:
        path: the directory.
        work: its unfinished/, where files are written.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.work = self.path / "unfinished"
        self._lock = None
        self._claimed = False
        self._made = []
        self._starts_anew = False

    def claim(self, resume, overwrite):
        """Makes the directory if need be, locks it, and checks that the run may go there.

        Args:
            resume: whether to go on with what unfinished/ holds.
            overwrite: whether the results of an earlier run may be replaced.

        Returns:
            False where there is nothing left to do: `resume` on a finished run; else True.

        Raises:
            UserError: it cannot be written, is in use, or holds something else.
        """
        try:
            self._make()
            self._lock_directory()
            self._claimed = True
            if (self.work / "result.json").exists():  # the run ended, but not all was moved up
                self.publish()
            if resume and self.finished:
                return False
            self._check_free(resume, overwrite)
            self.work.mkdir(exist_ok=True)
        except OSError as error:
            self.release()
            raise UserError(f"{self.path}: cannot be written: {error.strerror}") from error
        except UserError:
            self.release()
            raise
        return True

    @property
    def finished(self):
        """Whether the directory holds a whole run, and none that can go on."""
        result = self.path / "result.json"
        if self.unfinished or not result.exists():
            return False
        return not _read_json(result).get("interrupted")

    @property
    def unfinished(self):
        """Whether the directory holds a run that can go on."""
        return self.work.is_dir() and any(self.work.iterdir())

    def release(self):
        """Gives the directory up, and removes it if it holds nothing to go on from."""
        with suppress(OSError):  # what cannot be read stays
            if self._claimed and all(file.name == SETTINGS for file in self.work.iterdir()):
                shutil.rmtree(self.work)
        for path in reversed(self._made):
            _remove_if_empty(path)
        self._claimed = False
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @contextmanager
    def whole_file(self, name):
        """`whole` for unfinished/NAME, a file or a directory.

        Raises:
            UserError: it cannot be written; what was there before stays.
        """
        try:
            with whole(self.work / name) as partial:
                yield partial
        except OSError as error:
            advice = "; make room, then --resume goes on" if error.errno in NO_ROOM else ""
            raise UserError(
                f"{self.work / name}: cannot be written: {error.strerror or error}{advice}"
            ) from error

    def write_json(self, name, value):
        """Writes unfinished/NAME whole."""
        with self.whole_file(name) as path:
            path.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")

    def settings(self):
        """What the run in the directory was begun with: a flat dict, None where there is no run.

        Raises:
            UserError: the file that says so is damaged.
        """
        if self.unfinished:
            file = self.work / SETTINGS
            return _renamed(_read_json(file)) if file.exists() else {}
        if not (self.path / "result.json").exists():
            return None
        result = load_result(self.path)
        try:
            named = {name: result[name] for name in ("script", "recipe", "seed") if name in result}
            return named | result["hyperparameters"] | {"rows_hash": result["data"]["hash"]}
        except (KeyError, TypeError) as error:
            raise UserError(f"{self.path}/result.json: damaged: {error!r}") from error

    def check_settings(self, settings):
        """Begins a run, or compares the one that is there with what it was begun with.

        Args:
            settings: flat dict of what decides the weights.

        Raises:
            UserError: the run was begun with other settings, or its file is damaged.
        """
        if self._starts_anew:
            shutil.rmtree(self.work)
            self.work.mkdir()
        there = not self._starts_anew and (self.unfinished or self.finished)
        before = self.settings() if there else None
        if not before:
            self.write_json(SETTINGS, settings)
            return
        # A result does not tell on what devices it was trained, only on how many.
        known = before.keys() | settings.keys() - ({"devices"} if self.finished else set())
        changes = "; ".join(
            f"{name} was {before.get(name)}, now {settings.get(name)}"
            for name in sorted(known)
            if before.get(name) != settings.get(name)
        )
        if changes and self.unfinished:
            raise UserError(f"{self.path}: cannot resume with other settings: {changes}")
        if changes:
            raise UserError(
                f"{self.path}: holds a finished run of other settings ({changes}): "
                "name another --run-dir, or replace it with --overwrite in place of --resume"
            )

    def publish(self):
        """Moves the results up. Only an interrupted run leaves something to go on from."""
        result = _read_json(self.work / "result.json")
        if not result["interrupted"]:
            for file in self.work.iterdir():
                if file.name not in RESULTS:
                    remove(file)
        remove(self.path / UNPROVED)
        self._remove_export()
        for name in RESULTS:
            with suppress(FileNotFoundError):  # moved by a process that was killed before the rest
                os.replace(self.work / name, self.path / name)
        _remove_if_empty(self.work)

    def _remove_export(self):
        """Removes what training/export.py made of an earlier model; what is not its own stays."""
        for name, its_card in zip(EXPORT, ("model/README.md", "README.md"), strict=True):
            remove(self.path / f"partial-{name}")  # of a process that was killed
            with suppress(OSError, UnicodeDecodeError):
                if (self.path / its_card).read_text(encoding="utf-8").startswith(CARD_BEGINS):
                    remove(self.path / name)

    def _make(self):
        path = self.path.absolute()
        missing = [p for p in [*reversed(path.parents), path] if not p.exists()]
        for directory in missing:
            directory.mkdir(exist_ok=True)
            self._made.append(directory)

    def _lock_directory(self):
        if fcntl is None:
            return
        lock = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise UserError(f"{self.path}: another run is using it") from error
        except OSError as error:
            os.close(lock)
            if error.errno not in NO_LOCKS:
                raise
            print(f"{self.path}: no locks there; two runs in one directory go unnoticed")
            return
        self._lock = lock

    def _check_free(self, resume, overwrite):
        has_result = (self.path / "result.json").exists()
        if not resume and not overwrite:
            if self.unfinished:
                raise UserError(
                    f"{self.path}: an unfinished run; --resume goes on, --overwrite starts anew"
                )
            if has_result:
                raise UserError(f"{self.path}: holds a finished run; --overwrite replaces it")
        if not (has_result or self.unfinished) and any(
            path != self.work for path in self.path.iterdir()
        ):
            raise UserError(f"{self.path}: holds files that are no run; name another --run-dir")
        self._starts_anew = overwrite and not resume


def _remove_if_empty(directory):
    with suppress(OSError):
        directory.rmdir()
