"""The text of an article's page, through trafilatura, off the event loop."""

import asyncio
import logging
import re
from datetime import timedelta

from passfel.household.article import Article, ArticleText
from passfel.household.errors import BrokenAnswerError, NotFoundError
from passfel.tools.http import Http, within
from passfel.tools.http_failures import StatusError
from passfel.tools.news.feed_reading import to_line

log = logging.getLogger(__name__)

DEADLINE = timedelta(seconds=6)
READING = timedelta(seconds=8)
LARGEST = 2_000_000
"""Bytes of a page that are looked at: more is no newspaper's article."""
LONGEST = 20_000
PAGES_STAY = timedelta(hours=1)
HTML = ("text/html", "application/xhtml+xml")
_SENTENCE = re.compile(r"(?:(?<=[.!?…])|(?<=[.!?…][\"”’)]))\s+(?=[\"“‘(]*[A-ZÀ-ÞΑ-ΩА-Я0-9])")
_SHORT = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Sir|Prof|Gen|Gov|Sen|Rep|No|vs|etc|approx|U\.S|U\.K|[A-Z]))\.$")


class WebPages:
    """Fetches the pages that feeds lead to; private addresses are refused by the client."""

    def __init__(self, http: Http) -> None:
        """Ask through `http`."""
        self._http = http

    async def read(self, article: Article) -> ArticleText:
        """Find the text in the article's page; its text is empty where there is none to find."""
        if not article.url:
            raise NotFoundError(f"{article.source} gives no address for “{article.title}”.")
        try:
            reply = await self._http.request(
                "GET",
                article.url,
                source=article.source,
                accept=HTML,
                lifetime=PAGES_STAY,
                deadline=DEADLINE,
            )
        except StatusError as error:
            if error.status in {401, 402, 403, 451}:
                raise BrokenAnswerError(
                    article.source, f"{article.source} does not show the page of that article to programs."
                ) from error
            raise
        async with within(article.source, READING.total_seconds()):
            text = await asyncio.to_thread(extract, reply.body[:LARGEST], article.url)
        return ArticleText(article=article, text=text)


def extract(body: bytes, url: str = "") -> str:
    """The article in a page, as paragraphs; empty where there is none."""
    # At the first article: it takes a second.
    import trafilatura

    found = trafilatura.extract(
        body, url=url or None, include_comments=False, include_tables=False, favor_precision=True
    )
    lines = (to_line(line, LONGEST) for line in (found or "").splitlines())
    return "\n".join(line for line in lines if line)[:LONGEST]


def lead(text: str, longest: int = 600) -> str:
    """The first sentences of a text: a newspaper puts there what matters."""
    told = ""
    for sentence in sentences(text):
        if told and len(told) + len(sentence) > longest:
            break
        told = f"{told} {sentence}".strip()
    return told if len(told) <= longest * 2 else told[:longest].rsplit(" ", 1)[0] + " …"


def sentences(text: str) -> list[str]:
    """The sentences of paragraphs; lines without an end, such as headings, are left out."""
    found: list[str] = []
    for line in text.splitlines():
        if line[-1:] not in '.!?…"”’)':
            continue
        pending = ""
        for part in _SENTENCE.split(line):
            pending = f"{pending} {part}".strip()
            if not _SHORT.search(pending):
                found.append(pending)
                pending = ""
        if pending:
            found.append(pending)
    return found
