"""The tutorial's own method in plain Keras 3: what `vs_notebook.py` measures the scripts against.

As the notebook does it: the vectorizer is a layer of the model, adapted on the titles of 2,000 rows
one by one; batches are padded to their longest text, each epoch anew; the embedding has 20,000 rows
whatever the vocabulary; `fit` has its defaults and ends with a pass over the test split, whose
accuracy is what the tutorial reports.

    python benchmarks/notebook.py titles|masked|lstm|bilstm DATA SEED
"""

import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
sys.path.insert(0, str(Path(__file__).parent.parent))

import keras
import tensorflow as tf
from keras import layers

from corpus import load
from training.machine import peak_memory_mb

VOCAB_SIZE = 20000


def network(name):
    """(layers after the vectorizer, text, batch size) of one of the tutorial's four models."""
    if name in ("titles", "masked"):
        embedding = layers.Embedding(VOCAB_SIZE, 64, mask_zero=name == "masked")
        text = "title" if name == "titles" else "title+description"
        return [embedding, layers.SimpleRNN(16)], text, 16
    if name == "lstm":
        return [layers.Embedding(VOCAB_SIZE, 64), layers.LSTM(8)], "title+description", 8
    stack = [
        layers.Embedding(VOCAB_SIZE, 128, mask_zero=True),
        layers.Bidirectional(layers.LSTM(64, return_sequences=True)),
        layers.Bidirectional(layers.LSTM(64)),
    ]
    return stack, "title+description", 16


def main():
    """Trains one model, and prints its test accuracy and the peak memory in MB."""
    name, data, seed = sys.argv[1:]
    keras.utils.set_random_seed(int(seed))
    rows = load(data)
    stack, text, batch_size = network(name)
    vectorizer = layers.TextVectorization(max_tokens=VOCAB_SIZE)
    vectorizer.adapt(tf.data.Dataset.from_tensor_slices(rows.train.titles[:2000].tolist()))
    train, test = (
        tf.data.Dataset.from_tensor_slices((split.texts(text).tolist(), split.labels))
        for split in (rows.train, rows.test)
    )
    model = keras.Sequential(
        [keras.Input(shape=(), dtype="string"), vectorizer, *stack]
        + [layers.Dense(4, activation="softmax")]
    )
    model.compile(loss="sparse_categorical_crossentropy", metrics=["acc"], optimizer="adam")
    history = model.fit(
        train.batch(batch_size), validation_data=test.batch(batch_size), epochs=1, verbose=2
    )
    accuracy, memory = history.history["val_acc"][0], peak_memory_mb()
    print(f"accuracy {accuracy:.4f} memory {memory:.0f}")


if __name__ == "__main__":
    main()
