"""Lines from a pipe or a file: bytes of any kind become text, however long a line is."""

import asyncio
import os
import sys
import threading

MOST_BYTES = 4_000_000
"""Of one line; what is beyond is not kept."""


class Lines:
    """Reads standard input line by line without holding up the event loop, or the end of the program."""

    def __init__(self, descriptor: int = 0) -> None:
        """Read from this file descriptor."""
        self._descriptor = descriptor
        self._buffer = b""
        self._over = False

    async def next(self) -> str | None:
        """The next line without its end, or None after the last one."""
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0 and not self._over:
            searched = len(self._buffer)
            more = await self._read()
            self._over = not more
            self._buffer += more[: max(0, MOST_BYTES - searched)] if b"\n" not in more else more
        if end < 0:
            line, self._buffer = self._buffer, b""
            return _text(line) if line else None
        line, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
        return _text(line)

    async def _read(self) -> bytes:
        """A piece of input. The thread is a daemon: one that waits for a line keeps nobody from leaving."""
        loop = asyncio.get_running_loop()
        piece: asyncio.Future[bytes] = loop.create_future()

        def read() -> None:
            try:
                found = os.read(self._descriptor, 65_536)
            except OSError:  # the other end is gone
                found = b""
            loop.call_soon_threadsafe(_hand_over, piece, found)

        threading.Thread(target=read, daemon=True).start()
        return await piece


def plain_output() -> None:
    """Write UTF-8 whatever the locale: an answer with a character that it lacks is no reason to crash."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")


def _hand_over(piece: asyncio.Future[bytes], found: bytes) -> None:
    if not piece.done():
        piece.set_result(found)


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "replace")
