"""The calendar's sentences."""

from collections.abc import Sequence
from datetime import date, datetime

from passfel.household.occurrence import Occurrence
from passfel.household.rows import Event
from passfel.household.turn import Turn
from passfel.household.wording import (
    capital,
    say_day,
    say_days,
    say_list,
    say_moment,
    say_span,
    say_time,
    say_window,
)


def say_occurrence(occurrence: Occurrence, turn: Turn) -> str:
    """One appointment: "dentist, Friday 27 November, 15:00 to 16:00"."""
    event = occurrence.event
    if event.all_day:
        span = say_days(occurrence.first_day, occurrence.last_day, turn.now.date())
    else:
        span = say_span(occurrence.start, occurrence.end, turn.now, locale=turn.locale)
    place = f", at {event.location}" if event.location else ""
    return f"{event.title}, {span}{place}"


def say_agenda(found: Sequence[Occurrence], begin: datetime, end: datetime, turn: Turn) -> str:
    """What is on in a window, in one or a few sentences."""
    window = say_window(begin, end, turn.now, locale=turn.locale)
    if not found:
        return f"Nothing is in your calendar {window}."
    days: dict[str, list[str]] = {}
    for occurrence in sorted(found, key=lambda occurrence: _day_in(occurrence, begin, turn)):
        day = say_day(_day_in(occurrence, begin, turn), turn.now.date())
        days.setdefault(day, []).append(_say_in_day(occurrence, turn))
    lines = [f"{day[0].upper()}{day[1:]}: {say_list(items)}." for day, items in days.items()]
    if len(lines) == 1:
        return lines[0]
    return "\n".join(lines)


def say_overlap(times: Sequence[tuple[datetime, Sequence[Occurrence]]], turn: Turn) -> str:
    """What is in the way: "Friday 27 November at 15:00 overlaps with lunch (14:30 to 15:30)."; empty for nothing."""
    hits = [(start, clashes) for start, clashes in times if clashes]
    if not hits:
        return ""
    start, clashes = hits[0]
    names = say_list([_say_briefly(clash, start, turn) for clash in clashes[:3]])
    more = f" So do {len(hits) - 1} of its repetitions." if len(hits) > 1 else ""
    return f"{capital(say_moment(start, turn.now, turn.locale))} overlaps with {names}.{more}"


def _say_briefly(clash: Occurrence, start: datetime, turn: Turn) -> str:
    begin, end = clash.start.astimezone(turn.zone), clash.end.astimezone(turn.zone)
    same_day = begin.date() == start.astimezone(turn.zone).date() == end.date()
    times = f"{say_time(begin, turn.locale)} to {say_time(end, turn.locale)}"
    return (
        f"{clash.event.title} ({times if same_day else say_span(begin, end, turn.now, locale=turn.locale)})"
    )


def say_clashes(clashes: Sequence[Occurrence], turn: Turn) -> str:
    """What an appointment overlaps with now, as a further sentence."""
    if not clashes:
        return ""
    return f" It overlaps with {say_list([say_occurrence(clash, turn) for clash in clashes[:3]])}."


def say_left(left: Sequence[Occurrence], turn: Turn) -> str:
    """What was not cancelled with the rest, as a further sentence."""
    if not left:
        return ""
    names = say_list([say_occurrence(occurrence, turn) for occurrence in left[:4]])
    return f" I left what reaches beyond that: {names}. Say “cancel {left[0].event.title}” to cancel it too."


def say_kept_in(event: Event) -> str:
    """Where it is kept, when that is not here: ", in the calendar Family"."""
    return f", in the calendar {event.origin.calendar}" if event.origin else ""


def day_of(occurrence: Occurrence, turn: Turn) -> date:
    """The day it starts on for the person; whole days keep their date everywhere."""
    if occurrence.event.all_day:
        return occurrence.first_day
    return occurrence.start.astimezone(turn.zone).date()


def _day_in(occurrence: Occurrence, begin: datetime, turn: Turn) -> date:
    """The day to name it under: a trip that began earlier is on from the first day that was asked about."""
    day = day_of(occurrence, turn)
    return max(day, begin.date()) if occurrence.event.all_day else day


def _say_in_day(occurrence: Occurrence, turn: Turn) -> str:
    event = occurrence.event
    place = f" ({event.location})" if event.location else ""
    if event.all_day:
        until = f", to {say_day(occurrence.last_day, turn.now.date())}" if occurrence.days > 1 else ""
        return f"{event.title}{place}, all day{until}"
    start, end = occurrence.start.astimezone(turn.zone), occurrence.end.astimezone(turn.zone)
    until = f" to {say_time(end, turn.locale)}" if end > start else ""
    return f"{event.title}{place} at {say_time(start, turn.locale)}{until}"
