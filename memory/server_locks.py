"""Who uses a server of our own, and who starts or stops it: file locks, let go by the kernel however a process ends.

Each user holds the users' lock shared; whoever starts or stops the server holds the starter's lock alone.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from passfel.household.errors import MemoryUnavailableError

if sys.platform != "win32":
    import fcntl


class Users:
    """One user's place in the users' lock of a server."""

    def __init__(self, path: Path) -> None:
        """Name the lock's file; it is made at the first `join`."""
        self._path = path
        self._hold: int | None = None

    def join(self) -> None:
        """Count ourselves in. Only a stopper holds this lock alone, and it would hold the starter's too."""
        if self._hold is None:
            self._hold = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._hold, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def leave(self) -> bool:
        """Count ourselves out; whether we had been in."""
        if self._hold is None:
            return False
        os.close(self._hold)
        self._hold = None
        return True

    def are_gone(self) -> bool:
        """Whether the last user has gone; nobody can come while we hold the starter's lock."""
        lock = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            return _try_alone(lock)
        finally:
            os.close(lock)


@contextmanager
def alone(path: Path, deadline: float, server: str) -> Iterator[int]:
    """Hold `path` alone; closing it lets go, once the children that were handed it have ended too.

    Raises:
        MemoryUnavailableError: somebody else holds it past `deadline`, a time of the monotonic clock.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while not _try_alone(lock):
            if time.monotonic() > deadline:
                raise MemoryUnavailableError(
                    f"Another process has been starting or stopping {server} in {path.parent} for too long: "
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
