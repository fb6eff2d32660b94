"""A door before any stand-in server, that lets requests through or makes them go wrong in one of many ways.

`with faulty(url) as door:` and point the client at `door.url`; `door.fault = "503"` makes what comes through
it fail from then on. Faults of the connection itself have addresses of their own: `refused()`, `unheard()`, NO_NAME.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from passfel.tests.servers.loopback import serve

Fault = Literal[
    "slow drip",
    "401",
    "403",
    "404",
    "429",
    "429 with Retry-After",
    "500",
    "503",
    "redirect loop",
    "redirect to a private address",
    "wrong content type",
    "truncated body",
    "50 MB body",
    "invalid UTF-8",
    "wrong shape",
    "empty result",
]
NO_NAME = "http://nowhere.invalid"
"""RFC 2606: a name that no server knows."""
PRIVATE = "http://10.255.255.1/"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT", "MKCALENDAR"]
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "host"}
)
WHOLE_MB, MEGABYTE = 50, bytes(1_000_000)


@dataclass
class Door:
    """Where a client comes in, and what goes wrong there."""

    url: str = ""
    fault: Fault | None = None
    requests: int = 0

    @property
    def host(self) -> str:
        """Host and port, as a household would allow it."""
        return self.url.removeprefix("http://")


@contextmanager
def faulty(behind: str) -> Iterator[Door]:
    """Open a door before the server at `behind`."""
    door = Door()

    async def answer(request: Request) -> Response:
        door.requests += 1
        if door.fault is None:
            return await _pass_on(request, behind)
        return _fail(door.fault, request)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=METHODS)])
    with serve(app) as url:
        door.url = url
        yield door


async def _pass_on(request: Request, behind: str) -> Response:
    target = f"{behind}{request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
    headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP}
    async with httpx2.AsyncClient(trust_env=False) as client:
        reply = await client.request(request.method, target, headers=headers, content=await request.body())
    kept = {name: value for name, value in reply.headers.items() if name.lower() not in HOP_BY_HOP}
    return Response(reply.content, reply.status_code, kept)


def _fail(fault: Fault, request: Request) -> Response:
    kind = request.headers.get("accept", "*/*").partition(",")[0].strip().replace("*/*", "application/json")
    if fault[:3].isdigit():
        headers = {"Retry-After": "120"} if fault.endswith("Retry-After") else {}
        return Response(b"{}", int(fault[:3]), headers, media_type="application/json")
    if fault in BODIES:
        return Response(BODIES[fault], media_type="text/html" if fault == "wrong content type" else kind)
    if fault in STREAMS:
        length = {"Content-Length": "1000"} if fault == "truncated body" else {}
        return StreamingResponse(STREAMS[fault](), headers=length, media_type=kind)
    if fault == "empty result":
        return Response(b"{}" if kind.endswith("json") else b"<empty/>", media_type=kind)
    return RedirectResponse(PRIVATE if fault == "redirect to a private address" else str(request.url), 302)


async def _drip() -> AsyncIterator[bytes]:
    while True:
        yield b" "
        await asyncio.sleep(0.1)


async def _cut() -> AsyncIterator[bytes]:
    yield b'{"half": '  # and no more of the thousand bytes that were promised


async def _huge() -> AsyncIterator[bytes]:
    yield b"["
    for _ in range(WHOLE_MB):
        yield MEGABYTE
        await asyncio.sleep(0)  # a client that has hung up ends it here


BODIES: dict[Fault, bytes] = {
    "wrong content type": b"<html><body>Please sign in to this network.</body></html>",
    "invalid UTF-8": b'{"name": "\xff\xfe\xfa"}\xff\xfe',
    "wrong shape": b'[[1], "two", {"three": null}]',
}
STREAMS: dict[Fault, Callable[[], AsyncIterator[bytes]]] = {
    "slow drip": _drip,
    "truncated body": _cut,
    "50 MB body": _huge,
}


@contextmanager
def refused() -> Iterator[str]:
    """An address where nobody listens, kept free of others for as long as the block lasts."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: every connection is refused
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def unheard() -> Iterator[str]:
    """An address whose connections are never taken up: the queue is full, and nobody accepts."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
