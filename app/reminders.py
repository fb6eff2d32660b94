"""Reminders that are due: said by whichever door the person is at, then marked as said."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from passfel.household.errors import RequestError
from passfel.household.occurrence import next_start, starts_between
from passfel.household.wording import say_moment

if TYPE_CHECKING:
    from passfel.graph.assistant import Assistant
    from passfel.household.rows import Reminder
    from passfel.household.turn import Turn

Say = Callable[[str], None]


async def say_due(assistant: "Assistant", turn: "Turn", say: Say) -> None:
    """Say what is due to the turn's person. Said first and marked then: after a crash it is said twice, never lost."""
    reminders = assistant.house.records.reminders
    now = datetime.now(UTC)
    for reminder in await reminders.due(now, [turn.person]):
        say(f"Reminder: {reminder.text} ({say_moment(reminder.due_at, turn.now, turn.locale)})")
        later = _next(reminder, now)
        if later is None:
            await reminders.change(reminder.id, delivered_at=now)
        else:
            await reminders.change(reminder.id, due_at=later, rule=_left(reminder, later))


def _next(reminder: "Reminder", now: datetime) -> datetime | None:
    """When a repeating reminder is due again."""
    if reminder.rule is None:
        return None
    try:
        return next_start(reminder.rule, reminder.due_at, reminder.time_zone, now)
    except RequestError:  # a rule that nobody can read: what is due has been said
        return None


def _left(reminder: "Reminder", later: datetime) -> str:
    """The rule from its next time on: what it counts, it counts from there."""
    rule = str(reminder.rule)
    passed = len(list(starts_between(rule, reminder.due_at, reminder.time_zone, reminder.due_at, later)))
    return re.sub(r"(?i)(?<=COUNT=)\d+", lambda count: str(int(count[0]) - passed), rule)
