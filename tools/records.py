"""What the tools need of the household's tables; `memory/records.py` has it."""

from datetime import datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

from passfel.household.rows import Event, Reminder, Row, Task

R = TypeVar("R", bound=Row)


class RecordTable(Protocol[R]):
    """One kind of row."""

    async def add(self, owner: str, **values: Any) -> R:
        """Insert a row and return it."""
        ...

    async def change(self, row_id: UUID, **values: Any) -> R:
        """Update a row and return it."""
        ...

    async def remove(self, row_id: UUID) -> None:
        """Delete a row."""
        ...

    async def get(self, row_id: UUID) -> R | None:
        """Read one row, or None."""
        ...

    async def lock(self, row_id: UUID) -> R | None:
        """Read one row as it is now, and keep others from changing it until the effect is done."""
        ...

    async def hold(self, owner: str) -> None:
        """Keep others from adding such rows for this person until the effect is done."""
        ...

    async def all(self, owner: str) -> list[R]:
        """Everything a person has, the newest first."""
        ...


class EventTable(RecordTable[Event], Protocol):
    """Appointments."""

    async def overlapping(self, owner: str, start: datetime, end: datetime) -> list[Event]:
        """Single events that touch the window, and every series."""
        ...


class TaskTable(RecordTable[Task], Protocol):
    """Things to do."""

    async def open(self, owner: str) -> list[Task]:
        """What is still to do."""
        ...


class ReminderTable(RecordTable[Reminder], Protocol):
    """Words to be said at a time."""

    async def waiting(self, owner: str) -> list[Reminder]:
        """What is still to be said."""
        ...


async def read_back(table: RecordTable[R], row_id: UUID) -> R:
    """Read a row after it was written: what a receipt is made of.

    Raises:
        LookupError: it was written and is not there, which no transaction allows.
    """
    row = await table.get(row_id)
    if row is None:
        raise LookupError(f"row {row_id} was written and is not there")
    return row
