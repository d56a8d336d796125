"""What is settled before Keras is imported: its backend, and that it can write what it has to."""

import logging
import os
import sys
import tempfile

from training.directory import RunError


def require_tensorflow():
    """Makes Keras use TensorFlow, whatever its configuration file says. Before it is imported.

    Keras imports Matplotlib, which warns of a home that it cannot write to.

    Raises:
        RunError: the environment, or a notebook that has imported Keras, says otherwise; or there
            is no folder for temporary files, which TensorFlow's import wants.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        raise RunError(
            f"{error.strerror}: set TMPDIR to a folder that can be written to"
        ) from error
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    asked = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if "keras" in sys.modules:
        asked = sys.modules["keras"].config.backend()
    if asked != "tensorflow":
        raise RunError(
            f"Keras's backend is {asked!r}, and this project needs TensorFlow: "
            "set KERAS_BACKEND=tensorflow, before Keras is imported"
        )
