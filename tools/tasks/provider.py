"""What every task list can do that is on somebody's server."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from passfel.household.rows import Task
from passfel.tools.elsewhere import Version
from passfel.tools.provider import Provider


@dataclass(frozen=True, slots=True)
class Kept:
    """A change on somebody's server, as it was read back."""

    task: Task
    before: Version | None = None
    after: Version | None = None
    """For undo; both None where an earlier run had done it."""


class RemoteTasks(Provider, Protocol):
    """An account with task lists. Each write is safe to repeat, and overwrites nobody's."""

    account: str
    """Its name in the settings."""
    person: str
    """Whose it is; empty means everybody's."""

    async def open(self, owner: str, zone: ZoneInfo) -> list[Task]:
        """What is still to do; days are read on this clock."""
        ...

    async def add(self, name: str, uid: str, title: str, due: datetime | None, zone: ZoneInfo) -> Kept:
        """Put something on a list (empty: the first) under an id of ours."""
        ...

    async def complete(self, task: Task) -> Kept:
        """Tick a task off."""
        ...

    async def restore(self, before: Version | None, after: Version | None) -> None:
        """Put a task back as it was; RequestError where it has been changed since."""
        ...
