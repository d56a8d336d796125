"""What surrounds `compile` and `fit` in every script. Importing it does not import TensorFlow."""

from training.recipes import Recipe, Switches
from training.run import start

__all__ = ["Recipe", "Switches", "start"]
