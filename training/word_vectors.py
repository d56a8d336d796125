"""Word vectors from the texts that a network is trained on, made before its training."""

import numpy as np
import tensorflow as tf

MAX_TOKENS = 3_000_000  # more texts are not read, since the pairs of their words take memory
WINDOW = 5  # words; the farther apart two words are, the less their pair counts
SMOOTHING = 0.75  # exponent of the neighbours' frequencies, so that rare ones weigh less
OVERSAMPLING, ITERATIONS = 16, 4  # of the randomised factorisation
SPREAD = 0.1  # standard deviation of the vectors' numbers; Keras's initial ones have 0.03


def of_texts(tokens, vocab_size, width):
    """Makes word vectors from co-occurrence: words with similar contexts are close.

    They factorise the positive pointwise mutual information of words and their neighbours: Levy
    and Goldberg, Neural Word Embedding as Implicit Matrix Factorization, 2014,
    https://papers.nips.cc/paper/5477-neural-word-embedding-as-implicit-matrix-factorization.
    They resemble word2vec's, and need no training.

    Args:
        tokens: `data.Tokens`; its first texts are read, three million tokens at most.
        vocab_size: the number of different ids.
        width: how many numbers a vector has.

    Returns:
        float32 array of shape (vocab_size, at most width), the same for every seed of a run; 0 for
        padding (0), the unknown word (1) and words without a neighbour that is more frequent than
        chance predicts.
    """
    with tf.device("CPU"):  # a GPU adds in any order, so that results would differ
        first = tokens[: np.searchsorted(np.cumsum(tokens.lengths), MAX_TOKENS, side="right")]
        matrix = _association(*_neighbours(first, vocab_size), vocab_size)
        vectors = _factorised(matrix, width)
    words = vectors.any(axis=1)
    if words.any():
        vectors = vectors * (SPREAD / vectors[words].std())
    return vectors.astype(np.float32)


def _neighbours(tokens, vocab_size):
    """Counts pairs of near words: (id * vocab_size + neighbour's id, weighted count of each)."""
    text = np.repeat(np.arange(len(tokens)), tokens.lengths)
    first = np.cumsum(tokens.lengths) - tokens.lengths
    ids = np.asarray(tokens.ids)[np.arange(len(text)) + (tokens.starts - first)[text]].astype(int)
    codes, counts = np.zeros(0, int), np.zeros(0)
    for distance in range(1, WINDOW + 1):
        left, right = ids[:-distance], ids[distance:]
        pairs = (text[:-distance] == text[distance:]) & (left > 1) & (right > 1)
        left, right = left[pairs], right[pairs]
        both = np.concatenate([left * vocab_size + right, right * vocab_size + left])
        new_codes, occurrences = np.unique(both, return_counts=True)
        codes, index = np.unique(np.concatenate([codes, new_codes]), return_inverse=True)
        weight = 1 - (distance - 1) / WINDOW
        counts = np.bincount(index, np.concatenate([counts, weight * occurrences]))
    return codes, counts


def _association(codes, counts, vocab_size):
    """Positive pointwise mutual information of each pair, a `tf.SparseTensor`."""
    word, neighbour = codes // vocab_size, codes % vocab_size
    frequency = np.bincount(word, counts, vocab_size)
    smoothed = frequency**SMOOTHING
    expected = frequency[word] * smoothed[neighbour] / smoothed.sum()
    information = np.log(counts / expected)
    indices = np.stack([word, neighbour], axis=1)
    positive = information > 0
    values = information[positive].astype(np.float32)
    return tf.SparseTensor(indices[positive], values, (vocab_size, vocab_size))


def _factorised(matrix, width):
    """The left singular vectors of the largest singular values, times the values' square roots.

    Halko, Martinsson, Tropp, Finding Structure with Randomness, 2011,
    https://arxiv.org/abs/0909.4061.
    """
    size = matrix.shape[0], min(matrix.shape[0], width + OVERSAMPLING)
    basis = np.random.default_rng(0).normal(size=size).astype(np.float32)
    for _ in range(ITERATIONS):
        for transposed in (False, True):
            product = tf.sparse.sparse_dense_matmul(matrix, basis, adjoint_a=transposed)
            basis = np.linalg.qr(product.numpy())[0]
    product = tf.sparse.sparse_dense_matmul(matrix, basis).numpy()
    _, values, right = np.linalg.svd(product, full_matrices=False)
    rank = np.count_nonzero(values[:width] > 1e-5 * values[0])  # others are rounding errors
    # As a product with the matrix, a row without neighbours is exactly 0.
    return product @ right[:rank].T / np.sqrt(values[:rank])
