"""Adversarial training: each step is taken on a batch, and on the same batch made harder."""

import keras
import tensorflow as tf

from corpus.errors import UserError


class Adversarial(keras.Sequential):
    """A network that learns from its texts and from the hardest texts near them.

    The word vectors of a text are moved in the direction in which its loss grows fastest, and their
    loss is added to the loss of the text, so that no single word decides: Miyato, Dai, Goodfellow,
    Adversarial Training Methods for Semi-Supervised Text Classification, 2017,
    https://arxiv.org/abs/1605.07725. The paper moves vectors by a fixed length, and normalises them
    so that they cannot outgrow it; here the length is a share of their own.

    Copies made from its config are plain `keras.Sequential` models.

    Attributes:
        share: how far the vectors of a text are moved, as a share of their joint length.
    """

    def __init__(self, model, share):
        """Uses the layers of a model, and with them its weights.

        Args:
            model: a `keras.Sequential` on token ids that begins with an embedding.
            share: how far the vectors of a text are moved, as a share of their joint length.
                Without a mask, padding is another word, and is moved as well.

        Raises:
            UserError: it is another kind of model.
        """
        embedded = isinstance(model.layers[0], keras.layers.Embedding)
        if not isinstance(model, keras.Sequential) or not embedded:
            need = "--adversarial needs a keras.Sequential that begins with an Embedding"
            raise UserError(f"model {model.name!r}: {need}")
        super().__init__([*model.inputs, *model.layers], name=model.name)
        self.share = share

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """A plain `keras.Sequential`."""
        return keras.Sequential.from_config(config, custom_objects)

    def train_step(self, data):
        """See `keras.Model.train_step`. The loss reported is that of the unchanged texts."""
        ids, labels, weights = keras.utils.unpack_x_y_sample_weight(data)
        embedding, *others = self.layers
        mask = embedding.compute_mask(ids)
        after_embedding = keras.Sequential([keras.Input(embedding.output.shape[1:]), *others])

        def classified(vectors):
            probabilities = after_embedding(vectors, mask=mask, training=True)
            return self.compute_loss(ids, labels, probabilities, weights), probabilities

        with tf.GradientTape() as tape:
            vectors = embedding(ids)
            with tf.GradientTape() as slope:
                slope.watch(vectors)
                loss, probabilities = classified(vectors)
            worst = slope.gradient(loss, vectors)
            both = loss + classified(vectors + self._step(vectors, worst, mask))[0]
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(both, variables), variables)
        total = next(metric for metric in self.metrics if metric.name == "loss")
        total.update_state(loss, sample_weight=tf.shape(ids)[0])
        return self.compute_metrics(ids, labels, probabilities, weights)

    def _step(self, vectors, direction, mask):
        """The perturbation of each text's vectors; no gradient flows through it."""
        if mask is not None:
            vectors = tf.where(mask[..., None], vectors, 0)
        length = self.share * tf.norm(vectors, axis=[1, 2], keepdims=True)
        direction /= tf.norm(direction, axis=[1, 2], keepdims=True) + 1e-12  # not 0 / 0
        return tf.stop_gradient(length * direction)
