"""Map the folders at the top of the repository to `passfel.*` packages (a namespace package)."""

from pathlib import Path

from setuptools import setup

ROOMS = (
    "app",
    "evals",
    "graph",
    "household",
    "memory",
    "nlu",
    "nodes",
    "serving",
    "tools",
    "tests/servers",  # the stand-in world, which evals and benchmarks share with the tests
)
FOLDERS = [path.parent for room in ROOMS for path in sorted(Path(room).rglob("__init__.py"))]
PACKAGES = {f"passfel.{'.'.join(folder.parts)}": str(folder) for folder in FOLDERS}

setup(packages=sorted(PACKAGES), package_dir=PACKAGES)
