"""What the model is told of the household for a turn, beside the time."""

from datetime import datetime, time, timedelta
from functools import partial

from passfel.graph.facts import told
from passfel.household.turn import Turn
from passfel.household.wording import say_list, say_moment
from passfel.memory.facts import Facts
from passfel.memory.records import Records
from passfel.nodes.retrieve import Source
from passfel.tools.calendar.several import Calendars
from passfel.tools.calendar.words import say_occurrence

MOST = 8


def household_sources(calendars: Calendars, records: Records, facts: Facts) -> dict[str, Source]:
    """Today's and tomorrow's appointments, what is still to do, and what the household has told of itself."""

    async def agenda(turn: Turn) -> str:
        begin = datetime.combine(turn.now.date(), time.min, tzinfo=turn.zone)
        # Not those elsewhere: they take longer, and strangers write in them.
        found = await calendars.own.between(turn.person, begin, begin + timedelta(days=2))
        items = [say_occurrence(occurrence, turn) for occurrence in found[:MOST]]
        whose = "The household's own calendar" if calendars.remotes else "Calendar"
        return f"{whose} today and tomorrow: {'; '.join(items)}." if items else ""

    async def tasks(turn: Turn) -> str:
        items = [task.title for task in (await records.tasks.open(turn.person))[:MOST]]
        return f"Open tasks: {say_list(items)}." if items else ""

    async def reminders(turn: Turn) -> str:
        waiting = (await records.reminders.waiting(turn.person))[:MOST]
        items = [f"{item.text} ({say_moment(item.due_at, turn.now, turn.locale)})" for item in waiting]
        return f"Reminders: {'; '.join(items)}." if items else ""

    return {"agenda": agenda, "tasks": tasks, "reminders": reminders, "facts": partial(told, facts)}
