"""The household's own calendar, in its own Postgres: works with no account anywhere."""

from datetime import datetime
from typing import Any
from uuid import UUID

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.occurrence import ZONES_APART, Occurrence, occurrences
from passfel.household.rows import Event
from passfel.household.wording import capital
from passfel.tools.calendar.provider import in_order
from passfel.tools.records import EventTable, read_back


class LocalCalendar:
    """Events as rows; series by their rule, with single occurrences skipped or moved away."""

    def __init__(self, records: EventTable) -> None:
        """Keep the store."""
        self._records = records

    async def between(self, owner: str, begin: datetime, end: datetime) -> list[Occurrence]:
        """What takes place in [begin, end), in the order of time; whole days by the dates of `begin`'s zone."""
        events = await self._records.overlapping(owner, begin - ZONES_APART, end + ZONES_APART)
        found = [occurrence for event in events for occurrence in occurrences(event, begin, end)]
        return in_order(found)

    async def add(self, owner: str, **values: Any) -> Event:
        """Add an event and read it back."""
        added = await self._records.add(owner, **values)
        return await read_back(self._records, added.id)

    async def event(self, row_id: UUID) -> Event:
        """One event as it is now."""
        return await read_back(self._records, row_id)

    async def move(self, occurrence: Occurrence, start: datetime, end: datetime) -> Event:
        """Move one occurrence; out of a series it becomes an event of its own."""
        event = await self._locked(occurrence)
        if event.rule is None:
            await self._records.change(event.id, starts_at=start, ends_at=end)
            return await read_back(self._records, event.id)
        await self._skip(event, occurrence)
        kept = {"title": event.title, "all_day": event.all_day, "time_zone": event.time_zone}
        return await self.add(event.owner, **kept, location=event.location, starts_at=start, ends_at=end)

    async def cancel(self, occurrence: Occurrence, now: datetime, *, series: bool) -> Event:
        """Cancel one occurrence, or with `series` all of them."""
        event = await self._locked(occurrence)
        if event.rule is not None and not series:
            return await self._skip(event, occurrence)
        await self._records.change(event.id, cancelled_at=now)
        return await read_back(self._records, event.id)

    async def _locked(self, occurrence: Occurrence) -> Event:
        """The event as the latest commit left it: it may have changed since the occurrence was found."""
        event = await self._records.lock(occurrence.event.id)
        if event is None or event.cancelled_at is not None or occurrence.start in event.skipped:
            raise NotFoundError(f"I found no appointment called “{occurrence.event.title}” any more.")
        found = occurrence.event
        if (event.starts_at, event.ends_at, event.rule) != (found.starts_at, found.ends_at, found.rule):
            raise RequestError(f"{capital(event.title)} has just been moved. Look at your calendar, please.")
        return event

    async def _skip(self, event: Event, occurrence: Occurrence) -> Event:
        await self._records.change(event.id, skipped=[*event.skipped, occurrence.start])
        return await read_back(self._records, event.id)
