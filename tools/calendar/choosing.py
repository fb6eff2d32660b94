"""Which appointment is meant, by its name, its day and its time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.occurrence import Occurrence
from passfel.household.turn import Turn
from passfel.household.wording import capital, say_day, say_list, say_time
from passfel.tools.calendar.provider import Calendar
from passfel.tools.calendar.words import day_of, say_occurrence
from passfel.tools.matching import Naming, named

AHEAD = timedelta(days=400)
"""How far ahead an appointment is looked for by its name."""
BEHIND = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """How a person told which appointment is to be changed."""

    title: str
    request: str
    """What to say to mean it: "cancel {}"."""
    on: date | None = None
    at: time | None = None
    series: bool = False


async def choose(calendar: Calendar, turn: Turn, asked: Asked) -> Occurrence:
    """The one occurrence that is meant; of a series, the next one.

    Raises:
        NotFoundError: none fits.
        RequestError: several fit, or one only comes near; the sentence names them with their days and times.
    """
    if asked.on is not None:
        begin = datetime.combine(asked.on, time.min, tzinfo=turn.zone)
        that_day = await calendar.between(turn.person, begin, begin + timedelta(days=1))
        return _one(_at(_named(that_day, turn, asked), turn, asked), turn, asked)
    found = await calendar.between(turn.person, turn.now - BEHIND, turn.now + AHEAD)
    coming = still_to_come(found, turn)
    try:
        fitting = _named(coming, turn, asked)
    except NotFoundError:
        fitting = _named(found, turn, asked)
    return _one(_at(fitting, turn, asked), turn, asked)


def still_to_come(found: Sequence[Occurrence], turn: Turn) -> list[Occurrence]:
    """What has not ended yet."""
    today = turn.now.date()
    return [
        occurrence
        for occurrence in found
        if (occurrence.last_day >= today if occurrence.event.all_day else occurrence.end > turn.now)
    ]


def _named(found: list[Occurrence], turn: Turn, asked: Asked) -> list[Occurrence]:
    day = f" {_say_on(asked.on, turn)}" if asked.on else ""
    return named(
        asked.title,
        found,
        Naming(
            kind=f"appointment{day}",
            title=lambda occurrence: occurrence.event.title,
            say=lambda occurrence: say_occurrence(occurrence, turn),
            request=asked.request,
        ),
    )


def _at(found: list[Occurrence], turn: Turn, asked: Asked) -> list[Occurrence]:
    """Those that start at the said time."""
    if asked.at is None:
        return found
    wanted = asked.at.replace(tzinfo=None)
    timed = [
        occurrence
        for occurrence in found
        if not occurrence.event.all_day and occurrence.start.astimezone(turn.zone).time() == wanted
    ]
    if not timed:
        there = _by_event(found)
        choices = say_list([say_occurrence(occurrence, turn) for occurrence in there[:3]], "or")
        raise RequestError(
            f"No {asked.title} starts at {say_time(wanted, turn.locale)}. Do you mean {choices}?"
            f" Say “{_exactly(there[0], turn, asked)}”."
        )
    return timed


def _one(found: list[Occurrence], turn: Turn, asked: Asked) -> Occurrence:
    events = _by_event(found)
    if asked.series:
        events = [occurrence for occurrence in events if occurrence.event.rule] or events
    different = list(
        {say_occurrence(occurrence, turn): occurrence for occurrence in reversed(events)}.items()
    )
    if len(different) > 1:
        choices = say_list([words for words, _ in different[::-1][:4]], "or")
        example = _exactly(different[-1][1], turn, asked)
        raise RequestError(
            f"{capital(asked.title)} could be several: {choices}. Which one? Say, for example, “{example}”."
        )
    return events[0]


def _by_event(found: list[Occurrence]) -> list[Occurrence]:
    """The first occurrence of every event, in the order of time."""
    first = {occurrence.event.id: occurrence for occurrence in reversed(found)}
    return sorted(first.values(), key=lambda occurrence: occurrence.start)


def _exactly(occurrence: Occurrence, turn: Turn, asked: Asked) -> str:
    """The request that means this occurrence: "cancel dentist on Friday 27 November at 15:00"."""
    start = occurrence.start.astimezone(turn.zone)
    at = "" if occurrence.event.all_day else f" at {say_time(start, turn.locale)}"
    day = _say_on(day_of(occurrence, turn), turn)
    return asked.request.format(f"{occurrence.event.title} {day}{at}")


def _say_on(day: date, turn: Turn) -> str:
    said = say_day(day, turn.now.date())
    return said if said in {"today", "tomorrow", "yesterday"} else f"on {said}"
