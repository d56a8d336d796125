"""SimpleRNN, LSTM and Adam in few large operations, for training on a CPU.

The layers have the weights of Keras's own and compute the same; what they have no shortcut for
(another activation, recurrent dropout, an initial state, ...) they leave to the class that they
extend. They are for training only: a model is saved with Keras's own layers.
"""

import keras
import tensorflow as tf

TANH, SIGMOID = keras.activations.tanh, keras.activations.sigmoid
MANY_UNITS = 32  # from which on `hidden_states` is faster than the gradient of `BlockLSTM`


@keras.saving.register_keras_serializable("fused")  # for Bidirectional, which copies its layer
class SimpleRNN(keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN` as a lean loop over the words, forward and backward.

    What does not depend on the state is done for all words at once: the product with the kernel
    before the loop, and the gradients of both matrices after it.
    """

    def call(self, sequences, initial_state=None, mask=None, training=False):
        """As `keras.layers.SimpleRNN.call`.

        Args:
            sequences: float32 tensor of shape (batch, width, features).
            mask: bool tensor of shape (batch, width), True for words.

        Returns:
            The last state of each text, (batch, units); with `return_sequences`, all of them,
            (batch, width, units): padding leaves the state as it is.
        """
        if not _has_shortcut(self, initial_state) or self.go_backwards:
            return super().call(sequences, initial_state, mask, training)
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
    def loop(inputs, kernel):
        def forward(t, state, states):
            new = tf.tanh(inputs[t] + state @ kernel)
            if is_word is not None:
                new = state + is_word[t] * (new - state)
            return t + 1, new, states.write(t, new)

        states = tf.TensorArray(tf.float32, width, element_shape=inputs.shape[1:])
        start = tf.zeros_like(inputs[0])
        states = tf.while_loop(lambda t, *_: t < width, forward, (0, start, states))[2].stack()

        def gradient(d_states):
            slopes = 1 - states * states  # of tanh
            if is_word is not None:
                slopes *= is_word

            def backward(t, d_from_later, d_inputs):
                d_state = d_from_later + d_states[t]
                d_input = d_state * slopes[t]
                d_before = tf.matmul(d_input, kernel, transpose_b=True)
                if is_word is not None:
                    d_before += d_state * (1 - is_word[t])
                return t - 1, d_before, d_inputs.write(t, d_input)

            d_inputs = tf.TensorArray(tf.float32, width, element_shape=inputs.shape[1:])
            begin = (width - 1, start, d_inputs)
            d_inputs = tf.while_loop(lambda t, *_: t >= 0, backward, begin)[2].stack()
            before = tf.concat([start[None], states[:-1]], axis=0)
            return d_inputs, tf.tensordot(before, d_inputs, [[0, 1], [0, 1]])

        return states, gradient

    return loop(inputs, tf.convert_to_tensor(recurrent_kernel))


@keras.saving.register_keras_serializable("fused")
class LSTM(keras.layers.LSTM):
    """`keras.layers.LSTM` as one operation, TensorFlow's `BlockLSTM`, in place of a loop.

    It has the gate order (input, forget, cell, output) of its base class, so that weights can be
    copied between them. Where it is given a mask, padding must be on the right.
    """

    def call(self, sequences, initial_state=None, mask=None, training=False):
        """As `keras.layers.LSTM.call`.

        Args:
            sequences: float32 tensor of shape (batch, width, features).
            mask: bool tensor of shape (batch, width), True for words.

        Returns:
            The last hidden state of each text, (batch, units); with `return_sequences`, all of
            them, (batch, width, units), in the order in which the layer reads. As in Keras, padding
            that it reads before a text gives zeros, after a text the last hidden state again,
            also within Bidirectional, where Keras gives zeros: `proof.check` sees where it matters.
        """
        if not _has_shortcut(self, initial_state) or self.recurrent_activation is not SIGMOID:
            return super().call(sequences, initial_state, mask, training)
        width, texts = tf.shape(sequences)[1], tf.shape(sequences)[0]
        if mask is None:
            lengths = tf.fill([texts], width)
        else:
            lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        steps = tf.transpose(sequences, [1, 0, 2])
        if self.go_backwards:
            steps = tf.reverse_sequence(steps, lengths, seq_axis=0, batch_axis=1)
        weights = _icfo(tf.concat([self.cell.kernel, self.cell.recurrent_kernel], axis=0))
        arguments = steps, weights, _icfo(self.cell.bias), tf.reduce_max(lengths)
        few = self.units < MANY_UNITS
        hidden = block_lstm(*arguments).h if few else hidden_states(*arguments)
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


def block_lstm(inputs, weights, bias, steps):
    """TensorFlow's operation `BlockLSTM`, without peepholes, from a state of zeros.

    Args:
        inputs: float32 tensor of shape (width, batch, features).
        weights: float32 tensor of shape (features + units, 4 * units), the kernel above the
            recurrent kernel, its gates in the order of `_icfo`.
        bias: float32 tensor of shape (4 * units,).
        steps: int32, the number of steps to take.

    Returns:
        Gates, cell and hidden states, named as of `tf.raw_ops.BlockLSTM`, each a float32 tensor of
        shape (width, batch, units). Behind the steps taken, the hidden states are 0 and the gates
        are not set.
    """
    units = bias.shape[0] // 4
    zeros, no_peephole = tf.zeros([tf.shape(inputs)[1], units]), tf.zeros([units])
    return tf.raw_ops.BlockLSTM(
        seq_len_max=tf.cast(steps, tf.int64),
        x=inputs,
        cs_prev=zeros,
        h_prev=zeros,
        w=weights,
        wci=no_peephole,
        wcf=no_peephole,
        wco=no_peephole,
        b=bias,
        forget_bias=0.0,
        cell_clip=-1.0,
    )


def hidden_states(inputs, weights, bias, steps):
    """The hidden states of `block_lstm`, whose arguments it has, with a gradient of its own.

    That of TensorFlow adds to the gradient of the weights at every step. Here the loop holds only
    what depends on the step after it; one product for all steps gives each matrix's gradient.
    """
    hidden = _hidden_states(inputs[:steps], weights, bias)
    return tf.pad(hidden, [[0, tf.shape(inputs)[0] - steps], [0, 0], [0, 0]])


@tf.custom_gradient
def _hidden_states(inputs, weights, bias):
    width = tf.shape(inputs)[0]
    out = block_lstm(inputs, weights, bias, width)
    features = inputs.shape[-1]
    kernel, recurrent_kernel = weights[:features], weights[features:]

    def gradient(d_hidden):
        start = tf.zeros_like(out.h[:1])
        cells_before = tf.concat([start, out.cs[:-1]], axis=0)
        hidden_before = tf.concat([start, out.h[:-1]], axis=0)
        slopes = [  # of the cell's state by the input gate, new content and forget gate
            out.ci * out.i * (1 - out.i),
            out.i * (1 - out.ci**2),
            cells_before * out.f * (1 - out.f),
            out.co * out.o * (1 - out.o),  # and of the hidden state by the output gate
        ]
        slopes = tf.concat(slopes, axis=2)
        by_cell = out.o * (1 - out.co**2)

        def backward(t, d_from_later, d_cell, d_gates):
            d_state = d_hidden[t] + d_from_later
            d_cell += d_state * by_cell[t]
            d_gate = tf.concat([d_cell, d_cell, d_cell, d_state], axis=1) * slopes[t]
            d_before = tf.matmul(d_gate, recurrent_kernel, transpose_b=True)
            return t - 1, d_before, d_cell * out.f[t], d_gates.write(t, d_gate)

        d_gates = tf.TensorArray(tf.float32, width, element_shape=slopes.shape[1:])
        begin = (width - 1, start[0], start[0], d_gates)
        d_gates = tf.while_loop(lambda t, *_: t >= 0, backward, begin)[3].stack()
        before = tf.concat([inputs, hidden_before], axis=2)
        d_weights = tf.tensordot(before, d_gates, [[0, 1], [0, 1]])
        d_inputs = tf.tensordot(d_gates, kernel, [[2], [1]])
        return d_inputs, d_weights, tf.reduce_sum(d_gates, axis=[0, 1])

    return out.h, gradient


def _icfo(weights):
    """Keras's gates i, f, c, o in the order of `BlockLSTM`.

    `BlockLSTMV2` has Keras's order, but TensorFlow gives it the gradient of `BlockLSTM`, which
    takes the forget gate for the cell: tensorflow/python/ops/rnn_grad.py.
    """
    i, f, c, o = tf.split(weights, 4, axis=-1)
    return tf.concat([i, c, f, o], axis=-1)


def _has_shortcut(layer, initial_state):
    """Whether a recurrent layer is called with Keras's default options, which both classes know."""
    cell = layer.cell
    unusual = (cell.dropout, cell.recurrent_dropout, layer.return_state, layer.stateful)
    plain = cell.use_bias and cell.activation is TANH and layer.compute_dtype == "float32"
    return plain and initial_state is None and not any(unusual)


@keras.saving.register_keras_serializable("fused")
class Adam(keras.optimizers.Adam):
    """Adam (https://arxiv.org/abs/1412.6980) with TensorFlow's `ResourceApplyAdam`.

    Keras composes the update of about twelve operations, each of which goes through the whole
    embedding matrix: at small batches that is most of a training step.

    It takes the steps of `keras.optimizers.Adam` except for words that occur several times in a
    batch: Keras 3 squares each occurrence's gradient and adds the squares, where Adam squares the
    sum. With `amsgrad`, it is Keras's.
    """

    def update_step(self, gradient, variable, learning_rate):
        """As `keras.optimizers.Adam.update_step`."""
        if self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        i = self._get_variable_index(variable)
        step = tf.cast(self.iterations.value + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[i].value.handle,
            v=self._velocities[i].value.handle,
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=learning_rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.convert_to_tensor(gradient),
        )
