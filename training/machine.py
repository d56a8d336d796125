"""What a run ran on: processor, versions, memory."""

import os
import platform
import subprocess
import sys
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

AT_ONCE = "runs at once"
PROJECT = Path(__file__).parent.parent


def versions():
    """The versions of Python and of the packages that decide a run's result."""
    packages = {name: version(name) for name in ("numpy", "tensorflow", "keras")}
    return {"python": platform.python_version()} | packages


def machine():
    """Describes in one line what a run was made on: processor, cores, system, versions.

    Whoever starts several runs at once sets RUNS_AT_ONCE to their number, which is then mentioned.
    """
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = names[0].split(":")[1].strip() if names else processor
    spelt = {"numpy": "NumPy", "tensorflow": "TensorFlow"}
    names = ", ".join(f"{spelt.get(n, n.capitalize())} {v}" for n, v in versions().items())
    shared = f", {count} {AT_ONCE}" if (count := os.environ.get("RUNS_AT_ONCE")) else ""
    return f"{processor}, {cores()} cores{shared}, {platform.system()}; {names}"


@cache
def code():
    """The version of the project: its "commit", whether files were "changed" since, and a "hash".

    The hash is of the modules that decide a run's result. Git may say nothing: None.
    """
    parts = "*.py", "corpus/*.py", "devices/*.py", "training/*.py"
    files = sorted(file for part in parts for file in PROJECT.glob(part))
    content = sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    options = {"cwd": PROJECT, "capture_output": True, "text": True, "timeout": 10, "check": True}
    try:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], **options).stdout.strip()
        status = ["git", "status", "--porcelain", "--untracked-files=no"]
        changed = bool(subprocess.run(status, **options).stdout)
    except (OSError, subprocess.SubprocessError):
        commit = changed = None
    return {"commit": commit, "changed": changed, "hash": content}


def is_shared(description):
    """Whether a description by `machine` says that runs shared it, so that seconds mean nothing."""
    return AT_ONCE in description


def cores():
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def peak_memory_mb():
    """The peak memory of this process in MB; None where the system does not provide it."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    in_bytes = peak if sys.platform == "darwin" else peak * 1024
    return round(in_bytes / 1e6, 1)
