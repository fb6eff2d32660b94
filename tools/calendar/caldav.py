"""Calendars on a CalDAV server: iCloud, Nextcloud, Fastmail, Radicale and the others."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.occurrence import Occurrence
from passfel.household.origin import Origin
from passfel.household.rows import Event
from passfel.tools.calendar.mirror import Mirror
from passfel.tools.calendar.provider import Version, Written, cant_undo, changed_elsewhere, in_order
from passfel.tools.dav.client import CalDavAccount, CalDavClient, ChangedElsewhereError, Entry, entry_url
from passfel.tools.http import Http
from passfel.tools.ical.reading import Place, first_occurrence, occurrences_in
from passfel.tools.ical.writing import cancelled, moved, new_event, same_entry

log = logging.getLogger(__name__)


class CalDavCalendar:
    """One account; all of its calendars."""

    def __init__(self, http: Http, name: str, account: CalDavAccount) -> None:
        """Nothing is asked until the first question."""
        self.account = name
        self.person = account.person
        self._client = CalDavClient(http, name, account)
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
        return Written(event, None, self._version(entry))

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
        url = str((before or after or {})["url"])
        now = await self._client.get(url)
        if _is(now, before):
            return
        if not _is(now, after):
            raise cant_undo()
        try:
            if before is None:
                await self._client.delete(url, now.etag if now else "")
            else:
                await self._client.put(url, str(before["text"]).encode(), now.etag if now else None)
        except ChangedElsewhereError as error:
            raise cant_undo() from error

    async def _rewrite(self, occurrence: Occurrence, change: Any, event: Event) -> Written:
        """Change an entry if it is still the one that was read, or find that it is changed so already."""
        origin = _origin_of(occurrence)
        if not origin.writable:
            raise RequestError(
                f"The calendar {origin.calendar} can only be read, so I left {event.title} in it."
            )
        now = await self._client.get(origin.reference)
        if now is None:
            return Written(event)
        before = self._version(now)
        try:
            wanted = change(now.text, origin.occurrence)
        except ValueError as error:
            raise RequestError(f"{event.title} is written in a way that I can't change safely.") from error
        if wanted is not None and same_entry(wanted, now.text):
            return Written(event)
        if now.etag != origin.etag:
            raise changed_elsewhere(event.title)
        try:
            if wanted is None:
                await self._client.delete(now.url, now.etag)
                return Written(event, before, None)
            await self._client.put(now.url, wanted, now.etag)
        except ChangedElsewhereError as error:
            return await self._after_conflict(now.url, wanted, event, before, error)
        return await self._read_back(now.url, wanted, event, before)

    async def _after_conflict(
        self, url: str, wanted: bytes | None, event: Event, before: Version, error: Exception
    ) -> Written:
        """Our own write may have got there although its answer was lost: then it isn't anybody else's."""
        now = await self._client.get(url)
        if (now is None and wanted is None) or (now and wanted and same_entry(wanted, now.text)):
            return Written(event, before, self._version(now) if now else None)
        raise changed_elsewhere(event.title) from error

    async def _read_back(self, url: str, wanted: bytes, event: Event, before: Version) -> Written:
        now = await self._client.get(url)
        if now is None or not same_entry(wanted, now.text):
            raise RequestError(f"{self.source} took the change of {event.title}, but does not show it.")
        origin = event.origin.model_copy(update={"etag": now.etag}) if event.origin else None
        return Written(event.model_copy(update={"origin": origin}), before, self._version(now))

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

    def _version(self, entry: Entry) -> dict[str, Any]:
        return {"account": self.account, "url": entry.url, "etag": entry.etag, "text": entry.text}


def _expand(
    owner: str, entries: list[tuple[Origin, Entry]], begin: datetime, end: datetime
) -> list[Occurrence]:
    found: list[Occurrence] = []
    for origin, entry in entries:
        found += occurrences_in(entry.text, begin, end, Place(owner, origin))[0]
    return in_order(found)


def _is(now: Entry | None, version: Version | None) -> bool:
    if now is None or version is None:
        return now is None and version is None
    return now.etag == version["etag"] or same_entry(now.text, str(version["text"]))


def _origin_of(occurrence: Occurrence) -> Origin:
    if occurrence.event.origin is None:
        raise ValueError("an event of our own was handed to a calendar elsewhere")
    return occurrence.event.origin
