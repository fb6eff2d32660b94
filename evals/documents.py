"""`passfel eval documents`: whether a household's questions find the right piece of its papers, and how fast.

The papers and questions are evals/data/documents; a Postgres of its own is started for the run. With --pieces, so many
made-up pieces lie beside them (words drawn by their rank, vectors around two thousand centres), for the time alone:
the questions are then asked by the person who owns the filling.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np
from psycopg import sql
from rich.console import Console
from rich.table import Table

from passfel.household.document import Passage
from passfel.memory.documents import Documents
from passfel.memory.documents_sync import DocumentSettings, Sync
from passfel.memory.embeddings import shipped
from passfel.memory.embeddings_vectors import literal
from passfel.memory.postgres import Connection, Database, PostgresSettings

CENTRES, AT_ONCE, WORDS = 2000, 1000, 100
NOWHERE = 1000
GOALS_MS = (15, 40)
"""Of a search with its question's embedding: p50 and p95."""

Search = Callable[[str], Awaitable[list[Passage]]]


def main(pieces: int, *, as_json: bool) -> int:
    """Print a row for each way of searching; exit code 1 where an unanswerable question is answered."""
    rows = asyncio.run(_measure(pieces))
    if as_json:
        for row in rows:
            print(json.dumps(row))
        return _outcome(rows)
    table = Table(
        title=f"Questions over a household's papers{f', beside {pieces:,} other pieces' if pieces else ''}"
    )
    for name in rows[0]:
        table.add_column(name, justify="left" if name == "searched by" else "right")
    for row in rows:
        table.add_row(*(f"{value:.3g}" if isinstance(value, float) else str(value) for value in row.values()))
    Console(width=140).print(table)
    return _outcome(rows)


def _outcome(rows: list[dict[str, Any]]) -> int:
    return 1 if any(row["answered wrongly"] for row in rows if row["searched by"] == "both") else 0


async def _measure(pieces: int) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="passfel-eval-") as folder:
        async with Database(PostgresSettings(), Path(folder)) as database:
            documents = Documents(database, shipped())
            sync = Sync(documents, "home", DocumentSettings())
            await sync.look([_data() / "documents"])
            async for _ in sync.run():
                pass
            if pieces:
                await _fill(database, documents, pieces)
            await documents.recount()
            rows = [
                line.split(" | ") for line in (_data() / "documents.txt").read_text("utf-8").splitlines()[1:]
            ]
            who = "filling" if pieces else "tom"
            # A model of its own for each: it remembers what it was asked.
            return [
                await _asked(Documents(database, shipped()), how, rows, who)
                for how in ("both", "meaning", "words")
            ]


async def _asked(documents: Documents, how: str, rows: list[list[str]], who: str) -> dict[str, Any]:
    places, answered, wrong, took = [], 0, 0, []
    async with _only(documents, how):
        await documents.search(who, "a first question loads the model")
        for question, file, heading in rows:
            begun = time.perf_counter()
            found = await documents.search(who, question, 10)
            took.append((time.perf_counter() - begun) * 1000)
            right = [one.name == file and heading in one.heading for one in found]
            if file == "-":
                wrong += any(one.certain for one in found)
                continue
            places.append(right.index(True) if True in right else NOWHERE)
            answered += any(one.certain for one in found)
    cuts = quantiles(took, n=20)
    recall = {f"recall@{k}": sum(place < k for place in places) / len(places) for k in (1, 3, 5)}
    told = {"answered": f"{answered}/{len(places)}", "answered wrongly": wrong}
    return {"searched by": how, **recall, **told, "p50 ms": cuts[9], "p95 ms": cuts[18]}


@asynccontextmanager
async def _only(documents: Documents, how: str) -> AsyncIterator[None]:
    """Search by one way alone."""

    async def none(*_: object) -> None:
        return None

    asked, query = documents.vectors.asked, documents.frequencies.query
    if how == "words":
        documents.vectors.asked = none  # type: ignore[method-assign]
    if how == "meaning":
        documents.frequencies.query = none  # type: ignore[method-assign,assignment]
    yield
    documents.vectors.asked, documents.frequencies.query = asked, query  # type: ignore[method-assign]


async def _fill(database: Database, documents: Documents, pieces: int) -> None:
    """Made-up pieces, loaded at once, and indexed afterwards."""
    table = await documents.vectors.ours()
    if table is None:
        return
    chance = np.random.default_rng(0)
    centres = chance.normal(size=(CENTRES, 384))
    papers = " ".join(path.read_text("utf-8") for path in sorted((_data() / "documents").iterdir()))
    words = sorted({word.strip(".,:;()#").casefold() for word in papers.split()})
    words += [f"{one}{two}" for one in words[::7] for two in words[::7]]
    chance.shuffle(words)
    share = 1 / np.arange(1, len(words) + 1)
    async with database.connection() as connection:
        index = await _index(connection)
        await connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(index)))
        for begin in range(0, pieces, AT_ONCE):
            texts = [" ".join(chance.choice(words, WORDS, p=share / share.sum())) for _ in range(AT_ONCE)]
            ids = await _rows(connection, begin, texts)
            vectors = centres[chance.integers(0, CENTRES, AT_ONCE)] + chance.normal(size=(AT_ONCE, 384)) * 0.7
            copied = sql.SQL("COPY {} (id, owner, embedding) FROM STDIN").format(table.name)
            async with connection.cursor().copy(copied) as copy:
                for row, vector in zip(
                    ids, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), strict=True
                ):
                    await copy.write_row((row, "filling", literal(vector)))
        await connection.execute("SET maintenance_work_mem = '512MB'")
        made = sql.SQL("CREATE INDEX {} ON {} USING hnsw (embedding halfvec_cosine_ops)")
        await connection.execute(made.format(sql.Identifier(index), table.name))
        await connection.execute("VACUUM ANALYZE")


async def _index(connection: Connection) -> str:
    cursor = await connection.execute("SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%USING hnsw%'")
    row = await cursor.fetchone()
    return str(row["indexname"]) if row else ""


async def _rows(connection: Connection, begin: int, texts: list[str]) -> list[int]:
    cursor = await connection.execute(
        "WITH made AS (INSERT INTO documents (owner, path, title, size, modified_ns, digest)"
        " VALUES ('filling', %s, 'Filling', 0, 0, '') RETURNING id)"
        " INSERT INTO chunks (document, owner, position, text) SELECT made.id, 'filling', place, text"
        " FROM made, unnest(%s::text[]) WITH ORDINALITY AS given (text, place)"
        " RETURNING id",
        (f"/filling/{begin}", texts),
    )
    return [row["id"] for row in await cursor.fetchall()]


def _data() -> Path:
    return Path(str(files("passfel.evals"))) / "data"
