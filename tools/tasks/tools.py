"""The tools for things to do."""

from datetime import UTC, datetime

from langchain_core.tools import BaseTool
from pydantic import AwareDatetime

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.rows import Task
from passfel.household.turn import Turn
from passfel.household.wording import capital, plain_text, say_count, say_day, say_list, say_moment
from passfel.tools.contract import READS, WRITES, Answer, InTurn, Outcome, tool
from passfel.tools.matching import Naming, best_matches, the_one
from passfel.tools.receipts import changed
from passfel.tools.records import TaskTable, read_back


class TaskTools:
    """The list of things to do, as tools."""

    def __init__(self, tasks: TaskTable) -> None:
        """Keep the table."""
        self._tasks = tasks

    def tools(self) -> list[BaseTool]:
        """All of them, in a fixed order."""
        return [
            tool(self.list_tasks, domain="tasks", annotations=READS),
            tool(self.add_task, domain="tasks", annotations=WRITES),
            tool(self.complete_task, domain="tasks", annotations=WRITES),
        ]

    async def list_tasks(self, turn: InTurn, about: str = "") -> Answer:
        """Read what is still to do.

        Args:
            turn: the turn.
            about: only tasks with these words.
        """
        tasks = await self._tasks.open(turn.person)
        if about:
            tasks = best_matches(about, tasks, _title)
        if not tasks:
            return (
                f"Nothing about “{about}” is on your list." if about else "Nothing is on your list."
            ), Outcome()
        items = say_list([_say(task, turn) for task in tasks[:20]])
        more = f" and {len(tasks) - 20} more" if len(tasks) > 20 else ""
        return f"You have {say_count(len(tasks), 'task')}: {items}{more}.", Outcome(result=list(tasks))

    async def add_task(self, turn: InTurn, title: str, due: AwareDatetime | None = None) -> Answer:
        """Put something on the list of things to do.

        Args:
            turn: the turn.
            title: what is to be done, in the person's words.
            due: by when, where it was said.
        """
        words = plain_text(title)
        if not words:
            raise RequestError("What should I put on the list?")
        added = await self._tasks.add(turn.person, title=words, due_at=due)
        task = await read_back(self._tasks, added.id)
        return changed(task, "added", f"Added to your list: {_say(task, turn)}.")

    async def complete_task(self, turn: InTurn, title: str) -> Answer:
        """Tick off something on the list.

        Args:
            turn: the turn.
            title: which task.
        """
        naming = Naming("open task", _title, lambda task: _say(task, turn), "tick off {}")
        task = the_one(title, await self._tasks.open(turn.person), naming)
        now = await self._tasks.lock(task.id)
        if now is None or now.done_at is not None:
            raise NotFoundError(f"{capital(task.title)} is no longer on your list.")
        await self._tasks.change(task.id, done_at=datetime.now(UTC))
        done = await read_back(self._tasks, task.id)
        return changed(done, "done", f"Ticked off: {done.title}.")


def task_tools(tasks: TaskTable) -> list[BaseTool]:
    """The tools for things to do, over their table."""
    return TaskTools(tasks).tools()


def _title(task: Task) -> str:
    return task.title


def _say(task: Task, turn: Turn) -> str:
    if task.due_at is None:
        return task.title
    due = task.due_at.astimezone(turn.zone)
    late = ", overdue" if due < turn.now else ""
    whole_day = (due.hour, due.minute) == (23, 59)
    by = say_day(due.date(), turn.now.date()) if whole_day else say_moment(due, turn.now, turn.locale)
    return f"{task.title} (by {by}{late})"
