import os
import subprocess
import sys

import pytest
from conftest import PROJECT

from training import quiet

PROGRAM = """
import os, sys
from training import quiet

quiet.hide_native_logs()
for line in sys.argv[1:]:
    os.write(2, line.encode() + b"\\n")
print("a warning of Python's", file=sys.stderr)
os.abort() if sys.argv[-1].startswith("F") else None
"""
NOISE = [
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
    "I0000 00:00:1795616134.215273    4123 port.cc:153] oneDNN custom operations are on.",
    "W0000 00:00:1.2  5 disk.cc:31] disk almost full",
    "E0000 00:00:1795616134.2  5 mkl_util.cc:3] oneDNN supports DT_BOOL only on platforms with X",
    "2026-11-25 10:00:00.123456: W tensorflow/core/framework/op.cc:12] something",
    "To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow.",
]
GPU = [
    "E0000 00:00:1.2  5 cuda_platform.cc:31] failed call to cuInit: CUDA_ERROR_NO_DEVICE",
    "2026-11-25 10:00:00.1: W tensorflow/core/common_runtime/gpu/gpu_device.cc:2] Cannot dlopen",
]
WORDS = [
    "F0000 00:00:1.2  5 tensor.cc:31] Check failed: 1 == 2",
    "2026-11-25 10:00:00.1: F tensorflow/core/tensor.cc:2] Check failed",
    "free(): invalid pointer",
    "E is not a log line",
]


def written(*lines, environment=None):
    """What a process with the filter leaves on standard error of the lines that it writes there."""
    environ = {name: os.environ[name] for name in os.environ if name != quiet.SWITCH}
    command = [sys.executable, "-c", PROGRAM, *lines]
    done = subprocess.run(
        command, stderr=subprocess.PIPE, text=True, cwd=PROJECT, env=environ | (environment or {})
    )
    return sorted(done.stderr.splitlines())


@pytest.mark.parametrize("line", NOISE)
def test_tensorflows_log_is_noise(line):
    assert quiet.is_noise(line.encode(), has_driver=False)
    assert quiet.is_noise(line.encode(), has_driver=True)


@pytest.mark.parametrize("line", GPU)
def test_why_no_gpu_is_used_is_told_where_there_is_a_driver(line):
    assert quiet.is_noise(line.encode(), has_driver=False)
    assert not quiet.is_noise(line.encode(), has_driver=True)
    assert quiet.is_noise(line.encode().replace(b"E0", b"I0").replace(b" W ", b" I "), True)


@pytest.mark.parametrize("line", WORDS)
def test_what_ends_a_run_and_what_is_no_log_is_passed_on(line):
    assert not quiet.is_noise(line.encode(), has_driver=False)


def test_a_message_of_several_lines_is_hidden_whole():
    log = [NOISE[2].encode(), b"\t [[{{node PyFunc}}]]", b"  more", b"\n", b" of ours"]
    assert list(quiet.without_noise(log, has_driver=False)) == [b"\n", b" of ours"]


def test_a_process_shows_its_own_words_and_the_last_before_a_crash():
    kept = ["a warning of Python's", "out of tune", WORDS[0]]
    assert written(NOISE[2], "out of tune", NOISE[3], WORDS[0]) == sorted(kept)


def test_a_user_who_asks_for_the_log_gets_it():
    assert NOISE[3] in written(NOISE[3], environment={quiet.SWITCH: "0"})
