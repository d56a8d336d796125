"""Word vectors from the texts that a network is trained on, before its training."""

import numpy as np
import tensorflow as tf

TOKENS = 3_000_000  # that are read at most: their pairs take memory
NEAR = 5  # words: the farther apart, the less a pair counts
SMOOTHING = 0.75  # of how frequent neighbours are, lest rare ones seem to say much
SPARE, ROUNDS = 16, 4  # of the factorisation: columns beyond those wanted, and repetitions
TINY = 1e-5  # a singular value that is but rounding, as a share of the largest
SPREAD = 0.1  # standard deviation of their numbers; Keras's initial ones have 0.03


def of_texts(tokens, vocab_size, width):
    """Vectors by which words are alike that stand among the same others.

    They factorise a matrix of how much more often two words stand near each other than chance has
    it: Levy and Goldberg, Neural Word Embedding as Implicit Matrix Factorization, 2014,
    https://papers.nips.cc/paper/5477-neural-word-embedding-as-implicit-matrix-factorization.
    They are like those of word2vec, and need no training.

    Args:
        tokens: `data.Tokens`, of which the first texts are read, three million tokens at most.
        vocab_size: the number of different ids.
        width: how many numbers a vector has.

    Returns:
        float32 array of shape (vocab_size, at most width), the same for every seed of a run; 0 for
        padding (0), the unknown word (1), and ids that no other stands near more than by chance.
    """
    with tf.device("CPU"):  # sums on a GPU come in any order
        first = tokens[: np.searchsorted(np.cumsum(tokens.lengths), TOKENS, side="right")]
        matrix = _association(*_neighbours(first, vocab_size), vocab_size)
        vectors = _factorised(matrix, width)
    words = vectors.any(axis=1)
    if words.any():
        vectors = vectors * (SPREAD / vectors[words].std())
    return vectors.astype(np.float32)


def _neighbours(tokens, vocab_size):
    """(codes, counts): id * vocab_size + id of each pair of words that stand near each other."""
    text = np.repeat(np.arange(len(tokens)), tokens.lengths)
    first = np.cumsum(tokens.lengths) - tokens.lengths
    ids = np.asarray(tokens.ids)[np.arange(len(text)) + (tokens.starts - first)[text]].astype(int)
    codes, counts = np.zeros(0, int), np.zeros(0)
    for distance in range(1, NEAR + 1):
        left, right = ids[:-distance], ids[distance:]
        pairs = (text[:-distance] == text[distance:]) & (left > 1) & (right > 1)
        left, right = left[pairs], right[pairs]
        both = np.concatenate([left * vocab_size + right, right * vocab_size + left])
        more, times = np.unique(both, return_counts=True)
        codes, place = np.unique(np.concatenate([codes, more]), return_inverse=True)
        weight = 1 - (distance - 1) / NEAR
        counts = np.bincount(place, np.concatenate([counts, weight * times]))
    return codes, counts


def _association(codes, counts, vocab_size):
    """Positive pointwise mutual information of each pair: a `tf.SparseTensor`."""
    word, neighbour = codes // vocab_size, codes % vocab_size
    frequency = np.bincount(word, counts, vocab_size)
    smoothed = frequency**SMOOTHING
    expected = frequency[word] * smoothed[neighbour] / smoothed.sum()
    information = np.log(counts / expected)
    places = np.stack([word, neighbour], axis=1)
    more = information > 0
    shape = vocab_size, vocab_size
    return tf.SparseTensor(places[more], information[more].astype(np.float32), shape)


def _factorised(matrix, width):
    """The left singular vectors of the largest singular values, times the roots of these.

    After Halko, Martinsson, Tropp, Finding Structure with Randomness, 2011,
    https://arxiv.org/abs/0909.4061.
    """
    size = matrix.shape[0], min(matrix.shape[0], width + SPARE)
    basis = np.random.default_rng(0).normal(size=size).astype(np.float32)
    for _ in range(ROUNDS):
        for transposed in (False, True):
            product = tf.sparse.sparse_dense_matmul(matrix, basis, adjoint_a=transposed)
            basis = np.linalg.qr(product.numpy())[0]
    product = tf.sparse.sparse_dense_matmul(matrix, basis).numpy()
    _, values, right = np.linalg.svd(product, full_matrices=False)
    wanted = np.count_nonzero(values[:width] > TINY * values[0])
    return product @ right[:wanted].T / np.sqrt(values[:wanted])  # words alone stay exactly 0
