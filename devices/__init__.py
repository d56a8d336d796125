"""What trains fastest on this machine: memory growth, recurrent layers, Adam, steps at a time."""

import os
import warnings
from contextlib import contextmanager, suppress

import keras
import tensorflow as tf

from devices import fused
from devices.adam import Adam
from training.machine import cores

STEPS_PER_EXECUTION = 16


def set_memory_growth():
    """Lets the memory of every GPU grow as needed, so that none is taken whole.

    Call it before anything uses a GPU; a script's `Run` does.
    """
    for gpu in tf.config.list_physical_devices("GPU"):
        with suppress(RuntimeError):  # a notebook has used it already
            tf.config.experimental.set_memory_growth(gpu, True)


@contextmanager
def prepared(seed=None):
    """Sets memory growth, threads, the seed and, until the block ends, Keras's float type.

    Args:
        seed: of Python's, NumPy's and TensorFlow's generators; None leaves them alone.
    """
    set_memory_growth()
    _share_cores()
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float32")  # whatever keras.json says: the fused layers know no other
    keras.config.set_dtype_policy("float32")
    if seed is not None:
        keras.utils.set_random_seed(seed)
    try:
        with warnings.catch_warnings():
            # Max pooling needs no mask (`models._pooling`); a layer that reads padding is refused.
            warnings.filterwarnings("ignore", message="(?s)Layer .* does not support masking")
            # The first epoch after a run is resumed is shorter (`data._dataset`).
            warnings.filterwarnings("ignore", message="Your input ran out of data")
            yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


def _share_cores():
    """Half of the cores for a single operation: the two directions of a layer run side by side.

    The products are so small that sharing one among threads costs more than it saves.
    """
    if "TF_NUM_INTRAOP_THREADS" in os.environ:
        return
    with suppress(RuntimeError):  # a notebook has used TensorFlow already
        tf.config.threading.set_intra_op_parallelism_threads(max(1, cores() // 2))


def device_name():
    """The names of the GPUs that TensorFlow sees, or "CPU"."""
    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name") for gpu in gpus]
    return ", ".join(name or "GPU" for name in names) or "CPU"


def layers():
    """The classes of the recurrent layers: "simple_rnn", "lstm" and "gru".

    On a CPU they come from `fused`; elsewhere they are Keras's own, which use cuDNN.
    """
    fast = fused if _on_cpu() else keras.layers
    return {"simple_rnn": fast.SimpleRNN, "lstm": fast.LSTM, "gru": keras.layers.GRU}


def adam(learning_rate, schedule, steps, clip_norm=0, **options):
    """The optimizer Adam, on a CPU in its faster form (`devices.adam`).

    Args:
        learning_rate: a float.
        schedule: "constant", or "cosine", along which the rate falls to 0.
        steps: the number of steps until it is 0.
        clip_norm: the largest norm of a step's gradient, which is shortened to it; 0 for any. See
            Pascanu et al., https://arxiv.org/abs/1211.5063. As in Keras, a word that a batch has
            twice counts as two words in the norm.
        options: further arguments of `keras.optimizers.Adam`, but for `amsgrad` and clipping.
    """
    if schedule == "cosine":
        learning_rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    kind = Adam if _on_cpu() else keras.optimizers.Adam
    return kind(learning_rate, global_clipnorm=clip_norm or None, **options)


def execution(steps):
    """Keyword arguments of `compile` on how, not which, steps are taken.

    Args:
        steps: the number of steps in an epoch.
    """
    return {
        "jit_compile": False,  # XLA would compile again for each bucket
        "steps_per_execution": min(STEPS_PER_EXECUTION, steps),
    }


def _on_cpu():
    return not tf.config.list_physical_devices("GPU")
