"""A stand-in for Ground News: pages as a Next.js site makes them, over a small world of stories.

It was built from the names of members that others have read off the site; no page of it was at hand.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from passfel.tests.servers.loopback import serve

CLIMATE: dict[str, Any] = {
    "biasSourceCount": 40,
    "id": "e1",
    "slug": "parliament-passes-climate-bill_1",
    "title": "Parliament passes climate bill",
    "sourceCount": 52,
    "leftSrcPercent": 0.45,
    "cntrSrcPercent": 0.35,
    "rightSrcPercent": 0.2,
    "leftSrcCount": 18,
    "cntrSrcCount": 14,
    "rightSrcCount": 8,
    "blindspot": None,
    "highestFactuality": "high",
    "interests": [{"name": "Climate bill", "slug": "climate-bill"}],
}
FARMERS: dict[str, Any] = {
    "biasSourceCount": 9,
    "slug": "farmers-protest_2",
    "title": "Farmers protest against the climate bill",
    "sourceCount": 11,
    "leftSrcPercent": 0,
    "cntrSrcPercent": 0.3,
    "rightSrcPercent": 0.7,
    "blindspot": "left",
}
SOURCES = [
    {
        "title": "A historic night for the climate",
        "url": "https://daily.example/1",
        "sourceInfo": {"name": "The Daily Left", "bias": "leanLeft"},
    },
    {
        "title": "Climate bill passes by four votes",
        "url": "https://agency.example/1",
        "sourceInfo": {"name": "The Agency", "bias": "center"},
    },
    {
        "title": "Climate bill: the bill is on farmers",
        "url": "https://herald.example/1",
        "sourceInfo": {"name": "The Herald Right", "bias": "right"},
    },
]
SUMMARIES = {"left": "• The left calls it overdue.", "right": "The right fears for jobs", "center": "$2f"}


@dataclass
class GroundNewsWorld:
    """The requests that were made, and what shall go wrong."""

    status: int = 200
    lure: str = ""
    """Another host that every page tries to reach: with an image, a frame, a script and a socket."""
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    def forget(self) -> None:
        """Work again, and forget what was asked."""
        self.status, self.lure = 200, ""
        self.requests.clear()


def ground_news_app(world: GroundNewsWorld) -> Starlette:
    """The ASGI application."""

    async def page(request: Request) -> Response:
        world.requests.append(request)
        if world.status != 200:
            return HTMLResponse("<h1>Just a moment</h1>", world.status)
        body = _body(request.url.path, request.query_params.get("q", ""))
        if body is None:
            return HTMLResponse("<h1>Not found</h1>", 404)
        return HTMLResponse(f"<html><body>{body}{_lures(world.lure)}</body></html>")

    return Starlette(routes=[Route("/{path:path}", page)])


@contextmanager
def ground_news() -> Iterator[GroundNewsWorld]:
    """Run the stand-in until the block ends."""
    world = GroundNewsWorld()
    with serve(ground_news_app(world)) as world.url:
        yield world


def _body(path: str, query: str) -> str | None:
    if path in {"/", "/interest/climate-bill"}:
        return _flight({"stories": [FARMERS, CLIMATE]}, split=True) + _card(
            "Something else entirely happened", "Left 1%"
        )
    if path == f"/article/{CLIMATE['slug']}":
        event = CLIMATE | {"chatGptSummaries": SUMMARIES}
        return _flight({"event": event, "articleSources": SOURCES})
    if path == "/search" and "harbour" in query:
        card = _card("Harbour tunnel opens after nine years", "Left 30% Center 50% Right 20%\n31 sources")
        return card + _card("Unrelated story about something else", "12 sources")
    if path == "/search":
        return "<p>No results</p>"
    return None


def _flight(data: dict[str, Any], *, split: bool = False) -> str:
    """The data as Next.js streams it: rows of text, pushed in pieces that end anywhere."""
    row = f'5:["$","$L1f",null,{json.dumps(data)}]\n'
    pieces = [row[: len(row) // 2], row[len(row) // 2 :]] if split else [row]
    pushes = "".join(f"<script>self.__next_f.push({json.dumps([1, piece])})</script>" for piece in pieces)
    return f"<script>self.__next_f = self.__next_f || []</script>{pushes}<h1>News</h1>"


def _card(title: str, figures: str) -> str:
    lines = "".join(f"<div>{line}</div>" for line in figures.splitlines())
    slug = title.casefold().replace(" ", "-")
    return f'<a href="/article/{slug}"><div>Lisbon</div><h2>{title}</h2>{lines}</a>'


def _lures(host: str) -> str:
    if not host:
        return ""
    socket = host.replace("http", "ws")
    return (
        f'<img src="{host}/img"><iframe src="{host}/frame"></iframe><script src="{host}/script"></script>'
        f"<script>fetch('{host}/fetch', {{mode: 'no-cors'}}); new WebSocket('{socket}/socket');"
        f"navigator.sendBeacon('{host}/beacon', 'x'); window.open('{host}/window')</script>"
    )
