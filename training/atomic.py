"""Files and directories that appear whole or not at all."""

import os
import shutil
from contextlib import contextmanager


@contextmanager
def atomic_write(path):
    """Yields a path to write a file or a directory to; it becomes `path` if the block succeeds.

    Raises:
        OSError: it cannot be written; what was there before stays.
    """
    partial = path.parent / f"partial-{path.name}"  # `with_name` refuses a path such as "."
    remove(partial)  # left by a process that was killed
    try:
        yield partial
        for file in (partial, *partial.rglob("*")):
            if file.is_file():
                with open(file, "rb+") as written:
                    os.fsync(written.fileno())
        if partial.is_dir():  # which does not replace another
            remove(path)
        os.replace(partial, path)
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
