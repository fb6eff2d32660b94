"""Connections, transactions and migrations over a real Postgres."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from passfel.household.errors import MemoryUnavailableError
from passfel.memory.migrate import migrate
from passfel.memory.postgres import Database, PostgresSettings
from passfel.memory.records import Records


async def test_work_inside_a_transaction_is_all_or_nothing(database: Database):
    records = Records(database)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction():
            await records.tasks.add("home", title="one")
            _ = 1 / 0
    assert await records.tasks.all("home") == []


async def test_migrations_are_applied_once(database: Database):
    async with database.connection() as connection:
        assert await migrate(connection) == []


async def test_a_database_of_a_newer_version_is_refused_in_words(database: Database):
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO migrations (name, digest) VALUES ('9999_future.sql', '')")
        with pytest.raises(MemoryUnavailableError, match="written by a newer PASSFEL"):
            await migrate(connection)
        await connection.execute("DELETE FROM migrations WHERE name = '9999_future.sql'")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://ana:secret@127.0.0.1:9/home", "Postgres at 127.0.0.1:9 can't be used"),
        ("not a url at all", "is not a Postgres URL"),
    ],
)
async def test_a_url_that_refuses_is_named_without_its_password(url: str, words: str, tmp_path: Path):
    with pytest.raises(MemoryUnavailableError, match=words) as refusal:
        await Database(PostgresSettings(url=SecretStr(url)), tmp_path).open()
    assert "secret" not in str(refusal.value)


async def test_checkpoint_connections_leave_the_flush_to_the_next_effect(database: Database):
    async with database.checkpoints.connection() as lazy, database.connection() as strict:
        settings = [(await (await c.execute("SHOW synchronous_commit")).fetchone()) for c in (lazy, strict)]
    assert settings == [{"synchronous_commit": "off"}, {"synchronous_commit": "on"}]
