"""What workers of one household share, so that together they stay polite and quick: rates and answers."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in any `per`."""

    calls: int
    per: timedelta = timedelta(seconds=1)


class Limiter(Protocol):
    """Says when a source may be called."""

    async def admit(self, source: str, rate: Rate) -> float:
        """Take a place and return 0, or return for how many seconds there is none."""
        ...

    async def block(self, source: str, seconds: float) -> None:
        """Give no places for a while: the source said so."""
        ...


class Cache(Protocol):
    """Remembers answers by the exact request."""

    async def get(self, key: str) -> bytes | None:
        """Return what is remembered and still true."""
        ...

    async def put(self, key: str, body: bytes, lifetime: timedelta) -> None:
        """Remember `body` for `lifetime`."""
        ...
