import keras
import numpy as np
import pytest
import tensorflow as tf

import models
from corpus.errors import UserError
from training.adversarial import Adversarial

IDS = np.array([[5, 3, 2, 7], [4, 6, 0, 0], [2, 0, 0, 0]], np.int32)
LABELS = np.array([0, 2, 1])


def network(share=None, **options):
    """A compiled network of known weights, adversarial or not, which learns by plain descent."""
    keras.utils.set_random_seed(3)
    model = models.lstm(8, embed_size=5, units=4, mask=True, pooling="max", **options)
    embedding, classifier = model.layers[0], model.layers[-1]
    embedding.set_weights([8 * w for w in embedding.get_weights()])
    classifier.set_weights([3 * w for w in classifier.get_weights()])
    model = model if share is None else Adversarial(model, share)
    model.compile(
        keras.optimizers.SGD(0.5),
        "sparse_categorical_crossentropy",
        metrics=["acc"],
        run_eagerly=True,  # tracing takes longer
    )
    return model


def after_a_step(model, ids=IDS, labels=LABELS):
    """(what is reported, weights) after one training step."""
    logs = model.train_on_batch(ids, labels, return_dict=True)
    return logs, model.get_weights()


def test_moved_nowhere_each_text_counts_twice():
    plain, adversarial = network(), network(1e-9)
    plain.optimizer.learning_rate = 1.0  # twice the other's
    logs, expected = after_a_step(plain)
    others, weights = after_a_step(adversarial)
    for one, other in zip(weights, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert others == pytest.approx(logs)  # the loss of the texts as they are


def moved(model, share, ids=IDS, labels=LABELS):
    """The word vectors of each text as they are and as the model moves them."""
    vectors = model.layers[0](ids)
    mask = model.layers[0].compute_mask(ids)
    behind = keras.Sequential([keras.Input((None, 5)), *model.layers[1:]])
    with tf.GradientTape() as tape:
        tape.watch(vectors)
        loss = model.compute_loss(ids, labels, behind(vectors, mask=mask))
    step = model._step(vectors, tape.gradient(loss, vectors), mask).numpy()
    changed = model.compute_loss(ids, labels, behind(vectors + step, mask=mask))
    return vectors.numpy(), step, float(loss), float(changed)


def test_vectors_move_by_their_share_to_where_the_loss_is_larger():
    vectors, step, before, after = moved(network(0.2), 0.2)
    words = (IDS > 0)[..., None]
    lengths = np.linalg.norm(vectors * words, axis=(1, 2))
    np.testing.assert_allclose(np.linalg.norm(step, axis=(1, 2)), 0.2 * lengths, rtol=1e-4)
    assert not (step * ~words).any()
    rng = np.random.default_rng(0)
    model = network(0.2)
    behind = keras.Sequential([keras.Input((None, 5)), *model.layers[1:]])
    for _ in range(20):  # no other way is as bad
        other = rng.normal(size=step.shape) * words
        other *= (0.2 * lengths / np.linalg.norm(other, axis=(1, 2)))[:, None, None]
        mask = model.layers[0].compute_mask(IDS)
        said = behind(tf.constant(vectors + other, tf.float32), mask=mask)
        assert before < after
        assert float(model.compute_loss(IDS, LABELS, said)) < after


def test_a_step_does_not_depend_on_padding():
    _, weights = after_a_step(network(0.3))
    _, wider = after_a_step(network(0.3), np.pad(IDS, ((0, 0), (0, 3))))
    for one, other in zip(weights, wider, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def expected_step(model, share, weights):
    """(loss, gradients of both losses), each text's direction found by itself."""
    behind = keras.Sequential([keras.Input((None, 5)), *model.layers[1:]])
    loss_of = keras.losses.SparseCategoricalCrossentropy()
    mask, steps = model.layers[0].compute_mask(IDS), []
    with tf.GradientTape() as tape:
        vectors = tf.gather(model.layers[0].embeddings.value, IDS)
        for i in range(len(IDS)):
            own = tf.stop_gradient(vectors[i : i + 1])
            with tf.GradientTape() as slope:
                slope.watch(own)
                loss = loss_of(LABELS[i : i + 1], behind(own, mask=mask[i : i + 1]))
            direction = slope.gradient(loss, own).numpy()
            length = np.linalg.norm(own.numpy()[0][IDS[i] > 0])
            steps.append(share * length * direction / np.linalg.norm(direction))
        plain = loss_of(LABELS, behind(vectors, mask=mask), weights)
        moved = behind(vectors + np.concatenate(steps), mask=mask)
        both = plain + loss_of(LABELS, moved, weights)
    gradients = tape.gradient(both, model.trainable_variables)
    return float(plain), [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]


def test_a_step_goes_down_both_losses_with_the_weights_of_the_texts():
    model, weights = network(0.3), np.array([0.5, 2, 1], np.float32)
    loss, gradients = expected_step(model, 0.3, weights)
    before = [variable.numpy() for variable in model.trainable_variables]
    logs = model.train_on_batch(IDS, LABELS, sample_weight=weights, return_dict=True)
    assert logs["loss"] == pytest.approx(loss, rel=1e-5)
    for old, gradient, variable in zip(before, gradients, model.trainable_variables, strict=True):
        np.testing.assert_allclose(old - 0.5 * gradient, variable.numpy(), atol=1e-6)


def test_a_small_last_batch_counts_for_its_texts_alone():
    model = network(1e-9)
    model.optimizer.learning_rate = 0.0
    each = [model.evaluate(IDS[i : i + 1], LABELS[i : i + 1], verbose=0)[0] for i in range(3)]
    history = model.fit(IDS, LABELS, batch_size=2, shuffle=False, verbose=0).history
    assert history["loss"][0] == pytest.approx(np.mean(each), rel=1e-4)


def test_where_the_loss_is_flat_nothing_is_moved():
    model = network(0.3)
    model.layers[-1].set_weights([0 * w for w in model.layers[-1].get_weights()])
    _, weights = after_a_step(model)
    assert all(np.isfinite(weight).all() for weight in weights)


def test_words_are_dropped_in_training():
    model = network(0.3, dropout=0.5)
    model.optimizer.learning_rate = 0.0
    assert len({after_a_step(model)[0]["loss"] for _ in range(4)}) > 1


def test_a_copy_from_its_config_is_a_plain_model():
    assert type(models.mask_padding(network(0.1))) is keras.Sequential


def test_a_network_that_begins_otherwise_is_refused():
    dense = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)], name="own")
    branches = keras.Model(dense.inputs, dense.outputs, name="own")
    for model in (dense, branches):
        with pytest.raises(UserError, match="'own': --adversarial needs a keras.Sequential that"):
            Adversarial(model, 0.1)
