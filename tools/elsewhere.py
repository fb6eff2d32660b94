"""What changes on somebody's server have in common: versions, and what is told when somebody else was quicker."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol
from uuid import UUID, uuid5

from passfel.household.errors import RequestError
from passfel.household.turn import Turn
from passfel.household.wording import capital

Version = Mapping[str, Any]
"""A thing elsewhere as it was or is, in whatever way its provider can put it back: JSON."""


CALLS = UUID("5a6a4f0e-8f0b-5a53-8a0e-2f7c5a0f6d77")
"""The name space of ids that are made from a tool call."""


class PlanBook(Protocol):
    """What is needed of the ledger's journal."""

    async def plan(self, turn: Turn) -> Any:
        """The plan of this call, where an earlier run had made one."""
        ...

    async def keep_plan(self, turn: Turn, plan: Any) -> None:
        """Keep what is going to be done."""
        ...

    async def changed(
        self, turn: Turn, kind: str, thing: UUID, before: dict[str, Any] | None, after: dict[str, Any] | None
    ) -> None:
        """Keep a thing elsewhere as it was and as it is, for undo."""
        ...

    def rows(self, turn: Turn, kind: str) -> AbstractAsyncContextManager[list[UUID] | None]:
        """A transaction for rows of ours; gives them if it was done before."""
        ...


def id_of_call(turn: Turn) -> str:
    """The id of what this call makes: a replay makes the same one, and finds it there."""
    return str(uuid5(CALLS, f"{turn.thread}\n{turn.call}"))


def changed_elsewhere(title: str, where: str = "calendar") -> RequestError:
    """What a person is told when somebody else was quicker."""
    return RequestError(
        f"{capital(title)} has just been changed elsewhere, so I left it as it is. Look at your {where}, please."
    )


def cant_undo() -> RequestError:
    """What a person is told when a change can't be taken back any more."""
    return RequestError("I can't undo that: it has been changed since.")
