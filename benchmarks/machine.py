"""What a benchmark's figures were measured on."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def describe():
    """One line: processor, cores, memory, system, versions."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if "model name" in line]
        processor = names[0].split(":")[1].strip() if names else processor
    packages = [f"{name} {_version(name)}" for name in ("tensorflow", "keras", "numpy", "torch")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    python = f"Python {platform.python_version()}"
    return f"{processor}, {cores} cores, {platform.system()}; {python}, {', '.join(packages)}"


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
