"""The rows of a corpus: which, how many, in what order. Only datasets of TFDS need TensorFlow."""
