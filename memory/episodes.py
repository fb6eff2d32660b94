"""Episodes: what was said when, a table a month, found by time first, then by words and by meaning."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import sql

from passfel.household.episode import Episode
from passfel.household.errors import MemoryUnavailableError
from passfel.memory.embeddings import SHIPPED_SHA256, Embedder, shipped
from passfel.memory.embeddings_vectors import literal
from passfel.memory.postgres import Connection, Database

log = logging.getLogger(__name__)

BATCH = 16
"""Episodes that are embedded and kept at a time: what a crash can cost."""
CANDIDATES = 30
"""Episodes that each way of searching brings to the fusion."""
EMBEDDED = 1000
"""Characters of a turn that its vector is made of: the model reads no more."""
NEAR = 0.35
"""The cosine from which a turn was about what is asked for."""
ENOUGH = 0.5
"""The share of the asked words from which a turn was about them."""
SAME = timedelta(days=40)
"""How long after a turn its message may come again and is known."""
K = 60
"""Of reciprocal rank fusion."""
SPACE = SHIPPED_SHA256[:16]
RECALLS = "conversations"
"""Turns in which one asked what was said: they say nothing new."""


class Episodes:
    """Keeps each turn once, and finds turns; every question is a person's, and sees their turns alone."""

    def __init__(self, database: Database, embedder: Embedder | None = None) -> None:
        """Keep the database; the embedder must be the shipped one, and is made where it is not given."""
        self._database = database
        self._embedder = embedder if embedder is not None and embedder.is_shipped else shipped()
        self._has_vectors: bool | None = None
        self.fresh = asyncio.Event()
        """Set when a turn was kept, for whoever embeds them in the background."""

    async def keep(
        self,
        *,
        thread: str,
        turn: str,
        person: str,
        said: str,
        answered: str,
        intents: Sequence[str],
        at: datetime,
    ) -> None:
        """Keep a turn; a replay of it changes nothing.

        This commit waits for the disk, and with it every checkpoint of the turn becomes safe.
        """
        row: dict[str, Any] = {"thread": thread, "turn": turn, "person": person, "said": said}
        row |= {"answered": answered, "intents": list(intents)}
        row |= {"at": at, "since": at - SAME, "until": at + SAME}
        async with self._database.transaction() as connection:
            await connection.execute("SELECT make_month_of_episodes(%(at)s)", row)
            await connection.execute(KEPT, row)
        self.fresh.set()

    async def between(
        self, person: str, start: datetime | None, end: datetime | None, limit: int = 20
    ) -> list[Episode]:
        """The turns of a person in a half-open window, the newest first."""
        window, values = _window(start, end)
        statement = sql.SQL(
            "SELECT thread, turn, said, answered, happened_at FROM episodes WHERE person = %(person)s"
            " AND NOT intents && %(recalls)s {} ORDER BY happened_at DESC LIMIT %(limit)s"
        ).format(window)
        values |= {"person": person, "limit": limit, "recalls": [RECALLS]}
        async with self._database.connection() as connection:
            cursor = await connection.execute(statement, values)
            return [Episode.model_validate(row) for row in await cursor.fetchall()]

    async def latest(self, person: str, thread: str) -> Episode | None:
        """The latest turn of a conversation."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT thread, turn, said, answered, happened_at FROM episodes WHERE person = %s AND thread = %s"
                " ORDER BY happened_at DESC LIMIT 1",
                (person, thread),
            )
            row = await cursor.fetchone()
        return Episode.model_validate(row) if row else None

    async def about(
        self,
        person: str,
        words: str,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = 5,
    ) -> list[Episode]:
        """The turns of a person about something, the best first: within the window, by words and by meaning fused."""
        words = " ".join(words.replace("\0", " ").split())
        window, values = _window(start, end)
        values |= {"person": person, "words": words, "candidates": CANDIDATES, "recalls": [RECALLS]}
        async with self._database.connection() as connection:
            rows = await (await connection.execute(sql.SQL(BY_WORDS).format(window), values)).fetchall()
            vector = await self._vector(connection, words)
            if vector is not None:
                values |= {"vector": vector, "space": SPACE, "near": NEAR}
                rows += await (
                    await connection.execute(sql.SQL(BY_MEANING).format(window), values)
                ).fetchall()
        return [Episode.model_validate(row) for row in _fused(rows)[:limit]]

    async def embed(self) -> int:
        """Embed the turns that have no vector yet; returns how many. Can be stopped at any time and begun again."""
        done = 0
        async with self._database.connection() as connection:
            if not await self._can(connection):
                return 0
        while rows := await self._missing():
            texts = [f"{row['said']}\n{row['answered']}"[:EMBEDDED] for row in rows]
            vectors = await self._embedder.many(texts)
            async with self._database.transaction() as connection:
                for row, vector in zip(rows, vectors, strict=True):
                    # What was forgotten meanwhile has other words by now.
                    await connection.execute(
                        "UPDATE episodes SET embedding = %(vector)s::halfvec, space = %(space)s"
                        " WHERE thread = %(thread)s AND turn = %(turn)s AND happened_at = %(happened_at)s"
                        " AND said = %(said)s",
                        {**row, "vector": literal(vector), "space": SPACE},
                    )
            done += len(rows)
        return done

    async def _missing(self) -> list[dict[str, Any]]:
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT thread, turn, happened_at, said, answered FROM episodes WHERE space = ''"
                " ORDER BY happened_at DESC LIMIT %s",
                (BATCH,),
            )
            rows = await cursor.fetchall()
            if rows:
                return rows
            cursor = await connection.execute(  # those of another model: a scan, where there is nothing else to do
                "SELECT thread, turn, happened_at, said, answered FROM episodes WHERE space <> %s LIMIT %s",
                (SPACE, BATCH),
            )
            return await cursor.fetchall()

    async def _vector(self, connection: Connection, words: str) -> str | None:
        if not words or not await self._can(connection):
            return None
        try:
            return literal(await self._embedder.one(words))
        except MemoryUnavailableError as error:
            log.warning("episodes are found by their words only: %s", error)
            return None

    async def _can(self, connection: Connection) -> bool:
        """Whether there is a column for vectors: added now where this Postgres has got pgvector since."""
        if self._has_vectors is None:
            cursor = await connection.execute("SELECT FROM pg_extension WHERE extname = 'vector'")
            self._has_vectors = await cursor.fetchone() is not None
            if self._has_vectors:
                await connection.execute(COLUMN)
        return self._has_vectors


def _window(start: datetime | None, end: datetime | None) -> tuple[sql.SQL, dict[str, Any]]:
    """The condition on time, first in every search: it says which months are read."""
    condition: LiteralString = ""
    if start is not None:
        condition += " AND happened_at >= %(start)s"
    if end is not None:
        condition += " AND happened_at < %(end)s"
    return sql.SQL(condition), {"start": start, "end": end}


def _fused(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One row a turn, by reciprocal rank fusion of its places in both rankings, the best first."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        one = found.setdefault((row["thread"], row["turn"]), {**row, "score": 0.0})
        one["score"] += row["weight"] / (K + row["place"])
    return sorted(found.values(), key=lambda row: (-row["score"], -row["happened_at"].timestamp()))


COLUMN = (
    "DO $$ BEGIN IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_schema = 'passfel'"
    " AND table_name = 'episodes' AND column_name = 'embedding') THEN"
    " ALTER TABLE passfel.episodes ADD COLUMN IF NOT EXISTS embedding halfvec;"
    " UPDATE passfel.episodes SET space = ''; END IF; END $$"
)
KEPT = (
    "INSERT INTO episodes (thread, turn, person, said, answered, intents, happened_at)"
    " SELECT %(thread)s, %(turn)s, %(person)s, %(said)s, %(answered)s, %(intents)s, %(at)s"
    " WHERE NOT EXISTS (SELECT FROM episodes WHERE thread = %(thread)s AND turn = %(turn)s"
    " AND happened_at >= %(since)s AND happened_at < %(until)s) ON CONFLICT DO NOTHING"
)
BY_WORDS = (
    "WITH asked AS (SELECT lexeme FROM unnest(to_tsvector('english', %(words)s)))"
    " SELECT thread, turn, said, answered, happened_at, share AS weight,"
    " row_number() OVER (ORDER BY share DESC, happened_at DESC) AS place FROM ("
    " SELECT thread, turn, said, answered, happened_at, (SELECT count(*) FROM asked"
    " WHERE words @@ quote_literal(lexeme)::tsquery)::float8 / (SELECT count(*) FROM asked) AS share FROM episodes"
    " WHERE person = %(person)s AND NOT intents && %(recalls)s {}"
    " AND words @@ (SELECT string_agg(quote_literal(lexeme), ' | ') FROM asked)::tsquery) AS found"
    f" WHERE share >= {ENOUGH} ORDER BY share DESC, happened_at DESC LIMIT %(candidates)s"
)
BY_MEANING = (
    "SELECT thread, turn, said, answered, happened_at, 1.0::float8 AS weight,"
    " row_number() OVER (ORDER BY distance) AS place FROM ("
    " SELECT thread, turn, said, answered, happened_at, embedding <=> %(vector)s::halfvec AS distance FROM episodes"
    " WHERE person = %(person)s AND space = %(space)s AND NOT intents && %(recalls)s {}"
    " ORDER BY distance LIMIT %(candidates)s) AS found WHERE 1 - distance >= %(near)s"
)
