"""Files and directories that appear whole or not at all."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path):
    """Yields a path to write a file or a directory to; it becomes `path` if the block succeeds.

    A device or a pipe is written as it is, and a link stays: what it leads to is replaced.

    Raises:
        OSError: it cannot be written; what was there before stays.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        yield path
        return
    target = Path(os.path.realpath(path))
    partial = target.parent / f".partial-{target.name}"
    remove(partial)  # left by a process that was killed
    try:
        yield partial
        for file in (partial, *partial.rglob("*")):
            if file.is_file():
                with open(file, "rb+") as written:
                    os.fsync(written.fileno())
        if partial.is_dir():  # which does not replace another
            remove(target)
        os.replace(partial, target)
    except BaseException as error:
        remove(partial)
        if isinstance(error, OSError) and str(error.filename) == str(partial):
            error.filename = str(path)  # the name that the user knows
        raise


def remove(path):
    """Removes a file or a directory, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
