"""Bring the database up to date: our own SQL files, in order, each once."""

from hashlib import sha256
from importlib.resources import files
from typing import Any

from psycopg import AsyncConnection, Error, sql

from passfel.household.errors import MemoryUnavailableError

LOCK = 0x5041_5353  # "PASS": other processes wait while one migrates


async def migrate(connection: AsyncConnection[Any]) -> list[str]:
    """Apply the migrations that are missing; each in a transaction of its own.

    Returns:
        The names of the files that were applied now.

    Raises:
        MemoryUnavailableError: the server refuses, or is ahead of this version of PASSFEL.
    """
    try:
        await connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        try:
            return await _apply(connection)
        finally:
            await connection.execute("SELECT pg_advisory_unlock(%s)", (LOCK,))
    except Error as error:
        reason = str(error).strip().splitlines()[0]
        raise MemoryUnavailableError(f"The database could not be brought up to date ({reason}).") from error


async def _apply(connection: AsyncConnection[Any]) -> list[str]:
    await connection.execute("CREATE SCHEMA IF NOT EXISTS passfel")
    await connection.execute("SET search_path = passfel, public")
    await _enable_vector(connection)
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, digest text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
    )
    cursor = await connection.execute("SELECT name FROM migrations")
    known = {row["name"] for row in await cursor.fetchall()}
    ours = {path.name: path.read_text() for path in files("passfel.memory").joinpath("migrations").iterdir()}
    ahead = sorted(known - ours.keys())
    if ahead:
        raise MemoryUnavailableError(
            f"The database was written by a newer PASSFEL (it has {ahead[-1]}). Update PASSFEL and start again."
        )
    applied = []
    for name in sorted(ours.keys() - known):
        async with connection.transaction():
            await connection.execute(sql.SQL(ours[name]))
            await connection.execute(
                "INSERT INTO migrations (name, digest) VALUES (%s, %s)",
                (name, sha256(ours[name].encode()).hexdigest()),
            )
        applied.append(name)
    return applied


async def _enable_vector(connection: AsyncConnection[Any]) -> None:
    """Switch pgvector on where the server has it; a server without it still keeps the records."""
    cursor = await connection.execute(
        "SELECT installed_version FROM pg_available_extensions WHERE name = 'vector'"
    )
    row = await cursor.fetchone()
    if row is not None and row["installed_version"] is None:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public")
