"""Which hours or days a question about the weather is about, on the clock of the place."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from passfel.household.errors import RequestError
from passfel.household.turn import Turn
from passfel.household.wording import say_day, say_time

Detail = Literal["now", "hours", "hourly", "days"]
About = Literal["weather", "rain", "temperature", "wind", "sun"]

HOUR = timedelta(hours=1)
NEXT_HOURS = 12
NEXT_DAYS = 7


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, read on the clock of the place; the end is exclusive."""

    start: datetime
    end: datetime
    kind: Literal["hours", "days"]
    ahead: bool = False
    """It begins now: "in the next hours"."""
    hourly: bool = False
    """Hour by hour is wanted, not all of them summed up."""

    @property
    def first_day(self) -> date:
        """The first day that it touches."""
        return self.start.date()

    @property
    def last_day(self) -> date:
        """The last day that it touches."""
        return (self.end - timedelta(microseconds=1)).date()

    def say(self, now: datetime, locale: str) -> str:
        """Say when: "tomorrow", "today at 17:00", "today from 12:00 to 18:00"."""
        day = say_day(self.first_day, now.date())
        day = day if day in {"today", "tomorrow", "yesterday"} else f"on {day}"
        whole = self.start.time() == time(0) and self.last_day == self.first_day
        if self.kind == "days" or (self.hourly and whole and self.end.time() == time(0)):
            return day
        if self.ahead:
            return f"in the next {round((self.end - self.start) / HOUR)} hours"
        if self.end - self.start <= HOUR:
            return f"{day} at {say_time(self.start, locale)}"
        last = "" if self.first_day == self.last_day else f"{say_day(self.last_day, now.date())} "
        return f"{day} from {say_time(self.start, locale)} to {last}{say_time(self.end, locale)}"


def window_of(
    start: datetime | None,
    end: datetime | None,
    detail: Detail | None,
    about: About,
    turn: Turn,
    zone: ZoneInfo,
) -> Window | None:
    """Work out the window of a question; None means now."""
    now = turn.now.astimezone(zone)
    if start is None and end is None:
        return _open_window(now, detail, about)
    first = _at_place(start, turn, zone) if start else now
    whole_day = detail == "days" or about == "sun"
    hourly = detail == "hourly"
    last = _at_place(end, turn, zone) if end else _midnight(first, 1) if whole_day else first + HOUR
    if last <= first:
        raise RequestError("That stretch of time ends before it starts.")
    if whole_day or (detail is None and first.time() == time(0) and last - first > 20 * HOUR):
        return Window(_midnight(first), _midnight(last - timedelta(microseconds=1), 1), "days")
    return Window(first, last, "hours", hourly=hourly)


def _open_window(now: datetime, detail: Detail | None, about: About) -> Window | None:
    if detail == "days":
        return Window(_midnight(now), _midnight(now, NEXT_DAYS), "days")
    if about == "sun":
        return Window(_midnight(now), _midnight(now, 1), "days")
    if detail in {"hours", "hourly"} or (about == "rain" and detail is None):
        hour = now.replace(minute=0, second=0, microsecond=0)
        return Window(hour, hour + NEXT_HOURS * HOUR, "hours", ahead=True, hourly=detail == "hourly")
    return None


def _at_place(moment: datetime, turn: Turn, zone: ZoneInfo) -> datetime:
    """A time said on the person's own clock is meant on the clock of the place: "at five in Tokyo"."""
    here = moment.astimezone(turn.now.tzinfo)
    if moment.utcoffset() == here.utcoffset():
        return here.replace(tzinfo=zone)
    return moment.astimezone(zone)


def _midnight(moment: datetime, days_later: int = 0) -> datetime:
    return datetime.combine(moment.date() + timedelta(days=days_later), time(0), moment.tzinfo)
