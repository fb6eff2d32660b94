"""Server-Sent Events: frames, a sign of life for silent connections, and turns that end with their reader."""

import asyncio
import json
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from contextvars import Context
from types import FrameType
from typing import Any

from starlette.responses import StreamingResponse

KEEPALIVE_S = 15.0
STOPPED = "This turn was stopped before it was finished."
ALIVE = b": still here\n\n"
HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
"""Nothing between us and the reader may keep an event back."""

Event = tuple[str, dict[str, Any]]


def frame(event: Event) -> bytes:
    """One event on the wire; JSON keeps the data on one line."""
    name, data = event
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False, default=str)}\n\n".encode(
        errors="replace"
    )


class EventStreams:
    """The streams under way.

    Each run has a task of its own, so that a reader who leaves can't tear it apart in the middle of
    its tidying up, and a context of its own, so that nothing of the server's gets into the graph.
    """

    def __init__(self) -> None:
        """None yet."""
        self._tasks: set[asyncio.Task[None]] = set()

    def respond(self, run: AsyncIterator[Event]) -> StreamingResponse:
        """Stream a run's events; when the reader goes away the run is cancelled."""
        return StreamingResponse(self._frames(run), media_type="text/event-stream", headers=HEADERS)

    def cancel(self) -> None:
        """Stop what runs; its reader is told."""
        for task in self._tasks:
            task.cancel()

    async def stop(self) -> None:
        """Stop what runs, and wait until it has ended."""
        self.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @contextmanager
    def ended_by_signals(self) -> Iterator[None]:
        """Stop at the signal itself: uvicorn waits for open streams, and tells the application only then."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

        def hear(number: int, stack: FrameType | None) -> None:
            loop.call_soon_threadsafe(self.cancel)
            handler = before[signal.Signals(number)]
            if callable(handler):
                handler(number, stack)

        for number in before:
            signal.signal(number, hear)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def _frames(self, run: AsyncIterator[Event]) -> AsyncIterator[bytes]:
        frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        task = asyncio.create_task(_fill(frames, run), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            while (next_frame := await _next(frames)) is not None:
                yield next_frame
        finally:
            task.cancel()


async def _fill(frames: asyncio.Queue[bytes | None], run: AsyncIterator[Event]) -> None:
    try:
        async for event in run:
            frames.put_nowait(frame(event))
    except asyncio.CancelledError:
        frames.put_nowait(frame(("error", {"sentence": STOPPED})))
        raise
    finally:
        frames.put_nowait(None)


async def _next(frames: asyncio.Queue[bytes | None]) -> bytes | None:
    try:
        async with asyncio.timeout(KEEPALIVE_S):
            return await frames.get()
    except TimeoutError:
        return ALIVE
