"""Vectors of rows, in a table of their own for each space, so that two embedding models never meet.

Questions are asked in the newest space that is whole. When the household takes another model, its table is filled
in the background while the old one answers; when the last row is in, the new one answers and the old one goes.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import sql

from passfel.memory.embeddings import SHIPPED_SHA256, Embedder, Space, shipped
from passfel.memory.postgres import Connection, Database

log = logging.getLogger(__name__)

BATCH = 16
"""Rows that are embedded and kept at a time: what a crash can cost."""
MOST_INDEXED = 4000
"""Dimensions that pgvector can index at half precision."""
SEARCHED = 100
"""Candidates that HNSW looks at (hnsw.ef_search)."""


@dataclass(frozen=True, slots=True)
class VectorTable:
    """Where the vectors of one space are, and the model that belongs to it."""

    name: sql.Identifier
    embedder: Embedder


class Vectors:
    """The vectors of one table's rows, which have `id`, `owner` and a text."""

    def __init__(
        self, database: Database, embedder: Embedder, of: LiteralString, *, text: LiteralString
    ) -> None:
        """Bind the table `of` and the household's embedding model; `text` is SQL that gives a row's text."""
        self._text = sql.SQL(text)
        self._database = database
        self._embedder = embedder
        self._of = of
        self._shipped = embedder if embedder.is_shipped else shipped()
        self._has_pgvector: bool | None = None
        self._whole: VectorTable | None = None

    async def can(self) -> bool:
        """Whether this Postgres has pgvector."""
        if self._has_pgvector is None:
            async with self._database.connection() as connection:
                cursor = await connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'vector'")
                self._has_pgvector = await cursor.fetchone() is not None
        return self._has_pgvector

    async def asked(self) -> VectorTable | None:
        """The table that questions go to now; None where there is none that is whole and can be asked."""
        if self._whole is not None:
            return self._whole
        if not await self.can():
            return None
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT id, model, dimension, digest FROM vector_tables WHERE of = %s AND whole_at IS NOT NULL",
                (self._of,),
            )
            whole = {
                Space(row["model"], row["dimension"], row["digest"]): row["id"]
                for row in await cursor.fetchall()
            }
        ours = await self._embedder.space()
        if ours in whole:
            self._whole = VectorTable(self._named(whole[ours]), self._embedder)
            return self._whole
        # A table of the model before ours can only be asked while we have that model: the shipped one.
        old = next((number for space, number in whole.items() if space.digest == SHIPPED_SHA256), None)
        return VectorTable(self._named(old), self._shipped) if old is not None else None

    def lost(self) -> None:
        """Look again which table is whole: another process has taken another model."""
        self._whole = None

    async def ours(self) -> VectorTable | None:
        """The table of the household's own model, made where it is missing; None without pgvector."""
        if not await self.can():
            return None
        space = await self._embedder.space()
        async with self._database.transaction() as connection:
            await connection.execute(
                "SELECT pg_advisory_xact_lock(hashtext(%s))", (f"vectors of {self._of}",)
            )
            return VectorTable(self._named(await self._made(connection, space)), self._embedder)

    async def _made(self, connection: Connection, space: Space) -> int:
        key = {"of": self._of, "model": space.name, "dimension": space.dimension, "digest": space.digest}
        cursor = await connection.execute(
            "SELECT id FROM vector_tables WHERE of = %(of)s AND model = %(model)s AND dimension = %(dimension)s"
            " AND digest = %(digest)s",
            key,
        )
        row = await cursor.fetchone()
        if row is not None:
            return int(row["id"])
        statement = sql.SQL(
            "INSERT INTO vector_tables (of, model, dimension, digest, whole_at) SELECT %(of)s, %(model)s,"
            " %(dimension)s, %(digest)s, CASE WHEN NOT EXISTS (SELECT FROM {}) THEN clock_timestamp() END RETURNING id"
        )
        cursor = await connection.execute(statement.format(sql.Identifier(self._of)), key)
        made = await cursor.fetchone()
        number = int(made["id"]) if made else 0
        name = self._named(number)
        table = (
            "CREATE TABLE {} (id bigint PRIMARY KEY REFERENCES {} (id) ON DELETE CASCADE, owner text NOT NULL,"
            " embedding {} NOT NULL)"
        )
        kind = sql.SQL(f"halfvec({int(space.dimension)})")
        await connection.execute(sql.SQL(table).format(name, sql.Identifier(self._of), kind))
        if space.dimension <= MOST_INDEXED:
            await connection.execute(
                sql.SQL("CREATE INDEX ON {} USING hnsw (embedding halfvec_cosine_ops)").format(name)
            )
        return number

    def _named(self, number: int) -> sql.Identifier:
        return sql.Identifier(f"{self._of}_vectors_{number}")

    async def keep(
        self, connection: Connection, table: VectorTable, rows: Sequence[tuple[int, str, Any]]
    ) -> None:
        """Keep the vectors of rows (id, owner, vector), in the transaction of `connection`."""
        statement = sql.SQL(
            "INSERT INTO {} (id, owner, embedding) VALUES (%s, %s, %s::halfvec) ON CONFLICT DO NOTHING"
        )
        async with connection.cursor() as cursor:
            await cursor.executemany(
                statement.format(table.name), [(row, owner, literal(vector)) for row, owner, vector in rows]
            )

    async def fill(self) -> int:
        """Embed every row that has no vector in our space yet; then our table answers. Returns how many there were.

        Can be stopped and begun again at any time; where two processes fill, each row is kept once.
        """
        table = await self.ours()
        if table is None:
            return 0
        done = 0
        while rows := await self._missing(table):
            vectors = await self._embedder.many([row["embedded"] for row in rows])
            async with self._database.transaction() as connection:
                kept = await self._still_there(connection, [row["id"] for row in rows])
                found = zip(rows, vectors, strict=True)
                await self.keep(
                    connection,
                    table,
                    [(row["id"], row["owner"], made) for row, made in found if row["id"] in kept],
                )
            done += len(rows)
        await self._finish()
        return done

    async def _missing(self, table: VectorTable) -> list[dict[str, Any]]:
        statement = sql.SQL(
            "SELECT id, owner, {} AS embedded FROM {} AS source WHERE NOT EXISTS (SELECT FROM {} AS kept"
            " WHERE kept.id = source.id) ORDER BY id LIMIT {}"
        ).format(self._text, sql.Identifier(self._of), table.name, BATCH)
        async with self._database.connection() as connection:
            return await (await connection.execute(statement)).fetchall()

    async def _still_there(self, connection: Connection, ids: list[int]) -> set[int]:
        statement = sql.SQL("SELECT id FROM {} WHERE id = ANY(%s) FOR KEY SHARE").format(
            sql.Identifier(self._of)
        )
        return {row["id"] for row in await (await connection.execute(statement, (ids,))).fetchall()}

    async def _finish(self) -> None:
        """Our table is whole: questions go there, and the tables of other models go."""
        space = await self._embedder.space()
        async with self._database.transaction() as connection:
            await connection.execute(
                "SELECT pg_advisory_xact_lock(hashtext(%s))", (f"vectors of {self._of}",)
            )
            await connection.execute(
                "UPDATE vector_tables SET whole_at = clock_timestamp() WHERE of = %s AND model = %s"
                " AND dimension = %s AND digest = %s AND whole_at IS NULL",
                (self._of, space.name, space.dimension, space.digest),
            )
            cursor = await connection.execute(
                "DELETE FROM vector_tables WHERE of = %s AND NOT (model = %s AND dimension = %s AND digest = %s)"
                " RETURNING id, model",
                (self._of, space.name, space.dimension, space.digest),
            )
            for row in await cursor.fetchall():
                log.info("the vectors of %s in the space of %s are no longer needed", self._of, row["model"])
                await connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(self._named(row["id"])))


async def tune(connection: Connection) -> None:
    """Within a transaction: look at enough neighbours, and go on while another's rows are among them."""
    await connection.execute(
        "SELECT set_config('hnsw.ef_search', %s, true), set_config('hnsw.iterative_scan', 'strict_order', true)",
        (str(SEARCHED),),
    )


def literal(vector: Sequence[float]) -> str:
    """A vector as pgvector reads it."""
    return f"[{','.join(f'{number:.6g}' for number in vector)}]"
