"""When a recurring thing happens: RFC 5545 rules on the wall clock of their zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from passfel.household.errors import RequestError
from passfel.household.rows import Event

ZONES_APART = timedelta(hours=26)
"""The same date begins up to this much earlier or later elsewhere."""
MOST = 1000
"""Occurrences looked at in one window; more than any household has in a year."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time an event takes place."""

    event: Event
    start: datetime
    end: datetime

    @property
    def first_day(self) -> date:
        """The day it starts on, by the calendar of its own zone."""
        return self.start.astimezone(ZoneInfo(self.event.time_zone)).date()

    @property
    def days(self) -> int:
        """How many days an all-day event takes; a day of 23 or 25 hours is one."""
        return whole_days(self.start, self.end)

    @property
    def last_day(self) -> date:
        """The last day of an all-day event."""
        return self.first_day + timedelta(days=self.days - 1)

    def touches(self, begin: datetime, end: datetime) -> bool:
        """Whether it has a part in [begin, end).

        Whole days have no hours: Friday is Friday in every zone, so they are compared with the dates of the window.
        """
        if not self.event.all_day:
            return self.start < end and (self.end > begin or self.start >= begin)
        last = max(begin, end - timedelta(microseconds=1)).astimezone(begin.tzinfo).date()
        return self.first_day <= last and self.last_day >= begin.date()

    def within(self, begin: datetime, end: datetime) -> bool:
        """Whether no part of it lies outside [begin, end)."""
        if not self.event.all_day:
            return begin <= self.start and self.end <= end
        first, after = (midnight(day, begin.tzinfo) for day in (self.first_day, self.last_day + timedelta(1)))
        return begin <= first and after <= end


def whole_days(start: datetime, end: datetime) -> int:
    """The number of days between two midnights, at least one, whatever the clocks do in between."""
    return max(1, round((end.astimezone(UTC) - start.astimezone(UTC)) / timedelta(days=1)))


def midnight(day: date, zone: tzinfo | None) -> datetime:
    """The start of a day in a zone."""
    return datetime.combine(day, time(0), tzinfo=zone)


def starts_between(
    rule: str, first: datetime, zone: str, begin: datetime, end: datetime
) -> Iterator[datetime]:
    """The starts in [begin, end) of a rule whose first start is `first`.

    The rule runs on the wall clock of `zone`, so that a meeting at nine stays at nine across a
    change of the clocks (RFC 5545, section 3.3.10). A wall time that doesn't exist is moved on by the gap.

    Raises:
        RequestError: the rule can't be read.
    """
    place = ZoneInfo(zone)
    try:
        recurrence = rrulestr(_local_until(rule, place), dtstart=first.astimezone(place).replace(tzinfo=None))
    except (ValueError, TypeError) as error:
        raise RequestError(f"I can't read the repetition “{rule}”.") from error
    wall_begin = begin.astimezone(place).replace(tzinfo=None)
    wall_end = end.astimezone(place).replace(tzinfo=None)
    for count, wall in enumerate(recurrence.xafter(wall_begin - timedelta(hours=3), inc=True)):
        if wall >= wall_end + timedelta(hours=3) or count >= MOST:
            return
        moment = wall.replace(tzinfo=place).astimezone(begin.tzinfo)
        if begin <= moment < end:
            yield moment


def occurrences(event: Event, begin: datetime, end: datetime) -> list[Occurrence]:
    """The times `event` takes place that touch the window [begin, end)."""
    length = event.ends_at.astimezone(UTC) - event.starts_at.astimezone(UTC)
    margin = ZONES_APART if event.all_day else timedelta(0)
    if event.rule is None:
        starts = [event.starts_at]
    else:
        earliest, latest = begin - length - margin, end + margin
        starts = list(starts_between(event.rule, event.starts_at, event.time_zone, earliest, latest))
    found = []
    for start in starts:
        finish = _days_later(start, event) if event.all_day else _later(start, length)
        occurrence = Occurrence(event, start, finish)
        if occurrence.touches(begin, end) and not any(start == skipped for skipped in event.skipped):
            found.append(occurrence)
    return found


def next_start(rule: str, first: datetime, zone: str, after: datetime) -> datetime | None:
    """The first start strictly after `after`, or None when the rule has ended."""
    begin = after + timedelta(microseconds=1)
    for days in (8, 40, 400, 3700):
        for moment in starts_between(rule, first, zone, begin, after + timedelta(days=days)):
            return moment
    return None


def _days_later(start: datetime, event: Event) -> datetime:
    """The end of an all-day event: as many midnights later as it takes days."""
    zone = ZoneInfo(event.time_zone)
    days = whole_days(event.starts_at, event.ends_at)
    return midnight(start.astimezone(zone).date() + timedelta(days=days), zone).astimezone(start.tzinfo)


def _later(start: datetime, length: timedelta) -> datetime:
    return (start.astimezone(UTC) + length).astimezone(start.tzinfo)


def _local_until(rule: str, zone: ZoneInfo) -> str:
    """UNTIL is in UTC (RFC 5545); the rule runs on the wall clock, so say UNTIL there too."""
    parts = []
    for part in rule.split(";"):
        name, _, value = part.partition("=")
        if name.upper() == "UNTIL" and value.upper().endswith("Z"):
            until = datetime.strptime(value.upper(), "%Y%m%dT%H%M%SZ").replace(tzinfo=ZoneInfo("UTC"))
            parts.append(f"UNTIL={until.astimezone(zone):%Y%m%dT%H%M%S}")
        else:
            parts.append(part)
    return ";".join(parts)
