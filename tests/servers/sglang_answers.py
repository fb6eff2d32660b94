"""The answers that the stand-in SGLang server can be told to give, and their form on the wire."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest
from typing import Any

from typing_extensions import override

JSON = "application/json"
SSE = "text/event-stream; charset=utf-8"
Wire = tuple[int, str, AsyncIterator[bytes]]
Delta = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What the model says: the parts of one whole answer."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[dict[str, Any], ...] = ()
    finish: str = "stop"
    reasoning_field: str = "reasoning_content"

    def message(self) -> dict[str, Any]:
        """The message of an answer that is not streamed."""
        told: dict[str, Any] = {"role": "assistant", "content": f"\n\n{self.text}" if self.text else ""}
        told[self.reasoning_field] = self.reasoning or None
        return {**told, "tool_calls": list(self.calls) or None}


class Answer:
    """One scripted answer. A streamed one gives deltas; the others override `on_the_wire`."""

    reply: Reply | None = None
    headers: Mapping[str, str] = {}
    speculation: Mapping[str, Any] = {}
    """SGLang's spec_tokens_details, for a server that drafts."""

    @property
    def drops_connection(self) -> bool:
        """Whether the connection ends without the end of the answer."""
        return False

    def on_the_wire(self, body: dict[str, Any], usage: dict[str, Any]) -> Wire:
        """Status, content type and the pieces of the body."""
        if self.reply is None:
            raise NotImplementedError
        if body.get("stream"):
            return 200, SSE, self.stream(body, usage)
        choice = {
            "index": 0,
            "message": self.reply.message(),
            "logprobs": None,
            "finish_reason": self.reply.finish,
        }
        whole = {**_head(body, "chat.completion"), "choices": [choice], "usage": usage}
        if self.speculation and body.get("return_spec_tokens_details"):
            whole["sglext"] = {"spec_tokens_details": dict(self.speculation)}
        return 200, JSON, _at_once(json.dumps(whole, ensure_ascii=False).encode())

    def deltas(self) -> Iterator[Delta]:
        """What the stream says between its first chunk and its finish."""
        reply = self.reply or Reply()
        yield from ({reply.reasoning_field: piece} for piece in _pieces(reply.reasoning))
        if reply.text:
            yield {reply.reasoning_field: None, "content": "\n\n"}
        yield from ({reply.reasoning_field: None, "content": piece} for piece in _pieces(reply.text))

    def events(self, body: dict[str, Any], usage: dict[str, Any]) -> Iterator[bytes]:
        """The stream, event by event, in SGLang's order."""
        reply = self.reply or Reply()
        yield _choice(body, {reply.reasoning_field: None, "role": "assistant", "content": ""})
        for delta in self.deltas():
            yield _choice(body, delta)
        yield _choice(body, {reply.reasoning_field: None}, reply.finish)
        if self.speculation and body.get("return_spec_tokens_details"):
            told = {"spec_tokens_details": dict(self.speculation)}
            yield _event({**_head(body, "chat.completion.chunk"), "choices": [], "sglext": told})
        if (body.get("stream_options") or {}).get("include_usage"):
            yield _event({**_head(body, "chat.completion.chunk"), "choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"

    async def stream(self, body: dict[str, Any], usage: dict[str, Any]) -> AsyncIterator[bytes]:
        """The stream over time."""
        for event in self.events(body, usage):
            yield event


class Say(Answer):
    """Think, then answer in words."""

    def __init__(
        self, text: str, reasoning: str = "", finish: str = "stop", field: str = "reasoning_content"
    ) -> None:
        """`field` is vLLM's `reasoning` where vLLM is meant."""
        self.reply = Reply(text, reasoning, finish=finish, reasoning_field=field)


class CallTools(Answer):
    """Call tools, their arguments cut into deltas.

    `split`: "pieces" as SGLang sends them; "awkward" one character each, parallel calls interleaved;
    or the positions at which to cut.
    """

    def __init__(
        self,
        calls: Sequence[tuple[str, Mapping[str, Any] | str]],
        reasoning: str = "",
        split: str | Sequence[int] = "pieces",
        finish: str = "tool_calls",
        ascii_only: bool = False,
    ) -> None:
        """Arguments may be a text, to send JSON that is none."""
        self._split = split
        made = tuple(
            {
                "id": f"call_{index:024x}",
                "index": index,
                "type": "function",
                "function": {"name": name, "arguments": _arguments(given, ascii_only)},
            }
            for index, (name, given) in enumerate(calls)
        )
        self.reply = Reply("", reasoning, made, finish)

    @override
    def deltas(self) -> Iterator[Delta]:
        assert self.reply is not None
        yield from super().deltas()
        yield {"role": None, "content": "\n\n", "reasoning_content": None}
        streams = [list(self._call(call)) for call in self.reply.calls]
        if self._split == "awkward":
            rounds = zip_longest(*streams)
            ordered = [piece for row in rounds for piece in row if piece is not None]
        else:
            ordered = [piece for stream in streams for piece in stream]
        for piece in ordered:
            yield {"role": None, "content": None, "reasoning_content": None, "tool_calls": [piece]}

    def _call(self, call: dict[str, Any]) -> Iterator[dict[str, Any]]:
        function = call["function"]
        yield {**call, "function": {"name": function["name"], "arguments": ""}}
        for piece in self._cut(function["arguments"]):
            yield {**call, "id": None, "function": {"name": None, "arguments": piece}}

    def _cut(self, text: str) -> list[str]:
        if self._split == "awkward":
            return list(text)
        if isinstance(self._split, str):
            return [text[start : start + 12] for start in range(0, len(text), 12)]
        edges = [0, *sorted({cut for cut in self._split if 0 < cut < len(text)}), len(text)]
        return [text[start:end] for start, end in pairwise(edges)]


class Abort(Answer):
    """The request was aborted on the server: a normal end with finish_reason "abort"."""

    def __init__(self, said: str = "") -> None:
        """Abort after these words."""
        self.reply = Reply(said, finish="abort")


class Fail(Answer):
    """An HTTP error."""

    def __init__(self, status: int, body: Mapping[str, Any] | str | None = None, **headers: str) -> None:
        """Without a body, SGLang's flat one."""
        self._status = status
        self.headers = headers
        self._body = error_body(status, "It failed in /srv/sglang/secret.py.") if body is None else body

    @override
    def on_the_wire(self, body: dict[str, Any], usage: dict[str, Any]) -> Wire:
        if isinstance(self._body, str):
            return self._status, "text/html", _at_once(self._body.encode())
        return self._status, JSON, _at_once(json.dumps(self._body).encode())


@dataclass(frozen=True)
class ErrorEvent(Answer):
    """An error: inside a stream that began with 200, after some events; else an HTTP error."""

    code: int
    message: str = "It failed in /srv/sglang/secret.py."
    after: int = 0
    of: Answer = field(default_factory=lambda: Say("This is never said to its end."))

    @override
    def on_the_wire(self, body: dict[str, Any], usage: dict[str, Any]) -> Wire:
        if body.get("stream"):
            return 200, SSE, self.stream(body, usage)
        return self.code, JSON, _at_once(json.dumps(error_body(self.code, self.message)).encode())

    @override
    def events(self, body: dict[str, Any], usage: dict[str, Any]) -> Iterator[bytes]:
        yield from list(self.of.events(body, usage))[: self.after]
        kind = {400: "BAD_REQUEST", 503: "SERVICE_UNAVAILABLE"}.get(self.code, "INTERNAL_SERVER_ERROR")
        yield _event({"error": {**error_body(self.code, self.message), "type": kind}})
        nothing = {"prompt_tokens": 0, "total_tokens": 0, "completion_tokens": 0}
        yield _event({**_head(body, "chat.completion.chunk"), "choices": [], "usage": nothing})
        yield b"data: [DONE]\n\n"


def QueueFull() -> ErrorEvent:  # noqa: N802 - reads as the other answers of a script
    """Too many requests wait: 503, or 200 and an error event in a stream."""
    return ErrorEvent(503, "The request queue is full.")


@dataclass(frozen=True)
class CutAfter(Answer):
    """The server dies after some events: the connection drops; `clean`: it ends as if all were well."""

    events_sent: int
    of: Answer = field(default_factory=lambda: Say("One two three four five six.", reasoning="Let me count."))
    clean: bool = False

    @property
    @override
    def drops_connection(self) -> bool:
        return not self.clean

    @override
    def on_the_wire(self, body: dict[str, Any], usage: dict[str, Any]) -> Wire:
        if body.get("stream"):
            return 200, SSE, self.stream(body, usage)
        return 200, JSON, _at_once(b'{"id": "cut", "choices": [{"index"')

    @override
    def events(self, body: dict[str, Any], usage: dict[str, Any]) -> Iterator[bytes]:
        yield from list(self.of.events(body, usage))[: self.events_sent]


@dataclass(frozen=True)
class Stall(Answer):
    """Silence for `seconds` after some events, then the rest."""

    seconds: float
    after: int = 0
    of: Answer = field(default_factory=lambda: Say("Late, but here."))

    @override
    def on_the_wire(self, body: dict[str, Any], usage: dict[str, Any]) -> Wire:
        status, content_type, pieces = self.of.on_the_wire(body, usage)
        return status, content_type, self._slowly(pieces)

    async def _slowly(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        count = 0
        async for piece in pieces:
            if count == self.after:
                await asyncio.sleep(self.seconds)
            count += 1
            yield piece


@dataclass(frozen=True)
class Raw(Answer):
    """Bytes exactly as a real server sent them."""

    body: bytes
    status: int = 200
    content_type: str = SSE
    dropped: bool = False

    @property
    @override
    def drops_connection(self) -> bool:
        return self.dropped

    @override
    def on_the_wire(self, body: dict[str, Any], usage: dict[str, Any]) -> Wire:
        return self.status, self.content_type, _at_once(self.body)


def error_body(code: int, message: str) -> dict[str, Any]:
    """SGLang's flat error body."""
    kind = {400: "BadRequestError", 503: "503"}.get(code, "InternalServerError")
    return {"object": "error", "message": message, "type": kind, "param": None, "code": code}


def _head(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "90d2580fd1a9", "object": kind, "created": 1795413781, "model": body.get("model")}


def _choice(body: dict[str, Any], delta: Delta, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish, "matched_stop": None}
    return _event({**_head(body, "chat.completion.chunk"), "choices": [choice]})


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


def _arguments(given: Mapping[str, Any] | str, ascii_only: bool) -> str:
    return given if isinstance(given, str) else json.dumps(given, ensure_ascii=ascii_only)


def _pieces(text: str) -> list[str]:
    words = text.split(" ")
    pairs = [" ".join(words[start : start + 2]) for start in range(0, len(words), 2)]
    return [f" {pair}" if index else pair for index, pair in enumerate(pairs)] if text else []


async def _at_once(data: bytes) -> AsyncIterator[bytes]:
    yield data
