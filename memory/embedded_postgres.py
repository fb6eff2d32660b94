"""A Postgres of our own: one server a data folder, shared by every process that uses the folder.

Who uses the server is known by locks, which the kernel lets go however a process ends: each user holds
`postgres.users.lock` shared, and whoever starts or stops the server holds `postgres.lock`. The last user
to `stop` stops the server. A server whose last user was killed goes on, and serves the next one.
"""

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from passfel.household.errors import MemoryUnavailableError
from passfel.memory.postgres_account import account_for
from passfel.memory.postgres_cluster import PostgresCluster

if sys.platform != "win32":
    import fcntl

log = logging.getLogger(__name__)

_PATIENCE_S = 30.0


class EmbeddedPostgres:
    """One holder of the server in `folder`; the owner calls `stop`, also when a signal ends the process."""

    def __init__(self, folder: Path) -> None:
        """Name PASSFEL's data folder; the cluster lives in its `postgres`. Nothing is touched yet."""
        self._folder = folder
        self._one_at_a_time = threading.Lock()
        self._hold: int | None = None

    async def start(self) -> str:
        """Make the cluster if there is none, start it or join it, and return its libpq URL.

        Raises:
            MemoryUnavailableError: it can't be had; the sentence names the folder and what to do.
        """
        try:
            return await asyncio.to_thread(self._start)
        except asyncio.CancelledError:
            await asyncio.to_thread(self._stop)
            raise

    async def stop(self) -> None:
        """Let go of the server; the last one to do so stops it."""
        await asyncio.to_thread(self._stop)

    async def __aenter__(self) -> str:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _start(self) -> str:
        if sys.platform == "win32":
            raise MemoryUnavailableError(
                "The embedded Postgres needs Linux or macOS: on Windows run PASSFEL inside WSL, "
                "or name a Postgres server."
            )
        deadline = time.monotonic() + _PATIENCE_S
        with self._one_at_a_time:
            try:
                folder = _usable(self._folder)
                with _locked(folder / "postgres.lock", deadline) as starter:
                    self._take_hold(folder)
                    cluster = PostgresCluster(folder, account_for(folder / "postgres"))
                    cluster.make(starter, deadline)
                    return cluster.bring_up(deadline)
            except OSError as error:
                self._let_go()
                raise MemoryUnavailableError(
                    f"The embedded Postgres can't work in {self._folder} ({_reason(error)}): "
                    "it needs free space and the right to write there; mend that, or choose another data folder."
                ) from error
            except BaseException:
                self._let_go()
                raise

    def _stop(self) -> None:
        with self._one_at_a_time:
            if self._hold is None:
                return
            self._let_go()
            folder = self._folder.expanduser().resolve()
            try:
                with _locked(folder / "postgres.lock", time.monotonic() + _PATIENCE_S):
                    if _nobody_holds(folder / "postgres.users.lock"):
                        PostgresCluster(folder, account_for(folder / "postgres")).halt(_PATIENCE_S)
            except (OSError, MemoryUnavailableError) as error:
                log.warning("The embedded Postgres in %s was left running: %s", folder, error)

    def _take_hold(self, folder: Path) -> None:
        """Count ourselves in. Only a stopper holds this lock alone, and it would hold the starter's too."""
        if self._hold is None:
            self._hold = os.open(folder / "postgres.users.lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._hold, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def _let_go(self) -> None:
        if self._hold is not None:
            os.close(self._hold)
            self._hold = None


def _usable(folder: Path) -> Path:
    """The folder itself, made if it is missing; where we are root, the server's account passes through it."""
    folder = folder.expanduser().resolve()
    if any(character in '"$`\\' or not character.isprintable() for character in str(folder)):
        raise MemoryUnavailableError(
            f"The data folder {str(folder)!r} has a character in its name that Postgres can't take (\"$`\\ or a "
            "control character): choose another data folder."
        )
    folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def _locked(path: Path, deadline: float) -> Iterator[int]:
    """Hold `path` alone; closing it lets go, once the children that were handed it have ended too."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _try_alone(lock):
            if time.monotonic() > deadline:
                raise MemoryUnavailableError(
                    f"Another process has been starting or stopping Postgres in {path.parent} for too long: "
                    "wait until it is done, or end it, and try again."
                )
            time.sleep(0.02)
        yield lock
    finally:
        os.close(lock)


def _try_alone(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _nobody_holds(path: Path) -> bool:
    """Whether the last user has gone; nobody can come while we hold the starter's lock."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        return _try_alone(lock)
    finally:
        os.close(lock)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
