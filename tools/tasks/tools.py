"""The tools for things to do."""

from langchain_core.tools import BaseTool
from pydantic import AwareDatetime

from passfel.household.errors import RequestError
from passfel.household.rows import Task
from passfel.household.turn import Turn
from passfel.household.wording import plain_text, say_count, say_day, say_list, say_moment
from passfel.tools.contract import READS, READS_WORLD, RESUMES_OUTSIDE, WRITES, Answer, InTurn, Outcome, tool
from passfel.tools.matching import Naming, best_matches, the_one
from passfel.tools.receipts import changed
from passfel.tools.records import TaskTable
from passfel.tools.tasks.several import TaskLists


class TaskTools:
    """The list of things to do, as tools."""

    def __init__(self, lists: TaskLists) -> None:
        """Keep the lists."""
        self._lists = lists

    def tools(self) -> list[BaseTool]:
        """All of them, in a fixed order. Lists elsewhere also hold what strangers wrote."""
        reads, writes = (READS_WORLD, RESUMES_OUTSIDE) if self._lists.remotes else (READS, WRITES)
        return [
            tool(self.list_tasks, domain="tasks", annotations=reads),
            tool(self.add_task, domain="tasks", annotations=writes),
            tool(self.complete_task, domain="tasks", annotations=writes),
        ]

    async def list_tasks(self, turn: InTurn, about: str = "") -> Answer:
        """Read what is still to do.

        Args:
            turn: the turn.
            about: only tasks with these words.
        """
        found = await self._lists.open(turn)
        tasks = found.tasks
        if about:
            tasks = best_matches(about, tasks, _title)
        if not tasks:
            nothing = f"Nothing about “{about}” is on your list." if about else "Nothing is on your list."
            return f"{nothing}{found.silent}", Outcome()
        items = say_list([_say(task, turn) for task in tasks[:20]])
        more = f" and {len(tasks) - 20} more" if len(tasks) > 20 else ""
        told = f"You have {say_count(len(tasks), 'task')}: {items}{more}.{found.silent}"
        return told, Outcome(result=list(tasks))

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
        task = await self._lists.add(turn, words, due)
        which = f"list {task.origin.calendar}" if task.origin else "list"
        return changed(task, "added", f"Added to your {which}: {_say(task, turn)}.")

    async def complete_task(self, turn: InTurn, title: str) -> Answer:
        """Tick off something on the list.

        Args:
            turn: the turn.
            title: which task.
        """
        naming = Naming("open task", _title, lambda task: _say(task, turn), "tick off {}")

        async def choose() -> Task:
            return the_one(title, (await self._lists.open(turn)).tasks, naming)

        done = await self._lists.complete(turn, choose)
        return changed(done, "done", f"Ticked off: {done.title}.")


def task_tools(tasks: TaskTable | TaskLists) -> list[BaseTool]:
    """The tools for things to do, over all lists, or over the household's own alone."""
    return TaskTools(tasks if isinstance(tasks, TaskLists) else TaskLists(tasks)).tools()


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
