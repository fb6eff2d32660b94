"""Rates and remembered answers in Redis, shared by the household's processes; without Redis each keeps its own."""

import math
from datetime import timedelta

from redis.asyncio import Redis

from passfel.household.sharing import Cache, Limiter, Rate
from passfel.memory.redis import SharedRedis

# GCRA (the generic cell rate algorithm, ITU-T I.371): one number a source, the time at which its bucket is
# full again. The clock is the server's own, so processes and machines agree.
ADMIT = """
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local blocked = tonumber(redis.call('PTTL', KEYS[2]))
if blocked > 0 then return blocked * 1000 end
local pause, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local wait = full_at + pause - burst * pause - now
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', full_at + pause), 'PX', math.ceil((full_at + pause - now) / 1000) + 1)
return 0
"""

BLOCK = """
local left = tonumber(redis.call('PTTL', KEYS[1]))
if left < tonumber(ARGV[1]) then redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) end
return 1
"""

LARGEST = 2_000_000
"""Bytes of an answer that is worth keeping for other processes."""


class SharedLimiter:
    """A limiter over Redis, with one of this process's own behind it."""

    def __init__(self, redis: SharedRedis, alone: Limiter) -> None:
        """Keep both."""
        self._redis = redis
        self._alone = alone

    async def admit(self, source: str, rate: Rate) -> float:
        """Take a place and return 0, or return for how many seconds there is none."""
        keys = (self._redis.key("rate", source), self._redis.key("block", source))
        pause = math.ceil(rate.per.total_seconds() * 1e6 / rate.calls)

        async def ask(client: Redis) -> int:
            return int(await client.eval(ADMIT, 2, *keys, pause, rate.calls))

        wait = await self._redis.ask(ask)
        return wait / 1e6 if wait is not None else await self._alone.admit(source, rate)

    async def block(self, source: str, seconds: float) -> None:
        """Give no places for a while: the source said so."""
        await self._alone.block(source, seconds)
        key, milliseconds = self._redis.key("block", source), max(1, math.ceil(seconds * 1000))

        async def ask(client: Redis) -> int:
            return int(await client.eval(BLOCK, 1, key, milliseconds))

        await self._redis.ask(ask)


class SharedCache:
    """A cache over Redis, with one of this process's own before it."""

    def __init__(self, redis: SharedRedis, own: Cache) -> None:
        """Keep both."""
        self._redis = redis
        self._own = own

    async def get(self, key: str) -> bytes | None:
        """Return what is remembered and still true."""
        body = await self._own.get(key)
        if body is not None:
            return body

        async def ask(client: Redis) -> bytes | None:
            found = await client.get(self._redis.key("answer", key))
            return found if isinstance(found, bytes) else None

        return await self._redis.ask(ask)

    async def put(self, key: str, body: bytes, lifetime: timedelta) -> None:
        """Remember `body` for `lifetime`."""
        await self._own.put(key, body, lifetime)
        if len(body) > LARGEST:
            return

        async def ask(client: Redis) -> bool:
            return bool(await client.set(self._redis.key("answer", key), body, px=lifetime))

        await self._redis.ask(ask)
