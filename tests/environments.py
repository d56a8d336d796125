"""Runs the default tests with several Pythons, on the oldest and the newest packages allowed.

    python tests/environments.py DIR [--python 3.11 3.12 3.13] [--packages oldest newest]

Each combination has a virtual environment and a log in DIR. A Python is named by its version or
by its path. Packages that tensorflow and the others bring with them are the newest in both cases.
"""

import argparse
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent
RESOLUTIONS = {"oldest": "lowest-direct", "newest": "highest"}
SHOWN = "tensorflow", "keras", "tensorflow-datasets", "numpy", "pyarrow", "matplotlib"


def run(log, *command):
    """Runs a command in the project, its output added to a log; returns whether it succeeded."""
    with open(log, "a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(map(str, command))}\n")
        file.flush()
        done = subprocess.run(
            list(map(str, command)), cwd=PROJECT, stdout=file, stderr=file, timeout=3600
        )
    return done.returncode == 0


def check(python, packages, directory):
    """Makes an environment and runs the tests in it; returns (whether they passed, a summary)."""
    name = f"{python.strip('/').replace('/', '-')}-{packages}"
    environment, log = directory / name, directory / f"{name}.log"
    log.unlink(missing_ok=True)
    uv, here = [sys.executable, "-m", "uv"], ["--python", environment / "bin" / "python"]
    if not run(log, *uv, "venv", "--clear", "--no-python-downloads", "-p", python, environment):
        return None, f"this Python cannot be used, see {log}"
    options = ["--resolution", RESOLUTIONS[packages], "-r", "requirements-dev.txt"]
    if not run(log, *uv, "pip", "install", *here, *options):
        return False, f"the requirements cannot be installed, see {log}"
    frozen = [*map(str, uv), "pip", "freeze", *map(str, here)]
    frozen = subprocess.run(frozen, capture_output=True, text=True, check=True).stdout.split()
    versions = ", ".join(line for line in frozen if line.split("==")[0] in SHOWN)
    passed = run(log, environment / "bin" / "python", "-m", "pytest", "-q")
    lines = log.read_text(encoding="utf-8").splitlines()
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return passed, "\n    ".join([f"{lines[-1]} ({versions})", *failed])


def main():
    """Checks every combination; the exit status is 1 if one failed or none could be had."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--python", nargs="+", default=["3.11", "3.12", "3.13"], metavar="PYTHON")
    parser.add_argument("--packages", nargs="+", default=[*RESOLUTIONS], choices=RESOLUTIONS)
    options = parser.parse_args()
    options.directory = options.directory.absolute()
    options.directory.mkdir(parents=True, exist_ok=True)
    results = []
    for python in options.python:
        for packages in options.packages:
            passed, summary = check(python, packages, options.directory)
            print(f"Python {python}, {packages} packages: {summary}", flush=True)
            results.append(passed)
    sys.exit(0 if any(results) and False not in results else 1)


if __name__ == "__main__":
    main()
