"""The tutorial's own method in plain Keras 3, with which `vs_notebook.py` compares the scripts.

As in the notebook, the vectorizer is a layer of the model and adapts to the titles of 2,000 rows,
one by one. Batches are padded to their longest text in every epoch. The embedding has 20,000 rows,
whatever the size of the vocabulary. `fit` has its default arguments and evaluates the test split at
the end; the tutorial reports this accuracy.

    python -m benchmarks.notebook titles|masked|lstm|bilstm DATA SEED
"""

import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import tensorflow as tf
from keras import layers

import models
from corpus.loading import load
from training.machine import peak_memory_mb

VOCAB_SIZE, FULL_TEXT = 20000, "title+description"
# name: (the network, whose defaults are the tutorial's; what it reads; batch size)
NETWORKS = {
    "titles": (models.simple_rnn, "title", 16),
    "masked": (models.masked_rnn, FULL_TEXT, 16),
    "lstm": (models.lstm, FULL_TEXT, 8),
    "bilstm": (models.stacked_bilstm, FULL_TEXT, 16),
}


def main():
    """Trains a model; prints its test accuracy and the peak memory in MB."""
    name, data, seed = sys.argv[1:]
    keras.utils.set_random_seed(int(seed))
    rows = load(data)
    network, text, batch_size = NETWORKS[name]
    vectorizer = layers.TextVectorization(max_tokens=VOCAB_SIZE)
    vectorizer.adapt(tf.data.Dataset.from_tensor_slices(rows.train.titles[:2000].tolist()))
    train, test = (
        tf.data.Dataset.from_tensor_slices((split.texts(text).tolist(), split.labels))
        for split in (rows.train, rows.test)
    )
    text_input = keras.Input(shape=(), dtype="string")
    model = keras.Sequential([text_input, vectorizer, *network(VOCAB_SIZE).layers])
    model.compile(loss="sparse_categorical_crossentropy", metrics=["acc"], optimizer="adam")
    history = model.fit(
        train.batch(batch_size), validation_data=test.batch(batch_size), epochs=1, verbose=2
    )
    print("accuracy, peak MB:", history.history["val_acc"][0], peak_memory_mb())


if __name__ == "__main__":
    main()
