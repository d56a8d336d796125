"""What a run ran on: processor, versions, memory."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path


def versions():
    """The versions of Python and of the packages that decide a run's result."""
    packages = {name: version(name) for name in ("numpy", "tensorflow", "keras")}
    return {"python": platform.python_version()} | packages


def machine():
    """One line on what figures were measured on: processor, cores, system, versions."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = names[0].split(":")[1].strip() if names else processor
    names = ", ".join(f"{name.capitalize()} {number}" for name, number in versions().items())
    return f"{processor}, {cores()} cores, {platform.system()}; {names}"


def cores():
    """The number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def peak_memory_mb():
    """The most memory that this process held, in MB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    in_bytes = peak if sys.platform == "darwin" else peak * 1024
    return round(in_bytes / 1e6, 1)
