"""Run an async command to its end: an ending signal lets everything be closed first."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any


def run(command: Coroutine[Any, Any, int]) -> int:
    """Run `command` and return its exit code; SIGTERM and SIGHUP end it as Ctrl-C does, with 128 and their number."""
    ended_by: list[int] = []

    async def guarded() -> int:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def end(number: int) -> None:
            ended_by.append(number)
            if task is not None:
                task.cancel()

        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, end, number)
        return await command

    try:
        return asyncio.run(guarded())
    except asyncio.CancelledError:
        if not ended_by:
            raise
        return 128 + ended_by[0]
