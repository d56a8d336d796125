import keras
import pytest

import models
from corpus.errors import UserError
from training import embeddings
from training.recipes import Switches


def test_one_hot_vectors_are_not_replaced():
    model = models.simple_rnn(6, units=2, one_hot=True)
    asked = Switches(embeddings="corpus")
    with pytest.raises(UserError, match="with --one-hot no vector is learned"):
        embeddings.apply(model, None, None, asked, print)


def test_a_network_without_an_embedding_is_refused():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.raises(UserError, match="no layer that it could go into"):
        embeddings.apply(model, None, None, Switches(embeddings="corpus"), print)
