"""What every calendar can do: the household's own, one on a CalDAV server, Google's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from passfel.household.errors import RequestError
from passfel.household.occurrence import Occurrence
from passfel.household.rows import Event
from passfel.household.wording import capital
from passfel.tools.provider import Provider

Version = Mapping[str, Any]
"""A thing elsewhere as it was or is, in whatever way its provider can put it back: JSON."""


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


def changed_elsewhere(title: str) -> RequestError:
    """What a person is told when somebody else was quicker."""
    return RequestError(
        f"{capital(title)} has just been changed elsewhere, so I left it as it is. Look at your calendar, please."
    )


def cant_undo() -> RequestError:
    """What a person is told when a change can't be taken back any more."""
    return RequestError("I can't undo that: it has been changed since.")
