"""Stepping down on purpose: while maintenance is on, no served model is asked, in any process of the household.

A file in the data folder says that it is on; looking for it costs a microsecond a call. Each running call
holds `model-calls.lock` shared, and the kernel lets go of it however a process ends: who can hold the lock
alone knows that nothing runs any more. A call takes the lock first and looks for the file then, so none
slips through between.
"""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from passfel.household.errors import SettingsError, UnreachableError
from passfel.serving.errors import SOURCE

if sys.platform != "win32":
    import fcntl

SENTENCE = "The language model is away for maintenance."
POLL_S = 0.1


class Maintenance:
    """The switch in one data folder."""

    def __init__(self, folder: Path) -> None:
        """Name PASSFEL's data folder; nothing is touched yet."""
        self._file = folder / "maintenance"
        self._lock = folder / "model-calls.lock"

    @property
    def on(self) -> bool:
        """Whether served models are to be left alone."""
        return self._file.exists()

    @property
    def since(self) -> datetime | None:
        """Since when it is on."""
        with contextlib.suppress(OSError):
            return datetime.fromtimestamp(self._file.stat().st_mtime, UTC)
        return None

    def switch(self, *, on: bool) -> None:
        """Step down, or come back.

        Raises:
            SettingsError: the data folder can't be written.
        """
        try:
            if on:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                self._file.touch()
            else:
                self._file.unlink(missing_ok=True)
        except OSError as error:
            reason = (error.strerror or "no reason given").lower()
            raise SettingsError(f"{self._file} can't be written ({reason}).") from error

    @contextlib.asynccontextmanager
    async def call(self) -> AsyncIterator[None]:
        """Be counted as a running call for as long as the block lasts.

        Raises:
            UnreachableError: maintenance is on.
        """
        held = await self._hold()
        try:
            if await asyncio.to_thread(lambda: self.on):
                raise UnreachableError(SOURCE, SENTENCE)
            yield
        finally:
            if held is not None:
                os.close(held)

    def quiet(self) -> bool:
        """Whether no call runs in any process of this data folder."""
        try:
            lock = os.open(self._lock, os.O_RDWR)
        except FileNotFoundError:
            return True
        try:
            return _try(lock, alone=True)
        finally:
            os.close(lock)

    async def drained(self, patience_s: float) -> bool:
        """Wait until nothing runs; False where something still does after so many seconds."""
        deadline = time.monotonic() + patience_s
        while not self.quiet():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(POLL_S)
        return True

    async def _hold(self) -> int | None:
        """Take the lock, shared; None where the folder can't keep one: an answer matters more than a count."""
        lock = await asyncio.to_thread(self._opened)
        if lock is None:
            return None
        try:
            while not _try(lock, alone=False):  # noqa: ASYNC110 - somebody looks whether anything runs: a moment
                await asyncio.sleep(0.002)
        except BaseException:
            os.close(lock)
            raise
        return lock

    def _opened(self) -> int | None:
        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return None


def _try(lock: int, *, alone: bool) -> bool:
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(lock, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
