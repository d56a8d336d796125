"""A `keras.layers.LSTM` that runs on the CPU as one operation instead of a loop over the words."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("fused_lstm")  # for Bidirectional, which copies it
class FusedLSTM(keras.layers.LSTM):
    """Computes what `keras.layers.LSTM` does, with TensorFlow's `BlockLSTM`.

    It has the weights and the gate order (input, forget, cell, output) of its base class, so that
    weights can be copied between them. It is for training only: a model is saved with plain layers.
    Where it is given a mask, padding must be on the right.
    """

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        cell = self.cell
        if not cell.use_bias or cell.dropout or cell.recurrent_dropout:
            raise ValueError("FusedLSTM has a bias and no dropout")

    def call(self, sequences, initial_state=None, mask=None, training=False):
        """As `keras.layers.LSTM.call`, without dropout.

        Args:
            sequences: float32 tensor of shape (batch, width, features).
            mask: bool tensor of shape (batch, width), True for words.

        Returns:
            The last hidden state of each text, (batch, units); with `return_sequences`, all of
            them, (batch, width, units), in the order in which the layer reads. As in Keras, padding
            that it reads before a text gives zeros, after a text the last hidden state again.
        """
        width, texts = tf.shape(sequences)[1], tf.shape(sequences)[0]
        if mask is None:
            lengths = tf.fill([texts], width)
        else:
            lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        steps = tf.transpose(sequences, [1, 0, 2])
        if self.go_backwards:
            steps = tf.reverse_sequence(steps, lengths, seq_axis=0, batch_axis=1)
        zeros, no_peephole = tf.zeros([texts, self.units]), tf.zeros([self.units])
        hidden = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.cast(tf.reduce_max(lengths), tf.int64),
            x=steps,
            cs_prev=zeros,
            h_prev=zeros,
            w=_icfo(tf.concat([self.cell.kernel, self.cell.recurrent_kernel], axis=0)),
            wci=no_peephole,
            wcf=no_peephole,
            wco=no_peephole,
            b=_icfo(self.cell.bias),
            forget_bias=0.0,
            cell_clip=-1.0,
        ).h
        last = tf.stack([tf.maximum(lengths - 1, 0), tf.range(texts)], axis=1)
        last = tf.gather_nd(hidden, last) * tf.cast(lengths > 0, tf.float32)[:, None]
        if not self.return_sequences:
            return last
        if mask is not None:
            at_padding = tf.zeros_like(last) if self.go_backwards else last
            hidden = tf.where(tf.transpose(mask)[:, :, None], hidden, at_padding)
        if self.go_backwards:
            hidden = tf.reverse_sequence(hidden, lengths, seq_axis=0, batch_axis=1)[::-1]
        return tf.transpose(hidden, [1, 0, 2])


def _icfo(weights):
    """Keras's gates i, f, c, o in the order of `BlockLSTM`.

    `BlockLSTMV2` has Keras's order, but TensorFlow gives it the gradient of `BlockLSTM`, which
    takes the forget gate for the cell: tensorflow/python/ops/rnn_grad.py.
    """
    i, f, c, o = tf.split(weights, 4, axis=-1)
    return tf.concat([i, c, f, o], axis=-1)
