"""A Postgres of our own: one server a data folder, shared by every process that uses the folder.

Who uses the server is known by locks (memory/server_locks.py). The last user to `stop` stops the server.
A server whose last user was killed goes on, and serves the next one.
"""

import asyncio
import logging
import os
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

from passfel.household.errors import MemoryUnavailableError
from passfel.memory.postgres_account import account_for
from passfel.memory.postgres_cluster import PostgresCluster
from passfel.memory.server_locks import Users, alone

log = logging.getLogger(__name__)

_PATIENCE_S = 30.0


class EmbeddedPostgres:
    """One holder of the server in `folder`; the owner calls `stop`, also when a signal ends the process."""

    def __init__(self, folder: Path) -> None:
        """Name PASSFEL's data folder; the cluster lives in its `postgres`. Nothing is touched yet."""
        self._folder = folder
        self._one_at_a_time = threading.Lock()
        self._users = Users(folder.expanduser() / "postgres.users.lock")

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
                with alone(folder / "postgres.lock", deadline, "Postgres") as starter:
                    self._users.join()
                    cluster = PostgresCluster(folder, account_for(folder / "postgres"))
                    cluster.make(starter, deadline)
                    return cluster.bring_up(deadline)
            except OSError as error:
                self._users.leave()
                raise MemoryUnavailableError(
                    f"The embedded Postgres can't work in {self._folder} ({_reason(error)}): "
                    "it needs free space and the right to write there; mend that, or choose another data folder."
                ) from error
            except BaseException:
                self._users.leave()
                raise

    def _stop(self) -> None:
        with self._one_at_a_time:
            if not self._users.leave():
                return
            folder = self._folder.expanduser().resolve()
            try:
                with alone(folder / "postgres.lock", time.monotonic() + _PATIENCE_S, "Postgres"):
                    if self._users.are_gone():
                        PostgresCluster(folder, account_for(folder / "postgres")).halt(_PATIENCE_S)
            except (OSError, MemoryUnavailableError) as error:
                log.warning("The embedded Postgres in %s was left running: %s", folder, error)


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


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
