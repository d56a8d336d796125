"""Which backend Keras has: this project needs TensorFlow, and float32."""

import os
import sys

from training.directory import RunError


def require_tensorflow():
    """Makes Keras use TensorFlow, whatever its configuration file says. Before it is imported.

    Raises:
        RunError: the environment, or a notebook that has imported Keras, says otherwise.
    """
    asked = os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if "keras" in sys.modules:
        asked = sys.modules["keras"].config.backend()
    if asked != "tensorflow":
        raise RunError(
            f"Keras's backend is {asked!r}, and this project needs TensorFlow: "
            "set KERAS_BACKEND=tensorflow, before Keras is imported"
        )
