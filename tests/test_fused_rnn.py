import pytest
from conftest import assert_same_outputs_and_gradients

import models
from fused_rnn import FusedRNN


@pytest.mark.parametrize("pooling", ["last", "max"])
@pytest.mark.parametrize("mask", [False, True])
def test_outputs_and_gradients_are_those_of_keras(mask, pooling):
    options = {"embed_size": 6, "units": 5, "mask": mask, "pooling": pooling}
    plain = models.simple_rnn(50, **options)
    fused = models.simple_rnn(50, **options, rnn_layer=FusedRNN)
    assert_same_outputs_and_gradients(plain, fused)


def test_a_copy_to_save_has_plain_layers():
    fused = models.masked_rnn(50, embed_size=6, units=5, rnn_layer=FusedRNN)
    assert "FusedRNN" not in models.without_padding(fused).to_json()
    assert "FusedRNN" in models.without_padding(fused, plain=False).to_json()
