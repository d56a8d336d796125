"""Keeps what TensorFlow's C++ code logs off the terminal, except what a user has to know.

It writes to file descriptor 2 past Python, at its import and during the whole run, and what it
writes depends on the processor. From `hide_native_logs` on the descriptor leads to a small process
of its own, which runs this file and passes on what is no log line: a process and not a thread, so
that the last words before a crash arrive. Python's `sys.stderr` goes to the terminal directly.
"""

import os
import re
import subprocess
import sys

SWITCH = "TF_CPP_MIN_LOG_LEVEL"  # a user who sets it wants to see the log
# Abseil's and TensorFlow's own form. Level F, fatal, is none of these: it ends the run.
LOG_LINE = re.compile(
    rb"(?:[IWE]\d{4} [\d:.]+ +\d+|\d{4}-\d\d-\d\d [\d:.]+: [IWE]) (?P<file>\S+):\d+\] (?P<text>.*)"
)
AROUND = (b"WARNING: All log messages before absl::InitializeLog", b"To enable the following instr")
# Why no GPU is used, for those who have a driver for one.
GPU = re.compile(rb"(?:^|/)(?:gpu_device|dso_loader|cuda_(?!dnn|fft|blas)\w+)\.cc$")


def hide_native_logs():
    """From here on only other lines than TensorFlow's log reach the terminal. Does it once.

    It does nothing where the user set `TF_CPP_MIN_LOG_LEVEL`, and where standard error is not the
    process's own: a notebook's or a test's.
    """
    if SWITCH in os.environ or _filter or sys.stderr is None or sys.stderr is not sys.__stderr__:
        return
    sys.stderr.flush()
    terminal = os.dup(2)
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": terminal}
    # A session of its own: Ctrl-C is for the run, whose end it waits for.
    options |= {"start_new_session": True, "bufsize": 0}
    _filter.append(subprocess.Popen([sys.executable, "-I", "-S", __file__], **options))
    os.dup2(_filter[0].stdin.fileno(), 2)
    _filter[0].stdin.close()
    sys.stderr = os.fdopen(
        terminal, "w", encoding=sys.stderr.encoding, errors="backslashreplace", buffering=1
    )


_filter = []


def is_noise(line, has_driver):
    """Whether a line of standard error is TensorFlow's log and no news to a user.

    Args:
        line: `bytes`.
        has_driver: whether the machine has an NVIDIA driver, and so may have a GPU.
    """
    if line.startswith(AROUND):
        return True
    found = LOG_LINE.match(line)
    if found is None:
        return False
    about_gpu = GPU.search(found["file"]) and re.match(rb"(?:\d{4}-\S+ \S+ )?[WE]", line)
    return not (has_driver and about_gpu)


def without_noise(lines, has_driver):
    """The lines that are no noise, nor indented below such a line, whose message they go on with.

    Args:
        lines, has_driver: as of `is_noise`.
    """
    hidden = False
    for line in lines:
        hidden = is_noise(line, has_driver) or (hidden and line.startswith((b" ", b"\t")))
        if not hidden:
            yield line


def main():
    """Copies standard input to standard error, line by line, without noise."""
    with os.fdopen(0, "rb") as log:
        for line in without_noise(log, os.path.exists("/proc/driver/nvidia")):
            os.write(2, line)


if __name__ == "__main__":
    main()
