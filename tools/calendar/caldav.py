"""Calendars on a CalDAV server: iCloud, Nextcloud, Fastmail, Radicale and the others."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.occurrence import Occurrence
from passfel.household.origin import Origin
from passfel.household.rows import Event
from passfel.tools.calendar.mirror import Mirror
from passfel.tools.calendar.provider import Written, in_order
from passfel.tools.dav.careful import CarefulWrites
from passfel.tools.dav.client import CalDavAccount, CalDavClient, ChangedElsewhereError, Entry, entry_url
from passfel.tools.elsewhere import Version
from passfel.tools.http import Http
from passfel.tools.ical.reading import Place, first_occurrence, occurrences_in
from passfel.tools.ical.writing import cancelled, moved, new_event

log = logging.getLogger(__name__)


class CalDavCalendar:
    """One account; all of its calendars."""

    def __init__(self, http: Http, name: str, account: CalDavAccount) -> None:
        """Nothing is asked until the first question."""
        self.account = name
        self.person = account.person
        self._client = CalDavClient(http, name, account)
        self._writes = CarefulWrites(self._client, name)
        self.source = self._client.source
        self._mirrors: list[Mirror] | None = None
        self._finding = asyncio.Lock()

    async def check(self) -> str:
        """Sign in, and name the calendars."""
        return await self._client.check()

    async def names(self) -> list[str]:
        """The calendars that can be added to."""
        return [mirror.collection.name for mirror in await self._calendars() if mirror.collection.writable]

    async def between(self, owner: str, begin: datetime, end: datetime) -> list[Occurrence]:
        """What takes place in [begin, end), in the order of time; broken entries are left out and logged."""
        mirrors = await self._calendars()
        read = await asyncio.gather(*(mirror.entries(begin, end) for mirror in mirrors))
        entries = [
            (self._origin(mirror, entry), entry)
            for mirror, found in zip(mirrors, read, strict=True)
            for entry in found
        ]
        return await asyncio.to_thread(_expand, owner, entries, begin, end)

    async def add(self, calendar: str, uid: str, values: Mapping[str, Any]) -> Written:
        """Add an event under an id of ours: a second run finds it there."""
        mirror = await self._named(calendar)
        url = entry_url(mirror.collection.url, uid)
        text = new_event(uid, dict(values), datetime.now(UTC))
        try:
            await self._client.put(url, text, None)
        except ChangedElsewhereError:
            log.info("%s has %s already", self.source, uid)
        entry = await self._client.get(url)
        if entry is None:
            raise RequestError(
                f"{self.source} took {values['title']}, but does not show it. Please look there."
            )
        event = self._first(mirror, entry, values["starts_at"])
        return Written(event, None, self._writes.version(entry))

    async def move(self, occurrence: Occurrence, start: datetime, end: datetime) -> Written:
        """Move one occurrence; the rest of its entry, and of its series, stays as it is."""
        return await self._rewrite(
            occurrence,
            lambda text, which: moved(text, which, start, end, datetime.now(UTC)),
            occurrence.event.model_copy(update={"starts_at": start, "ends_at": end}),
        )

    async def cancel(self, occurrence: Occurrence, *, series: bool) -> Written:
        """Delete an entry, or take one occurrence out of its series."""
        return await self._rewrite(
            occurrence,
            lambda text, which: None if series else cancelled(text, which, datetime.now(UTC)),
            occurrence.event,
        )

    async def restore(self, before: Version | None, after: Version | None) -> None:
        """Put an entry back as it was; one that is so already is done."""
        await self._writes.restore(before, after)

    async def _rewrite(
        self, occurrence: Occurrence, change: Callable[[str, str], bytes | None], event: Event
    ) -> Written:
        origin = _origin_of(occurrence)
        if not origin.writable:
            raise RequestError(
                f"The calendar {origin.calendar} can only be read, so I left {event.title} in it."
            )
        try:
            done = await self._writes.rewrite(
                origin.reference, origin.etag, event.title, lambda text: change(text, origin.occurrence)
            )
        except ValueError as error:
            raise RequestError(f"{event.title} is written in a way that I can't change safely.") from error
        etag = done.entry.etag if done.entry else origin.etag
        read = event.model_copy(update={"origin": origin.model_copy(update={"etag": etag})})
        return Written(read, done.before, done.after)

    async def _calendars(self) -> list[Mirror]:
        async with self._finding:
            if self._mirrors is None:
                found = await self._client.collections()
                self._mirrors = [Mirror(self._client, one) for one in found if "VEVENT" in one.components]
            return self._mirrors

    async def _named(self, calendar: str) -> Mirror:
        """The calendar to add to: by its name, or the first that can be written."""
        writable = [mirror for mirror in await self._calendars() if mirror.collection.writable]
        for mirror in writable:
            if not calendar or mirror.collection.name.casefold() == calendar.casefold():
                return mirror
        raise NotFoundError(f"{self.source} has no calendar {calendar or 'at all'} that I can add to.")

    def _origin(self, mirror: Mirror, entry: Entry) -> Origin:
        one = mirror.collection
        return Origin(
            account=self.account,
            calendar=one.name,
            collection=one.url,
            reference=entry.url,
            etag=entry.etag,
            writable=one.writable,
        )

    def _first(self, mirror: Mirror, entry: Entry, start: datetime) -> Event:
        """The event as the server has it now."""
        event = first_occurrence(entry.text, start, Place(self.person, self._origin(mirror, entry)))
        if event is None:
            raise RequestError(
                f"{self.source} took the event, but shows it at another time. Please look there."
            )
        return event


def _expand(
    owner: str, entries: list[tuple[Origin, Entry]], begin: datetime, end: datetime
) -> list[Occurrence]:
    found: list[Occurrence] = []
    for origin, entry in entries:
        found += occurrences_in(entry.text, begin, end, Place(owner, origin))[0]
    return in_order(found)


def _origin_of(occurrence: Occurrence) -> Origin:
    if occurrence.event.origin is None:
        raise ValueError("an event of our own was handed to a calendar elsewhere")
    return occurrence.event.origin
