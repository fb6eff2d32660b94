"""Connections to Postgres: the household's own server by URL, or the embedded one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, LiteralString, Self

from psycopg import AsyncConnection, Error, OperationalError, conninfo, sql
from psycopg.rows import DictRow, TupleRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from pydantic import BaseModel, Field, SecretStr

from passfel.household.errors import MemoryUnavailableError
from passfel.memory.embedded_postgres import EmbeddedPostgres
from passfel.memory.migrate import migrate

Connection = AsyncConnection[DictRow]
Pool = AsyncConnectionPool[Connection]

CONNECT_DEADLINE_S = 5
LOCK_PAUSE_S = 0.02
GONE = "My memory (Postgres) does not answer, so nothing was read or changed. Please try again in a moment."


class PostgresSettings(BaseModel):
    """Where the household's memory is kept."""

    url: SecretStr | None = Field(
        default=None,
        description="A libpq URL of a Postgres with pgvector; empty starts the embedded one.",
    )
    pool_size: int = Field(default=8, ge=2, le=100, description="Connections kept for records.")


class Database:
    """Pools of connections in which nested work joins the transaction around it.

    Nothing is opened until `open` or the first use. `transaction()` is the unit of an effect:
    whatever runs inside it, tools included, shares its connection through a context variable, so
    that rows and the ledger's entry commit together.
    """

    def __init__(self, settings: PostgresSettings, folder: Path) -> None:
        """Keep where the data is: a server by URL, or `folder` for the embedded one."""
        self._settings = settings
        self._folder = folder
        self._stack = AsyncExitStack()
        self._server: EmbeddedPostgres | None = None
        self._url = ""
        self._locks: AsyncConnection[TupleRow] | None = None
        self._locking = asyncio.Lock()
        self._opening = asyncio.Lock()
        self._records: Pool | None = None
        self._checkpoints: Pool | None = None
        self._joined: ContextVar[Connection | None] = ContextVar("joined", default=None)

    async def __aenter__(self) -> Self:
        """Open."""
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    async def open(self) -> None:
        """Start or reach the server, bring its tables up to date, open the pools. Once; safe to repeat.

        Raises:
            MemoryUnavailableError: the server can't be started or reached; the sentence says why.
        """
        async with self._opening:
            if self._records is not None:
                return
            try:
                await self._open()
            except BaseException:
                await self._stack.aclose()
                raise

    async def close(self) -> None:
        """Close the pools, and let go of the embedded server."""
        async with self._opening:
            self._records = self._checkpoints = None
            await self._stack.aclose()

    @property
    def checkpoints(self) -> Pool:
        """For LangGraph's saver and store.

        Commits there don't wait for the disk: the next commit on a record's connection (an effect,
        an episode) flushes them too, for Postgres' log is one sequence.
        """
        if self._checkpoints is None:
            raise RuntimeError("open the database first")
        return self._checkpoints

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """The connection of the transaction around, or one from the pool (autocommit).

        Raises:
            MemoryUnavailableError: Postgres does not answer.
        """
        joined = self._joined.get()
        if joined is not None:
            yield joined
            return
        if self._records is None:
            await self.open()
        pool = self._records
        if pool is None:
            raise MemoryUnavailableError(GONE)
        async with self.answering(), pool.connection(timeout=CONNECT_DEADLINE_S) as connection:
            yield connection

    @asynccontextmanager
    async def answering(self) -> AsyncIterator[None]:
        """Tell a server that is gone in words, and drop the connections that died with it.

        Connections are not tried out before each use: that would cost every statement a round trip.
        """
        try:
            yield
        except (PoolTimeout, OperationalError) as error:
            await self._recover()
            raise MemoryUnavailableError(GONE) from error

    async def _drop_locks(self) -> None:
        if self._locks is not None:
            await self._locks.close()
            self._locks = None

    async def _recover(self) -> None:
        """Bring an embedded server that died back up, and connect anew, for whoever comes next."""
        if self._server is not None:
            await self._server.start()
        for pool in (self._records, self._checkpoints):
            if pool is not None:
                await pool.check()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction: all of it or nothing. Joins the one around, if there is one."""
        async with self.connection() as connection, connection.transaction():
            token = self._joined.set(connection)
            try:
                yield connection
            finally:
                self._joined.reset(token)

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[None]:
        """Do what only one process may do at a time; the others wait."""
        async with self.connection() as connection:
            await connection.execute("SELECT pg_advisory_lock(hashtext(%s))", (name,))
            try:
                yield
            finally:
                await connection.execute("SELECT pg_advisory_unlock(hashtext(%s))", (name,))

    @asynccontextmanager
    async def exclusive(self, name: str) -> AsyncIterator[None]:
        """Have `name` to ourselves among all processes, for as long as a turn takes.

        All of a process' locks are held by one connection of their own, which is asked and never waits,
        so that turns that wait don't use up the pool. The lock of a process that is killed ends with it.
        """
        while not await self._ask_lock("pg_try_advisory_lock", name):  # noqa: ASYNC110 - other processes can't wake us
            await asyncio.sleep(LOCK_PAUSE_S)
        try:
            yield
        finally:
            await self._ask_lock("pg_advisory_unlock", name)

    async def _ask_lock(self, function: LiteralString, name: str) -> bool:
        if self._records is None:
            await self.open()
        async with self.answering(), self._locking:
            if self._locks is None or self._locks.closed:
                self._locks = await AsyncConnection.connect(
                    self._url, autocommit=True, connect_timeout=CONNECT_DEADLINE_S, prepare_threshold=0
                )
            query = sql.SQL("SELECT {}(hashtextextended(%s, 0))").format(sql.Identifier(function))
            row = await (await self._locks.execute(query, (name,))).fetchone()
            return bool(row and row[0])

    async def _open(self) -> None:
        secret = self._settings.url
        if secret is not None and secret.get_secret_value():
            url = secret.get_secret_value()
        else:
            self._server = EmbeddedPostgres(self._folder)
            url = await self._server.start()
            self._stack.push_async_callback(self._server.stop)
        self._url = url
        self._stack.push_async_callback(self._drop_locks)
        await _prepare(url)
        size = self._settings.pool_size
        self._checkpoints = await self._stack.enter_async_context(
            _pool(url, size, "-c synchronous_commit=off")
        )
        self._records = await self._stack.enter_async_context(_pool(url, size))


async def _prepare(url: str) -> None:
    """Create our schema and bring it up to date, under a lock that other processes wait for."""
    try:
        connection = await AsyncConnection.connect(
            url, autocommit=True, row_factory=dict_row, connect_timeout=CONNECT_DEADLINE_S
        )
    except Error as error:
        raise MemoryUnavailableError(_refusal(url, error)) from error
    async with connection:
        await migrate(connection)


def _pool(url: str, size: int, options: str = "") -> Pool:
    settings: dict[str, Any] = {
        "autocommit": True,
        "row_factory": dict_row,
        "connect_timeout": CONNECT_DEADLINE_S,
        "prepare_threshold": 0,
        "options": f"-c search_path=passfel,public {options}",
    }
    return AsyncConnectionPool(
        url, min_size=2, max_size=size, timeout=CONNECT_DEADLINE_S, kwargs=settings, open=False
    )


def _refusal(url: str, error: Error) -> str:
    """Say why a server can't be used, without its password."""
    try:
        parts = conninfo.conninfo_to_dict(url)
    except Error:
        return "PASSFEL_POSTGRES__URL is not a Postgres URL; it should look like postgresql://user@host:5432/name."
    where = f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}"
    told = [line for line in str(error).splitlines() if " failed: " in line] or [str(error) or "no answer"]
    reason = told[-1].rpartition(" failed: ")[2].removeprefix("FATAL:").strip()
    password = parts.get("password")
    if password:
        reason = reason.replace(str(password), "***")
    return (
        f"Postgres at {where} can't be used ({reason}). Check PASSFEL_POSTGRES__URL, "
        "or leave it out to use the embedded Postgres."
    )
