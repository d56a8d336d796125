"""SimpleRNN and LSTM in few large operations, for training on a CPU.

The layers have the weights of Keras's own and compute the same; what they have no shortcut for
(another activation, recurrent dropout, an initial state, ...) they leave to the class that they
extend. They are for training only: a model is saved with Keras's own layers.
Where a layer is given a mask, padding must be on the right.
"""

from functools import partial

import keras
import tensorflow as tf

TANH, SIGMOID = keras.activations.tanh, keras.activations.sigmoid
MANY_UNITS = 32  # with so many, `hidden_states` is faster than the gradient of `BlockLSTM`
STEPS_PER_TURN = 2  # of a loop, since a turn itself costs as much as a step


@keras.saving.register_keras_serializable("fused")  # for Bidirectional, which copies its layer
class SimpleRNN(keras.layers.SimpleRNN):
    """`keras.layers.SimpleRNN` as a lean loop over the words, forward and backward.

    What does not depend on the state is done for all words at once: the product with the kernel
    before the loop, and the gradients of both matrices after it.
    """

    def call(self, sequences, initial_state=None, mask=None, training=False):
        """See `keras.layers.SimpleRNN.call`; the result is that of `_StepOrder.outputs`.

        Args:
            sequences: float32 tensor of shape (batch, width, features).
            mask: bool tensor of shape (batch, width), True for words.
        """
        if not _has_shortcut(self, initial_state):
            return super().call(sequences, initial_state, mask, training)
        order = _StepOrder(sequences, mask, self)
        inputs = tf.tensordot(sequences, self.cell.kernel, 1) + self.cell.bias
        return order.outputs(simple_states(order.steps(inputs), self.cell.recurrent_kernel))


def simple_states(inputs, recurrent_kernel):
    """The states h of h = tanh(input + h @ recurrent_kernel), beginning with zeros.

    Args:
        inputs: float32 tensor of shape (steps, batch, units), as from `_StepOrder.steps`.
        recurrent_kernel: float32 tensor of shape (units, units).

    Returns:
        float32 tensor of shape (steps, batch, units).
    """
    steps = tf.shape(inputs)[0]
    array = partial(tf.TensorArray, tf.float32, steps, element_shape=inputs.shape[1:])

    @tf.custom_gradient
    def loop(inputs, kernel):
        def forward(t, state, states):
            state = tf.tanh(inputs[t] + state @ kernel)
            return state, states.write(t, state)

        start = tf.zeros_like(inputs[0])
        states = _loop(steps, forward, (start, array()))[1].stack()

        def gradient(d_states):
            slopes = 1 - states * states  # of tanh
            transposed = tf.transpose(kernel)  # once: within the loop it would cost more

            def backward(k, d_from_later, d_inputs):
                t = steps - 1 - k
                d_input = (d_from_later + d_states[t]) * slopes[t]
                return d_input @ transposed, d_inputs.write(t, d_input)

            d_inputs = _loop(steps, backward, (start, array()))[1].stack()
            before = tf.concat([start[None], states[:-1]], axis=0)
            return d_inputs, tf.tensordot(before, d_inputs, [[0, 1], [0, 1]])

        return states, gradient

    return loop(inputs, tf.convert_to_tensor(recurrent_kernel))


def _loop(steps, step, values):
    """Repeats `values = step(k, *values)` for k from 0 on, `steps` times; returns the last.

    Args:
        steps: a multiple of STEPS_PER_TURN.
    """

    def turn(k, *values):
        for later in range(STEPS_PER_TURN):
            values = step(k + later, *values)
        return k + STEPS_PER_TURN, *values

    return tf.while_loop(lambda k, *_: k < steps, turn, (0, *values))[1:]


@keras.saving.register_keras_serializable("fused")
class LSTM(keras.layers.LSTM):
    """`keras.layers.LSTM` as one operation, TensorFlow's `BlockLSTM`, instead of a loop.

    It has the gate order (input, forget, cell, output) of its base class, so that weights can
    be copied between them.
    """

    def call(self, sequences, initial_state=None, mask=None, training=False):
        """See `keras.layers.LSTM.call`; the result is that of `_StepOrder.outputs`.

        Args:
            sequences: float32 tensor of shape (batch, width, features).
            mask: bool tensor of shape (batch, width), True for words.
        """
        if not _has_shortcut(self, initial_state) or self.recurrent_activation is not SIGMOID:
            return super().call(sequences, initial_state, mask, training)
        order = _StepOrder(sequences, mask, self)
        block = block_lstm if self.units < MANY_UNITS else hidden_states
        weights = _icfo(tf.concat([self.cell.kernel, self.cell.recurrent_kernel], axis=0))
        return order.outputs(block(order.steps(sequences), weights, _icfo(self.cell.bias)))


class _StepOrder:
    """The step in which a layer reads each word of a batch.

    Texts are (batch, width, ...), an operation reads (steps, batch, ...). Rows are gathered from
    one to the other, and back in the gradient: faster than a transposition and a
    `reverse_sequence` in TensorFlow.
    """

    def __init__(self, sequences, mask, layer):
        backwards = layer.go_backwards
        self._layer, self._mask = layer, mask
        texts, width = tf.shape(sequences)[0], tf.shape(sequences)[1]
        lengths = tf.fill([texts], width)
        if mask is not None:
            lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        text, last = tf.range(texts), lengths - 1
        turns = (tf.maximum(tf.reduce_max(lengths), 1) + STEPS_PER_TURN - 1) // STEPS_PER_TURN
        step = tf.range(turns * STEPS_PER_TURN)[:, None]
        position = tf.range(width)[None, :]
        position_of = last - step if backwards else step
        step_of = last[:, None] - position if backwards else position
        self._to_steps = text * width + tf.clip_by_value(position_of, 0, width - 1)
        step_of = tf.clip_by_value(step_of, 0, tf.shape(step)[0] - 1)
        self._to_positions = step_of * texts + text[:, None]
        self._last_row = tf.maximum(last, 0) * texts + text
        self._is_step = tf.cast(step < lengths, tf.float32)[:, :, None]
        self._is_word = None if mask is None else tf.cast(mask, tf.float32)[:, :, None]

    def steps(self, sequences):
        """Reorders (batch, width, features) to (steps, batch, features)."""
        return _reordered(sequences, (self._to_steps,), (self._to_positions, self._is_word))

    def outputs(self, hidden):
        """Turns the states of all steps into what the layer returns.

        Args:
            hidden: float32 tensor of shape (steps, batch, units), the states after each step.

        Returns:
            The last state of each text, (batch, units); with `return_sequences`, all of them,
            (batch, width, units), in the order in which the layer reads. At padding they are what
            Keras has there: 0 within Bidirectional and before a text, else the last state again.
        """
        if not self._layer.return_sequences:
            return self._last(hidden)
        to_positions = self._to_positions, self._is_word  # 0 at padding
        states = _reordered(hidden, to_positions, (self._to_steps, self._is_step))
        if self._layer.go_backwards:
            return tf.reverse(states, axis=[1])
        if self._mask is None or self._layer.zero_output_for_mask:
            return states
        return tf.where(self._mask[:, :, None], states, self._last(hidden)[:, None])

    def _last(self, hidden):
        """The state (batch, units) at the end of each text, 0 where there is no word."""
        return _rows(hidden, self._last_row, self._is_step[0])


def _reordered(values, there, back):
    """Gathers `_rows` there and, in the gradient, back, where TensorFlow's would add them up."""

    @tf.custom_gradient
    def gathered(values):
        return _rows(values, *there), lambda d: _rows(d, *back)

    return gathered(values)


def _rows(values, rows, keep=None):
    """Gathers rows of (a, b, features) by flat index; rows with `keep == 0` become zero."""
    taken = tf.gather(tf.reshape(values, [-1, values.shape[-1]]), rows)
    return taken if keep is None else taken * keep


def block_lstm(inputs, weights, bias):
    """The hidden states of an LSTM that begins with zeros: TensorFlow's operation `BlockLSTM`.

    Args:
        inputs: float32 tensor of shape (steps, batch, features).
        weights: float32 tensor of shape (features + units, 4 * units), the kernel above the
            recurrent kernel, its gates in the order of `_icfo`.
        bias: float32 tensor of shape (4 * units,).

    Returns:
        float32 tensor of shape (steps, batch, units).
    """
    return _block_lstm(inputs, weights, bias).h


def _block_lstm(inputs, weights, bias):
    units = bias.shape[0] // 4
    zeros, no_peephole = tf.zeros([tf.shape(inputs)[1], units]), tf.zeros([units])
    return tf.raw_ops.BlockLSTM(
        seq_len_max=tf.shape(inputs, tf.int64)[0],
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


@tf.custom_gradient
def hidden_states(inputs, weights, bias):
    """Computes what `block_lstm` does, with a faster gradient for many units.

    TensorFlow's gradient adds to the gradient of the weights at every step. Here the loop contains
    only what depends on the step after it; one product over all steps gives the gradient of each
    matrix.
    """
    out = _block_lstm(inputs, weights, bias)
    features = inputs.shape[-1]
    kernel, recurrent_kernel = weights[:features], weights[features:]

    def gradient(d_hidden):
        start = tf.zeros_like(out.h[:1])
        cells_before = tf.concat([start, out.cs[:-1]], axis=0)
        slopes = [  # of the cell's state by the input gate, new content and forget gate
            out.ci * out.i * (1 - out.i),
            out.i * (1 - out.ci**2),
            cells_before * out.f * (1 - out.f),
            out.co * out.o * (1 - out.o),  # and of the hidden state by the output gate
        ]
        slopes = tf.concat(slopes, axis=2)
        by_cell = out.o * (1 - out.co**2)
        transposed = tf.transpose(recurrent_kernel)  # once: within the loop it would cost more

        steps = tf.shape(inputs)[0]

        def backward(k, d_from_later, d_cell, d_gates):
            t = steps - 1 - k
            d_state = d_hidden[t] + d_from_later
            d_cell += d_state * by_cell[t]
            d_gate = tf.concat([d_cell, d_cell, d_cell, d_state], axis=1) * slopes[t]
            return d_gate @ transposed, d_cell * out.f[t], d_gates.write(t, d_gate)

        d_gates = tf.TensorArray(tf.float32, steps, element_shape=slopes.shape[1:])
        d_gates = _loop(steps, backward, (start[0], start[0], d_gates))[2].stack()
        units = recurrent_kernel.shape[0]
        before = tf.reshape(out.h[:-1], [-1, units])
        words, d_words = tf.reshape(inputs, [-1, features]), tf.reshape(d_gates, [-1, 4 * units])
        d_after = d_words[tf.shape(inputs)[1] :]
        d_kernels = [
            tf.matmul(words, d_words, transpose_a=True),
            tf.matmul(before, d_after, transpose_a=True),
        ]
        d_inputs = tf.reshape(tf.matmul(d_words, kernel, transpose_b=True), tf.shape(inputs))
        return d_inputs, tf.concat(d_kernels, axis=0), tf.reduce_sum(d_words, axis=0)

    return out.h, gradient


def _icfo(weights):
    """Keras's gates i, f, c, o in the order of `BlockLSTM`.

    `BlockLSTMV2` has Keras's order, but TensorFlow gives it the gradient of `BlockLSTM`, which
    uses the forget gate as the cell: tensorflow/python/ops/rnn_grad.py.
    """
    i, f, c, o = tf.split(weights, 4, axis=-1)
    return tf.concat([i, c, f, o], axis=-1)


def _has_shortcut(layer, initial_state):
    """Whether a recurrent layer is called with Keras's default options, which these layers have."""
    cell = layer.cell
    unusual = (cell.dropout, cell.recurrent_dropout, layer.return_state, layer.stateful)
    plain = cell.use_bias and cell.activation is TANH and layer.compute_dtype == "float32"
    return plain and initial_state is None and not any(unusual)
