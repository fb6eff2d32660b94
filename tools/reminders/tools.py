"""The tools for reminders."""

from datetime import UTC, datetime

from langchain_core.tools import BaseTool
from pydantic import AwareDatetime

from passfel.household.errors import RequestError
from passfel.household.receipt import Action, Receipt
from passfel.household.rows import Reminder
from passfel.household.turn import Turn
from passfel.household.wording import say_count, say_list, say_moment
from passfel.tools.contract import READS, WRITES, Answer, InTurn, Outcome, tool
from passfel.tools.matching import best_matches, the_one
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
        if not text.strip():
            raise RequestError("What should I remind you of?")
        if at <= turn.now and rule is None:
            raise RequestError(f"{_capital(say_moment(at, turn.now, turn.locale))} is already past.")
        added = await self._reminders.add(
            turn.person, text=text.strip(), due_at=at, rule=rule, time_zone=turn.zone.key
        )
        reminder = await read_back(self._reminders, added.id)
        return _changed(reminder, "set", f"Reminder set: {_say(reminder, turn)}.")

    async def cancel_reminder(self, turn: InTurn, text: str) -> Answer:
        """Cancel a reminder. Undo brings it back.

        Args:
            turn: the turn.
            text: which reminder.
        """
        reminder = the_one(text, await self._reminders.waiting(turn.person), _text, kind="reminder")
        await self._reminders.change(reminder.id, cancelled_at=datetime.now(UTC))
        cancelled = await read_back(self._reminders, reminder.id)
        return _changed(cancelled, "cancelled", f"Reminder cancelled: {_say(cancelled, turn)}.")


def reminder_tools(reminders: ReminderTable) -> list[BaseTool]:
    """The tools for reminders, over their table."""
    return ReminderTools(reminders).tools()


def _text(reminder: Reminder) -> str:
    return reminder.text


def _say(reminder: Reminder, turn: Turn) -> str:
    first = " first" if reminder.rule else ""
    again = ", repeating" if reminder.rule else ""
    return f"{reminder.text},{first} {say_moment(reminder.due_at, turn.now, turn.locale)}{again}"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _changed(reminder: Reminder, action: Action, sentence: str) -> Answer:
    receipt = Receipt(action=action, kind="reminder", sentence=sentence, reference=str(reminder.id))
    return sentence, Outcome(result=reminder, receipts=(receipt,))
