"""Names in the terminal what a run does while it shows nothing else."""

from contextlib import contextmanager


@contextmanager
def shown(what, verbose):
    """Shows a line while a block runs, and takes it away again.

    Args:
        what: what the block does.
        verbose: as of `fit`: 1 in a terminal; otherwise nothing is shown.
    """
    if verbose != 1:
        yield
        return
    line = f"{what} ..."
    print(line, end="", flush=True)
    try:
        yield
    finally:
        print(f"\r{' ' * len(line)}\r", end="", flush=True)
