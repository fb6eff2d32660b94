"""A rate for each source and a memory of answers, in this process alone (household/sharing.py has the protocols)."""

import time
from datetime import timedelta

from passfel.household.sharing import Rate


class TokenBuckets:
    """A token bucket for each source, in this process."""

    def __init__(self) -> None:
        """Start with full buckets."""
        self._tokens: dict[str, tuple[float, float]] = {}
        self._blocked_until: dict[str, float] = {}

    async def admit(self, source: str, rate: Rate) -> float:
        """Take a place and return 0, or return for how many seconds there is none."""
        now = time.monotonic()
        blocked = self._blocked_until.get(source, 0.0) - now
        if blocked > 0:
            return blocked
        refill = rate.calls / rate.per.total_seconds()
        tokens, since = self._tokens.get(source, (float(rate.calls), now))
        tokens = min(float(rate.calls), tokens + (now - since) * refill)
        if tokens < 1:
            self._tokens[source] = (tokens, now)
            return (1 - tokens) / refill
        self._tokens[source] = (tokens - 1, now)
        return 0.0

    async def block(self, source: str, seconds: float) -> None:
        """Give no places for a while: the source said so."""
        until = time.monotonic() + seconds
        self._blocked_until[source] = max(until, self._blocked_until.get(source, 0.0))


class MemoryCache:
    """Answers kept in this process, the oldest dropped first when they grow too large."""

    def __init__(self, max_bytes: int = 16_000_000) -> None:
        """Hold at most `max_bytes` of answers."""
        self._max_bytes = max_bytes
        self._size = 0
        self._entries: dict[str, tuple[float, bytes]] = {}

    async def get(self, key: str) -> bytes | None:
        """Return what is remembered and still true."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] <= time.monotonic():
            self._drop(key)
            return None
        return entry[1]

    async def put(self, key: str, body: bytes, lifetime: timedelta) -> None:
        """Remember `body` for `lifetime`."""
        self._drop(key)
        self._entries[key] = (time.monotonic() + lifetime.total_seconds(), body)
        self._size += len(body)
        while self._size > self._max_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size -= len(entry[1])
