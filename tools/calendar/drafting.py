"""A new appointment out of what was said: its length, its zone, its days, its repetition."""

import asyncio
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from passfel.household.errors import RequestError
from passfel.household.occurrence import starts_between
from passfel.household.turn import Turn
from passfel.household.wording import plain_text
from passfel.tools.calendar.moving import day_bounds, later
from passfel.tools.calendar.several import Draft
from passfel.tools.clock.zones import find_zone

DEFAULT_LENGTH = timedelta(hours=1)
LOOKED_AHEAD = timedelta(days=35)
"""How far a repetition is held against the calendar."""


async def draft_of(
    turn: Turn,
    title: str,
    start: datetime,
    end: datetime | None,
    *,
    all_day: bool = False,
    rule: str | None = None,
    location: str = "",
    time_zone: str = "",
) -> Draft:
    """What is going to be added.

    Raises:
        RequestError: it has no name, ends before it starts, or repeats in no way that can be read.
    """
    name = plain_text(title)
    if not name:
        raise RequestError("What is the appointment called?")
    zone = turn.zone
    if time_zone.strip():
        _, zone = await asyncio.to_thread(find_zone, time_zone, start)
        start = start.replace(tzinfo=zone)
        end = None if end is None else end.replace(tzinfo=zone)
    finish = end or later(start, timedelta(days=1) if all_day else DEFAULT_LENGTH)
    check_order(start, finish)
    if all_day:
        start, finish = day_bounds(start, finish, zone)
    if rule:
        _check_rule(rule, start, zone)
    return Draft(
        title=name,
        starts_at=start,
        ends_at=finish,
        all_day=all_day,
        rule=rule,
        location=plain_text(location),
        time_zone=zone.key,
    )


def drafted_times(draft: Draft) -> list[tuple[datetime, datetime]]:
    """When it takes place: once, or the first weeks of its repetition."""
    length = draft.ends_at - draft.starts_at
    starts = [draft.starts_at]
    if draft.rule:
        until = draft.starts_at + LOOKED_AHEAD
        found = starts_between(draft.rule, draft.starts_at, draft.time_zone, draft.starts_at, until)
        starts = list(found) or starts
    return [(start, later(start, length)) for start in starts]


def check_order(start: datetime, end: datetime) -> None:
    """RequestError for what would end before it starts."""
    if end < start:
        raise RequestError("That would end before it starts. Say when it starts and when it ends.")


def _check_rule(rule: str, start: datetime, zone: ZoneInfo) -> None:
    """A repetition that can't be read must not get into the calendar: every look would stumble over it."""
    next(starts_between(rule, start, zone.key, start, start + timedelta(days=1)), None)
