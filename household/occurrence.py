"""When a recurring thing happens: RFC 5545 rules on the wall clock of their zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from passfel.household.errors import RequestError
from passfel.household.rows import Event

MOST = 1000
"""Occurrences looked at in one window; more than any household has in a year."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time an event takes place."""

    event: Event
    start: datetime
    end: datetime


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
    length = event.ends_at - event.starts_at
    if event.rule is None:
        starts = [event.starts_at]
    else:
        starts = list(starts_between(event.rule, event.starts_at, event.time_zone, begin - length, end))
    zone = ZoneInfo(event.time_zone)
    found = []
    for start in starts:
        finish = _same_length(start, length, zone) if event.all_day else start + length
        touches = start < end and (finish > begin or start >= begin)
        if touches and not any(start == skipped for skipped in event.skipped):
            found.append(Occurrence(event, start, finish))
    return found


def next_start(rule: str, first: datetime, zone: str, after: datetime) -> datetime | None:
    """The first start strictly after `after`, or None when the rule has ended."""
    begin = after + timedelta(microseconds=1)
    for days in (8, 40, 400, 3700):
        for moment in starts_between(rule, first, zone, begin, after + timedelta(days=days)):
            return moment
    return None


def _same_length(start: datetime, length: timedelta, zone: ZoneInfo) -> datetime:
    """A whole number of days on the wall clock, whatever the clocks do in between."""
    local = start.astimezone(zone)
    return (local + timedelta(days=round(length / timedelta(days=1)))).astimezone(start.tzinfo)


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
