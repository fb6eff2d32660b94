"""Turns are kept by month, found by time, words and meaning, and by nobody but the person who spoke."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from typing import Any
from uuid import uuid4

import pytest
from psycopg import AsyncConnection, conninfo, sql
from psycopg.rows import dict_row

from passfel.memory.embeddings import Embedder, shipped
from passfel.memory.episodes import BATCH, Episodes
from passfel.memory.migrate import migrate
from passfel.memory.postgres import Database

MARCH = datetime(2026, 3, 10, 18, 0, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TALKS = (
    (MARCH, "should we have the boiler replaced?", "A new one costs 3,200 euros; you settled for a repair."),
    (MARCH + timedelta(days=1), "what is the weather", "It is sunny."),
    (MARCH + timedelta(days=200), "the boiler is leaking again", "Call the plumber."),
    (NOVEMBER, "book flights to Madeira", "I can't book flights."),
)


async def keep(
    episodes: Episodes,
    at: datetime,
    said: str,
    answered: str,
    person: str = "ana",
    intents: Sequence[str] = (),
) -> str:
    turn = str(uuid4())
    await episodes.keep(
        thread="t", turn=turn, person=person, said=said, answered=answered, intents=intents, at=at
    )
    return turn


async def talked(database: Database, embedder: Embedder | None = None) -> Episodes:
    episodes = Episodes(database, embedder)
    for at, said, answered in TALKS:
        await keep(episodes, at, said, answered)
    return episodes


async def test_a_question_about_last_march_finds_what_was_said_then(database: Database):
    episodes = await talked(database)
    found = await episodes.about("ana", "boiler", MARCH.replace(day=1), MARCH.replace(month=4, day=1))
    assert [one.said for one in found] == ["should we have the boiler replaced?"]
    assert found[0].happened_at == MARCH


async def test_a_turn_is_found_by_its_meaning_once_it_is_embedded(database: Database):
    episodes = await talked(database)
    assert await episodes.about("ana", "holiday by plane") == []
    assert await episodes.embed() == len(TALKS)
    assert await episodes.embed() == 0
    found = await episodes.about("ana", "holiday by plane")
    assert [one.said for one in found] == ["book flights to Madeira"]
    assert await episodes.about("ana", "holiday by plane", MARCH, MARCH + timedelta(days=30)) == []


async def test_nobody_reads_what_another_person_said(database: Database):
    episodes = await talked(database)
    await episodes.embed()
    assert await episodes.about("bob", "boiler") == []
    assert await episodes.between("bob", None, None) == []
    assert await episodes.latest("bob", "t") is None
    await keep(episodes, NOVEMBER, "how hot is the boiler", "60 degrees", person="bob")
    assert [one.said for one in await episodes.about("bob", "boiler")] == ["how hot is the boiler"]
    assert "how hot is the boiler" not in [one.said for one in await episodes.about("ana", "boiler")]


async def test_a_replayed_turn_is_kept_once_even_at_another_time(database: Database):
    episodes, row = Episodes(database), {"thread": "t", "turn": "1", "person": "ana", "answered": "b"}
    for at in (MARCH, MARCH, MARCH + timedelta(days=25)):
        await episodes.keep(**row, said="a", intents=(), at=at)
    assert len(await episodes.between("ana", None, None)) == 1


async def test_months_are_tables_of_their_own_made_by_whoever_comes_first(database: Database):
    episodes, far = Episodes(database), datetime(2031, 1, 1, tzinfo=UTC)
    await asyncio.gather(*(keep(episodes, far + timedelta(hours=n), f"turn {n}", "") for n in range(-2, 3)))
    assert len(await episodes.between("ana", far, far + timedelta(days=1))) == 3
    async with database.connection() as connection:
        cursor = await connection.execute(
            "SELECT tableoid::regclass::text AS month, count(*) AS turns FROM episodes GROUP BY 1 ORDER BY 1"
        )
        months = {row["month"].rpartition(".")[2]: row["turns"] for row in await cursor.fetchall()}
    assert months == {"episodes_2030_12": 2, "episodes_2031_01": 3}


async def test_a_question_about_one_month_reads_no_other(database: Database):
    await talked(database)
    async with database.connection() as connection:
        cursor = await connection.execute(
            "EXPLAIN SELECT said FROM episodes WHERE person = 'ana' AND happened_at >= '2026-03-01 00:00+00'"
            " AND happened_at < '2026-04-01 00:00+00'"
        )
        plan = "\n".join(str(row["QUERY PLAN"]) for row in await cursor.fetchall())
    assert "episodes_2026_03" in plan
    assert "episodes_2026_11" not in plan


async def test_asking_what_was_said_is_nothing_that_was_said(database: Database):
    episodes = await talked(database)
    await keep(episodes, NOVEMBER, "what did we say about Madeira", "…", intents=["conversations"])
    assert [one.said for one in await episodes.about("ana", "Madeira")] == ["book flights to Madeira"]


class Stopping(Embedder):
    """The shipped model, that is stopped at its second batch."""

    batches = 0

    async def many(self, texts: Sequence[str]) -> list[list[float]]:
        self.batches += 1
        if self.batches == 2:
            raise asyncio.CancelledError
        return await super().many(texts)


async def test_embedding_that_was_cut_off_is_gone_on_with_and_no_turn_is_lost(database: Database):
    model = shipped()
    stopping = Stopping(model.embeddings, "shipped", await model.space(), near=model.near)
    episodes = Episodes(database, stopping)
    for number in range(BATCH + 4):
        await keep(episodes, NOVEMBER + timedelta(minutes=number), f"turn {number}", "")
    with pytest.raises(asyncio.CancelledError):
        await episodes.embed()
    assert await Episodes(database).embed() == 4
    assert len(await episodes.between("ana", None, None, 100)) == BATCH + 4


async def test_turns_kept_before_there_were_months_are_taken_over(database: Database):
    """The migration, over a database as it was before."""
    name = f"before_{uuid4().hex[:8]}"
    async with database.connection() as connection:
        await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = conninfo.make_conninfo(database._url, dbname=name)
    async with await AsyncConnection.connect(url, autocommit=True, row_factory=dict_row) as old:
        await _as_it_was(old)
        for at, said, answered in TALKS:
            await old.execute(
                "INSERT INTO episodes (thread, turn, person, said, answered, happened_at)"
                " VALUES ('t', %s, 'ana', %s, %s, %s)",
                (str(uuid4()), said, answered, at),
            )
        assert "0020_episodes.sql" in await migrate(old)
        assert await migrate(old) == []
        cursor = await old.execute("SELECT happened_at, said, answered FROM episodes ORDER BY happened_at")
        kept = [(row["happened_at"], row["said"], row["answered"]) for row in await cursor.fetchall()]
    assert kept == list(TALKS)


async def _as_it_was(connection: AsyncConnection[Any]) -> None:
    await connection.execute("CREATE SCHEMA passfel")
    await connection.execute("SET search_path = passfel, public")
    await connection.execute("CREATE EXTENSION IF NOT EXISTS vector SCHEMA public")
    await connection.execute(
        "CREATE TABLE migrations (name text PRIMARY KEY, digest text, applied_at timestamptz DEFAULT now())"
    )
    for path in sorted(files("passfel.memory").joinpath("migrations").iterdir(), key=lambda path: path.name):
        if path.name < "0020":
            text = path.read_text()
            await connection.execute(sql.SQL(text))
            await connection.execute(
                "INSERT INTO migrations VALUES (%s, %s)", (path.name, sha256(text.encode()).hexdigest())
            )
