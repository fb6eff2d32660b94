"""The tools for reminders."""

from datetime import UTC, date, datetime, time

from langchain_core.tools import BaseTool
from pydantic import AwareDatetime

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.rows import Reminder
from passfel.household.turn import Turn
from passfel.household.wording import capital, plain_text, say_count, say_day, say_list, say_moment, say_time
from passfel.tools.contract import READS, WRITES, Answer, InTurn, Outcome, tool
from passfel.tools.matching import Naming, best_matches, named, the_one
from passfel.tools.receipts import changed
from passfel.tools.records import ReminderTable, read_back


class ReminderTools:
    """Reminders, as tools."""

    def __init__(self, reminders: ReminderTable) -> None:
        """Keep the table."""
        self._reminders = reminders

    def tools(self) -> list[BaseTool]:
        """All of them, in a fixed order."""
        return [
            tool(self.list_reminders, domain="reminders", annotations=READS),
            tool(self.set_reminder, domain="reminders", annotations=WRITES),
            tool(self.cancel_reminder, domain="reminders", annotations=WRITES),
        ]

    async def list_reminders(self, turn: InTurn, about: str = "") -> Answer:
        """Read the reminders that are still to come.

        Args:
            turn: the turn.
            about: only reminders with these words.
        """
        waiting = await self._reminders.waiting(turn.person)
        found = best_matches(about, waiting, _text) if about else waiting
        if not found:
            return "No reminders are set.", Outcome()
        items = say_list([_say(reminder, turn) for reminder in found[:10]])
        return f"You have {say_count(len(found), 'reminder')}: {items}.", Outcome(result=list(found))

    async def set_reminder(
        self, turn: InTurn, text: str, at: AwareDatetime, rule: str | None = None
    ) -> Answer:
        """Set a reminder for a moment, once or repeating.

        Args:
            turn: the turn.
            text: what to be reminded of, in the person's words.
            at: when, the first time.
            rule: an RFC 5545 RRULE when it repeats.
        """
        words = plain_text(text)
        if not words:
            raise RequestError("What should I remind you of?")
        if words.casefold().startswith(("before ", "after ")):
            raise RequestError("I can't tell when that is. Say the time too, for example “at 14:30”.")
        if at <= turn.now and rule is None:
            raise RequestError(f"{capital(say_moment(at, turn.now, turn.locale))} is already past.")
        added = await self._reminders.add(
            turn.person, text=words, due_at=at, rule=rule, time_zone=turn.zone.key
        )
        reminder = await read_back(self._reminders, added.id)
        return changed(reminder, "set", f"Reminder set: {_say(reminder, turn)}.")

    async def cancel_reminder(
        self, turn: InTurn, text: str, on: date | None = None, at: time | None = None
    ) -> Answer:
        """Cancel a reminder, an alarm or a timer. Undo brings it back.

        Args:
            turn: the turn.
            text: which reminder.
            on: the day it is set for, to tell it from others.
            at: the time of day it is set for, to tell it from others.
        """
        naming: Naming[Reminder] = Naming(
            "reminder",
            lambda reminder: _label(reminder, text, turn),
            lambda reminder: _say(reminder, turn),
            "cancel the {}",
            name=lambda reminder: _name(reminder, turn),
        )
        waiting = await self._reminders.waiting(turn.person)
        fitting = [reminder for reminder in waiting if _is_at(reminder, on, at, turn)]
        # Where nothing is set for then, the others are asked about.
        reminder = (
            the_one(text, fitting, naming)
            if fitting or (on is None and at is None)
            else _none_then(text, waiting, naming)
        )
        now = await self._reminders.lock(reminder.id)
        if now is None or now.cancelled_at is not None or now.delivered_at is not None:
            raise NotFoundError(f"The reminder “{reminder.text}” is no longer set.")
        await self._reminders.change(reminder.id, cancelled_at=datetime.now(UTC))
        cancelled = await read_back(self._reminders, reminder.id)
        return changed(cancelled, "cancelled", f"Reminder cancelled: {_say(cancelled, turn)}.")


def reminder_tools(reminders: ReminderTable) -> list[BaseTool]:
    """The tools for reminders, over their table."""
    return ReminderTools(reminders).tools()


def _text(reminder: Reminder) -> str:
    return reminder.text


def _is_at(reminder: Reminder, on: date | None, at: time | None, turn: Turn) -> bool:
    due = reminder.due_at.astimezone(turn.zone)
    return on in {None, due.date()} and (at is None or (due.hour, due.minute) == (at.hour, at.minute))


def _none_then(text: str, waiting: list[Reminder], naming: Naming[Reminder]) -> Reminder:
    others = [naming.say(reminder) for reminder in (named(text, waiting, naming) if waiting else [])]
    found = f" There is {say_list(others[:4])}." if others else ""
    raise NotFoundError(f"I found no reminder called “{text}” for then.{found}")


def _name(reminder: Reminder, turn: Turn) -> str:
    """How to ask for it: "07:00 alarm", "reminder to call mum"."""
    if reminder.text.casefold() in {"alarm", "timer"}:
        return f"{say_time(reminder.due_at.astimezone(turn.zone), turn.locale)} {reminder.text}"
    return f"reminder to {reminder.text}"


def _label(reminder: Reminder, asked: str, turn: Turn) -> str:
    """Its text, with those of the asked words that are its day or its time: "alarm at 7"."""
    due = reminder.due_at.astimezone(turn.zone)
    clock = {f"{due:%H:%M}", f"{due.hour}:{due:%M}", f"{due.hour % 12 or 12}:{due:%M}"}
    if due.minute == 0:
        hours, half = {str(due.hour), f"{due:%H}", str(due.hour % 12 or 12)}, f"{due:%p}".lower()
        clock |= hours | {f"{hour}{half}" for hour in hours} | {"o'clock"}
    days = {f"{due:%A}".lower(), say_day(due.date(), turn.now.date())}
    told = [word for word in asked.casefold().replace("’", "'").split() if word in clock | days]
    return " ".join([reminder.text, *told])


def _say(reminder: Reminder, turn: Turn) -> str:
    first = " first" if reminder.rule else ""
    again = ", repeating" if reminder.rule else ""
    return f"{reminder.text},{first} {say_moment(reminder.due_at, turn.now, turn.locale)}{again}"
