"""Loads the labelled texts that a run trains and tests on. Needs no TensorFlow but for AG News."""

from corpus.loading import OFFICIAL_TEST_HASH, Corpus, directory_of, load, read

__all__ = ["OFFICIAL_TEST_HASH", "Corpus", "directory_of", "load", "read"]
