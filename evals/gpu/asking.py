"""Ask a running server over plain HTTP, and time what comes. Standard library only."""

import http.client
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from passfel.evals.gpu.model_files import WORDS

CHAT = "/v1/chat/completions"
KEPT = 700
"""Characters of a raw answer that are kept."""


@dataclass
class Answer:
    """One answer; times in milliseconds from the request."""

    status: int = 0
    kind: str = ""
    first_ms: float | None = None
    """Until the first token, or the whole answer where it is not a stream."""
    last_ms: float | None = None
    total_ms: float = 0.0
    usage: dict[str, Any] = field(default_factory=dict)
    finish: str | None = None
    text: str = ""
    calls: list[dict[str, Any]] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    raw: str = ""

    @property
    def cached(self) -> int:
        """Tokens of the prompt that had been computed before."""
        details = self.usage.get("prompt_tokens_details") or {}
        return int(details.get("cached_tokens") or 0)

    @property
    def prompt(self) -> int:
        """Tokens of the prompt."""
        return int(self.usage.get("prompt_tokens") or 0)


class Server:
    """One server; each request has its own connection."""

    def __init__(self, port: int, timeout: float = 300.0) -> None:
        """Nothing is opened yet."""
        self._port, self._timeout = port, timeout

    def ask(
        self, path: str, body: dict[str, Any] | None = None, method: str = "POST", timeout: float = 0.0
    ) -> Answer:
        """Send one request and read all of its answer; whatever goes wrong is in the answer."""
        answer, pieces, begun = Answer(), [], time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout or self._timeout)
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, path, data, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer.status, answer.kind = response.status, response.getheader("Content-Type") or ""
            while line := response.readline():
                pieces.append(line)
                _take(answer, line, (time.monotonic() - begun) * 1000)
        except (OSError, http.client.HTTPException) as error:
            answer.error = f"{type(error).__name__}: {error}"
        finally:
            connection.close()
        answer.total_ms = (time.monotonic() - begun) * 1000
        whole = b"".join(pieces).decode("utf-8", "replace")
        answer.raw = whole if len(whole) <= KEPT else f"{whole[: KEPT // 2]} … {whole[-KEPT // 2 :]}"
        if "json" in answer.kind:
            _take_whole(answer, whole)
        return answer

    def chat(self, messages: list[dict[str, Any]], **more: Any) -> Answer:
        """Ask for an answer to a conversation, as a stream unless told otherwise."""
        body = {"model": "passfel", "messages": messages, "stream": True, "max_tokens": 4, **more}
        if body["stream"]:
            body["stream_options"] = {"include_usage": True}
        return self.ask(CHAT, body)

    def generate(self, ids: list[int], tokens: int) -> Answer:
        """Have exactly so many tokens generated."""
        sampling = {"max_new_tokens": tokens, "temperature": 0.6, "ignore_eos": True}
        return self.ask("/generate", {"input_ids": ids, "stream": True, "sampling_params": sampling})

    def forget(self) -> None:
        """Empty the prefix cache; the server refuses while anything runs."""
        for _ in range(30):
            if self.ask("/flush_cache", {}).status == 200:
                return
            time.sleep(0.3)


def prose(words: int, seed: str) -> str:
    """So many known words, the same for the same seed; a word is about one token."""
    draw = random.Random(seed)  # noqa: S311
    return " ".join(draw.choice(WORDS) for _ in range(words))


def some_ids(count: int, seed: int) -> list[int]:
    """Random tokens of the ordinary vocabulary."""
    draw = random.Random(seed)  # noqa: S311
    return [draw.randrange(1000, 140_000) for _ in range(count)]


def _take(answer: Answer, line: bytes, at: float) -> None:
    """Read one line of a stream of events."""
    if not line.startswith(b"data: {"):
        return
    event = json.loads(line[6:])
    if "error" in event:
        answer.error = json.dumps(event["error"])
        return
    answer.meta = event.get("meta_info") or answer.meta
    answer.usage = event.get("usage") or answer.usage
    spoke = "meta_info" in event
    for choice in event.get("choices") or ():
        answer.finish = choice.get("finish_reason") or answer.finish
        spoke = _take_delta(answer, choice.get("delta") or {}) or spoke
    if spoke:
        answer.first_ms = answer.first_ms or at
        answer.last_ms = at


def _take_delta(answer: Answer, delta: dict[str, Any]) -> bool:
    words = [delta.get("reasoning_content"), delta.get("content")]
    answer.text += words[1] or ""
    for piece in delta.get("tool_calls") or ():
        _join(answer.calls, piece)
    return bool(words[0] or words[1] or delta.get("tool_calls"))


def _join(calls: list[dict[str, Any]], piece: dict[str, Any]) -> None:
    """Add a piece of a streamed tool call."""
    while len(calls) <= piece.get("index", 0):
        calls.append({"name": "", "arguments": ""})
    call, function = calls[piece.get("index", 0)], piece.get("function") or {}
    for key in ("name", "arguments"):
        call[key] += function.get(key) or ""


def _take_whole(answer: Answer, whole: str) -> None:
    """Read an answer that is no stream."""
    body = json.loads(whole) if whole.strip() else {}
    if not isinstance(body, dict):
        return
    answer.usage = body.get("usage") or {}
    answer.error = str(body.get("message") or "") if body.get("object") == "error" else ""
    for choice in body.get("choices") or ():
        message = choice.get("message") or {}
        answer.finish, answer.text = choice.get("finish_reason"), message.get("content") or ""
        answer.calls = [dict(call["function"]) for call in message.get("tool_calls") or ()]


def conversation(exchanges: int, first: int = 0, words: int = 95) -> Iterator[dict[str, Any]]:
    """Exchanges of a person and the assistant, the same for the same number."""
    for number in range(first, first + exchanges):
        yield {"role": "user", "content": prose(words, f"asked {number}")}
        yield {"role": "assistant", "content": prose(words, f"answered {number}")}
