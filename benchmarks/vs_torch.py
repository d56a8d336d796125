"""Compares the time of `fit` with PyTorch: same models, batch sizes, optimizer and rows.

Needs `pip install torch`, which nothing else does. It measures the first epoch, which includes
tracing, and the steady state, the difference between runs of two epochs and of one. Each repetition
runs PyTorch and the scripts one after the other; the table contains medians of ratios.

This is PyTorch at its best: token ids made in advance, batches of similar length that are padded to
their longest text, no packing (so that the BiLSTM reads the padding, which is faster but less
accurate), an embedding of the vocabulary's size, the fused Adam, and one thread where that is
faster.

    python -m benchmarks.vs_torch --data DIR
"""

import time

import numpy as np
import torch
from torch import nn

import data
from benchmarks.processes import markdown, measured, run_script
from benchmarks.vs_notebook import MODELS

# case: (model, batch size); the tutorial's batch sizes, and for the BiLSTM also a larger one
CASES = {
    "titles": ("titles", 16),
    "masked": ("masked", 16),
    "lstm": ("lstm", 8),
    "bilstm": ("bilstm", 16),
    "bilstm-128": ("bilstm", 128),
}


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


def pytorch_seconds(model, source, seed, batch_size):
    """Trains a model for two epochs, without evaluation; returns the seconds of each."""
    torch.manual_seed(seed)
    torch.set_num_threads(2 if model == "bilstm" else 1)
    rows = data.load(source).train
    text = "title" if model == "titles" else "title+description"
    vectorizer = data.fit_vectorizer(rows[:2000], "title", 20000, reads=text)
    tokens = data.vectorize(vectorizer, rows)
    network = Network(model, vectorizer.vocabulary_size())
    optimizer, loss = torch.optim.Adam(network.parameters(), fused=True), nn.CrossEntropyLoss()
    all_ids, labels = np.asarray(tokens.ids), torch.from_numpy(tokens.labels).long()
    random, seconds = np.random.default_rng(seed), []
    for _ in range(2):
        begin = time.perf_counter()
        order = random.permutation(len(tokens))
        batches = data.bucketed(tokens.lengths[order], batch_size, np.unique(tokens.lengths))
        for i in random.permutation(len(batches)):
            positions, width = order[batches[i][0]], batches[i][1]
            columns, lengths = np.arange(width), tokens.lengths[positions]
            where = tokens.starts[positions, None] + columns
            ids = all_ids[np.where(columns < lengths[:, None], where, -1)]  # the last is padding
            optimizer.zero_grad(set_to_none=True)
            logits = network(torch.from_numpy(ids), torch.from_numpy(lengths))
            loss(logits, labels[positions]).backward()
            optimizer.step()
        seconds.append(time.perf_counter() - begin)
    return seconds


def measure(case, source, seed):
    """Measures a case: (ratio of the first epoch, of a later one); above 1, ours is faster."""
    model, batch_size = CASES[case]
    script, recipe, _ = MODELS[model]
    theirs = pytorch_seconds(model, source, seed, batch_size)
    command = [script, recipe, source, seed, "--validation", "none", "--batch-size", batch_size]
    if model == "masked":
        command += ["--buckets", 32]  # PyTorch's batches have similar lengths, too
    first, both = (run_script(*command, "--epochs", n)["seconds"]["fit"] for n in (1, 2))
    return theirs[0] / first, theirs[1] / (both - first)


def main():
    """Prints the table of the median ratios."""
    ratios = measured(__doc__, measure, CASES)
    rows = [[case, *np.median(pairs, axis=0).round(2)] for case, pairs in ratios.items()]
    print(markdown(["model", "PyTorch's seconds / ours: one epoch", "steady state"], rows))


if __name__ == "__main__":
    main()
