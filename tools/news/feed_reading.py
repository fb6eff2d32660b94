"""A feed's bytes as articles: RSS and Atom through feedparser, JSON Feed by hand, dates of every kind."""

import calendar
import html
import json
import logging
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

from dateutil import parser as dates

from passfel.household.article import Article
from passfel.household.errors import BrokenAnswerError
from passfel.household.wording import plain_text
from passfel.tools.http_messages import Reply
from passfel.tools.news.feed_list import Feed

log = logging.getLogger(__name__)

MOST_ITEMS = 60
LONGEST_TITLE, LONGEST_SUMMARY = 240, 600
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
ZONES = {"BST": 3600, "CET": 3600, "CEST": 7200, "EST": -18000, "EDT": -14400, "PST": -28800, "PDT": -25200}
"""Names of zones that feeds use; those that mean several things are taken as newspapers mean them."""
_TAG = re.compile(r"<(?:!--.*?--|/?[a-zA-Z][^>]*)>", re.DOTALL)
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)


def read_feed(reply: Reply, feed: Feed, now: datetime) -> list[Article]:
    """The articles of a feed, in its own order.

    Raises:
        BrokenAnswerError: it is no feed.
    """
    if reply.body.lstrip()[:1] == b"{":
        return list(_json_items(reply, feed, now))
    # At the first feed: it takes a quarter of a second.
    import feedparser

    # Bytes, never text: given text, it opens paths and addresses.
    headers = {
        "content-type": reply.headers.get("content-type", "application/xml"),
        "content-location": reply.url,
    }
    parsed: Any = feedparser.parse(  # type: ignore[attr-defined, no-untyped-call]
        BytesIO(reply.body), response_headers=headers
    )
    if not parsed.get("version") and not parsed.get("entries"):
        raise BrokenAnswerError(feed.name, f"{feed.name} gave something that is no feed.")
    return list(_items(parsed["entries"], feed, now))


def _items(entries: list[dict[str, Any]], feed: Feed, now: datetime) -> Iterator[Article]:
    for rank, entry in enumerate(entries[:MOST_ITEMS]):
        title = to_line(entry.get("title"), LONGEST_TITLE)
        summary = to_line(_longest(entry), LONGEST_SUMMARY)
        link = entry.get("link") or entry.get("id") or ""
        if title or summary:
            yield Article(
                title=title or summary[:80],
                url=link if str(link).startswith(("http://", "https://")) else "",
                source=feed.name,
                section=feed.section,
                summary=summary if summary != title else "",
                published_at=_date(entry, now),
                rank=rank,
            )


def _longest(entry: Mapping[str, Any]) -> str:
    summary = str(entry.get("summary") or "")
    if summary:
        return summary
    return next((str(part.get("value") or "") for part in entry.get("content") or ()), "")


def _date(entry: dict[str, Any], now: datetime) -> datetime | None:
    for name in ("published", "updated", "created"):
        # dict's own get: feedparser's gives one date for another, and warns of it.
        parsed = dict.get(entry, f"{name}_parsed")
        moment = None
        if parsed is not None:
            try:
                moment = datetime.fromtimestamp(calendar.timegm(parsed), UTC)
            except (OverflowError, ValueError, OSError):
                moment = None
        moment = moment or read_date(dict.get(entry, name))
        if moment is not None and EARLIEST < moment <= now + timedelta(days=1):
            return moment
    return None


def read_date(text: Any) -> datetime | None:
    """A date as feeds write them; without a zone it is taken as UTC; None where it can't be read."""
    if not isinstance(text, str) or not 6 <= len(text) <= 60:
        return None
    try:
        moment = dates.parse(text, tzinfos=ZONES)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, Warning):
        return None


def _json_items(reply: Reply, feed: Feed, now: datetime) -> Iterator[Article]:
    """JSON Feed 1.0 and 1.1 (jsonfeed.org)."""
    try:
        document = json.loads(reply.body.decode("utf-8-sig", "replace"))
        if not isinstance(document, dict) or "jsonfeed.org" not in str(document.get("version", "")):
            raise ValueError("no JSON Feed")
        items = [item for item in document["items"][:MOST_ITEMS] if isinstance(item, dict)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BrokenAnswerError(feed.name, f"{feed.name} gave something that is no feed.") from error
    for rank, item in enumerate(items):
        text = item.get("summary") or item.get("content_text") or item.get("content_html")
        title, summary = to_line(item.get("title"), LONGEST_TITLE), to_line(text, LONGEST_SUMMARY)
        link = str(item.get("url") or item.get("external_url") or "")
        moment = read_date(item.get("date_published")) or read_date(item.get("date_modified"))
        if title or summary:
            yield Article(
                title=title or summary[:80],
                url=urljoin(reply.url, link) if link else "",
                source=feed.name,
                section=feed.section,
                summary=summary,
                published_at=moment if moment and EARLIEST < moment <= now + timedelta(days=1) else None,
                rank=rank,
            )


def to_line(text: Any, longest: int) -> str:
    """What of a publisher's words goes into a sentence: no markup, no marks that steer a terminal, one line."""
    words = html.unescape(_TAG.sub(" ", _HIDDEN.sub(" ", str(text or "")[: longest * 50])))
    # Titles are often escaped twice.
    words = html.unescape(_TAG.sub(" ", words))
    line = " ".join(plain_text(words).split())
    return line if len(line) <= longest else line[:longest].rsplit(" ", 1)[0] + " …"
