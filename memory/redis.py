"""Redis for what is short-lived and shared between processes: the household's own by URL, or the embedded one.

Nothing in it is needed: whoever uses it goes on without it when it is gone, and comes back when it is.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from pydantic import BaseModel, Field, SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

from passfel.household.errors import MemoryUnavailableError
from passfel.memory.embedded_redis import EmbeddedRedis

log = logging.getLogger(__name__)

T = TypeVar("T")

DEADLINE_S = 0.25
"""For one command: what is asked here is worth less than waiting longer."""
REST_S = 5.0
"""How long it is left alone after it failed."""


class RedisSettings(BaseModel):
    """Where short-lived things are shared between processes."""

    url: SecretStr | None = Field(
        None,
        description="A Redis or Valkey server (redis://, rediss://, unix://); empty starts the embedded one.",
    )
    embedded: bool = Field(True, description="Whether an embedded server is started where no URL is given.")
    prefix: str = Field("passfel:", description="What every key begins with.")


class SharedRedis:
    """One connection pool, opened at the first use, that says None when there is no Redis."""

    def __init__(self, settings: RedisSettings, folder: Path) -> None:
        """Keep where it is; nothing is opened."""
        self._settings = settings
        self._server = EmbeddedRedis(folder) if settings.embedded and settings.url is None else None
        self._client: Redis | None = None
        self._opening = asyncio.Lock()
        self._rests_until = 0.0

    async def ask(self, command: Callable[[Redis], Awaitable[T]]) -> T | None:
        """Run a command, or return None where Redis is gone or was a moment ago."""
        if time.monotonic() < self._rests_until:
            return None
        try:
            client = await self._opened()
            if client is None:
                return None
            async with asyncio.timeout(DEADLINE_S):
                return await command(client)
        except (RedisError, OSError, TimeoutError, MemoryUnavailableError) as error:
            # Said once for each time that it goes, not for every command.
            log.warning("Redis is gone, so nothing is shared between processes: %s", type(error).__name__)
            self._rests_until = time.monotonic() + REST_S
            await self._drop()
            return None

    def key(self, *parts: str) -> str:
        """A key of ours."""
        return self._settings.prefix + ":".join(parts)

    async def check(self) -> str:
        """What the doctor tells of it.

        Raises:
            MemoryUnavailableError: it does not answer.
        """
        client = await self._opened()
        if client is None:
            return "Switched off: each process keeps its own."
        try:
            async with asyncio.timeout(2.0):
                found = await client.info("server")
        except (RedisError, OSError, TimeoutError) as error:
            raise MemoryUnavailableError(
                "Redis does not answer; each process keeps its own meanwhile."
            ) from error
        version = found.get("valkey_version") or found.get("redis_version")
        return f"{version}, {'embedded' if self._server else 'by PASSFEL_REDIS__URL'}."

    async def aclose(self) -> None:
        """Close the connections, and let go of the embedded server."""
        await self._drop()
        if self._server is not None:
            await self._server.stop()

    async def _opened(self) -> Redis | None:
        async with self._opening:
            if self._client is None:
                self._client = await self._open()
            return self._client

    async def _open(self) -> Redis | None:
        url = self._settings.url.get_secret_value() if self._settings.url is not None else ""
        if not url and self._server is None:
            return None
        if not url and self._server is not None:
            url = f"unix://{quote(str(await self._server.start()))}"
        return Redis.from_url(url, socket_timeout=DEADLINE_S, socket_connect_timeout=DEADLINE_S)

    async def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
