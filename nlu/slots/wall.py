"""Wall-clock time in the zone of the person, over changes of the clocks too."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from passfel.nlu.slots.merge import readings
from passfel.nlu.slots.spec import DAY, Clock, Reading, Span

_EARLIEST, _LATEST = 6 * 60, 23 * 60
"""A bare hour without a day is read between 06:00 and 23:00."""


def at(reading: Reading, day: date, minutes: int = 0, second: int = 0) -> datetime:
    """The instant of a wall time; one that the clocks skip moves forward, a doubled one is the first."""
    day, minutes = day + (minutes // 1440) * DAY, minutes % 1440
    wall = datetime.combine(day, time(minutes // 60, minutes % 60, second), tzinfo=reading.now.tzinfo)
    moved = wall.astimezone(UTC).astimezone(reading.now.tzinfo)
    return wall if moved.replace(tzinfo=None) == wall.replace(tzinfo=None) else moved


def after(start: datetime, span: Span) -> datetime:
    """So long after an instant: days and months on the wall clock, hours on the instant."""
    zone = start.tzinfo
    if span.months or span.days:
        day = span.after(start.date())
        start = datetime.combine(day, start.time(), tzinfo=zone).astimezone(UTC).astimezone(zone)
    return (start.astimezone(UTC) + timedelta(seconds=span.seconds)).astimezone(zone)


def choose(clock: Clock, part: str) -> Clock:
    """Settle a bare hour on a day that was said, or in a part of the day.

    Without a part, 1 to 6 are in the afternoon, and the others as they were said.
    """
    if not part:
        if clock.sure or not 1 <= (clock.named or clock.hour) <= 6:
            return clock
        return replace(clock, hour=clock.hour % 12 + 12, sure=True)
    if clock.sure:
        return clock
    hour = clock.hour
    if part == "morning":
        hour = 0 if hour == 12 else hour
    elif part == "afternoon":
        hour = hour if hour == 12 else hour + 12
    elif part == "night" and hour <= 5:
        hour += 24
    else:
        hour += 12
    return replace(clock, hour=hour, sure=True)


def next_reading(reading: Reading, clock: Clock) -> tuple[date, Clock]:
    """Find the next time to come that an hour without a day may mean."""
    options = readings(clock)
    if not clock.sure:
        options = tuple(one for one in options if _EARLIEST <= one.minutes <= _LATEST) or options
    for one in options:
        if at(reading, reading.today, one.minutes, one.second) > reading.now:
            return reading.today, one
    return reading.today + DAY, options[0]
