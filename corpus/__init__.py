"""The rows of a corpus: which, how many, in what order. Only AG News needs TensorFlow."""
