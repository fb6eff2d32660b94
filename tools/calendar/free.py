"""When somebody is free."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from passfel.household.occurrence import Occurrence
from passfel.household.turn import Turn
from passfel.household.wording import capital, say_day, say_list, say_time

DAY = (time(8), time(20))
"""The hours of a day that are looked at when no hours are asked about."""
MOST_DAYS = 14
Span = tuple[datetime, datetime]


def is_busy(occurrence: Occurrence) -> bool:
    """Whether it takes time: a birthday or a mark on the page doesn't."""
    return occurrence.event.busy and occurrence.end > occurrence.start


def free_spans(
    found: Sequence[Occurrence], begin: datetime, end: datetime, zone: ZoneInfo, least: timedelta
) -> list[tuple[date, list[Span]]]:
    """For each day in [begin, end), the gaps of at least this length between what takes hours."""
    taken = sorted((one.start, one.end) for one in found if is_busy(one) and not one.event.all_day)
    return [
        (day, [gap for gap in _gaps(taken, first, last) if gap[1] - gap[0] >= least])
        for day, first, last in _days(begin, end, zone)
    ]


def _days(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[date, datetime, datetime]]:
    """Each day of a window, with its hours: those asked about, or the ones of a day."""
    begin, end = begin.astimezone(zone), end.astimezone(zone)
    day = begin.date()
    while day < end.date() or (day == end.date() and end.time() > time.min):
        midnight = datetime.combine(day, time.min, zone)
        first, last = (
            max(begin, midnight),
            min(end, datetime.combine(day + timedelta(days=1), time.min, zone)),
        )
        if first == midnight and last.date() > day:
            first, last = datetime.combine(day, DAY[0], zone), datetime.combine(day, DAY[1], zone)
        elif last.date() > day and first.time() < DAY[1]:
            last = datetime.combine(day, DAY[1], zone)
        yield day, first, last
        day += timedelta(days=1)


def _gaps(taken: Sequence[Span], first: datetime, last: datetime) -> Iterator[Span]:
    at = first
    for start, end in taken:
        if end <= at or start >= last:
            continue
        if start > at:
            yield at, start
        at = max(at, end)
    if at < last:
        yield at, last


def say_free(days: Sequence[tuple[date, list[Span]]], turn: Turn) -> str:
    """The gaps in words, a line for each day."""
    return "\n".join(_say(day, gaps, turn) for day, gaps in days)


def _say(day: date, gaps: Sequence[Span], turn: Turn) -> str:
    said = capital(say_day(day, turn.now.date()))
    if not gaps:
        return f"{said} you are not free."
    spans = [
        f"{say_time(start.astimezone(turn.zone), turn.locale)} to {say_time(end.astimezone(turn.zone), turn.locale)}"
        for start, end in gaps
    ]
    return f"{said} you are free from {say_list(spans)}."
