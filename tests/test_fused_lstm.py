import numpy as np
import pytest
from conftest import assert_same_outputs_and_gradients

import models
from fused_lstm import FusedLSTM


@pytest.mark.parametrize("builder", [models.lstm, models.stacked_bilstm])
@pytest.mark.parametrize("pooling", ["last", "max"])
@pytest.mark.parametrize("mask", [False, True])
def test_outputs_and_gradients_are_those_of_keras(builder, mask, pooling):
    options = {"embed_size": 6, "units": 5, "mask": mask, "pooling": pooling}
    plain = builder(50, **options)
    fused = builder(50, **options, lstm_layer=FusedLSTM)
    assert_same_outputs_and_gradients(plain, fused)


@pytest.mark.parametrize("builder", [models.lstm, models.stacked_bilstm])
def test_a_copy_to_save_has_plain_layers(builder):
    fused = builder(50, embed_size=6, units=5, lstm_layer=FusedLSTM)
    copy = models.without_padding(fused)
    assert "FusedLSTM" not in copy.to_json()
    ids = np.array([[3, 4, 5]])
    np.testing.assert_allclose(copy(ids), fused(ids), atol=1e-6)
