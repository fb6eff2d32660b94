"""Where real servers are installed: environments of their own in a cache folder, made once and used again."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

FOLDER = "PASSFEL_PEERS"
"""Names another folder than ~/.cache/passfel-peers."""
DONE = ".passfel-ready"
INSTALL_S = 900


def peers_folder() -> Path:
    """Where all real servers are kept between runs, outside the repository."""
    folder = Path(os.environ.get(FOLDER) or Path.home() / ".cache" / "passfel-peers")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def python_environment(name: str, packages: Sequence[str], python: str = "3.13") -> Path:
    """An environment with these packages, installed when first asked for; gives its folder.

    The test is skipped, and says why, where this machine can't make it.
    """
    folder = peers_folder() / name
    if (folder / DONE).is_file():
        return folder
    uv, interpreter = shutil.which("uv"), find_python(python)
    if uv is None:
        pytest.skip("real servers are installed with uv, which is not here")
    if interpreter is None:
        pytest.skip(f"{name} needs Python {python}, which is not here")
    shutil.rmtree(folder, ignore_errors=True)
    _run(name, [uv, "venv", "--quiet", "--python", str(interpreter), str(folder)])
    _run(name, [uv, "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *packages])
    (folder / DONE).touch()
    return folder


def node_folder(name: str, packages: Sequence[str]) -> Path:
    """A folder with these npm packages, without their install scripts; skipped where npm is not here."""
    folder = peers_folder() / name
    if (folder / DONE).is_file():
        return folder
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"{name} is installed with npm, which is not here")
    folder.mkdir(parents=True, exist_ok=True)
    _run(name, [npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", *packages])
    (folder / DONE).touch()
    return folder


def find_python(version: str) -> Path | None:
    """An interpreter of this version: on the path, or among pyenv's."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    pyenv = sorted(root.glob(f"versions/{version}.*/bin/python"), reverse=True)
    if pyenv:
        return pyenv[0]
    found = shutil.which(f"python{version}")
    return Path(found) if found else None


def _run(name: str, command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{name} could not be installed in {INSTALL_S} seconds")
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        pytest.skip(f"{name} could not be installed: {reason}")
