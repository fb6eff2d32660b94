"""The calendar's tools: look, add, move, cancel, clear, and whether one is free."""

from datetime import UTC, date, datetime, time, timedelta

from langchain_core.tools import BaseTool
from pydantic import AwareDatetime

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.occurrence import Occurrence, starts_between
from passfel.household.rows import Event
from passfel.household.turn import Turn
from passfel.household.wording import capital, plain_text, say_count, say_list, say_window
from passfel.tools.calendar.choosing import AHEAD, Asked, choose, still_to_come
from passfel.tools.calendar.local import Calendar
from passfel.tools.calendar.moving import ask_which_week, day_bounds, later, moved
from passfel.tools.calendar.words import say_agenda, say_occurrence
from passfel.tools.contract import DESTROYS, READS, WRITES, Answer, InTurn, Outcome, tool
from passfel.tools.matching import best_matches
from passfel.tools.receipts import changed, receipt

DEFAULT_LENGTH = timedelta(hours=1)


class CalendarTools:
    """The calendar, as tools."""

    def __init__(self, calendar: Calendar) -> None:
        """Keep the provider."""
        self._calendar = calendar

    def tools(self) -> list[BaseTool]:
        """All of them, in a fixed order."""
        domain = "calendar"
        return [
            tool(self.get_calendar_events, domain=domain, annotations=READS),
            tool(self.check_free_time, domain=domain, annotations=READS),
            tool(self.add_event, domain=domain, annotations=WRITES),
            tool(self.move_event, domain=domain, annotations=WRITES),
            tool(self.cancel_event, domain=domain, annotations=WRITES),
            tool(
                self.clear_calendar,
                domain=domain,
                annotations=DESTROYS,
                question="cancel everything in your calendar {window}",
            ),
        ]

    async def get_calendar_events(
        self,
        turn: InTurn,
        start: AwareDatetime | None = None,
        end: AwareDatetime | None = None,
        title: str = "",
    ) -> Answer:
        """Read the calendar between two moments, or find when something called `title` takes place.

        Args:
            turn: the turn.
            start: from when; the start of today when left out.
            end: until when, not included; a week after the start when left out.
            title: only appointments of this name.
        """
        begin = start or turn.now.replace(hour=0, minute=0, second=0, microsecond=0)
        finish = end or begin + (AHEAD if title else timedelta(days=7))
        _check_order(begin, finish)
        found = await self._calendar.between(turn.person, begin, finish)
        if not title:
            return say_agenda(found, begin, finish, turn), _events(found)
        matches = best_matches(title, still_to_come(found, turn) if start is None else found, _title)
        if not matches:
            within = "" if end is None else f" {say_window(begin, finish, turn.now, locale=turn.locale)}"
            raise NotFoundError(f"I found no appointment called “{title}”{within}.")
        first = matches[0]
        return f"{capital(say_occurrence(first, turn))}.", _events(matches[:5])

    async def check_free_time(self, turn: InTurn, start: AwareDatetime, end: AwareDatetime) -> Answer:
        """Say whether the person is free between two moments.

        Args:
            turn: the turn.
            start: from when.
            end: until when, not included.
        """
        _check_order(start, end)
        found = await self._calendar.between(turn.person, start, end)
        busy = [occurrence for occurrence in found if occurrence.end > occurrence.start]
        window = say_window(start, end, turn.now, locale=turn.locale)
        if not busy:
            return f"Yes, you are free {window}.", _events([])
        whole_day = end - start >= timedelta(hours=6)
        items = say_list([say_occurrence(occurrence, turn) for occurrence in busy[:4]])
        opening = "Not all of it" if whole_day else "No"
        return f"{opening}: {window} you have {items}.", _events(busy)

    async def add_event(
        self,
        turn: InTurn,
        title: str,
        start: AwareDatetime,
        end: AwareDatetime | None = None,
        all_day: bool = False,
        rule: str | None = None,
        location: str = "",
    ) -> Answer:
        """Add an appointment to the calendar.

        Args:
            turn: the turn.
            title: what it is, in the person's words.
            start: when it starts; with all_day the first day.
            end: when it ends, not included; an hour after the start when left out, a day with all_day.
            all_day: whether it takes whole days.
            rule: an RFC 5545 RRULE such as FREQ=WEEKLY;BYDAY=MO when it repeats.
            location: where it is.
        """
        name = plain_text(title)
        if not name:
            raise RequestError("What is the appointment called?")
        finish = end or later(start, timedelta(days=1) if all_day else DEFAULT_LENGTH)
        _check_order(start, finish)
        if all_day:
            start, finish = day_bounds(start, finish, turn.zone)
        if rule:
            _check_rule(rule, start, turn.zone.key)
        clashes = await self._clashes(turn, start, finish) if not all_day else []
        event = await self._calendar.add(
            turn.person,
            title=name,
            starts_at=start,
            ends_at=finish,
            all_day=all_day,
            rule=rule,
            location=plain_text(location),
            time_zone=turn.zone.key,
        )
        repeating = ", repeating" if event.rule else ""
        sentence = f"Added {say_occurrence(_first(event), turn)}{repeating}.{_say_clashes(clashes, turn)}"
        return changed(event, "added", sentence)

    async def move_event(
        self,
        turn: InTurn,
        title: str,
        day: date | None = None,
        at: time | None = None,
        on: date | None = None,
        was_at: time | None = None,
    ) -> Answer:
        """Move an appointment to another day, another time, or both. It keeps its length.

        Args:
            turn: the turn.
            title: which appointment.
            day: the new day; the same day when left out.
            at: the new time of day; the same time when left out.
            on: the day it is on now, to tell it from others of the same name.
            was_at: the time of day it starts at now, to tell it from others of the same name.
        """
        if day is None and at is None:
            raise RequestError(f"When should I move {title} to?")
        occurrence = await choose(self._calendar, turn, Asked(title, "move {} to …", on=on, at=was_at))
        if day is not None and day == turn.now.date() and on is not None and on > day:
            ask_which_week(day, on, occurrence)
        start, end = moved(occurrence, day, at, turn)
        event = await self._calendar.move(occurrence, start, end)
        clashes = [clash for clash in await self._clashes(turn, start, end) if clash.event.id != event.id]
        sentence = f"Moved {say_occurrence(_first(event), turn)}.{_say_clashes(clashes, turn)}"
        return changed(event, "changed", sentence)

    async def cancel_event(
        self,
        turn: InTurn,
        title: str,
        on: date | None = None,
        at: time | None = None,
        series: bool = False,
    ) -> Answer:
        """Cancel one appointment. It can be brought back with undo.

        Args:
            turn: the turn.
            title: which appointment.
            on: the day it is on, to tell it from others of the same name.
            at: the time of day it starts at, to tell it from others of the same name.
            series: whether all repetitions are meant.
        """
        asked = Asked(title, "cancel {}", on=on, at=at, series=series)
        occurrence = await choose(self._calendar, turn, asked)
        event = await self._calendar.cancel(occurrence, datetime.now(UTC), series=series)
        every = " and all its repetitions" if series and event.rule else ""
        return changed(event, "cancelled", f"Cancelled {say_occurrence(occurrence, turn)}{every}.")

    async def clear_calendar(self, turn: InTurn, start: AwareDatetime, end: AwareDatetime) -> Answer:
        """Cancel everything in the calendar between two moments.

        Args:
            turn: the turn.
            start: from when.
            end: until when, not included.
        """
        _check_order(start, end)
        window = say_window(start, end, turn.now, locale=turn.locale)
        found = await self._calendar.between(turn.person, start, end)
        if not found:
            return f"Nothing is in your calendar {window}.", Outcome()
        inside = [occurrence for occurrence in found if occurrence.within(start, end)]
        left = _say_left([occurrence for occurrence in found if occurrence not in inside], turn)
        # Always in the same order, so that two such requests at once can't each wait for the other.
        receipts = {}
        for occurrence in sorted(inside, key=lambda occurrence: (occurrence.event.id, occurrence.start)):
            event = await self._calendar.cancel(occurrence, datetime.now(UTC), series=False)
            receipts[occurrence] = receipt(
                event, "cancelled", f"Cancelled {say_occurrence(occurrence, turn)}."
            )
        if not inside:
            return f"I cancelled nothing {window}.{left}", Outcome()
        sentence = f"Cancelled {say_count(len(inside), 'appointment')} {window}.{left}"
        return sentence, Outcome(receipts=tuple(receipts[occurrence] for occurrence in inside))

    async def _clashes(self, turn: Turn, start: datetime, end: datetime) -> list[Occurrence]:
        found = await self._calendar.between(turn.person, start, end)
        return [clash for clash in found if not clash.event.all_day and clash.end > start]


def calendar_tools(calendar: Calendar) -> list[BaseTool]:
    """The calendar's tools over a provider."""
    return CalendarTools(calendar).tools()


def _title(occurrence: Occurrence) -> str:
    return occurrence.event.title


def _check_order(start: datetime, end: datetime) -> None:
    if end < start:
        raise RequestError("That would end before it starts. Say when it starts and when it ends.")


def _check_rule(rule: str, start: datetime, zone: str) -> None:
    """A repetition that can't be read must not get into the calendar: every look would stumble over it."""
    next(starts_between(rule, start, zone, start, start + timedelta(days=1)), None)


def _first(event: Event) -> Occurrence:
    return Occurrence(event, event.starts_at, event.ends_at)


def _say_clashes(clashes: list[Occurrence], turn: Turn) -> str:
    if not clashes:
        return ""
    return f" It overlaps with {say_list([say_occurrence(clash, turn) for clash in clashes[:3]])}."


def _say_left(left: list[Occurrence], turn: Turn) -> str:
    if not left:
        return ""
    names = say_list([say_occurrence(occurrence, turn) for occurrence in left[:4]])
    return f" I left what reaches beyond that: {names}. Say “cancel {_title(left[0])}” to cancel it too."


def _events(found: list[Occurrence]) -> Outcome:
    return Outcome(result=[occurrence.event for occurrence in found])
