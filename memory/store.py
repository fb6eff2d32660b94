"""LangGraph's Postgres store, in the household's transactions, and with an end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from langgraph.store.postgres.aio import AsyncPostgresStore
from langgraph.store.postgres.base import PostgresIndexConfig
from psycopg import AsyncCursor
from psycopg.rows import DictRow, dict_row

from passfel.memory.postgres import Database


class HouseholdStore(AsyncPostgresStore):
    """Keeps long-term facts; close it before its connections.

    What is asked of it by `abatch` joins the transaction around, so that a fact and the ledger's entry of the
    effect that it belongs to are kept together.
    """

    VECTOR_MIGRATIONS = AsyncPostgresStore.VECTOR_MIGRATIONS[:-1]
    """Without the HNSW index: a person has hundreds of facts, and among everybody's it would miss some of theirs."""

    def __init__(self, database: Database, index: PostgresIndexConfig | None = None) -> None:
        """Bind the household's database, which is open; `index` is how texts become vectors."""
        super().__init__(database.checkpoints, index=index)
        self._database = database

    @contextlib.asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        """A cursor on the connection of the transaction around, or on one of the records' own."""
        async with contextlib.AsyncExitStack() as stack:
            connection = await stack.enter_async_context(self._database.connection())
            if pipeline:  # several statements that belong together: a row and its vector
                await stack.enter_async_context(connection.transaction())
            yield await stack.enter_async_context(connection.cursor(binary=True, row_factory=dict_row))

    async def aclose(self) -> None:
        """Stop batching; what was put has been written by then, for every put is awaited."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
