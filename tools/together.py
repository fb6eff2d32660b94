"""Several questions at once, of which none outlives the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def together() -> AsyncIterator[asyncio.TaskGroup]:
    """Run tasks until all have answered; the first failure ends the others, and is raised as itself.

    `asyncio.gather` would leave the others running, with a client that may be closed meanwhile.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
