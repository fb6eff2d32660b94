"""All task lists at once: the household's own, and those on servers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field

from passfel.household.errors import NotFoundError, ProviderError, SettingsError
from passfel.household.rows import Task
from passfel.household.turn import Turn
from passfel.household.wording import capital
from passfel.tools.elsewhere import PlanBook, Version, id_of_call
from passfel.tools.records import TaskTable, read_back
from passfel.tools.tasks.provider import Kept, RemoteTasks

KIND = "task list"
"""What changes elsewhere are called in the ledger."""


class TaskSettings(BaseModel):
    """Which list is meant when none is named."""

    model_config = ConfigDict(frozen=True)

    default: str = Field(
        "",
        description="Where new tasks go: empty for the household's own list, an account of caldav (cloud), or an"
        " account and its list (cloud/Shopping).",
    )


@dataclass(frozen=True)
class Found:
    """What is to do, and who did not answer, as further sentences."""

    tasks: list[Task]
    silent: str = ""


class TaskLists:
    """The household's own list, and the others."""

    def __init__(
        self,
        own: TaskTable,
        remotes: Sequence[RemoteTasks] = (),
        *,
        journal: PlanBook | None = None,
        default: str = "",
    ) -> None:
        """Take the lists; with any on a server, the journal that makes their changes safe to repeat."""
        self._own = own
        self.remotes = tuple(remotes)
        self._journal = journal
        self._account, _, self._list = default.partition("/")
        if remotes and journal is None:
            raise ValueError("task lists elsewhere need a journal")

    async def open(self, turn: Turn) -> Found:
        """What is still to do anywhere, what has a date first; fails only where nothing can be read."""
        readable = [remote for remote in self.remotes if remote.person in {"", turn.person}]
        own, *answers = await asyncio.gather(
            self._own.open(turn.person),
            *(remote.open(turn.person, turn.zone) for remote in readable),
            return_exceptions=True,
        )
        if isinstance(own, BaseException):
            raise own
        tasks, silent = list(own), ""
        for answer in answers:
            if isinstance(answer, ProviderError | SettingsError):
                silent += f" {answer.sentence}"
            elif isinstance(answer, BaseException):
                raise answer
            else:
                tasks += answer
        dated = sorted((task for task in tasks if task.due_at), key=lambda task: task.due_at or turn.now)
        return Found(dated + [task for task in tasks if not task.due_at], silent)

    async def add(self, turn: Turn, title: str, due: datetime | None) -> Task:
        """Put something on the default list; the task as read back."""
        if self._account:
            remote = self._remote(self._account)
            kept = await remote.add(self._list, id_of_call(turn), title, due, turn.zone)
            return await self._keep(turn, kept)

        async def here() -> Task:
            added = await self._own.add(turn.person, title=title, due_at=due)
            return await read_back(self._own, added.id)

        return await self._once_here(turn, here)

    async def complete(self, turn: Turn, choose: Callable[[], Awaitable[Task]]) -> Task:
        """Tick off the chosen task: the same one when the call is replayed."""
        known = await self._journal.plan(turn) if self._journal else None
        task = await choose() if known is None else Task.model_validate(known)
        if self._journal and known is None:
            await self._journal.keep_plan(turn, task.model_dump(mode="json"))
        if task.origin:
            return await self._keep(turn, await self._remote(task.origin.account).complete(task))

        async def here() -> Task:
            now = await self._own.lock(task.id)
            if now is None or now.done_at is not None:
                raise NotFoundError(f"{capital(task.title)} is no longer on your list.")
            await self._own.change(task.id, done_at=datetime.now(UTC))
            return await read_back(self._own, task.id)

        return await self._once_here(turn, here)

    async def restore(self, before: Version | None, after: Version | None) -> None:
        """Put a task elsewhere back as it was."""
        await self._remote(str((before or after or {})["account"])).restore(before, after)

    async def _once_here(self, turn: Turn, change: Callable[[], Awaitable[Task]]) -> Task:
        """A change of our own rows; beside lists elsewhere it has no transaction of the ledger's around it."""
        if self._journal is None:
            return await change()
        async with self._journal.rows(turn, "tasks") as done:
            return await read_back(self._own, done[-1]) if done else await change()

    async def _keep(self, turn: Turn, kept: Kept) -> Task:
        if self._journal and (kept.before is not None or kept.after is not None):
            before, after = (None if one is None else dict(one) for one in (kept.before, kept.after))
            await self._journal.changed(turn, KIND, kept.task.id, before, after)
        return kept.task

    def _remote(self, account: str) -> RemoteTasks:
        for remote in self.remotes:
            if remote.account == account:
                return remote
        raise SettingsError(
            f"No account is called “{account}”: mend PASSFEL_TASKS__DEFAULT, or set the account up."
        )
