"""AG News itself: a prepared TFDS copy, else the CSV mirror, else TFDS's own download.

Zhang, Zhao and LeCun 2015, "Character-level Convolutional Networks for Text Classification",
https://arxiv.org/abs/1509.01626, made the corpus out of Gulli's collection of news articles.
"""

import hashlib
import http.client
import logging
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

import numpy as np
from tqdm import tqdm

from corpus import columns
from corpus.errors import UserError, in_one_line
from corpus.rows import Rows

CLASSES = ("World", "Sports", "Business", "Sci/Tech")
LABELS = ("1", "2", "3", "4")  # as they are written in its files
MIRROR = "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv/"
MD5 = {
    "train.csv": "b1a00f826fdfbd249f79597b59e1dc12",
    "test.csv": "d52ea96a97a2d943681189a97654912d",
}
TFDS_HOST = "https://drive.google.com/"
LARGEST_FILE = 100_000_000  # bytes; train.csv has 29,470,338
STALL_SECONDS = 10
STALL_BYTES = 50_000  # a download that gets less than this in STALL_SECONDS is given up
TFDS_SECONDS = 300


def load():
    """Loads AG News, and prepares it first as a TFDS dataset where that was not yet done.

    Returns:
        (train, test), both `Rows`: 120,000 and 7,600 of them.

    Raises:
        UserError: no source can be reached, or the TFDS data directory cannot be used.
    """
    import tensorflow_datasets as tfds  # takes a second, which the other sources need not pay

    logging.getLogger("absl").setLevel(logging.ERROR)  # it warns where nothing is prepared yet
    directory = Path(tfds.core.constants.DATA_DIR, "ag_news_subset")
    try:
        builder = tfds.builder("ag_news_subset")
        if not builder.is_prepared():
            _prepare(builder)
            builder = tfds.builder("ag_news_subset")
        return _read(builder, "train"), _read(builder, "test")
    except UserError:
        raise
    except Exception as error:  # TFDS raises nearly anything for a copy that is damaged
        raise UserError(
            f"{directory}: AG News cannot be read or written there: {in_one_line(error)}; "
            "make the directory writable or, if it is damaged, delete it, and it is prepared again"
        ) from error


def _read(builder, split):
    columns = builder.as_dataset(split=split, batch_size=-1)
    return Rows(
        columns["label"].numpy().astype(np.int32),
        _decoded(columns["title"]),
        _decoded(columns["description"]),
    )


def _decoded(strings):
    return np.array([text.decode("utf-8") for text in strings.numpy()], dtype=object)


def _prepare(builder):
    tried = []
    for prepare in (_prepare_from_mirror, _prepare_from_tfds):
        try:
            return prepare(builder)
        except UserError as error:
            tried.append(str(error))
    raise UserError(
        f"AG News could not be downloaded. Tried: {'; '.join(tried)}. Ways on: "
        "--data DIR, a directory that holds its train.csv and test.csv; --data sample, the small "
        f"corpus that is here already; or put a prepared TFDS copy in {builder.data_path}"
    )


def _prepare_from_mirror(builder):
    import tensorflow_datasets as tfds

    if not sys.stderr.isatty():
        tfds.disable_progress_bar()
    with tempfile.TemporaryDirectory() as directory:
        splits = {}
        for name, md5 in MD5.items():
            path = Path(directory) / name
            download(MIRROR + name, path, md5)
            rows = columns.read(path).rows({label: i for i, label in enumerate(LABELS)}, "AG News")
            splits[path.stem] = _examples(rows)
        tfds.dataset_builders.store_as_tfds_dataset(
            name=builder.name,
            version=builder.version,
            features=builder.info.features,
            split_datasets=splits,
            data_dir=builder.data_dir_root,
            homepage=builder.info.homepage,
        )


def _examples(rows):
    columns = zip(rows.labels.tolist(), rows.titles, rows.descriptions, strict=True)
    return [
        (key, {"label": label, "title": title, "description": description})
        for key, (label, title, description) in enumerate(columns)
    ]


def _prepare_from_tfds(builder):
    """TFDS's own download, from Google Drive, in a process that can be stopped: it has no limit."""
    _in_thread(lambda: urllib.request.urlopen(TFDS_HOST, timeout=STALL_SECONDS).close(), TFDS_HOST)
    command = (
        f"import tensorflow_datasets as tfds; tfds.builder({builder.name!r}).download_and_prepare()"
    )
    try:
        subprocess.run(
            [sys.executable, "-c", command],
            timeout=TFDS_SECONDS,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
    except subprocess.TimeoutExpired as error:
        raise UserError(f"TFDS: not finished in {TFDS_SECONDS} s") from error
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines() or [str(error)]
        raise UserError(f"TFDS: {lines[-1][:200]}") from error


def download(url, path, md5):
    """Downloads a file with a progress bar, and checks it.

    Args:
        url: where it is.
        path: where it goes; left incomplete when the download fails.
        md5: its hexadecimal MD5.

    Raises:
        UserError: the server cannot be reached, is silent or too slow, or sent another file.
    """
    name = url.rpartition("/")[2]
    with tqdm(desc=name, unit="B", unit_scale=True, disable=None, leave=False) as progress:
        _in_thread(lambda: _fetch(url, path, progress), url, progress)
    received = hashlib.md5(Path(path).read_bytes(), usedforsecurity=False).hexdigest()
    if received != md5:
        size = Path(path).stat().st_size
        raise UserError(f"{url}: sent {size:,} bytes of md5 {received}, expected md5 {md5}")


def _fetch(url, path, progress):
    received = 0
    with (
        urllib.request.urlopen(url, timeout=STALL_SECONDS) as response,
        open(path, "wb") as file,
    ):
        progress.total = int(response.headers.get("Content-Length") or 0) or None
        while chunk := response.read1(1 << 16):
            received += len(chunk)
            if received > LARGEST_FILE:
                raise OSError(f"sent more than {LARGEST_FILE:,} bytes")
            file.write(chunk)
            progress.update(len(chunk))


def _in_thread(function, url, progress=None):
    """Waits for a function that uses the network, as long as its progress does not stall.

    The thread can be abandoned, which no time-out of a socket replaces: a name look-up has none,
    and a server that drips a byte a second never meets its own.
    """
    failures = []

    def call():
        try:
            function()
        except (OSError, http.client.HTTPException, ValueError) as error:
            failures.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    while thread.is_alive():
        received = progress.n if progress is not None else 0
        thread.join(STALL_SECONDS)
        stalled = progress is None or progress.n - received < STALL_BYTES
        if thread.is_alive() and stalled:
            raise UserError(f"{url}: no answer or too slow, given up after {STALL_SECONDS} s")
    if failures:
        raise UserError(f"{url}: {' '.join(str(failures[0]).split())}")
