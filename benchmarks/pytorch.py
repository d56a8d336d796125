"""The tutorial's networks in PyTorch, with which `vs_torch.py` compares the scripts.

Needs `pip install torch`, which nothing else does. This is PyTorch at its best: token ids made in
advance, batches of similar length that are padded to their longest text, no packing (so that the
BiLSTM reads the padding, which is faster but less accurate), an embedding of the vocabulary's size,
the fused Adam, and one thread where that is faster.

    python -m benchmarks.pytorch titles|masked|lstm|bilstm DATA SEED BATCH_SIZE EPOCHS
"""

import re
import string
import sys
import time
from collections import Counter

import numpy as np
import torch  # crashes (segmentation fault) in a process that has imported TensorFlow
from torch import nn

from corpus.loading import load

PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}]")


class Network(nn.Module):
    """Embedding, recurrent layers, and a linear layer on the last state."""

    def __init__(self, name, vocab_size):
        super().__init__()
        self.name, directions = name, 2 if name == "bilstm" else 1
        embed_size, self.units = {"bilstm": (128, 64), "lstm": (64, 8)}.get(name, (64, 16))
        layer = nn.LSTM if name in ("lstm", "bilstm") else nn.RNN
        options = {"num_layers": directions, "bidirectional": directions == 2}
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.recurrent = layer(embed_size, self.units, batch_first=True, **options)
        self.linear = nn.Linear(self.units * directions, 4)

    def forward(self, ids, lengths):
        states, _ = self.recurrent(self.embedding(ids))
        if self.name in ("titles", "lstm"):  # padding is not masked
            return self.linear(states[:, -1])
        last = states[torch.arange(len(ids)), lengths - 1]
        if self.name == "bilstm":
            last = torch.cat([last[:, : self.units], states[:, 0, self.units :]], dim=1)
        return self.linear(last)


def token_ids(texts, vocabulary_texts):
    """Returns (token ids of each text, vocabulary size), as `TextVectorization` makes them."""
    split = [PUNCTUATION.sub("", text.lower()).split() for text in (*texts, *vocabulary_texts)]
    counts = Counter(word for words in split[len(texts) :] for word in words)
    ids = {word: i for i, (word, _) in enumerate(counts.most_common(19998), start=2)}
    rows = [np.array([ids.get(word, 1) for word in words] or [0]) for words in split[: len(texts)]]
    return rows, len(ids) + 2


def batches(texts, order, size):
    """Yields (positions, token ids, lengths) of batches, in an order of the positions."""
    for first in range(0, len(order), size):
        batch = order[first : first + size]
        lengths = np.array([len(texts[i]) for i in batch])
        ids = np.zeros((len(batch), lengths.max()), int)
        for row, i in zip(ids, batch, strict=True):
            row[: len(texts[i])] = texts[i]
        yield batch, torch.from_numpy(ids), torch.from_numpy(lengths)


def main():
    """Trains a model; prints its test accuracy and the seconds of each epoch."""
    name, data, *numbers = sys.argv[1:]
    seed, batch_size, epochs = map(int, numbers)
    torch.manual_seed(seed)
    torch.set_num_threads(2 if name == "bilstm" else 1)
    corpus = load(data)
    splits = corpus.train, corpus.test
    texts = [split.texts("title" if name == "titles" else "title+description") for split in splits]
    ids, vocab_size = token_ids(np.concatenate(texts), corpus.train.titles[:2000])
    train, test = ids[: len(corpus.train)], ids[len(corpus.train) :]
    lengths, labels = np.array([len(text) for text in train]), torch.tensor(corpus.train.labels)
    network = Network(name, vocab_size)
    optimizer, loss = torch.optim.Adam(network.parameters(), fused=True), nn.CrossEntropyLoss()
    random, seconds = np.random.default_rng(seed), []
    for _ in range(epochs):
        begin = time.perf_counter()
        shuffled = random.permutation(len(train))
        order = shuffled[np.argsort(lengths[shuffled], kind="stable")]
        starts = random.permutation(range(0, len(order), batch_size))
        order = np.concatenate([order[i : i + batch_size] for i in starts])
        for batch, words, counts in batches(train, order, batch_size):
            optimizer.zero_grad(set_to_none=True)
            loss(network(words, counts), labels[batch].long()).backward()
            optimizer.step()
        seconds.append(time.perf_counter() - begin)
    order, right = np.argsort([len(text) for text in test], kind="stable"), 0
    with torch.inference_mode():
        for batch, words, counts in batches(test, order, 256):
            predicted = network(words, counts).argmax(dim=1).numpy()
            right += np.count_nonzero(predicted == corpus.test.labels[batch])
    print("accuracy, seconds of each epoch:", right / len(test), *seconds)


if __name__ == "__main__":
    main()
