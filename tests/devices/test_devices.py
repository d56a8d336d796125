import keras
import pytest
import tensorflow as tf

import devices


@pytest.mark.parametrize("count", [0, 1, 3])
def test_memory_growth_is_asked_for_on_every_gpu_before_its_use(monkeypatch, count):
    gpus, asked = [f"GPU:{i}" for i in range(count)], []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    monkeypatch.setattr(
        tf.config.experimental, "set_memory_growth", lambda gpu, on: asked.append((gpu, on))
    )
    monkeypatch.setattr(keras.utils, "set_random_seed", lambda seed: asked.append("first use"))
    with devices.prepared(seed=1):
        pass
    assert asked == [*((gpu, True) for gpu in gpus), "first use"]


def test_the_seed_decides_what_is_drawn():
    drawn = []
    for _ in range(2):
        with devices.prepared(seed=5):
            drawn.append(keras.random.normal((3,)).numpy())
    assert (drawn[0] == drawn[1]).all()
