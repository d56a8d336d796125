"""TensorFlow's devices: memory growth, and what trains fastest on a CPU, a GPU or several."""

import os
import warnings
from contextlib import suppress

import keras
import tensorflow as tf

from corpus.errors import UserError
from training import fused
from training.adam import Adam
from training.machine import cores

STEPS_PER_EXECUTION = 16


def set_memory_growth():
    """Lets every GPU's memory grow with need, so that none is taken whole.

    Call it before anything uses a GPU; a script's `Run` does.
    """
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)


def prepare(seed=None):
    """What a script begins with: memory growth, then the seed of every random generator.

    Args:
        seed: of Python's, NumPy's and TensorFlow's generators; None leaves them alone.
    """
    set_memory_growth()
    _share_cores()
    keras.config.set_floatx("float32")  # whatever keras.json says: the fused layers know no other
    keras.config.set_dtype_policy("float32")
    if seed is not None:
        keras.utils.set_random_seed(seed)
    # Max pooling needs no mask (`models._pooling`); what reads padding, `proof.check` refuses.
    warnings.filterwarnings("ignore", message="(?s)Layer .* does not support masking")


def _share_cores():
    """Half of the cores for a single operation: the two directions of a layer run side by side.

    The products are so small that sharing one among threads costs more than it saves.
    """
    if "TF_NUM_INTRAOP_THREADS" not in os.environ:
        with suppress(RuntimeError):  # a notebook has used TensorFlow already
            tf.config.threading.set_intra_op_parallelism_threads(max(1, cores() // 2))


def name():
    """The names of the GPUs that TensorFlow sees, or "CPU"."""
    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name") for gpu in gpus]
    return ", ".join(name or "GPU" for name in names) or "CPU"


def strategy(devices, batch_size=0):
    """How training is spread over the machine's devices.

    Args:
        devices: "one", or "all" for a copy of the model on each GPU: the batch is shared among
            them, and the gradients are added up.
        batch_size: has to be a multiple of their number.

    Returns:
        A `tf.distribute.Strategy`, in whose scope the model is to be built and compiled.

    Raises:
        UserError: it is not.
    """
    if devices == "one":
        return tf.distribute.get_strategy()
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if batch_size % len(found):
        raise UserError(f"--batch-size {batch_size}: not a multiple of the {len(found)} devices")
    return tf.distribute.MirroredStrategy([device.name for device in found])


def layers(devices):
    """The classes of the recurrent layers: "simple_rnn", "lstm" and "gru".

    Args:
        devices: as of `strategy`. On one CPU they are those of `fused`, elsewhere Keras's own.
    """
    own = {"simple_rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM}
    faster = {"simple_rnn": fused.SimpleRNN, "lstm": fused.LSTM}
    return {**(faster if _one_cpu(devices) else own), "gru": keras.layers.GRU}


def adam(devices, learning_rate, schedule, steps, **options):
    """The optimizer Adam, on one CPU that of `training.adam`.

    Args:
        devices: as of `strategy`.
        learning_rate: a float.
        schedule: "constant", or "cosine", along which it falls to 0.
        steps: the number of steps until it is 0.
        options: further ones of `keras.optimizers.Adam`.
    """
    if schedule == "cosine":
        learning_rate = keras.optimizers.schedules.CosineDecay(learning_rate, steps)
    return (Adam if _one_cpu(devices) else keras.optimizers.Adam)(learning_rate, **options)


def execution(devices, steps):
    """How steps are executed, as keyword arguments of `compile`; it changes no result.

    Args:
        devices: as of `strategy`.
        steps: the number of steps in an epoch.
    """
    return {
        "jit_compile": False,  # XLA would compile anew for each bucket
        # Several steps in one loop of TensorFlow fail on several devices.
        "steps_per_execution": min(STEPS_PER_EXECUTION, steps) if devices == "one" else 1,
    }


def _one_cpu(devices):
    return devices == "one" and name() == "CPU"
