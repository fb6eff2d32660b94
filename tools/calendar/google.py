"""Google Calendar: all calendars of one account, kept in memory and brought up to date with sync tokens."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.occurrence import Occurrence
from passfel.household.origin import Origin
from passfel.household.rows import Event
from passfel.tools.calendar.google_api import SOURCE, GoogleApi
from passfel.tools.calendar.google_text import as_texts, moment_of, time_of
from passfel.tools.calendar.provider import Written, in_order
from passfel.tools.elsewhere import Version, cant_undo, changed_elsewhere
from passfel.tools.google.sign_in import SignIn
from passfel.tools.http import Http
from passfel.tools.http_failures import StatusError
from passfel.tools.ical.reading import Place, first_occurrence, occurrences_in
from passfel.tools.ical.writing import rule_for

log = logging.getLogger(__name__)

ACCOUNT = "google"
BEHIND = timedelta(days=40)
WRITERS = frozenset({"owner", "writer"})
CHANGED = 412


@dataclass
class GoogleMirror:
    """One calendar's events as they were last told."""

    id: str
    name: str
    zone: str
    writable: bool
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    token: str = ""
    since: datetime | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def catch_up(self, api: GoogleApi, begin: datetime) -> None:
        """Ask for what has changed; all anew where the token is refused, or an earlier time is asked about."""
        async with self.lock:
            told = None
            if self.token and self.since is not None and self.since <= begin:
                told = await api.changes(self.id, self.token)
            if told is None:
                self.since, self.items = begin - BEHIND, {}
                told = await api.everything(self.id, self.since)
            items, self.token = told
            for item in items:
                self._take(item)

    def _take(self, item: dict[str, Any]) -> None:
        """A cancelled event is gone; a cancelled occurrence is a hole in its series."""
        if item.get("status") == "cancelled" and "recurringEventId" not in item:
            self.items.pop(str(item["id"]), None)
        else:
            self.items[str(item["id"])] = item


class GoogleCalendar:
    """The account that the household has signed in with."""

    source = SOURCE
    account = ACCOUNT

    def __init__(self, http: Http, sign_in: SignIn) -> None:
        """Nothing is asked until the first question."""
        self.person = sign_in.settings.person
        self._api = GoogleApi(http, sign_in)
        self._wanted = {name.casefold() for name in sign_in.settings.calendars}
        self._mirrors: list[GoogleMirror] | None = None
        self._finding = asyncio.Lock()

    async def check(self) -> str:
        """Sign in, and name the calendars."""
        self._mirrors = None
        names = [mirror.name for mirror in await self._calendars()]
        return f"Signed in; it shows {', '.join(sorted(names)) or 'no calendar'}."

    async def names(self) -> list[str]:
        """The calendars that can be added to."""
        return [mirror.name for mirror in await self._calendars() if mirror.writable]

    async def between(self, owner: str, begin: datetime, end: datetime) -> list[Occurrence]:
        """What takes place in [begin, end), in the order of time."""
        mirrors = await self._calendars()
        await asyncio.gather(*(mirror.catch_up(self._api, begin) for mirror in mirrors))
        return await asyncio.to_thread(self._expand, owner, mirrors, begin, end)

    async def add(self, calendar: str, uid: str, values: Mapping[str, Any]) -> Written:
        """Add an event under an id of ours: a second run finds it there."""
        mirror = await self._named(calendar)
        zone, all_day = str(values["time_zone"]), bool(values.get("all_day"))
        name = UUID(uid).hex  # Google's ids have letters a to v and digits
        event: dict[str, Any] = {
            "id": name,
            "summary": values["title"],
            "start": time_of(values["starts_at"], zone, all_day=all_day),
            "end": time_of(values["ends_at"], zone, all_day=all_day),
        }
        if values.get("rule"):
            rule = rule_for(str(values["rule"]), ZoneInfo(zone), all_day=all_day)
            event["recurrence"] = [f"RRULE:{rule}"]
        if values.get("location"):
            event["location"] = values["location"]
        await self._api.insert(mirror.id, event)
        item = await self._api.get(mirror.id, name)
        read = self._first(mirror, item, values["starts_at"]) if item else None
        if item is None or read is None:
            raise RequestError(f"{SOURCE} took {values['title']}, but does not show it. Please look there.")
        return Written(read, None, self._version(mirror.id, item))

    async def move(self, occurrence: Occurrence, start: datetime, end: datetime) -> Written:
        """Move one occurrence; of a series, as an exception."""
        event, origin = occurrence.event, _origin_of(occurrence)
        times = {
            "start": time_of(start, event.time_zone, all_day=event.all_day),
            "end": time_of(end, event.time_zone, all_day=event.all_day),
        }
        moved = event.model_copy(update={"starts_at": start, "ends_at": end})
        item = await self._current(occurrence)
        if item is None:
            raise changed_elsewhere(event.title)
        if _same_times(item, times):
            return Written(moved)
        self._check_version(occurrence, item)
        after = await self._guarded(
            event.title,
            lambda: self._api.patch(origin.collection, str(item["id"]), times, str(item.get("etag", ""))),
        )
        if not _same_times(after, times):
            raise RequestError(f"{SOURCE} took the change of {event.title}, but shows another time.")
        return Written(moved, self._version(origin.collection, item), self._version(origin.collection, after))

    async def cancel(self, occurrence: Occurrence, *, series: bool) -> Written:
        """Cancel one occurrence, or with `series` all of them; Google keeps what is cancelled for a while."""
        event, origin = occurrence.event, _origin_of(occurrence)
        item = await (
            self._api.get(origin.collection, origin.reference) if series else self._current(occurrence)
        )
        if item is None or item.get("status") == "cancelled":
            return Written(event)
        self._check_version(occurrence, item, series=series)
        await self._guarded(
            event.title,
            lambda: self._api.delete(origin.collection, str(item["id"]), str(item.get("etag", ""))),
        )
        return Written(event, self._version(origin.collection, item), None)

    async def restore(self, before: Version | None, after: Version | None) -> None:
        """Put an event back as it was; one that is so already is done."""
        version = before or after or {}
        calendar, name = str(version["calendar"]), str(version["id"])
        now = await self._api.get(calendar, name)
        gone = now is None or now.get("status") == "cancelled"
        if before is None:
            if gone or now is None:
                return
            await self._put_back(after, now, lambda etag: self._api.delete(calendar, name, etag))
            return
        times = {"start": before["start"], "end": before["end"], "status": "confirmed"}
        if now is None:
            raise cant_undo()
        if not gone and _same_times(now, before):
            return
        if gone != (after is None):
            raise cant_undo()
        await self._put_back(after, now, lambda etag: self._api.patch(calendar, name, times, etag))

    async def _put_back(
        self, after: Version | None, now: Mapping[str, Any], change: Callable[[str], Awaitable[Any]]
    ) -> None:
        if after is not None and not _same_times(now, after):
            raise cant_undo()
        try:
            await change(str(now.get("etag", "")))
        except StatusError as error:
            if error.status == CHANGED:
                raise cant_undo() from error
            raise

    async def _guarded(self, title: str, change: Callable[[], Awaitable[Any]]) -> Any:
        try:
            return await change()
        except StatusError as error:
            if error.status == CHANGED:
                raise changed_elsewhere(title) from error
            raise

    async def _current(self, occurrence: Occurrence) -> dict[str, Any] | None:
        """The event, or the very occurrence of its series, as it is now."""
        origin = _origin_of(occurrence)
        if not origin.writable:
            title = occurrence.event.title
            raise RequestError(f"The calendar {origin.calendar} can only be read, so I left {title} in it.")
        if not origin.occurrence:
            return await self._api.get(origin.collection, origin.reference)
        return await self._api.instance(origin.collection, origin.reference, origin.occurrence)

    def _check_version(
        self, occurrence: Occurrence, item: Mapping[str, Any], *, series: bool = False
    ) -> None:
        """What is to be changed must still be what was read: by its version, an occurrence by its time."""
        origin, event = _origin_of(occurrence), occurrence.event
        if series or not origin.occurrence:
            same = not origin.etag or item.get("etag") == origin.etag
        else:
            zone = event.time_zone
            same = moment_of(item.get("start", {})) == moment_of(
                time_of(occurrence.start, zone, all_day=event.all_day)
            )
        if not same:
            raise changed_elsewhere(event.title)

    async def _calendars(self) -> list[GoogleMirror]:
        async with self._finding:
            if self._mirrors is None:
                self._mirrors = [
                    _mirror(item) for item in await self._api.calendars() if self._is_shown(item)
                ]
            return self._mirrors

    def _is_shown(self, item: Mapping[str, Any]) -> bool:
        if item.get("deleted") or item.get("accessRole") == "freeBusyReader":
            return False
        if self._wanted:
            return _name(item).casefold() in self._wanted
        return bool(item.get("selected") or item.get("primary"))

    async def _named(self, calendar: str) -> GoogleMirror:
        writable = [mirror for mirror in await self._calendars() if mirror.writable]
        for mirror in writable:
            if not calendar or mirror.name.casefold() == calendar.casefold():
                return mirror
        raise NotFoundError(f"{SOURCE} has no calendar {calendar or 'at all'} that I can add to.")

    def _expand(
        self, owner: str, mirrors: list[GoogleMirror], begin: datetime, end: datetime
    ) -> list[Occurrence]:
        found: list[Occurrence] = []
        for mirror in mirrors:
            for item, text in as_texts(mirror.items.values(), mirror.zone):
                place = Place(owner, self._origin(mirror, item))
                found += occurrences_in(text, begin, end, place)[0]
        return in_order(found)

    def _first(self, mirror: GoogleMirror, item: Mapping[str, Any], start: datetime) -> Event | None:
        for found, text in as_texts([item], mirror.zone):
            return first_occurrence(text, start, Place(self.person, self._origin(mirror, found)))
        return None

    def _origin(self, mirror: GoogleMirror, item: Mapping[str, Any]) -> Origin:
        return Origin(
            account=ACCOUNT,
            calendar=mirror.name,
            collection=mirror.id,
            reference=str(item["id"]),
            etag=str(item.get("etag", "")),
            writable=mirror.writable,
        )

    def _version(self, calendar: str, item: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: item.get(name) for name in ("id", "etag", "start", "end")}
        return {"account": ACCOUNT, "calendar": calendar, **kept}


def _mirror(item: Mapping[str, Any]) -> GoogleMirror:
    zone = str(item.get("timeZone") or "UTC")
    return GoogleMirror(str(item["id"]), _name(item), zone, item.get("accessRole") in WRITERS)


def _name(item: Mapping[str, Any]) -> str:
    return str(item.get("summaryOverride") or item.get("summary") or item["id"])


def _same_times(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(moment_of(one.get(name) or {}) == moment_of(other[name]) for name in ("start", "end"))


def _origin_of(occurrence: Occurrence) -> Origin:
    if occurrence.event.origin is None:
        raise ValueError("an event of our own was handed to a calendar elsewhere")
    return occurrence.event.origin
