"""Open the assistant while something else goes on: a prompt can be typed at meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Self

from passfel.app.settings import Settings
from passfel.memory.embedded_postgres import EmbeddedPostgres

if TYPE_CHECKING:
    from passfel.graph.assistant import Assistant


class Opening:
    """The assistant of a command: it is opened in the background, and closed at the end of the block."""

    def __init__(self, settings: Settings) -> None:
        """Nothing happens yet."""
        self._settings = settings
        self._stack = AsyncExitStack()
        self.task: asyncio.Task[Assistant]

    async def __aenter__(self) -> Self:
        """Begin to open."""
        self.task = asyncio.create_task(self._open())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close, or stop opening."""
        self.task.cancel()
        await asyncio.wait({self.task})
        await self._stack.aclose()

    async def assistant(self) -> "Assistant":
        """Wait until it is open; whoever stops waiting does not stop the opening.

        Raises:
            MemoryUnavailableError: Postgres can't be started or reached.
        """
        return await asyncio.shield(self.task)

    async def _open(self) -> "Assistant":
        """Importing takes seconds: it goes on in a thread, so that keys are answered, and Postgres starts meanwhile."""
        async with self._early_postgres():
            await asyncio.to_thread(import_module, "passfel.graph.assistant")
            from passfel.graph.assistant import open_assistant

            return await self._stack.enter_async_context(open_assistant(self._settings))

    @asynccontextmanager
    async def _early_postgres(self) -> AsyncIterator[None]:
        """Start the embedded server, for the assistant to join, unless the household has a server of its own."""
        if self._settings.postgres.url is not None:
            yield
            return
        server = EmbeddedPostgres(self._settings.data_dir)
        start = asyncio.create_task(server.start())
        try:
            yield
        finally:
            # What keeps it from starting was told to whoever tried to join it.
            await asyncio.gather(start, return_exceptions=True)
            await server.stop()
