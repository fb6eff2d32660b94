"""What the server of a home must be able to do for the household."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from passfel.household.entity import Home
from passfel.tools.provider import Provider


@dataclass(frozen=True, slots=True)
class Service:
    """One thing to be done to some entities: `light.turn_on` with a brightness."""

    name: str
    """Domain and service, with a dot between them."""
    entity_ids: tuple[str, ...]
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Past:
    """A state that an entity came into."""

    state: str
    at: datetime


class HomeProvider(Provider, Protocol):
    """A home's server: its devices as they are, calls to them, and what they were."""

    async def home(self) -> Home:
        """Every floor, room and device with its present state.

        Raises:
            ProviderError: the server can't be reached.
            SettingsError: it is not set up.
        """
        ...

    async def call(self, service: Service) -> None:
        """Have something done; whether the devices followed is to be seen from their states.

        Raises:
            ProviderError: it was refused or could not be sent.
        """
        ...

    async def changed(self, seconds: float) -> bool:
        """Wait until a state changes, for so long at most; whether one did."""
        ...

    async def history(
        self, entity_ids: Sequence[str], start: datetime, end: datetime
    ) -> Mapping[str, Sequence[Past]]:
        """The states that entities were in, the one at `start` first."""
        ...
