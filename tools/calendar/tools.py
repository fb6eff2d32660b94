"""The calendar's tools: look, add, move, cancel, clear, and when one is free."""

from datetime import date, datetime, time, timedelta

from langchain_core.tools import BaseTool
from pydantic import AwareDatetime

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.occurrence import Occurrence
from passfel.household.rows import Event
from passfel.household.turn import Turn
from passfel.household.wording import capital, say_count, say_list, say_window
from passfel.tools.calendar.choosing import AHEAD, Asked, choose, still_to_come
from passfel.tools.calendar.drafting import check_order, draft_of, drafted_times
from passfel.tools.calendar.free import MOST_DAYS, free_spans, is_busy, say_free
from passfel.tools.calendar.local import LocalCalendar
from passfel.tools.calendar.moving import ask_which_week, moved
from passfel.tools.calendar.several import Calendars, Look, Plan, Step, cancelling, moving
from passfel.tools.calendar.words import (
    say_agenda,
    say_clashes,
    say_kept_in,
    say_left,
    say_occurrence,
    say_overlap,
)
from passfel.tools.contract import (
    DESTROYS,
    READS,
    READS_WORLD,
    RESUMES_OUTSIDE,
    WRITES,
    Answer,
    InTurn,
    Outcome,
    tool,
)
from passfel.tools.matching import best_matches
from passfel.tools.receipts import changed, receipt


class CalendarTools:
    """The calendar, as tools."""

    def __init__(self, calendars: Calendars) -> None:
        """Keep the calendars."""
        self._calendars = calendars

    def tools(self) -> list[BaseTool]:
        """All of them, in a fixed order. Calendars elsewhere also hold what strangers wrote."""
        domain, elsewhere = "calendar", bool(self._calendars.remotes)
        reads, writes = (READS_WORLD, RESUMES_OUTSIDE) if elsewhere else (READS, WRITES)
        destroys = RESUMES_OUTSIDE.model_copy(update={"destructive": True}) if elsewhere else DESTROYS
        return [
            tool(self.get_calendar_events, domain=domain, annotations=reads),
            tool(self.check_free_time, domain=domain, annotations=reads),
            tool(self.find_free_time, domain=domain, annotations=reads),
            tool(
                self.add_event,
                domain=domain,
                annotations=writes,
                question="add {title} ({start})",
                concern=self.overlap_of_new,
            ),
            tool(
                self.move_event,
                domain=domain,
                annotations=writes,
                question="move {title}",
                concern=self.overlap_of_moved,
            ),
            tool(self.cancel_event, domain=domain, annotations=writes),
            tool(
                self.clear_calendar,
                domain=domain,
                annotations=destroys,
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
        check_order(begin, finish)
        look = self._calendars.look()
        found = await look.between(turn.person, begin, finish)
        if not title:
            agenda = say_agenda(found, begin, finish, turn)
            if look.silent and not found:
                agenda = f"As far as I can see, {agenda[0].lower()}{agenda[1:]}"
            return f"{agenda}{look}", _events(found)
        matches = best_matches(title, still_to_come(found, turn) if start is None else found, _title)
        if not matches:
            within = "" if end is None else f" {say_window(begin, finish, turn.now, locale=turn.locale)}"
            raise NotFoundError(f"I found no appointment called “{title}”{within}.{look}")
        first = matches[0]
        return f"{capital(say_occurrence(first, turn))}.{look}", _events(matches[:5])

    async def check_free_time(self, turn: InTurn, start: AwareDatetime, end: AwareDatetime) -> Answer:
        """Say whether the person is free between two moments.

        Args:
            turn: the turn.
            start: from when.
            end: until when, not included.
        """
        check_order(start, end)
        look = self._calendars.look()
        busy = [one for one in await look.between(turn.person, start, end) if is_busy(one)]
        window = say_window(start, end, turn.now, locale=turn.locale)
        if not busy:
            sure = "you are free" if not look.silent else "as far as I can see you are free"
            return f"Yes, {sure} {window}.{look}", _events([])
        whole_day = end - start >= timedelta(hours=6)
        items = say_list([say_occurrence(occurrence, turn) for occurrence in busy[:4]])
        opening = "Not all of it" if whole_day else "No"
        return f"{opening}: {window} you have {items}.{look}", _events(busy)

    async def find_free_time(
        self, turn: InTurn, start: AwareDatetime, end: AwareDatetime, minutes: int = 30
    ) -> Answer:
        """Find when the person is free between two moments: the gaps between appointments.

        Args:
            turn: the turn.
            start: from when.
            end: until when, not included.
            minutes: only gaps of at least so many minutes.
        """
        check_order(start, end)
        start = max(start, turn.now)
        if end <= start:
            raise RequestError("That is already past. Ask about a day that is still to come.")
        end = min(end, start + timedelta(days=MOST_DAYS))
        look = self._calendars.look()
        found = await look.between(turn.person, start, end)
        days = free_spans(found, start, end, turn.zone, timedelta(minutes=max(1, minutes)))
        whole = [one for one in found if one.event.all_day and is_busy(one)]
        noted = say_list([say_occurrence(occurrence, turn) for occurrence in whole[:4]])
        also = f" In the calendar stands also: {noted}." if noted else ""
        return f"{say_free(days, turn)}{also}{look}", _events(found)

    async def add_event(
        self,
        turn: InTurn,
        title: str,
        start: AwareDatetime,
        end: AwareDatetime | None = None,
        all_day: bool = False,
        rule: str | None = None,
        location: str = "",
        time_zone: str = "",
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
            time_zone: the city whose clock start and end were said on, when that is not the person's own.
        """
        draft = await draft_of(
            turn, title, start, end, all_day=all_day, rule=rule, location=location, time_zone=time_zone
        )

        async def plan() -> Plan:
            return Plan(steps=[Step(action="add", draft=draft)])

        _, [event] = await self._calendars.carry_out(turn, plan)
        look = self._calendars.look()
        clashes = [] if all_day else await self._clashes(look, turn, event.starts_at, event.ends_at)
        others = [clash for clash in clashes if clash.event.id != event.id]
        repeating = ", repeating" if event.rule else ""
        told = f"{say_occurrence(_first(event), turn)}{repeating}{say_kept_in(event)}"
        return changed(event, "added", f"Added {told}.{say_clashes(others, turn)}")

    async def overlap_of_new(
        self,
        turn: Turn,
        title: str,
        start: datetime,
        end: datetime | None = None,
        all_day: bool = False,
        rule: str | None = None,
        location: str = "",
        time_zone: str = "",
    ) -> str:
        """What an appointment would overlap with, before it is added; empty where it is free."""
        if all_day:
            return ""
        draft = await draft_of(turn, title, start, end, rule=rule, location=location, time_zone=time_zone)
        times = drafted_times(draft)
        look = self._calendars.look()
        found = await self._clashes(look, turn, times[0][0], times[-1][1])
        return say_overlap(
            [(begin, [clash for clash in found if clash.touches(begin, until)]) for begin, until in times],
            turn,
        )

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
        look = self._calendars.look()

        async def plan() -> Plan:
            return Plan(steps=[await _move(look, turn, title, day, at, on, was_at)])

        _, [event] = await self._calendars.carry_out(turn, plan)
        found = await self._clashes(look, turn, event.starts_at, event.ends_at)
        clashes = [clash for clash in found if clash.event.id != event.id]
        sentence = (
            f"Moved {say_occurrence(_first(event), turn)}{say_kept_in(event)}.{say_clashes(clashes, turn)}"
        )
        return changed(event, "changed", f"{sentence}{look}")

    async def overlap_of_moved(
        self,
        turn: Turn,
        title: str,
        day: date | None = None,
        at: time | None = None,
        on: date | None = None,
        was_at: time | None = None,
    ) -> str:
        """What an appointment would overlap with, before it is moved; empty where it is free."""
        look = self._calendars.look()
        step = await _move(look, turn, title, day, at, on, was_at)
        if step.to_start is None or step.to_end is None or step.occurrence.event.all_day:
            return ""
        found = await self._clashes(look, turn, step.to_start, step.to_end)
        itself = step.occurrence
        return say_overlap(
            [
                (
                    step.to_start,
                    [one for one in found if (one.event.id, one.start) != (itself.event.id, itself.start)],
                )
            ],
            turn,
        )

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
        look = self._calendars.look()

        async def plan() -> Plan:
            return Plan(steps=[cancelling(await choose(look, turn, asked), series=series)])

        made, [event] = await self._calendars.carry_out(turn, plan)
        every = " and all its repetitions" if series and event.rule else ""
        told = f"{say_occurrence(made.steps[0].occurrence, turn)}{every}{say_kept_in(event)}"
        return changed(event, "cancelled", f"Cancelled {told}.{look}")

    async def clear_calendar(self, turn: InTurn, start: AwareDatetime, end: AwareDatetime) -> Answer:
        """Cancel everything in the calendar between two moments.

        Args:
            turn: the turn.
            start: from when.
            end: until when, not included.
        """
        check_order(start, end)
        window = say_window(start, end, turn.now, locale=turn.locale)
        look = self._calendars.look()
        found = await look.between(turn.person, start, end)
        inside = [
            occurrence for occurrence in found if occurrence.within(start, end) and _is_ours(occurrence)
        ]
        left = say_left([occurrence for occurrence in found if occurrence not in inside], turn)

        async def plan() -> Plan:
            # Always in the same order, so that two such requests at once can't each wait for the other.
            ordered = sorted(inside, key=lambda occurrence: (occurrence.event.id, occurrence.start))
            return Plan(steps=[cancelling(occurrence) for occurrence in ordered])

        made, events = await self._calendars.carry_out(turn, plan)
        if not made.steps:
            told = (
                f"I cancelled nothing {window}.{left}" if found else f"Nothing is in your calendar {window}."
            )
            return f"{told}{look}", Outcome()
        receipts = [
            receipt(event, "cancelled", f"Cancelled {say_occurrence(step.occurrence, turn)}.")
            for step, event in zip(made.steps, events, strict=True)
        ]
        sentence = f"Cancelled {say_count(len(receipts), 'appointment')} {window}.{left}{look}"
        return sentence, Outcome(receipts=tuple(receipts))

    async def _clashes(self, look: Look, turn: Turn, start: datetime, end: datetime) -> list[Occurrence]:
        found = await look.between(turn.person, start, end)
        return [
            clash for clash in found if not clash.event.all_day and clash.event.busy and clash.end > start
        ]


def calendar_tools(calendars: Calendars | LocalCalendar) -> list[BaseTool]:
    """The calendar's tools over all calendars, or over the household's own alone."""
    return CalendarTools(calendars if isinstance(calendars, Calendars) else Calendars(calendars)).tools()


async def _move(
    look: Look,
    turn: Turn,
    title: str,
    day: date | None,
    at: time | None,
    on: date | None,
    was_at: time | None,
) -> Step:
    if day is None and at is None:
        raise RequestError(f"When should I move {title} to?")
    occurrence = await choose(look, turn, Asked(title, "move {} to …", on=on, at=was_at))
    if day is not None and day == turn.now.date() and on is not None and on > day:
        ask_which_week(day, on, occurrence)
    return moving(occurrence, *moved(occurrence, day, at, turn))


def _title(occurrence: Occurrence) -> str:
    return occurrence.event.title


def _is_ours(occurrence: Occurrence) -> bool:
    return occurrence.event.origin is None or occurrence.event.origin.writable


def _first(event: Event) -> Occurrence:
    return Occurrence(event, event.starts_at, event.ends_at)


def _events(found: list[Occurrence]) -> Outcome:
    return Outcome(result=[occurrence.event for occurrence in found])
