"""A `keras.layers.SimpleRNN` with a lean loop over the words, forth and back, on the CPU."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("fused_rnn")
class FusedRNN(keras.layers.SimpleRNN):
    """Computes what `keras.layers.SimpleRNN` does, with few operations a word.

    What does not depend on the state is done for all words at once: the product with the kernel
    before the loop, and the gradients of both matrices after it. It has the weights of its base
    class; it is for training only: a model is saved with plain layers.
    """

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        cell = self.cell
        plain = cell.use_bias and cell.activation is keras.activations.tanh and not cell.dropout
        if not plain or cell.recurrent_dropout or self.go_backwards:
            raise ValueError("FusedRNN reads forwards, with tanh and a bias, without dropout")

    def call(self, sequences, initial_state=None, mask=None, training=False):
        """As `keras.layers.SimpleRNN.call` with tanh, without dropout.

        Args:
            sequences: float32 tensor of shape (batch, width, features).
            mask: bool tensor of shape (batch, width), True for words.

        Returns:
            The last state of each text, (batch, units); with `return_sequences`, all of them,
            (batch, width, units): padding leaves the state as it is.
        """
        words = tf.transpose(sequences, [1, 0, 2])
        inputs = tf.tensordot(words, self.cell.kernel, 1) + self.cell.bias
        is_word = None
        if mask is not None:
            is_word = tf.cast(tf.transpose(mask), inputs.dtype)[:, :, None]
        states = all_states(inputs, self.cell.recurrent_kernel, is_word)
        return tf.transpose(states, [1, 0, 2]) if self.return_sequences else states[-1]


def all_states(inputs, recurrent_kernel, is_word=None):
    """The states h of h = tanh(input + h @ recurrent_kernel).

    Args:
        inputs: float32 tensor of shape (width, batch, units).
        recurrent_kernel: float32 tensor of shape (units, units).
        is_word: float32 tensor of shape (width, batch, 1): 0 leaves the state as it is.

    Returns:
        float32 tensor of shape (width, batch, units).
    """
    width = tf.shape(inputs)[0]

    @tf.custom_gradient
    def run(inputs, kernel):
        def forth(t, state, states):
            new = tf.tanh(inputs[t] + state @ kernel)
            if is_word is not None:
                new = state + is_word[t] * (new - state)
            return t + 1, new, states.write(t, new)

        states = tf.TensorArray(tf.float32, width, element_shape=inputs.shape[1:])
        start = tf.zeros_like(inputs[0])
        states = tf.while_loop(lambda t, *_: t < width, forth, (0, start, states))[2].stack()

        def gradient(of_states):
            slopes = 1 - states * states  # of tanh
            if is_word is not None:
                slopes *= is_word

            def back(t, of_later, of_inputs):
                of_state = of_later + of_states[t]
                of_input = of_state * slopes[t]
                before = tf.matmul(of_input, kernel, transpose_b=True)
                if is_word is not None:
                    before += of_state * (1 - is_word[t])
                return t - 1, before, of_inputs.write(t, of_input)

            of_inputs = tf.TensorArray(tf.float32, width, element_shape=inputs.shape[1:])
            loop = (width - 1, start, of_inputs)
            of_inputs = tf.while_loop(lambda t, *_: t >= 0, back, loop)[2].stack()
            before = tf.concat([start[None], states[:-1]], axis=0)
            return of_inputs, tf.tensordot(before, of_inputs, [[0, 1], [0, 1]])

        return states, gradient

    return run(inputs, tf.convert_to_tensor(recurrent_kernel))
