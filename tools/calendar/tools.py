"""The calendar's tools: look, add, move, cancel, clear, and whether one is free."""

from datetime import UTC, date, datetime, time, timedelta

from langchain_core.tools import BaseTool
from pydantic import AwareDatetime

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.occurrence import Occurrence
from passfel.household.receipt import Action, Receipt
from passfel.household.rows import Event
from passfel.household.turn import Turn
from passfel.household.wording import say_count, say_list, say_window
from passfel.tools.calendar.local import Calendar
from passfel.tools.calendar.words import say_agenda, say_occurrence
from passfel.tools.contract import DESTROYS, READS, WRITES, Answer, InTurn, Outcome, tool
from passfel.tools.matching import best_matches, the_one

DEFAULT_LENGTH = timedelta(hours=1)
AHEAD = timedelta(days=400)
"""How far ahead an appointment is looked for by its name."""
BEHIND = timedelta(days=1)


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
        matches = best_matches(title, _still_to_come(found, turn) if start is None else found, _title)
        if not matches:
            within = "" if end is None else f" {say_window(begin, finish, turn.now, locale=turn.locale)}"
            raise NotFoundError(f"I found no appointment called “{title}”{within}.")
        first = matches[0]
        return f"{_capital(say_occurrence(first, turn))}.", _events(matches[:5])

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
        if not title.strip():
            raise RequestError("What is the appointment called?")
        finish = end or start + (timedelta(days=1) if all_day else DEFAULT_LENGTH)
        _check_order(start, finish)
        clashes = await self._clashes(turn, start, finish) if not all_day else []
        event = await self._calendar.add(
            turn.person,
            title=title.strip(),
            starts_at=start,
            ends_at=finish,
            all_day=all_day,
            rule=rule,
            location=location.strip(),
            time_zone=turn.zone.key,
        )
        repeating = ", repeating" if event.rule else ""
        sentence = f"Added {say_occurrence(_first(event), turn)}{repeating}.{_say_clashes(clashes, turn)}"
        return _changed(event, "added", sentence)

    async def move_event(
        self,
        turn: InTurn,
        title: str,
        day: date | None = None,
        at: time | None = None,
        on: date | None = None,
    ) -> Answer:
        """Move an appointment to another day, another time, or both. It keeps its length.

        Args:
            turn: the turn.
            title: which appointment.
            day: the new day; the same day when left out.
            at: the new time of day; the same time when left out.
            on: the day it is on now, to tell it from others of the same name.
        """
        if day is None and at is None:
            raise RequestError(f"When should I move {title} to?")
        occurrence = await self._find(turn, title, on)
        if (
            on is not None
            and day is not None
            and on - timedelta(days=7) < day < on
            and day <= turn.now.date()
        ):
            day += timedelta(days=7)  # "from Friday to Monday", said on a Monday
        old = occurrence.start.astimezone(turn.zone)
        if occurrence.event.all_day and at is not None:
            raise RequestError(
                f"{_capital(_title(occurrence))} takes the whole day; name a day to move it to."
            )
        start = datetime.combine(day or old.date(), at or old.time(), tzinfo=turn.zone)
        end = start + (occurrence.end - occurrence.start)
        event = await self._calendar.move(occurrence, start, end)
        moved = Occurrence(event, event.starts_at, event.ends_at)
        clashes = [clash for clash in await self._clashes(turn, start, end) if clash.event.id != event.id]
        sentence = f"Moved {say_occurrence(moved, turn)}.{_say_clashes(clashes, turn)}"
        return _changed(event, "changed", sentence)

    async def cancel_event(
        self, turn: InTurn, title: str, on: date | None = None, series: bool = False
    ) -> Answer:
        """Cancel one appointment. It can be brought back with undo.

        Args:
            turn: the turn.
            title: which appointment.
            on: the day it is on, to tell it from others of the same name.
            series: whether all repetitions are meant.
        """
        occurrence = await self._find(turn, title, on)
        event = await self._calendar.cancel(occurrence, datetime.now(UTC), series=series)
        every = " and all its repetitions" if series and event.rule else ""
        return _changed(event, "cancelled", f"Cancelled {say_occurrence(occurrence, turn)}{every}.")

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
            return (
                f"Nothing is in your calendar {say_window(start, end, turn.now, locale=turn.locale)}.",
                Outcome(),
            )
        receipts = []
        for occurrence in found:
            now = datetime.now(UTC)
            event = await self._calendar.cancel(await self._fresh(occurrence, turn), now, series=False)
            receipts.append(_receipt(event, "cancelled", f"Cancelled {say_occurrence(occurrence, turn)}."))
        sentence = f"Cancelled {say_count(len(found), 'appointment')} {window}."
        return sentence, Outcome(receipts=tuple(receipts))

    async def _fresh(self, occurrence: Occurrence, turn: Turn) -> Occurrence:
        """A series may be met twice in one window: read what the last step left of it."""
        again = await self._calendar.between(turn.person, occurrence.start, occurrence.end)
        same = [found for found in again if found.event.id == occurrence.event.id]
        return next((found for found in same if found.start == occurrence.start), occurrence)

    async def _find(self, turn: Turn, title: str, on: date | None) -> Occurrence:
        if on is not None:
            begin = datetime.combine(on, time.min, tzinfo=turn.zone)
            found = await self._calendar.between(turn.person, begin, begin + timedelta(days=1))
            return the_one(title, found, _title, kind="appointment on that day")
        found = await self._calendar.between(turn.person, turn.now - BEHIND, turn.now + AHEAD)
        coming = _still_to_come(found, turn)
        return the_one(title, coming or found, _title, kind="appointment")

    async def _clashes(self, turn: Turn, start: datetime, end: datetime) -> list[Occurrence]:
        found = await self._calendar.between(turn.person, start, end)
        return [clash for clash in found if not clash.event.all_day and clash.end > start]


def calendar_tools(calendar: Calendar) -> list[BaseTool]:
    """The calendar's tools over a provider."""
    return CalendarTools(calendar).tools()


def _title(occurrence: Occurrence) -> str:
    return occurrence.event.title


def _still_to_come(found: list[Occurrence], turn: Turn) -> list[Occurrence]:
    return [occurrence for occurrence in found if occurrence.end > turn.now]


def _check_order(start: datetime, end: datetime) -> None:
    if end < start:
        raise RequestError("That would end before it starts. Say when it starts and when it ends.")


def _first(event: Event) -> Occurrence:
    return Occurrence(event, event.starts_at, event.ends_at)


def _say_clashes(clashes: list[Occurrence], turn: Turn) -> str:
    if not clashes:
        return ""
    return f" It overlaps with {say_list([say_occurrence(clash, turn) for clash in clashes[:3]])}."


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _events(found: list[Occurrence]) -> Outcome:
    return Outcome(result=[occurrence.event for occurrence in found])


def _receipt(event: Event, action: Action, sentence: str) -> Receipt:
    return Receipt(action=action, kind="event", sentence=sentence, reference=str(event.id))


def _changed(event: Event, action: Action, sentence: str) -> Answer:
    return sentence, Outcome(result=event, receipts=(_receipt(event, action, sentence),))
