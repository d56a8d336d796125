"""AG News from a prepared copy and from a mirror on the loopback address, good and bad."""

import hashlib
import http.server
import logging
import socket
import threading
import time
from contextlib import suppress

import pytest
import tensorflow_datasets as tfds

from corpus import ag_news, loading
from corpus.errors import UserError


class Mirror(http.server.BaseHTTPRequestHandler):
    """Serves `files`, in the manner that `manner` names."""

    files: dict = {}
    manner = "whole"

    def do_GET(self):
        content = self.files[self.path.rpartition("/")[2]]
        if self.manner == "silent":
            time.sleep(3)
            return
        if self.manner == "redirects for ever":
            self.send_response(302)
            self.send_header("Location", self.path)
            self.end_headers()
            return
        if self.manner == "missing":
            self.send_error(404)
            return
        if self.manner == "a web page":
            content = b"<html>Sign in</html>"
        self.send_response(200)
        if self.manner != "endless":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.manner == "truncated":
            content = content[:100]
        if self.manner == "endless":
            with suppress(ConnectionError):
                while True:
                    self.wfile.write(bytes(2**20))
        if self.manner == "drips":
            with suppress(ConnectionError):  # nobody waits so long
                for byte in content[:30]:
                    time.sleep(0.1)
                    self.wfile.write(bytes([byte]))
            return
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tiny, tmp_path, monkeypatch):
    """A mirror of the tiny corpus, and an empty TFDS directory."""
    Mirror.files = {name: (tiny / name).read_bytes() for name in ("train.csv", "test.csv")}
    Mirror.manner = "whole"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sums = {name: hashlib.md5(content).hexdigest() for name, content in Mirror.files.items()}
    monkeypatch.setattr(ag_news, "MIRROR", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setattr(ag_news, "MD5", sums)
    monkeypatch.setattr(ag_news, "SILENCE_SECONDS", 0.5)
    monkeypatch.setattr(ag_news, "DOWNLOAD_SECONDS", 2)
    monkeypatch.setattr(ag_news, "MOST_MEGABYTES", 3)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "tfds"))
    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path / "tfds"))
    yield server
    server.shutdown()
    server.server_close()


def test_tfds_knows_the_corpus(tmp_path):
    """Its builder needs a package that TFDS does not require, which mocked data would not show."""
    builder = tfds.builder("ag_news_subset", data_dir=tmp_path)
    assert set(builder.info.features) == {"description", "label", "title"}


def test_a_whole_mirror_is_prepared_once_and_read_from_then_on(mirror, tiny):
    corpus = loading.load("ag_news")
    mirror.shutdown()
    mirror.server_close()
    again, expected = loading.load("tfds:ag_news_subset"), loading.load(tiny)
    assert corpus.hash == again.hash == expected.hash
    assert corpus.train.titles.tolist() == expected.train.titles.tolist()
    assert len(corpus.test) == 24
    assert (corpus.classes, corpus.labels) == (expected.classes, expected.labels)
    assert (corpus.name, again.name) == ("ag_news", "tfds:ag_news_subset")


@pytest.mark.parametrize(
    ("manner", "reason"),
    [
        ("truncated", "IncompleteRead.100 bytes read"),
        ("a web page", "sent 20 bytes with MD5"),
        ("missing", "404"),
        ("silent", "timed out"),
        ("drips", "not finished after 2 s"),
        ("redirects for ever", "redirect"),
        ("endless", "sent 3,145,728 bytes with MD5"),
    ],
)
def test_a_bad_mirror_ends_soon_in_one_line_with_the_ways_on(mirror, tmp_path, manner, reason):
    Mirror.manner = manner
    begin = time.monotonic()
    with pytest.raises(UserError, match=reason) as error:
        ag_news.prepare()
    assert time.monotonic() - begin < 5
    message = str(error.value)
    assert "\n" not in message
    assert "--data DIR" in message
    assert "--data sample" in message
    assert "tfds.load('ag_news_subset')" in message
    assert str(tmp_path / "tfds" / "ag_news_subset") in message
    assert not (tmp_path / "tfds" / "ag_news_subset" / "1.0.0").exists()


def test_a_file_with_another_md5_is_refused(mirror, monkeypatch):
    monkeypatch.setitem(ag_news.MD5, "test.csv", "0" * 32)
    with pytest.raises(UserError, match=r"test\.csv: sent .* expected 0000"):
        ag_news.prepare()


def test_a_name_look_up_that_hangs_is_given_up(mirror, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(4))
    begin = time.monotonic()
    with pytest.raises(UserError, match="not finished after 2 s"):
        ag_news.prepare()
    assert time.monotonic() - begin < 4


def test_the_log_level_of_tfds_is_restored(mirror):
    level = logging.getLogger("absl").level
    Mirror.manner = "missing"
    with pytest.raises(UserError):
        ag_news.prepare()
    assert logging.getLogger("absl").level == level != logging.ERROR


def test_a_data_directory_that_cannot_be_written_is_named(mirror, tmp_path):
    (tmp_path / "tfds").write_text("a file stands here")
    with pytest.raises(UserError, match="tfds"):
        ag_news.prepare()
