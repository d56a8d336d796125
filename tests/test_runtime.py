import os

import keras
import pytest
import tensorflow as tf

import runtime


@pytest.mark.parametrize("count", [0, 1, 3])
def test_memory_growth_is_asked_for_on_every_gpu_before_its_use(monkeypatch, count):
    gpus, asked = [f"GPU:{i}" for i in range(count)], []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    monkeypatch.setattr(
        tf.config.experimental, "set_memory_growth", lambda gpu, on: asked.append((gpu, on))
    )
    monkeypatch.setattr(keras.utils, "set_random_seed", lambda seed: asked.append("first use"))
    runtime.start_tensorflow(seed=1)
    assert asked == [*((gpu, True) for gpu in gpus), "first use"]


def test_the_seed_decides_what_is_drawn():
    runtime.start_tensorflow(seed=5)
    first = keras.random.normal((3,)).numpy()
    runtime.start_tensorflow(seed=5)
    assert (keras.random.normal((3,)).numpy() == first).all()


def test_start_up_noise_is_held_back_and_the_rest_is_not(capfd):
    with runtime._without_start_up_noise():
        os.write(2, b"I0000 00:00:1.2  5 cudart_stub.cc:31] Could not find cuda drivers\n")
        os.write(2, b"W0000 00:00:1.2  5 disk.cc:31] disk almost full\n")
        os.write(2, b"a warning of Python's\n")
    assert capfd.readouterr().err.splitlines() == [
        "W0000 00:00:1.2  5 disk.cc:31] disk almost full",
        "a warning of Python's",
    ]


def test_peak_memory_is_in_megabytes():
    assert 100 < runtime.peak_memory_mb() < 20_000
