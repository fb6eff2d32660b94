"""LangGraph's Postgres store, with an end: its background task is stopped before the loop is gone."""

import asyncio
import contextlib

from langgraph.store.postgres.aio import AsyncPostgresStore


class HouseholdStore(AsyncPostgresStore):
    """Keeps long-term facts; close it before its connections."""

    async def aclose(self) -> None:
        """Stop batching; what was put has been written by then, for every put is awaited."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
