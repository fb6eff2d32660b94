"""The feeds: all at once, each with its own deadline, asked again only whether something has changed."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from passfel.household.article import Article, News
from passfel.household.errors import BrokenAnswerError, ProviderError, SettingsError, UnreachableError
from passfel.household.sharing import Rate
from passfel.household.wording import say_count
from passfel.tools.http import Http
from passfel.tools.http_failures import StatusError
from passfel.tools.news.feed_list import Feed
from passfel.tools.news.feed_reading import read_feed
from passfel.tools.news.matching import merge_stories
from passfel.tools.news.provider import MAIN

log = logging.getLogger(__name__)

SOURCE = "News feeds"
MOST_REASONS = 3
MAIN_SECTIONS = ("world", "")
DEADLINE = timedelta(seconds=3.5)
"""For one feed."""
PATIENCE = timedelta(seconds=4.5)
"""For all of them together."""
AT_ONCE = 16
RATE = Rate(2)
REST = timedelta(minutes=1)
"""How long a feed that gave nothing is left alone."""
STALE = timedelta(hours=24)
"""What was read this long ago is still told when a feed does not answer; its articles have dates."""
GONE = 410
NOT_MODIFIED = 304
ACCEPTED = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a feed gave when it was last asked."""

    articles: tuple[Article, ...]
    asked_at: datetime
    read_at: datetime
    etag: str = ""
    modified: str = ""
    gone: bool = False
    """Its publisher says that it won't come back."""
    failed: str = ""
    """Why it gave nothing, where nothing is remembered of it."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Feeds:
    """Reads feeds, and remembers them."""

    source = SOURCE

    def __init__(
        self,
        http: Http,
        feeds: Callable[[], Sequence[Feed]],
        *,
        lifetime: timedelta = timedelta(minutes=20),
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        """Ask through `http`; `feeds` says which, each time anew."""
        self._http = http
        self._feeds = feeds
        self._lifetime = lifetime
        self._clock = clock
        self._kept: dict[str, Kept] = {}
        self._asking: dict[str, asyncio.Lock] = {}

    async def check(self) -> str:
        """Ask every feed; name those that don't answer."""
        feeds = self._feeds()
        if not feeds:
            raise SettingsError(
                "No feeds are set up: name some in PASSFEL_NEWS__FEEDS, or import an OPML file."
            )
        news = await self.latest()
        why = " ".join(news.reasons[:MOST_REASONS])
        if len(news.silent) == len(feeds):
            raise UnreachableError(SOURCE, f"None of {say_count(len(feeds), 'news feed')} answers: {why}")
        return f"{len(feeds) - len(news.silent)} of {say_count(len(feeds), 'feed')} answer. {why}".strip()

    async def latest(self, section: str = "", source: str = "") -> News:
        """All items that are known now, each story once; a feed that fails is named, and costs nobody the others."""
        feeds = self._feeds()
        wanted = [feed for feed in feeds if _is_wanted(feed, section, source)]
        if section == MAIN and not wanted:
            wanted = list(feeds)
        places = asyncio.Semaphore(AT_ONCE)
        found = await asyncio.gather(*(self._in_time(feed, places) for feed in wanted))
        articles = [article for kept in found if kept is not None for article in kept.articles]
        articles.sort(key=lambda article: article.rank)
        silent = [feed for feed, kept in zip(wanted, found, strict=True) if kept is None]
        return News(
            articles=tuple(merge_stories(articles)),
            asked_at=min((kept.read_at for kept in found if kept is not None), default=self._clock()),
            sources=tuple(feed.name for feed in wanted if feed not in silent),
            silent=tuple(feed.name for feed in silent),
            reasons=tuple(self._why(feed) for feed in silent),
        )

    def _why(self, feed: Feed) -> str:
        kept = self._kept.get(feed.url)
        return kept.failed if kept is not None and kept.failed else f"{feed.name} did not answer in time."

    async def _in_time(self, feed: Feed, places: asyncio.Semaphore) -> Kept | None:
        """Nobody waits for the last of very many feeds: it is told as it was, and read the next time."""
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                return await self._read(feed, places)
        except TimeoutError:
            kept = self._kept.get(feed.url)
            return kept if kept is not None and not kept.gone and not kept.failed else None

    async def _read(self, feed: Feed, places: asyncio.Semaphore) -> Kept | None:
        """A feed as it is now, or as it was; None where it gave nothing. Two who ask at once ask once."""
        async with self._asking.setdefault(feed.url, asyncio.Lock()), places:
            kept, now = self._kept.get(feed.url), self._clock()
            if kept is not None and kept.gone:
                return None
            if kept is not None and kept.failed and now - kept.asked_at < REST:
                return None
            if kept is not None and not kept.failed and now - kept.asked_at < self._lifetime:
                return kept
            try:
                fresh = await self._ask(feed, kept, now)
            except ProviderError as error:
                log.info("%s: %s", feed.name, error)
                return self._failed(feed, kept, error, now)
            self._kept[feed.url] = fresh
            return fresh

    async def _ask(self, feed: Feed, kept: Kept | None, now: datetime) -> Kept:
        headers = {"Accept": ACCEPTED}
        if kept is not None and kept.etag:
            headers["If-None-Match"] = kept.etag
        if kept is not None and kept.modified:
            headers["If-Modified-Since"] = kept.modified
        reply = await self._http.request(
            "GET", feed.url, source=feed.name, headers=headers, deadline=DEADLINE, rate=RATE
        )
        if reply.status == NOT_MODIFIED and kept is not None:
            return replace(kept, asked_at=now, read_at=now)
        try:
            articles = await asyncio.to_thread(read_feed, reply, feed, now)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise BrokenAnswerError(feed.name, f"{feed.name} gave a feed that can't be read.") from error
        return Kept(
            tuple(articles), now, now, reply.headers.get("etag", ""), reply.headers.get("last-modified", "")
        )

    def _failed(self, feed: Feed, kept: Kept | None, error: ProviderError, now: datetime) -> Kept | None:
        if isinstance(error, StatusError) and error.status == GONE:
            log.warning("%s says that its feed is gone for good: take it out of the list", feed.name)
            self._kept[feed.url] = Kept((), now, now, gone=True, failed=f"{feed.name} has ended its feed.")
        elif kept is not None and not kept.failed and now - kept.read_at < STALE:
            # Not asked again at once: a publisher in trouble is not helped by that.
            self._kept[feed.url] = replace(kept, asked_at=now)
            return kept
        else:
            self._kept[feed.url] = Kept((), now, now, failed=error.sentence)
        return None


def _is_wanted(feed: Feed, section: str, source: str) -> bool:
    if source and source.casefold().removeprefix("the ") not in feed.name.casefold():
        return False
    return not section or feed.section in (MAIN_SECTIONS if section == MAIN else (section,))
