"""Batches of texts of like length, so that there is little padding."""

import numpy as np


def bucket_boundaries(lengths, buckets):
    """Bucket boundaries: the widths that batches are padded to.

    They stand at the quantiles of the lengths, so that each bucket holds about as many texts.

    Args:
        lengths: int array, tokens of each text.
        buckets: the number of buckets at most.

    Returns:
        Ascending int array of distinct widths, none below 1; the last is the longest length.
    """
    quantiles = np.quantile(lengths, np.arange(1, buckets + 1) / buckets)
    return np.unique(np.ceil(quantiles).astype(int).clip(min=1))


def bucketed(lengths, batch_size, boundaries):
    """Cuts texts into batches of like length.

    A bucket's leftover texts go into the next wider one, so that only one batch is not full.

    Args:
        lengths: int array, tokens of each text, in the order in which texts should be used.
        batch_size: texts per batch.
        boundaries: ascending int array, as of `bucket_boundaries`; a longer text has its own width.

    Returns:
        List of (positions in `lengths`, width): narrow batches first.
    """
    bucket = np.searchsorted(boundaries, lengths)
    order = np.argsort(bucket, kind="stable")
    batches = []
    for first in range(0, len(order), batch_size):
        positions = order[first : first + batch_size]
        last = bucket[positions[-1]]
        width = boundaries[last] if last < len(boundaries) else lengths[positions].max()
        batches.append((positions, int(width)))
    return batches


def without_padding(lengths, batch_size):
    """Cuts texts into batches of the same length: list of (positions in `lengths`, width)."""
    alike = [(np.flatnonzero(lengths == length), max(length, 1)) for length in np.unique(lengths)]
    return [
        (positions[first : first + batch_size], width)
        for positions, width in alike
        for first in range(0, len(positions), batch_size)
    ]
