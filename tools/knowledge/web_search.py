"""The web, searched with engines that have no interface for programs, or with the household's own SearXNG.

ddgs knows the engines: what each wants to be sent, and how its page of results is read. The asking is done by the
one HTTP client, so that deadlines, limits, the guard and our own name hold here too. A page for robots looks like
one without results: it is told apart, and never taken for "nothing found".
"""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal, cast
from urllib.parse import parse_qs, urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from passfel.household.errors import BrokenAnswerError, LimitedError
from passfel.household.knowledge import Page, Pages
from passfel.household.sharing import Rate
from passfel.tools.http import Http
from passfel.tools.http_failures import StatusError
from passfel.tools.http_messages import Reply
from passfel.tools.knowledge.provider import WebSearch
from passfel.tools.knowledge.wording import one_line

RATE = Rate(2, timedelta(seconds=6))
PATIENCE = 1.5
"""Deadlines that a search may take."""
STAYS = timedelta(hours=1)
REST = timedelta(minutes=10)
"""How long an engine that takes us for a robot is left alone."""
HTML = ("text/html", "application/xhtml+xml")
ROBOT_PAGES = (b"anomaly.js", b"anomaly-modal", b"bots use DuckDuckGo", b"captcha", b"unusual traffic")
NOTHING_FOUND = (b"no results", b"no-results", b"no more results", b"no pages found", b"not find any results")
REFUSALS = frozenset({202, 403, 418})
NAMES = {"duckduckgo": "DuckDuckGo", "brave": "Brave Search", "mojeek": "Mojeek"}
REGIONS = {
    "en": "us-en",
    "en-gb": "uk-en",
    "en-us": "us-en",
    "de": "de-de",
    "fr": "fr-fr",
    "pt": "pt-pt",
    "es": "es-es",
}


class WebSearchSettings(BaseModel):
    """Which search engines are asked; none of them needs a key."""

    model_config = ConfigDict(frozen=True)

    engines: tuple[Literal["duckduckgo", "mojeek", "brave"], ...] = Field(
        ("duckduckgo", "mojeek"),
        description="Asked in this order, the next one where one blocks: duckduckgo, mojeek, brave.",
    )
    urls: dict[str, str] = Field(
        {}, description='Other addresses of engines, such as {"duckduckgo": "http://..."}.'
    )
    searxng_url: str = Field(
        "",
        description="The household's own SearXNG, asked first; its settings must allow the format json. "
        "The dependable way: search engines block programs as they like.",
    )


class Engine:
    """One search engine that ddgs knows."""

    def __init__(self, name: str, http: Http, url: str = "") -> None:
        """Name one of ddgs's engines; `url` is another address for it."""
        self.source = NAMES.get(name, name)
        self._name = name
        self._http = http
        self._url = url
        self._blocked_until: datetime | None = None

    async def search(self, query: str, language: str = "en", most: int = 5) -> Pages:
        """Ask, see whether the page is one for robots, and let ddgs read it."""
        if self._blocked_until is not None and datetime.now(UTC) < self._blocked_until:
            raise self._blocked()
        engine = await asyncio.to_thread(_engine, self._name)
        fields = engine.build_payload(
            query=query, region=_region(language), safesearch="moderate", timelimit=None, page=1
        )
        reply = await self._ask(engine.search_method, self._url or engine.search_url, fields)
        text = reply.body.decode(reply.charset or "utf-8", "replace")
        pages = await asyncio.to_thread(read_page, engine, text)
        if not pages and is_for_robots(reply):
            raise self._block()
        if not pages and not says_nothing_found(reply.body):
            raise BrokenAnswerError(
                self.source,
                f"{self.source} gave a page that can't be read, and may hold no results or block us.",
            )
        return Pages(query=query, pages=pages[:most], source=self.source, at=datetime.now(UTC))

    async def check(self) -> str:
        """Search for one word."""
        pages = (await self.search("encyclopedia")).pages
        return f"It answers: {pages[0].site} comes first." if pages else "It answers, with no results."

    async def _ask(self, method: str, url: str, fields: dict[str, Any]) -> Reply:
        said = {name: str(value) for name, value in fields.items()}
        posted = method == "POST"
        try:
            return await self._http.request(
                method,
                url,
                source=self.source,
                accept=HTML,
                params=None if posted else said,
                headers={"Content-Type": "application/x-www-form-urlencoded"} if posted else None,
                content=urlencode(said).encode() if posted else None,
                deadline=timedelta(seconds=PATIENCE * self._http.settings.deadline_s),
                rate=RATE,
                reads_only=True,
            )
        except StatusError as error:
            if error.status in REFUSALS:
                raise self._block() from error
            raise

    def _block(self) -> LimitedError:
        self._blocked_until = datetime.now(UTC) + REST
        return self._blocked()

    def _blocked(self) -> LimitedError:
        why = f"{self.source} takes PASSFEL for a robot and blocks it for now"
        return LimitedError(self.source, f"{why}; that is not the same as finding nothing.", REST)


class SearxNG:
    """The household's own metasearch."""

    source = "SearXNG"

    def __init__(self, http: Http, url: str) -> None:
        """Ask the one at `url` through `http`, which has to let its host through."""
        self._http = http
        self._url = url.rstrip("/")

    async def search(self, query: str, language: str = "en", most: int = 5) -> Pages:
        """Ask for JSON."""
        params: dict[str, str | int] = {
            "q": query,
            "format": "json",
            "language": language.partition("-")[0],
            "safesearch": 1,
        }
        try:
            answer = await self._http.get_json(
                f"{self._url}/search",
                params,
                source=self.source,
                lifetime=STAYS,
                deadline=timedelta(seconds=PATIENCE * self._http.settings.deadline_s),
                rate=Rate(2),
            )
        except StatusError as error:
            if error.status == 403:
                raise BrokenAnswerError(
                    self.source, "SearXNG gives no JSON: add json to search.formats in its settings.yml."
                ) from error
            raise
        results = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(results, list):
            raise BrokenAnswerError(self.source, f"{self.source} gave an answer that makes no sense.")
        found = (
            _page(hit.get("title"), hit.get("url"), hit.get("content"))
            for hit in results
            if isinstance(hit, dict)
        )
        pages = tuple(page for page in found if page is not None)
        return Pages(query=query, pages=pages[:most], source=self.source, at=datetime.now(UTC))

    async def check(self) -> str:
        """Search for one word."""
        return f"It answers, with {len((await self.search('encyclopedia')).pages)} results."


def web_searches(http: Http, settings: WebSearchSettings) -> list[WebSearch]:
    """The searches that are set up, in their order."""
    own: list[WebSearch] = [SearxNG(http, settings.searxng_url)] if settings.searxng_url else []
    return [*own, *(Engine(name, http, settings.urls.get(name, "")) for name in settings.engines)]


def is_for_robots(reply: Reply) -> bool:
    """Whether a page asks for proof that we are human, with whatever status it comes."""
    return reply.status in REFUSALS or any(mark in reply.body for mark in ROBOT_PAGES)


def says_nothing_found(body: bytes) -> bool:
    """Whether a page says itself that there are no results."""
    text = body.lower()
    return any(words in text for words in NOTHING_FOUND)


def read_page(engine: Any, html: str) -> tuple[Page, ...]:
    """The pages that an engine's own page lists, advertisements left out."""
    hits = engine.post_extract_results(engine.extract_results(html)) if html.strip() else []
    pages = (_page(hit.title, _unwrapped(hit.href), hit.body) for hit in hits)
    return tuple({page.url: page for page in pages if page is not None}.values())


def _page(title: Any, url: Any, snippet: Any) -> Page | None:
    name, address = one_line(str(title or ""), 120), str(url or "").strip()
    if not name or not address.startswith(("http://", "https://")) or "duckduckgo.com/y.js" in address:
        return None
    return Page(title=name, url=address, snippet=one_line(str(snippet or ""), 240))


def _unwrapped(href: str) -> str:
    """DuckDuckGo's links may lead over a page of its own."""
    if "duckduckgo.com/l/?" in href:
        target = parse_qs(urlsplit(href).query).get("uddg")
        return target[0] if target else ""
    return f"https:{href}" if href.startswith("//") else href


def _region(language: str) -> str:
    code = language.replace("_", "-").casefold()
    return REGIONS.get(code) or REGIONS.get(code.partition("-")[0], "wt-wt")


@cache
def _engine(name: str) -> Any:
    """One of the engines of ddgs: it is imported at first use, for it brings a browser's TLS with it."""
    from ddgs.engines import ENGINES

    return cast("Any", ENGINES["text"][name])(timeout=5)
