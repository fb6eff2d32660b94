"""A stand-in SGLang server: real HTTP and SSE as version 0.5.23 sends it, with scripted answers.

with sglang() as server:
    server.will(CallTools([("add_task", {"title": "bins"})]), Say("Added.", reasoning="It worked."))
    chat = SGLangChat.from_settings(LlmSettings(base_url=server.url))
    ...
    assert server.requests[0]["messages"][-1]["content"] == "Take out the bins"
"""

import asyncio
import contextlib
import dataclasses
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from passfel.tests.servers.loopback import serve
from passfel.tests.servers.sglang_answers import (
    Abort,
    Answer,
    CallTools,
    CutAfter,
    ErrorEvent,
    Fail,
    QueueFull,
    Raw,
    Reply,
    Say,
    Stall,
    error_body,
)

__all__ = [
    "Abort", "Answer", "CallTools", "CutAfter", "ErrorEvent", "Fail", "QueueFull", "Raw", "Reply", "SGLang",
    "Say", "Stall", "error_body", "sglang",
]  # fmt: skip


class SGLang:
    """What a test says to the stand-in, and what the stand-in saw."""

    def __init__(self, model: str, api_key: str) -> None:
        self.model = model
        self.api_key = api_key
        self.url = ""
        """The base address for an OpenAI client, with /v1."""
        self.requests: list[dict[str, Any]] = []
        """The body of every chat request, oldest first."""
        self.primed: list[dict[str, Any]] = []
        """The body of every request for a single token; such a one needs no scripted answer."""
        self.bytes_at_a_time = 0
        """Cut the body into pieces of so many bytes, through the middle of characters; 0 sends events whole."""
        self.refuses_strict = False
        """Be a server that knows no strict tools."""
        self.info: dict[str, Any] | None = {}
        """What /server_info tells, over the usual; None: a server that knows no such address."""
        self.info_asked = 0
        self.pool = 66000
        """A prompt of more words than it is never answered, as by versions that queue it for ever."""
        self.asked = threading.Event()
        """A chat request has come in."""
        self.disconnected = threading.Event()
        """A client went away before its answer was complete."""
        self._answers: deque[Answer] = deque()

    def will(self, *answers: Answer) -> None:
        """Answer the next requests with these, in this order."""
        self._answers.extend(answers)

    def forget(self) -> None:
        """Start afresh: no answers waiting, no requests seen."""
        self._answers.clear()
        self.requests.clear()
        self.primed.clear()
        self.asked.clear()
        self.disconnected.clear()
        self.bytes_at_a_time = 0
        self.refuses_strict = False
        self.info, self.info_asked, self.pool = {}, 0, 66000

    @property
    def app(self) -> Starlette:
        """The server's ASGI application."""
        return Starlette(
            routes=[
                Route("/v1/chat/completions", _Chat(self), methods=["POST"]),
                Route("/v1/models", self._models),
                Route("/health", self._health),
                Route("/server_info", self._server_info),
            ]
        )

    def next_answer(self, body: dict[str, Any]) -> Answer:
        """Take the next answer of the script; the server's own checks come first."""
        if not body.get("messages"):
            return Fail(400, error_body(400, "Messages cannot be empty."))
        strict = [tool["function"] for tool in body.get("tools") or [] if tool["function"].get("strict")]
        if strict and self.refuses_strict:
            return Fail(400, error_body(400, "tools[0].function.strict: Extra inputs are not permitted"))
        if any(not _is_closed(function["parameters"]) for function in strict):
            return Fail(400, error_body(400, "Failed to compile the grammar of a tool's arguments."))
        if not self._answers:
            return Fail(500, error_body(500, "The script of this stand-in is over."))
        answer = self._answers.popleft()
        return self._strictly(answer, body) if self.strict_thinking else answer

    @property
    def strict_thinking(self) -> bool:
        """Whether it is one that was started with --enable-strict-thinking."""
        return bool((self.info or {}).get("enable_strict_thinking"))

    def _strictly(self, answer: Answer, body: dict[str, Any]) -> Answer:
        """Keep the budget; thoughts that the client closed are thoughts still, and the answer finds no end."""
        if body.get("continue_final_message"):
            return Say("on and on", finish="length")
        budget = (body.get("custom_params") or {}).get("thinking_budget")
        if budget is not None and answer.reply:
            kept = " ".join(answer.reply.reasoning.split()[:budget])
            answer.reply = dataclasses.replace(answer.reply, reasoning=kept)
        return answer

    def usage(self, body: dict[str, Any], reply: Reply) -> dict[str, Any]:
        """Count words as tokens; cached is the longest head shared with an earlier request."""
        earlier = (_common_head(body["messages"], seen["messages"]) for seen in self.requests[:-1])
        prompt = sum(map(_words, body["messages"]))
        thought = len(reply.reasoning.split())
        completion = thought + len(reply.text.split()) + sum(map(_words, reply.calls))
        return {
            "prompt_tokens": prompt,
            "total_tokens": prompt + completion,
            "completion_tokens": completion,
            "prompt_tokens_details": {"cached_tokens": max(earlier, default=0)},
            "reasoning_tokens": thought,
            "completion_tokens_details": {"reasoning_tokens": thought},
        }

    async def _models(self, request: Request) -> Response:
        if self.refuses(request.headers.get("authorization", "")):
            return JSONResponse({"error": "Unauthorized"}, 401)
        card = {"id": self.model, "object": "model", "created": 1795413780, "owned_by": "sglang"}
        return JSONResponse(
            {"object": "list", "data": [{**card, "root": self.model, "parent": None, "max_model_len": 32768}]}
        )

    async def _health(self, request: Request) -> Response:
        return Response()

    async def _server_info(self, request: Request) -> Response:
        self.info_asked += 1
        if self.refuses(request.headers.get("authorization", "")):
            return JSONResponse({"error": "Unauthorized"}, 401)
        if self.info is None:
            return JSONResponse({"detail": "Not Found"}, 404)
        known = {"served_model_name": self.model, "context_length": 32768, "max_total_num_tokens": self.pool}
        told = {**known, "max_running_requests": 4, "version": "0.5.23", "enable_strict_thinking": False}
        return JSONResponse({**told, **self.info})

    def refuses(self, authorization: str) -> bool:
        """Whether the key is wrong."""
        return bool(self.api_key) and authorization != f"Bearer {self.api_key}"


class _Chat:
    """POST /v1/chat/completions, with the wire in its own hands: it can cut it and see it cut."""

    def __init__(self, server: SGLang) -> None:
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = json.loads(await request.body())
        except ValueError:
            await JSONResponse(error_body(400, "/srv/sglang: invalid JSON"), 400)(scope, receive, send)
            return
        if self._server.refuses(request.headers.get("authorization", "")):
            await JSONResponse({"error": "Unauthorized"}, 401)(scope, receive, send)
            return
        if body.get("max_completion_tokens") == 1:
            self._server.primed.append(body)
            answer: Answer = Say("", reasoning="The", finish="length")
        else:
            self._server.requests.append(body)
            self._server.asked.set()
            if sum(map(_words, body.get("messages", ()))) > self._server.pool:
                await _gone(receive)
                self._server.disconnected.set()
                return
            answer = self._server.next_answer(body)
        usage = self._server.usage(body, answer.reply) if answer.reply else {}
        talk = asyncio.create_task(self._talk(answer, body, usage, send))
        gone = asyncio.create_task(_gone(receive))
        await asyncio.wait({talk, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not talk.done():
            self._server.disconnected.set()
        for task in (talk, gone):
            task.cancel()
        await asyncio.gather(talk, gone, return_exceptions=True)

    async def _talk(self, answer: Answer, body: dict[str, Any], usage: dict[str, Any], send: Send) -> None:
        status, content_type, pieces = answer.on_the_wire(body, usage)
        told = {"content-type": content_type, **answer.headers}
        headers = [(name.encode(), value.encode()) for name, value in told.items()]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        async for piece in self._cut(pieces):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        # Left open, uvicorn drops the connection: what a killed server looks like.
        if not answer.drops_connection:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _cut(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in pieces:
            size = self._server.bytes_at_a_time or len(piece) or 1
            for start in range(0, len(piece), size):
                yield piece[start : start + size]


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _is_closed(schema: Any) -> bool:
    """Whether every object of a schema says that it holds nothing else, as strict tools have to."""
    if isinstance(schema, list):
        return all(map(_is_closed, schema))
    if not isinstance(schema, dict):
        return True
    open_object = "properties" in schema and schema.get("additionalProperties") is not False
    return not open_object and all(map(_is_closed, schema.values()))


def _words(part: dict[str, Any]) -> int:
    return len(json.dumps(part).split())


def _common_head(one: Sequence[dict[str, Any]], other: Sequence[dict[str, Any]]) -> int:
    length = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        length += _words(mine)
    return length


@contextlib.contextmanager
def sglang(model: str = "passfel", api_key: str = "") -> Iterator[SGLang]:
    """Run the stand-in for as long as the block lasts."""
    server = SGLang(model, api_key)
    with serve(server.app) as url:
        server.url = f"{url}/v1"
        yield server
