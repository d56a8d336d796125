"""The four networks in PyTorch, with which `vs_torch.py` compares the scripts.

PyTorch at its best: token ids made in advance, batches of similar length that are padded to their
longest text, no packing, an embedding of the vocabulary's size, the fused Adam, and one thread
where that is faster.

    python -m benchmarks.torch_method titles|masked|lstm|bilstm DATA SEED BATCH_SIZE
"""

import re
import string
import sys
import time
from collections import Counter

import numpy as np
import torch
from torch import nn

from corpus.loading import load

# model: (text, embedding, hidden units, threads)
MODELS = {
    "titles": ("title", 64, 16, 1),
    "masked": ("title+description", 64, 16, 1),
    "lstm": ("title+description", 64, 8, 1),
    "bilstm": ("title+description", 128, 64, 2),
}
PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}]")


class Network(nn.Module):
    """Embedding, recurrent layers, and a linear layer on the last state."""

    def __init__(self, name, vocab_size):
        super().__init__()
        _, embed_size, units, _ = MODELS[name]
        self.name, self.units = name, units
        self.embedding = nn.Embedding(vocab_size, embed_size)
        layer = nn.LSTM if name in ("lstm", "bilstm") else nn.RNN
        options = {"num_layers": 2, "bidirectional": True} if name == "bilstm" else {}
        self.recurrent = layer(embed_size, units, batch_first=True, **options)
        self.linear = nn.Linear(units * (2 if name == "bilstm" else 1), 4)

    def forward(self, ids, lengths):
        states, _ = self.recurrent(self.embedding(ids))
        if self.name in ("titles", "lstm"):  # padding is not masked
            return self.linear(states[:, -1])
        last = states[torch.arange(len(ids)), lengths - 1]
        if self.name == "bilstm":
            last = torch.cat([last[:, : self.units], states[:, 0, self.units :]], dim=1)
        return self.linear(last)


def token_ids(texts, vocabulary_texts, vocab_size):
    """Returns (token ids of each text, vocabulary size), as `TextVectorization` makes them."""

    def split(text):
        return PUNCTUATION.sub("", text.lower()).split()

    counts = Counter(word for text in vocabulary_texts for word in split(text))
    ids = {word: i for i, (word, _) in enumerate(counts.most_common(vocab_size - 2), start=2)}
    texts = [np.array([ids.get(word, 1) for word in split(text)] or [0]) for text in texts]
    return texts, len(ids) + 2


def main():
    """Trains for two epochs, without evaluation; prints the seconds of each."""
    name, data, seed, batch_size = sys.argv[1:]
    text, _, _, threads = MODELS[name]
    batch_size = int(batch_size)
    torch.manual_seed(int(seed))
    torch.set_num_threads(threads)
    rows = load(data).train
    texts, vocab_size = token_ids(rows.texts(text), rows.titles[:2000], 20000)
    lengths, labels = np.array([len(ids) for ids in texts]), torch.tensor(rows.labels).long()
    network = Network(name, vocab_size)
    optimizer, loss = torch.optim.Adam(network.parameters(), fused=True), nn.CrossEntropyLoss()
    random = np.random.default_rng(int(seed))
    seconds = []
    for _ in range(2):
        begin = time.perf_counter()
        shuffled = random.permutation(len(texts))
        order = shuffled[np.argsort(lengths[shuffled], kind="stable")]
        batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
        for i in random.permutation(len(batches)):
            batch, width = batches[i], lengths[batches[i]].max()
            ids = np.stack([np.pad(texts[j], (0, width - lengths[j])) for j in batch])
            optimizer.zero_grad(set_to_none=True)
            logits = network(torch.from_numpy(ids), torch.from_numpy(lengths[batch]))
            loss(logits, labels[batch]).backward()
            optimizer.step()
        seconds.append(time.perf_counter() - begin)
    print("seconds", *seconds)


if __name__ == "__main__":
    main()
