"""What surrounds `compile` and `fit` in every script. Importing it does not import TensorFlow."""

import os
import sys

try:
    from training.recipes import Recipe, Switches
    from training.run import start
except KeyboardInterrupt:  # one line instead of a traceback, as later
    print(f"\n{os.path.basename(sys.argv[0])}: interrupted", file=sys.stderr)
    raise SystemExit(130) from None

__all__ = ["Recipe", "Switches", "start"]
