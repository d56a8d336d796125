"""Prepares AG News as a TFDS dataset, from a CSV mirror.

Zhang, Zhao and LeCun 2015, "Character-level Convolutional Networks for Text Classification",
https://arxiv.org/abs/1509.01626, made the corpus out of Gulli's collection of news articles.
"""

import hashlib
import multiprocessing
import tempfile
from itertools import islice
from multiprocessing.pool import ThreadPool
from pathlib import Path

from tqdm import tqdm

from corpus import columns, prepared
from corpus.errors import UserError, in_one_line

CLASSES = ("World", "Sports", "Business", "Sci/Tech")
LABELS = ("1", "2", "3", "4")  # as they are written in its files
MIRROR = "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv/"
MD5 = {
    "train.csv": "b1a00f826fdfbd249f79597b59e1dc12",
    "test.csv": "d52ea96a97a2d943681189a97654912d",
}
SILENCE_SECONDS = 10  # without an answer, or without a further byte
DOWNLOAD_SECONDS = 300  # for a file
MOST_MEGABYTES = 64  # twice as many as the larger file has
NAME = "ag_news_subset"  # in TFDS
INSTEAD = (
    "Instead you can use: --data DIR, a directory with its train.csv and test.csv; --data sample, "
    "the small corpus that comes with the project; TFDS's own download, python -c \"import "
    f"tensorflow_datasets as tfds; tfds.load('{NAME}')\"; or a prepared TFDS copy in"
)


def prepare():
    """Downloads AG News and prepares it for TFDS, unless that is already done.

    Raises:
        UserError: the download fails, or the TFDS data directory cannot be used.
    """
    with prepared.quiet_tfds() as tfds:
        directory = Path(tfds.core.constants.DATA_DIR, NAME)
        try:
            builder = tfds.builder(NAME)
            if not builder.is_prepared():
                _store(tfds, builder)
        except UserError as error:
            message = f"AG News could not be downloaded: {error}. {INSTEAD} {directory}"
            raise UserError(message) from error
        except Exception as error:  # TFDS raises nearly anything for a damaged copy
            problem = f"{directory}: cannot read or write AG News: {in_one_line(error)}"
            advice = "make the directory writable or, if it is damaged, delete it and try again"
            raise UserError(f"{problem}; {advice}") from error


def _store(tfds, builder):
    """Downloads AG News and stores it."""
    splits = {}
    with tempfile.TemporaryDirectory() as directory:
        for name, md5 in MD5.items():
            path = Path(directory, name)
            download(MIRROR + name, path, md5)
            rows = columns.read(path).rows(LABELS, "AG News")
            cells = zip(rows.labels.tolist(), rows.titles, rows.descriptions, strict=True)
            examples = ({"label": n, "title": t, "description": d} for n, t, d in cells)
            splits[path.stem] = list(enumerate(examples))  # pairs of a key and an example
        tfds.dataset_builders.store_as_tfds_dataset(
            name=NAME,
            version=builder.version,
            features=builder.info.features,
            split_datasets=splits,
            data_dir=builder.data_dir_root,
        )


def download(url, path, md5):
    """Downloads a file with a progress bar, and checks it.

    A silent server ends it after `SILENCE_SECONDS`, anything else after `DOWNLOAD_SECONDS` at the
    latest. It runs in a thread that can be abandoned, since no time-out of `requests` bounds a name
    look-up or a server that sends a byte now and then.

    Args:
        url: where it is.
        path: a `Path`, where it goes; left incomplete when the download fails.
        md5: its hexadecimal MD5.

    Raises:
        UserError: the server cannot be reached, is silent or too slow, or sent another file.
    """
    try:
        with ThreadPool(1) as pool:
            pool.apply_async(_fetch, (url, path, md5)).get(DOWNLOAD_SECONDS)
    except multiprocessing.TimeoutError:
        raise UserError(f"{url}: not finished after {DOWNLOAD_SECONDS} s") from None
    except Exception as error:
        while error.__context__ is not None:  # the first cause, which the others wrap in long text
            error = error.__context__
        raise UserError(f"{url}: {in_one_line(error)}") from error


def _fetch(url, path, md5):
    """Downloads and checks a file."""
    import requests  # late, since only the first run on AG News needs it

    plain = {"Accept-Encoding": "identity"}  # nothing to unpack
    with (
        requests.get(url, headers=plain, stream=True, timeout=SILENCE_SECONDS) as response,
        open(path, "wb") as file,
    ):
        response.raise_for_status()
        megabytes = islice(iter(lambda: response.raw.read(2**20), b""), MOST_MEGABYTES)
        file.writelines(tqdm(megabytes, path.name, unit="MB", leave=False, disable=None))
    content = path.read_bytes()
    received = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if received != md5:
        raise OSError(f"sent {len(content):,} bytes with MD5 {received}, expected {md5}")
