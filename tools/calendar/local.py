"""The household's own calendar, in its own Postgres: works with no account anywhere."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from passfel.household.occurrence import Occurrence, occurrences
from passfel.household.rows import Event
from passfel.tools.records import EventTable, read_back


class Calendar(Protocol):
    """What every calendar provider can do."""

    async def between(self, owner: str, begin: datetime, end: datetime) -> list[Occurrence]:
        """What takes place in [begin, end), in the order of time."""
        ...

    async def add(self, owner: str, **values: Any) -> Event:
        """Add an event and read it back."""
        ...

    async def move(self, occurrence: Occurrence, start: datetime, end: datetime) -> Event:
        """Move one occurrence."""
        ...

    async def cancel(self, occurrence: Occurrence, now: datetime, *, series: bool) -> Event:
        """Cancel one occurrence, or with `series` all of them."""
        ...


class LocalCalendar:
    """Events as rows; series by their rule, with single occurrences skipped or moved away."""

    def __init__(self, records: EventTable) -> None:
        """Keep the store."""
        self._records = records

    async def between(self, owner: str, begin: datetime, end: datetime) -> list[Occurrence]:
        """What takes place in [begin, end), in the order of time."""
        events = await self._records.overlapping(owner, begin, end)
        found = [occurrence for event in events for occurrence in occurrences(event, begin, end)]
        return sorted(
            found, key=lambda occurrence: (occurrence.start, occurrence.end, occurrence.event.title)
        )

    async def add(self, owner: str, **values: Any) -> Event:
        """Add an event and read it back."""
        added = await self._records.add(owner, **values)
        return await read_back(self._records, added.id)

    async def move(self, occurrence: Occurrence, start: datetime, end: datetime) -> Event:
        """Move one occurrence; out of a series it becomes an event of its own."""
        event = occurrence.event
        if event.rule is None:
            await self._records.change(event.id, starts_at=start, ends_at=end)
            return await read_back(self._records, event.id)
        await self._skip(occurrence)
        kept = {"title": event.title, "all_day": event.all_day, "time_zone": event.time_zone}
        return await self.add(event.owner, **kept, location=event.location, starts_at=start, ends_at=end)

    async def cancel(self, occurrence: Occurrence, now: datetime, *, series: bool) -> Event:
        """Cancel one occurrence, or with `series` all of them."""
        event = occurrence.event
        if event.rule is not None and not series:
            return await self._skip(occurrence)
        await self._records.change(event.id, cancelled_at=now)
        return await read_back(self._records, event.id)

    async def _skip(self, occurrence: Occurrence) -> Event:
        skipped: Sequence[datetime] = (*occurrence.event.skipped, occurrence.start)
        await self._records.change(occurrence.event.id, skipped=list(skipped))
        return await read_back(self._records, occurrence.event.id)
