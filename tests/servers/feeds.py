"""A stand-in for publishers: their feeds (RSS, Atom, JSON Feed) with ETags, and the pages they lead to.

One small world of news on Monday 23 November 2026; any path can be told to fail.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from passfel.tests.servers.loopback import serve

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)

TUNNEL = (
    "The harbour tunnel opened on Monday after nine years of works. Mr. Duarte, the mayor, drove through it in an "
    "electric bus. It cost 410 million euros, a third more than was planned in 2017.",
    "Some 30,000 vehicles are expected to use it every day, the city said. Residents of the old quarter hope for "
    "quieter nights. “We have waited long enough,” said Rosa Pinto, who lives beside the old bridge.",
    "The bridge will be closed for repairs in January. Cyclists are not allowed in the tunnel, and a ferry will go "
    "on running for them until the spring, according to the port authority.",
)


@dataclass(frozen=True)
class Item:
    """One item of a feed."""

    title: str
    path: str
    summary: str = ""
    hours_ago: float | None = 2.0


FEEDS: dict[str, tuple[str, tuple[Item, ...]]] = {
    "/courier.xml": (
        "rss",
        (
            Item(
                "Harbour tunnel opens after nine years of works",
                "/page/tunnel?utm_source=rss",
                "The <b>mayor</b> drove through it &amp; smiled.",
                1,
            ),
            Item(
                "Parliament passes climate bill after a long night",
                "/page/climate",
                "The climate bill passed by four votes.",
                3,
            ),
            Item(
                "Storm Berta closes schools along the coast",
                "/page/storm",
                "Schools stay closed until Wednesday.",
                20,
            ),
        ),
    ),
    "/gazette.atom": (
        "atom",
        (
            Item("Nurses end strike over pay", "/page/nurses", "The strike lasted nine days.", 4),
            Item("Harbour tunnel finally opens after nine years of works", "/page/tunnel", "", 2),
            Item(
                "Critics call the climate bill a burden for farmers",
                "/page/farmers",
                "Farmers speak of a burden.",
                5,
            ),
        ),
    ),
    "/wire.json": (
        "json",
        (
            Item(
                "A battery that charges in five minutes",
                "/page/battery",
                "A start-up showed it on Sunday.",
                26,
            ),
            Item("Browser makers agree on a common password format", "/page/browser", "", None),
        ),
    ),
    "/sport.xml": (
        "rss",
        (Item("Late goal wins the derby for Sines", "/page/derby", "It was 2-1 in the end.", 12),),
    ),
}


@dataclass
class FeedsWorld:
    """The feeds, the requests that were made, and what shall go wrong."""

    failing: dict[str, Response] = field(default_factory=dict)
    """By path: what is answered in the place of the feed or page."""
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    @property
    def host(self) -> str:
        """Host and port, as a household would allow it."""
        return self.url.removeprefix("http://")

    @property
    def entries(self) -> tuple[str, ...]:
        """The feeds as a household would name them in its settings."""
        return (
            f"world: The Courier | {self.url}/courier.xml",
            f"world: The Gazette | {self.url}/gazette.atom",
            f"technology: The Wire | {self.url}/wire.json",
            f"sport: Goal | {self.url}/sport.xml",
        )

    def forget(self) -> None:
        """Work again, and forget what was asked."""
        self.failing.clear()
        self.requests.clear()

    def asked(self, path: str) -> list[Request]:
        """The requests for a path."""
        return [request for request in self.requests if request.url.path == path]


def feeds_app(world: FeedsWorld) -> Starlette:
    """The ASGI application."""

    async def feed(request: Request) -> Response:
        world.requests.append(request)
        path = request.url.path
        if path in world.failing:
            return world.failing[path]
        kind, items = FEEDS[path]
        tag = f'"{path}-1"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"ETag": tag})
        body, media = {"rss": _rss, "atom": _atom, "json": _json}[kind](items, world.url)
        return Response(body, media_type=media, headers={"ETag": tag})

    async def page(request: Request) -> Response:
        world.requests.append(request)
        return world.failing.get(request.url.path) or HTMLResponse(_page(request.path_params["name"]))

    return Starlette(routes=[*(Route(path, feed) for path in FEEDS), Route("/page/{name}", page)])


@contextmanager
def feeds() -> Iterator[FeedsWorld]:
    """Run the stand-in until the block ends."""
    world = FeedsWorld()
    with serve(feeds_app(world)) as world.url:
        yield world


def _at(item: Item) -> datetime | None:
    return NOW - timedelta(hours=item.hours_ago) if item.hours_ago is not None else None


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _rss(items: tuple[Item, ...], base: str) -> tuple[bytes, str]:
    written = "".join(
        f"<item><title>{_escaped(item.title)}</title><link>{base}{_escaped(item.path)}</link>"
        f"<description>{_escaped(item.summary)}</description>"
        + (f"<pubDate>{format_datetime(at, usegmt=True)}</pubDate>" if (at := _at(item)) else "")
        + "</item>"
        for item in items
    )
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{written}</channel></rss>'
    return body.encode(), "application/rss+xml"


def _atom(items: tuple[Item, ...], base: str) -> tuple[bytes, str]:
    written = "".join(
        f'<entry><title>{_escaped(item.title)}</title><link href="{base}{item.path}"/><id>tag:{number}</id>'
        f"<summary>{_escaped(item.summary)}</summary>"
        + (f"<updated>{at.isoformat()}</updated>" if (at := _at(item)) else "")
        + "</entry>"
        for number, item in enumerate(items)
    )
    body = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>{written}</feed>'
    return body.encode(), "application/atom+xml"


def _json(items: tuple[Item, ...], base: str) -> tuple[bytes, str]:
    written = [
        {"id": item.path, "url": f"{base}{item.path}", "title": item.title, "content_text": item.summary}
        | ({"date_published": at.isoformat()} if (at := _at(item)) else {})
        for item in items
    ]
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "x", "items": written}
    return json.dumps(document).encode(), "text/plain"  # as many sites send it


def _page(name: str) -> str:
    paragraphs = TUNNEL if name == "tunnel" else ()
    body = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    menu = "".join(
        f'<li><a href="/{word}">{word}</a></li>' for word in ("Home", "World", "Sport", "Subscribe")
    )
    return (
        f"<html><head><title>{name}</title></head><body><nav><ul>{menu}</ul></nav>"
        f"<main><article><h1>{name}</h1>{body}</article></main>"
        "<footer><p>Cookies help us. Accept all cookies?</p></footer></body></html>"
    )
