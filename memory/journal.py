"""What the ledger keeps of an effect outside our Postgres while it is under way: its plan, and the way back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from passfel.household.turn import Turn
from passfel.memory.postgres import Database


class Journal:
    """Written to by tools whose effects can be gone on with: each entry belongs to the turn's running call."""

    def __init__(self, database: Database) -> None:
        """Keep the ledger's database."""
        self._database = database

    async def plan(self, turn: Turn) -> Any:
        """The plan of this call, where an earlier run had made one; None otherwise."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT plan FROM effects WHERE thread = %s AND call = %s", (turn.thread, turn.call)
            )
            row = await cursor.fetchone()
        return row["plan"] if row else None

    async def keep_plan(self, turn: Turn, plan: Any) -> None:
        """Keep what is going to be done, before it is begun."""
        async with self._database.connection() as connection:
            await connection.execute(
                "UPDATE effects SET plan = %s WHERE thread = %s AND call = %s",
                (Jsonb(plan), turn.thread, turn.call),
            )

    async def changed(
        self, turn: Turn, kind: str, thing: UUID, before: dict[str, Any] | None, after: dict[str, Any] | None
    ) -> None:
        """Keep a thing elsewhere as it was and as it is now, for undo."""
        async with self._database.connection() as connection:
            await connection.execute(
                "INSERT INTO changes (effect, kind, row_id, before, after)"
                " SELECT id, %s, %s, %s, %s FROM effects WHERE thread = %s AND call = %s",
                (kind, thing, _json(before), _json(after), turn.thread, turn.call),
            )

    @asynccontextmanager
    async def rows(self, turn: Turn, kind: str) -> AsyncIterator[list[UUID] | None]:
        """A transaction for the part of this effect that is rows of ours; gives the rows if it was done before."""
        async with self._database.transaction() as connection:
            cursor = await connection.execute(
                "SELECT id, set_config('passfel.effect', id::text, true) AS current FROM effects"
                " WHERE thread = %s AND call = %s FOR UPDATE",
                (turn.thread, turn.call),
            )
            effect = await cursor.fetchone()
            cursor = await connection.execute(
                "SELECT row_id FROM changes WHERE effect = %s AND kind = %s ORDER BY id",
                (effect["id"] if effect else None, kind),
            )
            yield [row["row_id"] for row in await cursor.fetchall()] or None


def _json(value: dict[str, Any] | None) -> Jsonb | None:
    return None if value is None else Jsonb(value)
