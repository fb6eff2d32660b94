"""What an SGLang server tells about itself in /server_info, asked in the background so that no turn waits for it."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

FRESH_S = 300.0
"""A server can come back from a restart with another pool: after so long the next call has it asked again."""


@dataclass(frozen=True)
class ServerFacts:
    """What the client goes by; nothing of it is known of a server that is no SGLang."""

    longest_prompt: int | None = None
    """The smaller of its pool and its context, in tokens. A longer prompt is queued for ever by some versions
    (sglang issue 36333), and everything behind it too."""
    strict_thinking: bool = False
    """Started with --enable-strict-thinking: it keeps thinking budgets itself, and only itself."""


def read_facts(info: Mapping[str, Any]) -> ServerFacts:
    """The facts of a /server_info."""
    pool, context = info.get("max_total_num_tokens"), info.get("context_length")
    if not isinstance(pool, int) or pool <= 0:
        return ServerFacts()
    most = min(pool, context) if isinstance(context, int) and context > 0 else pool
    return ServerFacts(most, info.get("enable_strict_thinking") is True)


class ServerInquiry:
    """Asks one server for its facts. Until it has told them, and where it has none, nothing is assumed."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        base_url: str,
        key: str = "",
        deadline_s: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Name the server by its base address, with /v1; the client stays the caller's to close."""
        self.facts = ServerFacts()
        self._client = client
        self._url = f"{base_url.rstrip('/').removesuffix('/v1')}/server_info"
        self._headers = {"authorization": f"Bearer {key}"} if key else {}
        self._deadline_s = deadline_s
        self._clock = clock
        self._asked_at: float | None = None
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Ask in the background, unless the facts are fresh or are being asked for."""
        if self._task is not None and not self._task.done():
            return
        if self._asked_at is None or self._clock() - self._asked_at > FRESH_S:
            self._asked_at = self._clock()
            self._task = asyncio.get_running_loop().create_task(self._ask())

    async def learn(self) -> ServerFacts:
        """The facts once the server has told them, or the deadline is over."""
        self.begin()
        if self._task is not None:
            await asyncio.wait({self._task})
        return self.facts

    async def aclose(self) -> None:
        """End what is being asked."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _ask(self) -> None:
        try:
            answer = await self._client.get(self._url, headers=self._headers, timeout=self._deadline_s)
            info = answer.json() if answer.status_code == 200 else {}
        except (httpx2.HTTPError, ValueError):
            return  # gone or still starting: what it told before holds until it tells again
        if answer.status_code < 500:
            self.facts = read_facts(info if isinstance(info, dict) else {})
