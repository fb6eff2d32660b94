"""Looking at a running model server from outside: does it generate, does it get on, how long may a prompt be."""

import re
from collections.abc import Mapping
from typing import Any

import httpx2

POOL_MARGIN = 0.95
"""A prompt that does not fit into the pool waits for ever and holds up everything behind it: keep off the edge."""
PROGRESS = re.compile(
    r"^[a-z]+:(?:generation_tokens|prompt_tokens|gen_throughput|num_used_tokens|token_usage)\S* .*$",
    re.MULTILINE,
)


def prompt_cap(info: Mapping[str, Any], answer_tokens: int) -> int | None:
    """The longest prompt that still leaves `answer_tokens` room, from /server_info; None where it does not tell."""
    pool, context = info.get("max_total_num_tokens"), info.get("context_length")
    rooms = [int(pool * POOL_MARGIN)] if isinstance(pool, int) else []
    if isinstance(context, int):
        rooms.append(context)
    return max(0, min(rooms) - answer_tokens) if rooms else None


class Watcher:
    """Asks one server; every question has a deadline, and no answer is an answer too."""

    def __init__(self, url: str, model: str, deadline_s: float) -> None:
        """Name the server without /v1, the model it serves, and how long one token may take."""
        self._client = httpx2.AsyncClient(base_url=url, timeout=deadline_s, trust_env=False)
        self._model = model

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def generates(self) -> bool:
        """Whether it writes one token in time: a health route says 200 while nothing moves any more."""
        asked = {
            "model": self._model,
            "messages": [{"role": "user", "content": "1"}],
            "max_tokens": 1,
            "temperature": 0,
        }
        try:
            answer = await self._client.post("/v1/chat/completions", json=asked)
            finish = answer.json()["choices"][0]["finish_reason"] if answer.status_code == 200 else None
        except (httpx2.HTTPError, ValueError, LookupError, TypeError):
            return False
        return finish in {"length", "stop"}

    async def progress(self) -> str:
        """What its counters of tokens say; two equal answers mean that nothing got on between them."""
        try:
            answer = await self._client.get("/metrics")
        except httpx2.HTTPError:
            return ""
        return "\n".join(PROGRESS.findall(answer.text)) if answer.status_code == 200 else ""

    async def info(self) -> dict[str, Any]:
        """What /server_info tells (SGLang), or the context of /v1/models (vLLM refuses a pool smaller than it)."""
        found = await self._json("/server_info")
        if "max_total_num_tokens" in found:
            return found
        cards = (await self._json("/v1/models")).get("data") or [{}]
        return {"context_length": cards[0].get("max_model_len")}

    async def _json(self, path: str) -> dict[str, Any]:
        try:
            answer = await self._client.get(path)
            read = answer.json() if answer.status_code == 200 else {}
        except (httpx2.HTTPError, ValueError):
            return {}
        return read if isinstance(read, dict) else {}
