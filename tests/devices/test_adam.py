import keras
import numpy as np
import tensorflow as tf

import devices
from devices.adam import Adam


def trained(optimizer):
    """A model with an embedding, some of whose rows get no gradient, after five steps."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Embedding(50, 4), keras.layers.Flatten()]
        + [keras.layers.Dense(4, activation="softmax")]
    )
    model.compile(optimizer, loss="sparse_categorical_crossentropy")
    random = np.random.default_rng(1)
    for _ in range(5):
        words = random.permutation(40)[:24].reshape(8, 3)  # none twice
        model.train_on_batch(words, random.integers(0, 4, 8))
    return model


def test_it_takes_the_steps_of_keras_adam():
    schedule = keras.optimizers.schedules.CosineDecay(0.01, 10)
    for rate in (0.01, schedule):
        ours, keras_own = trained(Adam(rate)), trained(keras.optimizers.Adam(rate))
        for a, b in zip(ours.get_weights(), keras_own.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
        for a, b in zip(ours.optimizer.variables, keras_own.optimizer.variables, strict=True):
            np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=1e-6)


def test_its_checkpoint_is_that_of_keras_adam(tmp_path):
    ours = trained(Adam(0.01))
    ours.save_weights(tmp_path / "a.weights.h5")
    other = trained(keras.optimizers.Adam(0.01))
    other.load_weights(tmp_path / "a.weights.h5")
    assert int(other.optimizer.iterations) == 5
    for a, b in zip(ours.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_a_repeated_word_gets_the_square_of_the_sum():
    embedding = keras.layers.Embedding(3, 1)
    embedding.build()
    optimizer = Adam(0.1)
    optimizer.build(embedding.trainable_variables)
    values = tf.constant([[1.0], [2.0]])
    gradient = tf.IndexedSlices(values, tf.constant([1, 1]), tf.constant([3, 1]))
    optimizer.apply([gradient])
    _, _, momentum, velocity = optimizer.variables
    np.testing.assert_allclose(np.ravel(momentum), [0, 0.1 * 3, 0], rtol=1e-5)
    np.testing.assert_allclose(np.ravel(velocity), [0, 0.001 * 9, 0], rtol=1e-4)


def test_a_gradient_longer_than_the_norm_is_shortened_to_it_and_a_shorter_one_is_not():
    for length, applied in (50, 5), (5, 5), (0.5, 0.5):
        optimizer = devices.adam(0.1, "constant", 1, clip_norm=5)
        matrix, vector = (keras.Variable(np.zeros(shape, "float32")) for shape in ((3, 2), 2))
        # A gradient of rows, as of word vectors, counts as well.
        rows = tf.IndexedSlices(length * tf.constant([[0.6, 0.0]]), [1], [3, 2])
        optimizer.apply([rows, length * tf.constant([0.0, 0.8])], [matrix, vector])
        moments = [np.asarray(moment) / (1 - optimizer.beta_1) for moment in optimizer._momentums]
        np.testing.assert_allclose(moments[0][1], [0.6 * applied, 0], rtol=1e-5)
        np.testing.assert_allclose(moments[1], [0, 0.8 * applied], rtol=1e-5)
