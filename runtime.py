"""TensorFlow and the machine under a run: start-up, GPUs, seed, memory."""

import os
import platform
import re
import sys
import tempfile
import time
import warnings
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

START = time.perf_counter()  # of the process, less the few milliseconds before this import

# What TensorFlow says at every start, whatever the machine.
START_UP_NOISE = [
    r"WARNING: All log messages before absl::InitializeLog",
    r"I\d{4} ",
    r"To enable the following instructions",
]
# What it says besides where there is no NVIDIA driver, and so no GPU that it could have missed.
NO_GPU_NOISE = [r"[WE]\d{4} .* cuda_\w+\.cc"]


def start_tensorflow(seed=None):
    """Imports TensorFlow quietly and sets memory growth on every GPU, so that none is taken whole.

    Args:
        seed: of Python's, NumPy's and TensorFlow's generators; None leaves them alone.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    # The mask has done its work by then; see `models._pooling`.
    warnings.filterwarnings("ignore", message=r"Layer .* \(of type GlobalMaxPooling1D\) .* mask")
    with _without_start_up_noise():
        import keras
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
    if seed is not None:
        keras.utils.set_random_seed(seed)


@contextmanager
def _without_start_up_noise():
    """Holds standard error back, C++ code's included, and then passes on what is not noise."""
    driver = Path("/proc/driver/nvidia").exists()
    noise = re.compile("|".join(START_UP_NOISE + ([] if driver else NO_GPU_NOISE)))
    sys.stderr.flush()
    original = os.dup(2)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(original, 2)
            os.close(original)
            held.seek(0)
            sys.stderr.writelines(line for line in held if not noise.match(line))


def versions():
    """The versions of Python and of the packages that decide a run's result."""
    packages = {name: version(name) for name in ("numpy", "tensorflow", "keras")}
    return {"python": platform.python_version()} | packages


def machine():
    """One line on what figures were measured on: processor, cores, system, versions."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = names[0].split(":")[1].strip() if names else processor
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    names = ", ".join(f"{name.capitalize()} {number}" for name, number in versions().items())
    return f"{processor}, {cores} cores, {platform.system()}; {names}"


def device():
    """The names of the GPUs that TensorFlow sees, or "CPU"."""
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name") for gpu in gpus]
    return ", ".join(name or "GPU" for name in names) or "CPU"


def strategy(devices):
    """How training is spread over the machine's devices.

    Args:
        devices: "one", or "all" for a copy of the model on each GPU: the batch is shared among
            them, and the gradients are added up.

    Returns:
        A `tf.distribute.Strategy`, in whose scope the model is to be built and compiled.
    """
    import tensorflow as tf

    if devices == "one":
        return tf.distribute.get_strategy()
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    return tf.distribute.MirroredStrategy([device.name for device in found])


def peak_memory_mb():
    """The most memory that this process held, in MB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)
