"""Connections to Postgres: the household's own server by URL, or the embedded one."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any

from psycopg import AsyncConnection, Error, OperationalError, conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from pydantic import BaseModel, Field, SecretStr

from passfel.household.errors import MemoryUnavailableError
from passfel.memory.embedded_postgres import EmbeddedPostgres
from passfel.memory.migrate import migrate

Connection = AsyncConnection[DictRow]
Pool = AsyncConnectionPool[Connection]

CONNECT_DEADLINE_S = 5


class PostgresSettings(BaseModel):
    """Where the household's memory is kept."""

    url: SecretStr | None = Field(
        default=None,
        description="A libpq URL of a Postgres with pgvector; empty starts the embedded one.",
    )
    pool_size: int = Field(default=8, ge=2, le=100, description="Connections kept for records.")


class Database:
    """A pool of connections in which nested work joins the transaction around it.

    `transaction()` is the unit of an effect: whatever runs inside it, tools included, shares its
    connection through a context variable, so that rows and the ledger's entry commit together.
    """

    def __init__(self, pool: Pool, checkpoints: Pool) -> None:
        """Take two open pools; `open_database` makes them."""
        self._pool = pool
        self.checkpoints = checkpoints
        """For LangGraph's saver and store. Commits there don't wait for the disk: the next commit on
        a record's connection (an effect, an episode) flushes them too, for the log is one sequence."""
        self._joined: ContextVar[Connection | None] = ContextVar("joined", default=None)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """The connection of the transaction around, or one from the pool (autocommit)."""
        joined = self._joined.get()
        if joined is not None:
            yield joined
            return
        try:
            async with self._pool.connection(timeout=CONNECT_DEADLINE_S) as connection:
                yield connection
        except (PoolTimeout, OperationalError) as error:
            raise MemoryUnavailableError(
                "My memory (Postgres) does not answer, so nothing was read or changed. I will try again next time."
            ) from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A transaction: all of it or nothing. Joins the one around, if there is one."""
        async with self.connection() as connection, connection.transaction():
            token = self._joined.set(connection)
            try:
                yield connection
            finally:
                self._joined.reset(token)


class DatabaseSession:
    """Opens a `Database` and closes it, with the embedded server when no URL is set."""

    def __init__(self, settings: PostgresSettings, folder: Path) -> None:
        """Keep where the data is; nothing is opened yet."""
        self._settings = settings
        self._folder = folder
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Database:
        """Start or reach the server, bring its tables up to date, open the pools."""
        try:
            return await self._open()
        except BaseException:
            await self._stack.aclose()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the pools, and let go of the embedded server."""
        await self._stack.aclose()

    async def _open(self) -> Database:
        secret = self._settings.url
        if secret is not None and secret.get_secret_value():
            url = secret.get_secret_value()
        else:
            url = await self._stack.enter_async_context(EmbeddedServer(self._folder))
        await _prepare(url)
        records = await self._stack.enter_async_context(_pool(url, self._settings.pool_size))
        checkpoints = await self._stack.enter_async_context(
            _pool(url, self._settings.pool_size, "-c synchronous_commit=off")
        )
        return Database(records, checkpoints)


class EmbeddedServer:
    """The embedded server as a context that yields its URL."""

    def __init__(self, folder: Path) -> None:
        """Keep the data folder."""
        self._server = EmbeddedPostgres(folder)

    async def __aenter__(self) -> str:
        """Start or attach."""
        return await self._server.start()

    async def __aexit__(self, *_: object) -> None:
        """Let go; the last one stops the server."""
        await self._server.stop()


def open_database(settings: PostgresSettings, folder: Path) -> DatabaseSession:
    """Open the household's memory.

    Raises:
        MemoryUnavailableError: the server can't be started or reached; the sentence says which and why.
    """
    return DatabaseSession(settings, folder)


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
        url,
        min_size=1,
        max_size=size,
        kwargs=settings,
        open=False,
        check=AsyncConnectionPool.check_connection,
    )


def _refusal(url: str, error: Error) -> str:
    """Say why a server can't be used, without its password."""
    try:
        parts = conninfo.conninfo_to_dict(url)
    except Error:
        return "PASSFEL_POSTGRES__URL is not a Postgres URL; it should look like postgresql://user@host:5432/name."
    where = f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}"
    reason = (
        str(error).strip().splitlines()[-1].removeprefix("FATAL:").strip()
        if str(error).strip()
        else "no answer"
    )
    password = parts.get("password")
    if password:
        reason = reason.replace(str(password), "***")
    return (
        f"Postgres at {where} can't be used ({reason}). Check PASSFEL_POSTGRES__URL, "
        "or leave it out to use the embedded Postgres."
    )
