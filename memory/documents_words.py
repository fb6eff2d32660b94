"""Full-text search that knows which words tell something, and the fusion of two rankings.

Postgres ranks without asking how rare a word is. Here its own statistics (pg_stats: the most common words of the
chunks and how common they are) give each word a weight, and only the rarer words choose the candidates, so that
a question with "the" or "boiler" in it costs the same among a hundred chunks and a hundred thousand.
"""

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from psycopg import sql

from passfel.memory.postgres import Connection, Database

MOST_ROWS = 400
"""Chunks that the words may choose as candidates, as the statistics expect; the rarest word always may."""
UNSEEN = 0.0005
"""The share taken for a word that is not among the most common ones."""
MOST_WORDS = 12
ENOUGH = 0.6
"""The share of the question's weight that a chunk must say to be an answer by its words alone."""
FEW = 5000
"""Chunks up to which words are counted for each question."""
LIFETIME_S = 300.0
K = 60
"""Of reciprocal rank fusion (Cormack et al. 2009)."""


@dataclass(frozen=True, slots=True)
class WordQuery:
    """A question's words with their weights."""

    weights: dict[str, float]
    candidates: tuple[str, ...]

    @property
    def values(self) -> dict[str, Any]:
        """As the search takes them."""
        lexemes = [_quoted(lexeme) for lexeme in self.weights]
        return {
            "any": " | ".join(lexemes),
            "rare": " | ".join(map(_quoted, self.candidates)),
            **{f"lexeme_{number}": lexeme for number, lexeme in enumerate(lexemes)},
            **{f"weight_{number}": weight for number, weight in enumerate(self.weights.values())},
        }

    @property
    def share(self) -> sql.Composable:
        """SQL for how much of the question's weight a chunk's words say."""
        said = "CASE WHEN words @@ {}::tsquery THEN {}::real ELSE 0 END"
        return sql.SQL(" + ").join(
            sql.SQL(said).format(sql.Placeholder(f"lexeme_{number}"), sql.Placeholder(f"weight_{number}"))
            for number in range(len(self.weights))
        )

    @property
    def enough(self) -> float:
        """The weight from which a chunk says what was asked for."""
        return ENOUGH * sum(self.weights.values())


class Frequencies:
    """How common words are among the chunks: counted while they are few, by Postgres' statistics when they are many."""

    def __init__(self, database: Database) -> None:
        """Keep the database; the statistics are read when they are first wanted."""
        self._database = database
        self._known: dict[str, float] = {}
        self._chunks = 0.0
        self._read_at = -math.inf

    async def query(self, words: str) -> WordQuery | None:
        """A question's words with their weights; None where no word says anything."""
        async with self._database.connection() as connection:
            if time.monotonic() - self._read_at > LIFETIME_S:
                await self._read(connection)
            if self._chunks > FEW:
                cursor = await connection.execute(SAID, {"words": words})
                shares = {
                    row["lexeme"]: self._known.get(row["lexeme"], UNSEEN) for row in await cursor.fetchall()
                }
                return _weighed(shares, self._chunks)
            rows = await (await connection.execute(COUNTED, {"words": words})).fetchall()
            return _weighed({row["lexeme"]: (row["found"] + 0.5) / (row["chunks"] + 1) for row in rows}, 0)

    async def _read(self, connection: Connection) -> None:
        row = await (await connection.execute(STATISTICS)).fetchone()
        if row is not None:
            self._chunks = row["chunks"]
            self._known = dict(zip(row["words"] or (), row["shares"] or (), strict=False))
        self._read_at = time.monotonic()


STATISTICS = (
    "SELECT pg_class.reltuples AS chunks, most_common_elems::text::text[] AS words, most_common_elem_freqs AS shares"
    " FROM pg_class LEFT JOIN pg_stats ON schemaname = 'passfel' AND tablename = relname AND attname = 'words'"
    " WHERE pg_class.oid = 'chunks'::regclass"
)
SAID = "SELECT unnest(tsvector_to_array(to_tsvector('english', %(words)s))) AS lexeme"
COUNTED = (
    "SELECT lexeme, (SELECT count(*) FROM chunks WHERE words @@ quote_literal(lexeme)::tsquery) AS found,"
    f" (SELECT count(*) FROM chunks) AS chunks FROM ({SAID} LIMIT 40) AS asked"
)


def _weighed(shares: Mapping[str, float], chunks: float) -> WordQuery | None:
    """The rarest words; of them, the rare ones choose the candidates, and all of them rank."""
    if not shares:
        return None
    rarest = sorted(shares, key=lambda lexeme: shares[lexeme])[:MOST_WORDS]
    sums = accumulate(shares[lexeme] * chunks for lexeme in rarest)
    rare = [lexeme for lexeme, rows in zip(rarest, sums, strict=True) if rows <= MOST_ROWS] or rarest[:1]
    return WordQuery({lexeme: -math.log(min(shares[lexeme], 0.9)) for lexeme in rarest}, tuple(rare))


def fused(rows: Iterable[Mapping[str, Any]], query: WordQuery | None) -> list[dict[str, Any]]:
    """One row a chunk, by reciprocal rank fusion of its places in both rankings, the best first.

    A place among the words counts for as much as the chunk says of the question.
    """
    whole = sum(query.weights.values()) if query else 1.0
    found: dict[int, dict[str, Any]] = {}
    for row in rows:
        one = found.setdefault(row["id"], {**row, "score": 0.0})
        for name in ("likeness", "share"):
            one[name] = one[name] if one[name] is not None else row[name]
        if row["meaning"] is not None:
            one["score"] += 1 / (K + row["meaning"])
        else:
            one["score"] += row["share"] / whole / (K + row["said"])
    return sorted(found.values(), key=lambda row: (-row["score"], row["id"]))


def _quoted(lexeme: str) -> str:
    """A lexeme as a tsquery takes it whole, whatever signs are in it."""
    escaped = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
