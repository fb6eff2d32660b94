"""The effects ledger: whatever changes the world is done once, kept with its result, and undoable.

An effect is named by (thread, call). A tool whose only effect is our own rows runs in the
ledger's transaction: effect and entry commit together, so a crash leaves both or neither. An
effect elsewhere can't share a transaction: its entry is committed as `started` before it begins,
and a replay that finds `started` must not begin again: it reports that the outcome is unknown. Unless
the tool can go on with what it began (an id made from the call, a plan in the journal): then it runs again.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from psycopg import sql
from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from passfel.household.errors import NotFoundError, RequestError
from passfel.memory.postgres import Connection, Database

KINDS = ("events", "tasks", "contacts", "notes", "reminders", "holdings", "watched")


@dataclass(frozen=True, slots=True)
class Effect:
    """What the ledger knows of one call."""

    id: UUID
    tool: str
    arguments: dict[str, Any]
    state: Literal["started", "done"]
    content: str = ""
    outcome: dict[str, Any] | None = None


class OutcomeUnknownError(RequestError):
    """An effect outside our rows had begun when the assistant stopped: it may or may not have happened."""


Run = Callable[[], Awaitable[tuple[str, dict[str, Any]]]]
"""Carries the effect out: returns the finished sentence and the JSON outcome."""
Restore = Callable[[dict[str, Any] | None, dict[str, Any] | None], Awaitable[None]]
"""Puts a thing elsewhere back: as it was, as it was left; RequestError where it has been changed since."""


class EffectsLedger:
    """Does each effect once."""

    def __init__(self, database: Database) -> None:
        """Keep the database whose transactions hold effect and entry together."""
        self._database = database
        self._restore: dict[str, Restore] = {}

    def restores(self, kind: str, restore: Restore) -> None:
        """Say how things of a kind that is kept elsewhere are put back as they were."""
        self._restore[kind] = restore

    async def once(
        self,
        *,
        thread: str,
        call: str,
        person: str,
        tool: str,
        arguments: dict[str, Any],
        run: Run,
        local: bool,
        resumable: bool = False,
    ) -> tuple[str, dict[str, Any]]:
        """Carry the effect out, or return what it gave when it was carried out before.

        Args:
            thread: the conversation.
            call: the tool call's id, the same when the turn is replayed.
            person: whose effect it is.
            tool: the tool's name.
            arguments: the call's JSON arguments.
            run: does it.
            local: the effect is rows of ours, and shares the entry's transaction.
            resumable: an effect elsewhere that finds what it did before when it is run again under the same call.

        Raises:
            OutcomeUnknownError: another remote effect had begun in an earlier run and its end was never seen.
        """
        entry = {
            "thread": thread,
            "call": call,
            "person": person,
            "tool": tool,
            "arguments": Jsonb(arguments),
        }
        if local:
            async with self._database.transaction() as connection:
                return await self._carry_out(connection, entry, run)
        async with self._database.connection() as connection:
            known = await self._begin(connection, entry, resumable=resumable)
        if known.state == "done":
            return known.content, known.outcome or {}
        content, outcome = await run()
        async with self._database.connection() as connection:
            await self._finish(connection, known.id, content, outcome)
        return content, outcome

    async def _carry_out(
        self, connection: Connection, entry: dict[str, Any], run: Run
    ) -> tuple[str, dict[str, Any]]:
        # A second process with the same call waits at this insert until the first one commits.
        effect = await self._begin(connection, entry)
        if effect.state == "done":
            return effect.content, effect.outcome or {}
        content, outcome = await run()
        await self._finish(connection, effect.id, content, outcome)
        return content, outcome

    async def _begin(
        self, connection: Connection, entry: dict[str, Any], *, resumable: bool = False
    ) -> Effect:
        cursor = await connection.execute(
            "WITH begun AS (INSERT INTO effects (thread, call, person, tool, arguments, state) VALUES"
            " (%(thread)s, %(call)s, %(person)s, %(tool)s, %(arguments)s, 'started')"
            " ON CONFLICT (thread, call) DO NOTHING RETURNING id, tool, arguments, state, content, outcome)"
            " SELECT begun.*, set_config('passfel.effect', id::text, true) AS current FROM begun",
            entry,
        )
        fresh = await cursor.fetchone()
        if fresh is not None:
            return _effect(fresh)
        cursor = await connection.execute(
            "SELECT id, tool, arguments, state, content, outcome FROM effects"
            " WHERE thread = %(thread)s AND call = %(call)s",
            entry,
        )
        found = await cursor.fetchone()
        if found is None or (found["state"] == "started" and not resumable):
            raise OutcomeUnknownError(
                f"I was stopped while {entry['tool'].replace('_', ' ')} was under way and can't tell whether it"
                " happened. Please check before asking again."
            )
        return _effect(found)

    async def _finish(
        self, connection: Connection, effect: UUID, content: str, outcome: dict[str, Any]
    ) -> None:
        await connection.execute(
            "UPDATE effects SET state = 'done', content = %s, outcome = %s, finished_at = clock_timestamp()"
            " WHERE id = %s",
            (content, Jsonb(outcome), effect),
        )

    async def done(self, thread: str, call: str) -> str:
        """The sentence of an effect that was carried out; empty when it was not."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT content FROM effects WHERE thread = %s AND call = %s AND state = 'done'",
                (thread, call),
            )
            row = await cursor.fetchone()
        return str(row["content"]) if row else ""

    async def begun(self, thread: str, call: str) -> bool:
        """Whether an effect was begun, whatever became of it."""
        async with self._database.connection() as connection:
            cursor = await connection.execute(
                "SELECT FROM effects WHERE thread = %s AND call = %s", (thread, call)
            )
            return await cursor.fetchone() is not None

    async def undo_latest(self, person: str, thread: str) -> list[str]:
        """Put the rows of the latest effect of this conversation back as they were before it.

        Runs inside an effect of its own (the undo), whose changes are logged too.

        Returns:
            The sentences of the receipts that no longer hold.

        Raises:
            NotFoundError: there is nothing to undo.
            RequestError: the rows have been changed since.
        """
        async with self._database.transaction() as connection:
            cursor = await connection.execute(
                "SELECT id, content, outcome FROM effects WHERE person = %s AND thread = %s AND state = 'done'"
                " AND undone_by IS NULL AND tool <> 'undo_last_change'"
                " AND (EXISTS (SELECT FROM changes WHERE changes.effect = effects.id)"
                "   OR jsonb_array_length(coalesce(outcome->'receipts', '[]')) > 0)"
                " ORDER BY finished_at DESC LIMIT 1 FOR UPDATE",
                (person, thread),
            )
            latest = await cursor.fetchone()
            if latest is None:
                raise NotFoundError("There is nothing in this conversation that I could undo.")
            cursor = await connection.execute(
                "SELECT FROM changes WHERE effect = %s LIMIT 1", (latest["id"],)
            )
            if await cursor.fetchone() is None:  # what came before it is not what the person means
                raise RequestError(f"I can't take that back: {latest['content']} Say what to do instead.")
            await self._put_back(connection, latest["id"])
            await connection.execute(
                "UPDATE effects SET undone_by = nullif(current_setting('passfel.effect', true), '')::uuid"
                " WHERE id = %s",
                (latest["id"],),
            )
            receipts = (latest["outcome"] or {}).get("receipts", [])
            return [receipt["sentence"] for receipt in receipts] or [latest["content"]]

    async def _put_back(self, connection: Connection, effect: UUID) -> None:
        cursor = await connection.execute(
            "SELECT kind, row_id, before, after FROM changes WHERE effect = %s ORDER BY id DESC", (effect,)
        )
        for change in await cursor.fetchall():
            await self._put_row_back(connection, change)

    async def _put_row_back(self, connection: Connection, change: dict[str, Any]) -> None:
        if change["kind"] in self._restore:
            await self._restore[change["kind"]](change["before"], change["after"])
            return
        if change["kind"] not in KINDS:
            raise RequestError(f"Changes of {change['kind']} can't be undone.")
        table = sql.Identifier(change["kind"])
        cursor = await connection.execute(
            sql.SQL("SELECT to_jsonb({0}) AS row FROM {0} WHERE id = %s FOR UPDATE").format(table),
            (change["row_id"],),
        )
        row = await cursor.fetchone()
        if (row["row"] if row else None) != change["after"]:
            raise RequestError("I can't undo that: it has been changed since.")
        if change["after"] is not None:
            await connection.execute(
                sql.SQL("DELETE FROM {} WHERE id = %s").format(table), (change["row_id"],)
            )
        if change["before"] is not None:
            await connection.execute(
                sql.SQL("INSERT INTO {0} SELECT * FROM jsonb_populate_record(NULL::{0}, %s)").format(table),
                (Jsonb(change["before"]),),
            )


def _effect(row: DictRow) -> Effect:
    return Effect(**{name: row[name] for name in ("id", "tool", "arguments", "state", "content", "outcome")})
