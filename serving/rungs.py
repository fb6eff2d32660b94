"""The rungs of the ladder: a model each, and how it is."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from langchain_core.language_models import BaseChatModel

from passfel.serving.breaker import BreakerState


@dataclass(frozen=True, slots=True)
class Rung:
    """One model of the ladder. Its calls take `turn` and `thinking`, and use or ignore them."""

    name: str
    model: BaseChatModel
    withheld: bool = False
    """It is outside the house: it sees the words of the present request and nothing else (`privacy`)."""


@dataclass(frozen=True, slots=True)
class RungHealth:
    """How a rung is, for the doctor."""

    name: str
    ok: bool
    breaker: BreakerState
    sentence: str


@runtime_checkable
class Served(Protocol):
    """A model on a server: it can be asked how it is, and has connections to close."""

    async def check(self) -> str:
        """Say how it is, or raise a `ProviderError`."""

    async def learn(self) -> None:
        """Ask the server for what it tells of itself, before a turn needs it; failures are no matter."""

    async def aclose(self) -> None:
        """Close the connections."""
