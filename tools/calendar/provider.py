"""What every calendar can do: the household's own, one on a CalDAV server, Google's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from passfel.household.occurrence import Occurrence
from passfel.household.rows import Event
from passfel.tools.elsewhere import Version
from passfel.tools.provider import Provider


class Calendar(Protocol):
    """What can be read of every calendar."""

    async def between(self, owner: str, begin: datetime, end: datetime) -> list[Occurrence]:
        """What takes place in [begin, end), in the order of time."""
        ...


@dataclass(frozen=True, slots=True)
class Written:
    """A change on somebody's server, as it was read back."""

    event: Event
    before: Version | None = None
    after: Version | None = None
    """For undo; both None where nothing was changed now, because an earlier run had done it."""


class RemoteCalendar(Calendar, Provider, Protocol):
    """An account with calendars on somebody's server.

    Each write is safe to repeat: given the same occurrence and the same id, the second one finds the work of the
    first and reports it. A version that is neither the one that was read nor the one that is wanted was changed
    by somebody else, and is left alone.
    """

    account: str
    """Its name in the settings."""
    person: str
    """Whose it is; empty means everybody's."""

    async def names(self) -> list[str]:
        """The calendars that can be added to."""
        ...

    async def add(self, calendar: str, uid: str, values: Mapping[str, Any]) -> Written:
        """Add an event to a calendar (empty: the first) under an id of ours."""
        ...

    async def move(self, occurrence: Occurrence, start: datetime, end: datetime) -> Written:
        """Move one occurrence; its series stays."""
        ...

    async def cancel(self, occurrence: Occurrence, *, series: bool) -> Written:
        """Cancel one occurrence, or with `series` all of them."""
        ...

    async def restore(self, before: Version | None, after: Version | None) -> None:
        """Put a thing back as it was.

        Raises:
            RequestError: it has been changed since.
        """
        ...


def in_order(found: list[Occurrence]) -> list[Occurrence]:
    """By time, then by name."""
    return sorted(found, key=lambda occurrence: (occurrence.start, occurrence.end, occurrence.event.title))
