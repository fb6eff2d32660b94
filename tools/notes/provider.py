"""What an app of notes on somebody's server, or on another port of this machine, must be able to do."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from passfel.household.rows import Note
from passfel.household.turn import Turn
from passfel.tools.provider import Provider

Version = Mapping[str, Any]
"""A note elsewhere as it was or is, in whatever way its provider can put it back: JSON."""


@dataclass(frozen=True, slots=True)
class Written:
    """A change elsewhere, as it was read back."""

    note: Note
    before: Version | None = None
    after: Version | None = None
    """For undo; both None where nothing was changed now, because an earlier run had done it."""


class NotesProvider(Provider, Protocol):
    """An app of notes.

    Each write is safe to repeat: the second one finds the work of the first. A note that is neither as it was
    read nor as it is wanted was changed by somebody else, and is left alone.
    """

    async def find(self, owner: str, about: str) -> list[Note]:
        """Notes that may be about these words, in no order; the words pick among them."""
        ...

    async def latest(self, owner: str) -> list[Note]:
        """The notes that were changed last, the newest first."""
        ...

    async def notebooks(self) -> list[str]:
        """The names of its notebooks."""
        ...

    async def add(self, owner: str, note_id: UUID, text: str, notebook: str) -> Written:
        """Add a note under an id of ours; an empty notebook means the one of the settings."""
        ...

    async def append(self, note: Note, words: str) -> Written:
        """Add words at the end of a note that was read."""
        ...

    async def remove(self, note: Note) -> Written:
        """Put a note into the bin."""
        ...

    async def restore(self, before: Version | None, after: Version | None) -> None:
        """Put a note back as it was.

        Raises:
            RequestError: it has been changed since.
        """
        ...


class Journal(Protocol):
    """What is needed of the ledger where a note may be elsewhere: `memory/journal.py` has it."""

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
