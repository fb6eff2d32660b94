"""The household's rows: events, tasks, contacts, notes, reminders, holdings and what is watched."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, LiteralString, TypeVar
from uuid import UUID

from psycopg import sql

from passfel.household.errors import NotFoundError
from passfel.household.rows import Contact, Event, Holding, Note, Reminder, Row, Task, Watched
from passfel.memory.postgres import Database

R = TypeVar("R", bound=Row)


class Table(Generic[R]):
    """One kind of row. Every method joins the transaction around it (see `Database.transaction`)."""

    def __init__(self, database: Database, name: LiteralString, kind: type[R]) -> None:
        """Bind the table `name` to the row type `kind`."""
        self._database = database
        self._name = sql.Identifier(name)
        self._kind = kind

    async def add(self, owner: str, **values: Any) -> R:
        """Insert a row and return it as the database has it."""
        row = {"owner": owner, **values}
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING *").format(
            self._name,
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(map(sql.Placeholder, row)),
        )
        return (await self._rows(statement, row))[0]

    async def change(self, row_id: UUID, **values: Any) -> R:
        """Update a row and return it as the database has it.

        Raises:
            NotFoundError: the row is gone.
        """
        row = {**values, "updated_at": datetime.now(UTC)}
        settings = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in row]
        statement = sql.SQL("UPDATE {} SET {} WHERE id = {} RETURNING *").format(
            self._name, sql.SQL(", ").join(settings), sql.Placeholder("row_id")
        )
        rows = await self._rows(statement, {**row, "row_id": row_id})
        if not rows:
            raise NotFoundError("That is no longer there.")
        return rows[0]

    async def remove(self, row_id: UUID) -> None:
        """Delete a row; undo brings it back as long as the ledger has it."""
        await self._rows(
            sql.SQL("DELETE FROM {} WHERE id = %(row_id)s RETURNING *").format(self._name), {"row_id": row_id}
        )

    async def get(self, row_id: UUID) -> R | None:
        """Read one row back."""
        rows = await self._rows(
            sql.SQL("SELECT * FROM {} WHERE id = %(row_id)s").format(self._name), {"row_id": row_id}
        )
        return rows[0] if rows else None

    async def lock(self, row_id: UUID) -> R | None:
        """Read one row as the latest commit left it, and keep others from changing it until the transaction ends."""
        rows = await self._rows(
            sql.SQL("SELECT * FROM {} WHERE id = %(row_id)s FOR UPDATE").format(self._name),
            {"row_id": row_id},
        )
        return rows[0] if rows else None

    async def hold(self, owner: str) -> None:
        """Keep others from adding rows of this kind for this person in the same way until the transaction ends.

        For what must be looked up before it is added: a row that isn't there yet can't be locked.
        """
        async with self._database.connection() as connection:
            await connection.execute(
                "SELECT pg_advisory_xact_lock(hashtext(%s), hashtext(%s))", (self._kind.__name__, owner)
            )

    async def all(self, owner: str) -> list[R]:
        """Everything a person has, the newest first."""
        return await self._where(owner, "true", {}, "created_at DESC, id")

    async def _where(
        self, owner: str, condition: LiteralString, values: Mapping[str, Any], order: LiteralString
    ) -> list[R]:
        statement = sql.SQL("SELECT * FROM {} WHERE owner = %(owner)s AND ({}) ORDER BY {}").format(
            self._name, sql.SQL(condition), sql.SQL(order)
        )
        return await self._rows(statement, {"owner": owner, **values})

    async def _rows(self, statement: sql.Composed, values: Mapping[str, Any]) -> list[R]:
        async with self._database.connection() as connection:
            cursor = await connection.execute(statement, values)
            return [self._kind.model_validate(row) for row in await cursor.fetchall()]


class Events(Table[Event]):
    """Appointments."""

    async def overlapping(self, owner: str, start: datetime, end: datetime) -> list[Event]:
        """Single events that touch the half-open window, and every series: its rule says when."""
        return await self._where(
            owner,
            "cancelled_at IS NULL AND ((rule IS NULL AND starts_at < %(end)s AND "
            "(ends_at > %(start)s OR starts_at >= %(start)s)) OR (rule IS NOT NULL AND starts_at < %(end)s))",
            {"start": start, "end": end},
            "starts_at, id",
        )


class Tasks(Table[Task]):
    """Things to do."""

    async def open(self, owner: str) -> list[Task]:
        """What is still to do: the ones with a date first."""
        return await self._where(owner, "done_at IS NULL", {}, "due_at NULLS LAST, created_at, id")


class Reminders(Table[Reminder]):
    """Words to be said at a time."""

    async def waiting(self, owner: str) -> list[Reminder]:
        """What is still to be said."""
        return await self._where(owner, "cancelled_at IS NULL AND delivered_at IS NULL", {}, "due_at, id")

    async def due(self, now: datetime, owners: Sequence[str]) -> list[Reminder]:
        """What should have been said by `now`."""
        statement = sql.SQL(
            "SELECT * FROM {} WHERE owner = ANY(%(owners)s) AND cancelled_at IS NULL AND delivered_at IS NULL"
            " AND due_at <= %(now)s ORDER BY due_at, id"
        ).format(self._name)
        return await self._rows(statement, {"owners": list(owners), "now": now})


class Records:
    """All tables of the household over one database."""

    def __init__(self, database: Database) -> None:
        """Bind the tables."""
        self.events = Events(database, "events", Event)
        self.tasks = Tasks(database, "tasks", Task)
        self.contacts = Table(database, "contacts", Contact)
        self.notes = Table(database, "notes", Note)
        self.reminders = Reminders(database, "reminders", Reminder)
        self.holdings = Table(database, "holdings", Holding)
        self.watched = Table(database, "watched", Watched)
