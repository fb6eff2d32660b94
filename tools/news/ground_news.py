"""Ground News (ground.news): which side covers a story how much. It has no API, so its pages are read in a browser.

Off unless the household switches it on, for its terms are the household's to keep. The browser reaches the configured
host and nothing else: every other request is refused, and other names are not even looked up.
"""

import asyncio
import importlib.util
import logging
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from passfel.household.article import Coverage, Story
from passfel.household.errors import BrokenAnswerError, LimitedError, SettingsError, UnreachableError
from passfel.tools.http import within
from passfel.tools.news.ground_news_reading import read_stories
from passfel.tools.news.matching import words_of

if TYPE_CHECKING:
    from playwright.async_api import Page, Route

log = logging.getLogger(__name__)

SOURCE = "Ground News"
DEADLINE = timedelta(seconds=14)
PAGE_MS = 8000
STAYS = timedelta(minutes=30)
MOST_REMEMBERED = 100
MOST_STORIES = 3
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
UNWANTED = frozenset({"image", "media", "font", "websocket", "manifest"})
INSTALL = "pip install 'passfel[groundnews]'"
DATA = """() => ({
  scripts: [
    (window.__next_f || []).map((piece) => (typeof piece[1] === "string" ? piece[1] : "")).join(""),
    ...Array.from(document.querySelectorAll('script#__NEXT_DATA__, script[type="application/json"]'))
      .map((script) => script.textContent || ""),
  ],
  cards: Array.from(document.querySelectorAll('a[href*="/article/"]')).slice(0, 80)
    .map((link) => ({ href: link.href, text: link.innerText })),
  text: document.body ? document.body.innerText.slice(0, 2000) : "",
})"""
"""What a page holds: the data for its own scripts, the visible stories, and the beginning of its words."""


class GroundNewsSettings(BaseModel):
    """Ground News, for how the sides cover a story."""

    model_config = ConfigDict(frozen=True)

    enabled: bool = Field(
        False,
        description="Whether ground.news is read in a browser when somebody asks how a story is covered; look at its "
        f"terms first (ground.news/terms-and-conditions). Needs {INSTALL} and a Chromium.",
    )
    base_url: str = Field("https://ground.news", description="Where Ground News is.")
    browser: str = Field(
        "",
        description="The Chromium to use; empty for the system's, or else the one that Playwright installed.",
    )


def _utc_now() -> datetime:
    return datetime.now(UTC)


class GroundNews:
    """Reads Ground News' pages of a topic and of a story."""

    source = SOURCE

    def __init__(
        self, settings: GroundNewsSettings, contact: str = "", clock: Callable[[], datetime] = _utc_now
    ) -> None:
        """Nothing is started; `contact` is named to the site."""
        self._settings = settings
        self._base = settings.base_url.rstrip("/")
        self._contact = contact
        self._clock = clock
        self._kept: dict[str, Coverage] = {}
        self._one = asyncio.Lock()

    async def check(self) -> str:
        """Read the page of its top stories."""
        self._ready()
        async with within(SOURCE, DEADLINE.total_seconds()), self._browser() as page:
            stories = await self._read(page, "/")
        return f"It answers: {len(stories)} stories on its front page."

    async def coverage(self, topic: str) -> Coverage:
        """Tell how the stories about a topic are covered: its page, and the page of the first story."""
        self._ready()
        key, now = " ".join(sorted(words_of(topic))), self._clock()
        known = self._kept.get(key)
        if known is not None and now - known.asked_at < STAYS:
            return known
        async with within(SOURCE, DEADLINE.total_seconds()), self._one, self._browser() as page:
            stories = await self._about(page, topic)
            if stories and stories[0].url and not stories[0].articles:
                stories[0] = await self._closer(page, stories[0])
            address = page.url
        coverage = Coverage(topic=topic, source=SOURCE, url=address, asked_at=now, stories=tuple(stories))
        self._remember(key, coverage)
        return coverage

    def _ready(self) -> None:
        if not self._settings.enabled:
            raise SettingsError(
                "Ground News is switched off: look at its terms, and set PASSFEL_GROUND_NEWS__ENABLED to true."
            )
        if importlib.util.find_spec("playwright") is None:
            raise SettingsError(f"Ground News is read in a browser: {INSTALL} brings what drives it.")

    async def _about(self, page: "Page", topic: str) -> list[Story]:
        """The topic's own page, and where there is none, what the site finds."""
        named = re.sub(r"^(?:the|a|an)\s+", "", topic.casefold())
        slug = re.sub(r"[^a-z0-9]+", "-", named).strip("-")
        wanted = words_of(topic)
        for path in (f"/interest/{slug}", f"/search?q={quote(topic)}"):
            stories = await self._read(page, path)
            # A topic's page is about it whatever its titles say; what a search finds must name it.
            fitting = [story for story in stories if wanted & words_of(story.title)]
            if fitting or (stories and path.startswith("/interest")):
                return sorted(fitting or stories, key=lambda story: -(story.sources or 0))[:MOST_STORIES]
        return []

    async def _closer(self, page: "Page", story: Story) -> Story:
        """The story's own page says who covers it; without it, what is known stays."""
        if urlsplit(story.url).hostname != urlsplit(self._base).hostname:
            return story
        try:
            stories = await self._read(page, urlsplit(story.url).path)
        except (UnreachableError, BrokenAnswerError) as error:
            log.info("%s", error)
            return story
        return next((found for found in stories if found.title == story.title), story)

    async def _read(self, page: "Page", path: str) -> list[Story]:
        from playwright.async_api import Error

        try:
            response = await page.goto(f"{self._base}{path}", wait_until="domcontentloaded", timeout=PAGE_MS)
            status = response.status if response is not None else 0
            if status == 404:
                return []
            if status == 429:
                raise LimitedError(SOURCE, f"{SOURCE} takes no more requests for now.")
            found: Mapping[str, Any] = await page.evaluate(DATA)
        except Error as error:
            log.info("%s: %s", SOURCE, str(error).splitlines()[0])
            raise UnreachableError(SOURCE, f"{SOURCE} could not be reached.") from error
        if status >= 400:
            raise BrokenAnswerError(SOURCE, f"{SOURCE} turned the browser away (HTTP {status}).")
        stories = read_stories(found["scripts"], found["cards"], self._base)
        if not stories and not found["text"].strip():
            raise BrokenAnswerError(SOURCE, f"{SOURCE} gave a page that can't be read.")
        return stories

    @asynccontextmanager
    async def _browser(self) -> "AsyncIterator[Page]":
        """A page in a browser of its own that lasts as long as the question."""
        from playwright.async_api import Error, async_playwright

        host = urlsplit(self._base).hostname or ""
        arguments = [
            f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {host}",
            "--disable-quic",
            "--no-proxy-server",
        ]
        async with async_playwright() as playwright:
            try:
                browser = await playwright.chromium.launch(
                    executable_path=browser_path(self._settings.browser),
                    args=arguments,
                    # Chromium's own cage can't be built by root.
                    chromium_sandbox=os.geteuid() != 0,
                )
            except Error as error:
                log.info("%s: %s", SOURCE, str(error).splitlines()[0])
                raise SettingsError(
                    "Ground News needs a Chromium that starts: install one (apt install chromium, or playwright "
                    "install chromium), or name it in PASSFEL_GROUND_NEWS__BROWSER."
                ) from error
            try:
                context = await browser.new_context(
                    accept_downloads=False, service_workers="block", extra_http_headers=self._headers()
                )
                await context.route("**/*", self._only_here)
                await context.route_web_socket("**/*", lambda socket: socket.close())
                yield await context.new_page()
            finally:
                await browser.close()

    def _headers(self) -> dict[str, str]:
        return {"From": self._contact} if self._contact else {}

    async def _only_here(self, route: "Route") -> None:
        request = route.request
        if _origin(request.url) != _origin(self._base) or request.resource_type in UNWANTED:
            await route.abort()
        else:
            await route.continue_()

    def _remember(self, key: str, coverage: Coverage) -> None:
        if len(self._kept) >= MOST_REMEMBERED:
            self._kept.clear()
        self._kept[key] = coverage


def browser_path(named: str) -> str | None:
    """The Chromium to start: the named one, the system's, or None for the one that Playwright has."""
    return named or next((path for name in BROWSERS if (path := shutil.which(name))), None)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
