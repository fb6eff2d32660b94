"""iCalendar text as occurrences: per component, so that one broken entry costs nobody the others."""

import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import icalendar
import icalendar.error
import recurring_ical_events

from passfel.household.occurrence import Occurrence
from passfel.household.origin import Origin
from passfel.household.rows import Event
from passfel.household.wording import plain_text

log = logging.getLogger(__name__)
# It guesses rightly, and says so on standard error for every single hour.
warnings.filterwarnings("ignore", category=icalendar.error.GloballyUniqueTZIDGuessed)

Component = Any
"""An icalendar Component: its own types make every property a union of thirty."""
PASSFEL = UUID("0c2b3d5e-6a0e-5d1a-9b35-3f6a5f0f2c11")
"""The name space of ids that are made from others' names."""
LONGEST_TITLE = 200
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)
"""What icalendar and the expansion raise on entries that are broken."""
MARGIN = timedelta(days=2)
"""Whole days and floating hours lie elsewhere on other clocks."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose entry it is, and where it is kept."""

    owner: str
    origin: Origin


def parse(text: str | bytes) -> list[Component]:
    """The calendars of a text; ValueError where it is none."""
    try:
        found = icalendar.Calendar.from_ical(text, multiple=True)
    except UNREADABLE as error:
        raise ValueError(f"no iCalendar text ({type(error).__name__})") from error
    return [calendar for calendar in found if calendar.name == "VCALENDAR"]


def occurrences_in(
    text: str | bytes, begin: datetime, end: datetime, place: Place
) -> tuple[list[Occurrence], int]:
    """What takes place in [begin, end), unsorted, and how many entries could not be read.

    Whole days and floating hours are read on the clock of `begin`.
    """
    found: list[Occurrence] = []
    broken = 0
    try:
        calendars = parse(text)
    except ValueError as error:
        log.info("an entry of %s can't be read: %s", place.origin.calendar, error)
        return [], 1
    for calendar in calendars:
        for uid, part in _series(calendar):
            try:
                found += _expanded(part, uid, begin, end, place)
            except UNREADABLE as error:
                log.info("%s of %s can't be read: %s", uid, place.origin.calendar, type(error).__name__)
                broken += 1
    return found, broken


def first_occurrence(text: str | bytes, start: datetime, place: Place) -> Event | None:
    """The event that starts at this moment, as it is written; a series shows its first time."""
    found, _ = occurrences_in(text, start, start + timedelta(minutes=1), place)
    starting = [occurrence.event for occurrence in found if occurrence.start == start]
    return starting[0] if starting else None


def event_id(origin: Origin, uid: str) -> UUID:
    """The same id for the same entry, however often it is read."""
    return uuid5(PASSFEL, f"{origin.account}\n{origin.collection}\n{uid}")


def _series(calendar: Component) -> Iterator[tuple[str, Component]]:
    """Each entry with its exceptions and the time zones of its calendar."""
    groups: dict[str, list[Component]] = {}
    for component in calendar.walk("VEVENT"):
        groups.setdefault(str(component.get("UID", id(component))), []).append(component)
    zones = calendar.walk("VTIMEZONE")
    for uid, components in groups.items():
        part = icalendar.Calendar(calendar)
        part.subcomponents = [*zones, *components]
        yield uid, part


def _expanded(
    part: Component, uid: str, begin: datetime, end: datetime, place: Place
) -> Iterator[Occurrence]:
    masters = [component for component in part.walk("VEVENT") if "RECURRENCE-ID" not in component]
    rule = _rule(masters[0]) if masters else ""
    lengths = _Lengths(part, masters[0] if rule else None)
    query = recurring_ical_events.of(part)
    for component in query.between(begin - MARGIN, end + MARGIN):
        if str(component.get("STATUS", "")).upper() == "CANCELLED":
            continue
        lengths.correct(component)
        occurrence = _occurrence(component, uid, rule, begin.tzinfo or UTC, place)
        if occurrence.touches(begin, end):
            yield occurrence


class _Lengths:
    """How long the occurrences of a series take: exactly as long as the first, also across a change of the clocks.

    So it is in RFC 5545 (3.8.5.3) where the series has an end; the expansion keeps the wall clock's difference.
    """

    def __init__(self, part: Component, master: Component | None) -> None:
        self._length: timedelta | None = None
        self._own: set[datetime] = set()
        if master is None or "DTEND" not in master or not isinstance(master["DTSTART"].dt, datetime):
            return
        self._length = moment(master["DTEND"].dt, UTC).astimezone(UTC) - moment(
            master["DTSTART"].dt, UTC
        ).astimezone(UTC)
        changed = [one["RECURRENCE-ID"] for one in part.walk("VEVENT") if "RECURRENCE-ID" in one]
        self._own = {moment(one.dt, UTC).astimezone(UTC) for one in changed}
        if any("RANGE" in one.params for one in changed):
            self._length = None  # from there on the series has another length

    def correct(self, component: Component) -> None:
        """Set the end of an occurrence that is its series' own."""
        which = component.get("RECURRENCE-ID")
        if self._length is None or which is None or moment(which.dt, UTC).astimezone(UTC) in self._own:
            return
        start = component["DTSTART"].dt
        if start.tzinfo is not None:
            component.DTEND = (start.astimezone(UTC) + self._length).astimezone(start.tzinfo)


def _rule(master: Component) -> str:
    """Its repetition, if it has one; "RDATE" for a mere list of days."""
    rule = master.get("RRULE")
    if isinstance(rule, list):
        rule = rule[0]
    return str(rule.to_ical().decode()) if rule else "RDATE" if "RDATE" in master else ""


def _occurrence(component: Component, uid: str, rule: str, clock: tzinfo, place: Place) -> Occurrence:
    first, last = component["DTSTART"].dt, component["DTEND"].dt
    all_day = not isinstance(first, datetime)
    start, end = moment(first, clock), moment(last, clock)
    recurrence = component.get("RECURRENCE-ID")
    which = recurrence.dt.isoformat() if recurrence is not None and rule else ""
    origin = place.origin.model_copy(update={"occurrence": which})
    written = _moment_or_none(component, "DTSTAMP") or datetime(1970, 1, 1, tzinfo=UTC)
    event = Event(
        id=event_id(origin, uid),
        owner=place.owner,
        created_at=_moment_or_none(component, "CREATED") or written,
        updated_at=_moment_or_none(component, "LAST-MODIFIED") or written,
        title=_text(component, "SUMMARY") or "something without a name",
        starts_at=start,
        ends_at=max(start, end),
        all_day=all_day,
        time_zone=_zone_name(first, clock),
        rule=rule or None,
        location=_text(component, "LOCATION"),
        busy=str(component.get("TRANSP", "")).upper() != "TRANSPARENT",
        origin=origin,
    )
    return Occurrence(event, event.starts_at, event.ends_at)


def moment(value: date, clock: tzinfo) -> datetime:
    """A DATE or DATE-TIME as a moment; days and floating hours on this clock."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time.min, tzinfo=clock)
    return value if value.tzinfo else value.replace(tzinfo=clock)


def _moment_or_none(component: Component, name: str) -> datetime | None:
    value = getattr(component.get(name), "dt", None)
    return moment(value, UTC) if isinstance(value, date) else None


def _zone_name(value: date, clock: tzinfo) -> str:
    zone = value.tzinfo if isinstance(value, datetime) and value.tzinfo else clock
    return zone.key if isinstance(zone, ZoneInfo) else "UTC"


def _text(component: Component, name: str) -> str:
    value = component.get(name, "")
    value = value[0] if isinstance(value, list) and value else value
    return " ".join(plain_text(str(value)).split())[:LONGEST_TITLE]
