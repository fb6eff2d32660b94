"""The household's documents: kept file by file, found by meaning and by words."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import errors, sql

from passfel.household.document import Passage
from passfel.household.errors import MemoryUnavailableError
from passfel.memory.chunks import Chunk, Reading, cut, embedded_text, place
from passfel.memory.documents_words import Frequencies, WordQuery, fused
from passfel.memory.embeddings import Embedder
from passfel.memory.embeddings_vectors import Vectors, VectorTable, literal, tune
from passfel.memory.postgres import Connection, Database

log = logging.getLogger(__name__)

HOUSEHOLD = "home"
"""Who owns what belongs to everybody."""
CANDIDATES = 40
"""Chunks that each way of searching brings to the fusion."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file as it was found."""

    path: str
    size: int
    modified_ns: int
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Kept(Stamp):
    """A file as it was read last; a problem where it couldn't be."""

    problem: str = ""


class Documents:
    """Keeps what was read of files, each in one transaction, and searches it."""

    def __init__(self, database: Database, embedder: Embedder) -> None:
        """Bind the database and the household's embedding model; nothing is loaded or opened."""
        self._database = database
        self._embedder = embedder
        self.vectors = Vectors(database, embedder, "chunks", text="place || E'\n' || text")
        self.frequencies = Frequencies(database)

    async def aclose(self) -> None:
        """Let go of the embedding model's connections."""
        await self._embedder.aclose()

    async def kept(self, owner: str) -> dict[str, Kept]:
        """Every file of an owner, by its path."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT path, size, modified_ns, digest, problem FROM documents WHERE owner = %s", (owner,)
            )
            return {row["path"]: Kept(**row) for row in await cursor.fetchall()}

    async def keep(self, owner: str, stamp: Stamp, reading: Reading) -> int:
        """Put what was read of a file in the place of what was there before; returns the number of chunks."""
        chunks = cut(reading)
        texts = [embedded_text(reading.title, chunk) for chunk in chunks]
        table, vectors = await self._embedded(texts)
        async with self._database.transaction() as connection:
            document = await self._replaced(connection, owner, stamp, reading.title)
            places = [place(reading.title, chunk) for chunk in chunks]
            ids = await self._insert(connection, owner, document, chunks, places)
            if table is not None:
                rows = [(row, owner, vector) for row, vector in zip(ids, vectors, strict=True)]
                await self.vectors.keep(connection, table, rows)
        return len(chunks)

    async def refuse(self, owner: str, stamp: Stamp, problem: str) -> None:
        """Remember that a file can't be read, so that it is not tried again before it changes."""
        async with self._database.transaction() as connection:
            await self._replaced(connection, owner, stamp, "", problem)

    async def touch(self, owner: str, stamp: Stamp) -> None:
        """The same content has another time."""
        async with self._database.connection() as connection:
            await connection.execute(
                "UPDATE documents SET size = %s, modified_ns = %s WHERE owner = %s AND path = %s",
                (stamp.size, stamp.modified_ns, owner, stamp.path),
            )

    async def forget(self, owner: str, paths: Sequence[str]) -> int:
        """Let go of files, with their chunks and vectors."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "DELETE FROM documents WHERE owner = %s AND path = ANY(%s)", (owner, list(paths))
            )
            return cursor.rowcount

    async def titles(self, person: str) -> list[str]:
        """What the documents that a person can search call themselves, the latest read first."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT title FROM documents WHERE owner = ANY(%s) AND problem = '' ORDER BY read_at DESC, id DESC",
                (_readable(person),),
            )
            return [row["title"] for row in await cursor.fetchall()]

    async def catch_up(self) -> int:
        """Embed what has no vector in our model's space yet; returns how many pieces there were.

        Can be stopped at any time. Until all is in, the model before ours goes on answering.
        """
        async with self._database.connection() as connection:
            cursor = await connection.execute("SELECT EXISTS (SELECT FROM chunks) AS some")
            row = await cursor.fetchone()
        if not row or not row["some"]:
            return 0
        return await self.vectors.fill()

    async def recount(self) -> None:
        """Let Postgres count how common words are, after much has changed."""
        async with self._database.connection() as connection:
            await connection.execute("ANALYZE chunks")

    async def search(self, person: str, words: str, limit: int = 5) -> list[Passage]:
        """The passages that answer best, of the person's own documents and the household's.

        Meaning (HNSW) and words (full text) are fused by reciprocal rank; without pgvector or an embedding
        model the words alone decide.
        """
        words = " ".join(words.replace("\0", " ").split())
        vector, table = await self._question(words)
        query = await self.frequencies.query(words)
        if table is None and query is None:
            return []
        try:
            rows = await self._found(_readable(person), vector, table, query)
        except errors.UndefinedTable:  # another process has taken another model, and this table went
            self.vectors.lost()
            rows = await self._found(_readable(person), None, None, query)
        near = table.embedder.near if table is not None else 1.0
        return [_passage(row, query, near) for row in fused(rows, query)[:limit]]

    async def _question(self, words: str) -> tuple[str | None, VectorTable | None]:
        try:
            table = await self.vectors.asked()
            return (literal(await table.embedder.one(words)), table) if table is not None else (None, None)
        except MemoryUnavailableError as error:
            log.warning("documents are searched by their words only: %s", error)
            return None, None

    async def _found(
        self, owners: list[str], vector: str | None, table: VectorTable | None, query: WordQuery | None
    ) -> Sequence[Mapping[str, Any]]:
        parts: list[sql.Composable] = []
        values: dict[str, Any] = {"owners": owners, "vector": vector, "candidates": CANDIDATES}
        if table is not None:
            parts.append(sql.SQL(BY_MEANING).format(table.name))
        if query is not None:
            parts.append(sql.SQL(BY_WORDS).format(query.share))
            values |= query.values
        statement = sql.SQL(FOUND).format(sql.SQL(" UNION ALL ").join(parts))
        async with self._database.transaction() as connection:
            if table is not None:
                await tune(connection)
            return await (await connection.execute(statement, values)).fetchall()

    async def _embedded(self, texts: list[str]) -> tuple[VectorTable | None, list[list[float]]]:
        """Vectors in our own space; without a model the words are kept, and `catch_up` adds the vectors later."""
        try:
            table = await self.vectors.ours()
            return (table, await self._embedder.many(texts)) if table is not None else (None, [])
        except MemoryUnavailableError as error:
            log.warning("a document is kept without its vectors: %s", error)
            return None, []

    async def _replaced(
        self, connection: Connection, owner: str, stamp: Stamp, title: str, problem: str = ""
    ) -> int:
        cursor = await connection.execute(
            "INSERT INTO documents (owner, path, title, size, modified_ns, digest, problem)"
            " VALUES (%(owner)s, %(path)s, %(title)s, %(size)s, %(modified_ns)s, %(digest)s, %(problem)s)"
            " ON CONFLICT (owner, path) DO UPDATE SET title = excluded.title, size = excluded.size,"
            " modified_ns = excluded.modified_ns, digest = excluded.digest, problem = excluded.problem,"
            " read_at = clock_timestamp() RETURNING id",
            {
                "owner": owner,
                "path": stamp.path,
                "title": title,
                "size": stamp.size,
                "modified_ns": stamp.modified_ns,
                "digest": stamp.digest,
                "problem": problem,
            },
        )
        row = await cursor.fetchone()
        document = int(row["id"]) if row else 0
        await connection.execute("DELETE FROM chunks WHERE document = %s", (document,))
        return document

    async def _insert(
        self,
        connection: Connection,
        owner: str,
        document: int,
        chunks: Sequence[Chunk],
        places: Sequence[str],
    ) -> list[int]:
        cursor = await connection.execute(
            "INSERT INTO chunks (document, owner, position, heading, page, text, place)"
            " SELECT %s, %s, position, heading, page, text, place FROM unnest(%s::integer[], %s::text[],"
            " %s::integer[], %s::text[], %s::text[]) AS made (position, heading, page, text, place)"
            " ORDER BY position RETURNING id, position",
            (
                document,
                owner,
                list(range(len(chunks))),
                [chunk.heading for chunk in chunks],
                [chunk.page for chunk in chunks],
                [chunk.text for chunk in chunks],
                list(places),
            ),
        )
        rows = await cursor.fetchall()
        return [row["id"] for row in sorted(rows, key=lambda row: row["position"])]


BY_MEANING = (
    "(SELECT id, 1 - distance AS likeness, row_number() OVER (ORDER BY distance) AS meaning, NULL::bigint AS said,"
    " NULL::real AS share FROM (SELECT id, embedding <=> %(vector)s::halfvec AS distance FROM {} AS kept"
    " WHERE owner = ANY(%(owners)s) ORDER BY embedding <=> %(vector)s::halfvec LIMIT %(candidates)s) AS near)"
)
BY_WORDS = (
    "(SELECT id, NULL::float8 AS likeness, NULL::bigint AS meaning, row_number() OVER (ORDER BY share DESC, rank DESC)"
    " AS said, share FROM (SELECT id, ({})::real AS share, ts_rank(words, %(any)s::tsquery, 1) AS rank FROM"
    # The words are unpacked once for each candidate, not once for each word asked for: hence the copy and the fence.
    " (SELECT id, words || ''::tsvector AS words FROM chunks WHERE words @@ %(rare)s::tsquery"
    " AND owner = ANY(%(owners)s) OFFSET 0) AS candidates ORDER BY share DESC, rank DESC LIMIT %(candidates)s) AS said)"
)
FOUND = (
    "SELECT found.likeness, found.meaning, found.said, found.share, chunks.id, chunks.heading, chunks.page,"
    " chunks.text, documents.title, documents.path, documents.modified_ns FROM ({}) AS found"
    " JOIN chunks USING (id) JOIN documents ON documents.id = chunks.document"
)


def _readable(person: str) -> list[str]:
    """Whose documents a person may read: their own, and the household's."""
    return sorted({person, HOUSEHOLD})


def _passage(row: Mapping[str, Any], query: WordQuery | None, near: float) -> Passage:
    share = row["share"] or 0.0
    return Passage(
        title=row["title"],
        heading=row["heading"],
        text=row["text"],
        path=row["path"],
        page=row["page"],
        modified_at=datetime.fromtimestamp(row["modified_ns"] / 1e9, UTC),
        score=row["score"],
        certain=(row["likeness"] or 0.0) >= near or (query is not None and share >= query.enough),
    )
