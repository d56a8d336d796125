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

import re
import string
import time
from collections import Counter

import numpy as np
import torch  # crashes (segmentation fault) in a process that has imported TensorFlow
from torch import nn

from benchmarks.processes import markdown, measured, run_script
from benchmarks.vs_notebook import MODELS
from corpus.loading import load

# case: (model, batch size); the tutorial's batch sizes, and for the BiLSTM also a larger one
CASES = {
    "titles": ("titles", 16),
    "masked": ("masked", 16),
    "lstm": ("lstm", 8),
    "bilstm": ("bilstm", 16),
    "bilstm-128": ("bilstm", 128),
}
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


def pytorch_seconds(model, data, seed, batch_size):
    """Trains a model for two epochs, without evaluation; returns the seconds of each."""
    torch.manual_seed(seed)
    torch.set_num_threads(2 if model == "bilstm" else 1)
    rows = load(data).train
    texts = rows.texts("title" if model == "titles" else "title+description")
    texts, vocab_size = token_ids(texts, rows.titles[:2000])
    lengths, labels = np.array([len(ids) for ids in texts]), torch.tensor(rows.labels).long()
    network = Network(model, vocab_size)
    optimizer, loss = torch.optim.Adam(network.parameters(), fused=True), nn.CrossEntropyLoss()
    random, seconds = np.random.default_rng(seed), []
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
    return seconds


def measure(case, data, seed):
    """Measures a case: (ratio of the first epoch, of a later one); above 1, ours is faster."""
    model, batch_size = CASES[case]
    script, recipe, _ = MODELS[model]
    theirs = pytorch_seconds(model, data, seed, batch_size)
    command = [script, recipe, data, seed, "--validation", "none", "--batch-size", batch_size]
    if model == "masked":
        command += ["--buckets", 32]  # PyTorch's batches have similar lengths, too
    first, both = (run_script(*command, "--epochs", n)["seconds"]["fit"] for n in (1, 2))
    return theirs[0] / first, theirs[1] / (both - first)


def main():
    """Prints the table of the median ratios."""
    print(f"Torch {torch.__version__}")
    ratios = measured(__doc__, measure, CASES)
    rows = [[case, *np.median(pairs, axis=0).round(2)] for case, pairs in ratios.items()]
    print(markdown(["model", "PyTorch's seconds / ours: one epoch", "steady state"], rows))


if __name__ == "__main__":
    main()
