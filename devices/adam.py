"""Adam in one operation, for training on a CPU."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("fused")
class Adam(keras.optimizers.Adam):
    """Adam (https://arxiv.org/abs/1412.6980) with TensorFlow's `ResourceApplyAdam`.

    Keras composes the update of about twelve operations, each of which goes through the whole
    embedding matrix: at small batches that is most of a training step.

    It takes the steps of `keras.optimizers.Adam` except for words that occur several times in a
    batch: Keras 3 squares each occurrence's gradient and adds the squares, where Adam squares the
    sum. It has no `amsgrad`.
    """

    def update_step(self, gradient, variable, learning_rate):
        """As `keras.optimizers.Adam.update_step`."""
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
