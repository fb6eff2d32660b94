"""The clock and the calendar page."""

import asyncio
from datetime import date
from typing import Literal

from langchain_core.tools import BaseTool
from pydantic import AwareDatetime, BaseModel, ConfigDict

from passfel.household.errors import RequestError
from passfel.household.turn import Turn
from passfel.household.wording import say_count, say_day, say_time
from passfel.tools.clock.zones import find_zone
from passfel.tools.contract import READS, Answer, InTurn, Outcome, tool

HERE = frozenset({"", "here", "home", "at home"})
AboutDate = Literal["date", "weekday", "week", "days_until"]


class LocalTime(BaseModel):
    """A moment on the clock of a place."""

    model_config = ConfigDict(frozen=True)

    at: AwareDatetime
    place: str = ""
    time_zone: str


class CalendarDay(BaseModel):
    """A day of the calendar."""

    model_config = ConfigDict(frozen=True)

    day: date
    week: int
    """By ISO 8601."""
    days_away: int


def clock_tools() -> list[BaseTool]:
    """Make the clock's tools."""
    return [tool(function, domain="clock", annotations=READS) for function in (get_time, get_date)]


async def get_time(turn: InTurn, place: str = "", at: AwareDatetime | None = None) -> Answer:
    """Get the time, here or in another place, now or at a given moment.

    Args:
        turn: the turn.
        place: a city, country or IANA time zone ("Tokyo", "Portugal", "Europe/Rome"); empty means here.
        at: the moment to tell the time of, for "what time is it in Tokyo when it is 9 here"; leave out for now.
    """
    moment = at or turn.now
    name, zone = "", turn.zone
    if place.strip().casefold() not in HERE:
        # In a thread at first: the list of zones is read from disk.
        name, zone = await asyncio.to_thread(find_zone, place, moment)
    local = moment.astimezone(zone)
    result = LocalTime(at=local, place=name, time_zone=zone.key)
    return _say_time(result, turn, asked=at is not None), Outcome(result=result)


def _say_time(result: LocalTime, turn: Turn, *, asked: bool) -> str:
    here = result.at.astimezone(turn.now.tzinfo)
    clock = say_time(result.at, turn.locale)
    if not asked and not result.place:
        return f"It is {clock} on {_full(result.at.date())}."
    where = f"in {result.place}" if result.place else "here"
    day = "" if result.at.date() == here.date() else f" on {_short(result.at.date())}"
    if not asked:
        return f"In {result.place} it is {clock}{day or f' on {_short(result.at.date())}'}."
    if not result.place:
        return f"Then it is {clock} {where} on {_short(result.at.date())}."
    return f"When it is {say_time(here, turn.locale)} here, it is {clock}{day} {where}."


async def get_date(turn: InTurn, day: AwareDatetime | None = None, about: AboutDate = "date") -> Answer:
    """Get the date, the weekday, the week number, or the number of days until or since a day.

    Args:
        turn: the turn.
        day: the day asked about; leave out for today.
        about: date, weekday, week (its number by ISO 8601), or days_until.
    """
    today = turn.now.date()
    if day is None and about == "days_until":
        raise RequestError("Say which day to count the days to.")
    asked = _date_here(day, turn) if day else today
    result = CalendarDay(day=asked, week=asked.isocalendar().week, days_away=(asked - today).days)
    return _say_date(result, about, today), Outcome(result=result)


def _date_here(day: AwareDatetime, turn: Turn) -> date:
    # The date as it was written: a day given as midnight elsewhere is still that day.
    return day.date() if (day.hour, day.minute) == (0, 0) else day.astimezone(turn.now.tzinfo).date()


def _say_date(result: CalendarDay, about: AboutDate, today: date) -> str:
    day, away = result.day, result.days_away
    subject = {0: "Today", 1: "Tomorrow", -1: "Yesterday"}.get(away, "")
    verb = "was" if away < 0 else "is"
    if about == "week":
        return f"{subject or _full(day)} {verb} in week {result.week} of {day.isocalendar().year}."
    if about == "days_until":
        return _say_distance(day, away, today)
    if subject:
        return f"{subject} {verb} {_full(day)}."
    if about == "weekday":
        return f"{day.day} {day:%B %Y} {verb} a {day:%A}."
    return f"That {verb} {_full(day)}."


def _say_distance(day: date, away: int, today: date) -> str:
    name = say_day(day, today)
    if away == 0:
        return f"That is today, {_full(day)}."
    if away < 0:
        return f"It is {_days(-away)} since {name if name != 'yesterday' else _full(day)}."
    return f"It is {_days(away)} until {name if name != 'tomorrow' else _full(day)}."


def _days(count: int) -> str:
    return say_count(count, "day") if count < 1000 else f"{count:,} days"


def _full(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def _short(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B}"
