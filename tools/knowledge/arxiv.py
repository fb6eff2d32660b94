"""arXiv (arxiv.org): papers before print. Thank you to arXiv for use of its open access interoperability."""

import asyncio
import re
from datetime import datetime, timedelta
from xml.etree import ElementTree

from pydantic import BaseModel, ConfigDict, Field

from passfel.household.errors import BrokenAnswerError, RequestError, UnreachableError
from passfel.household.knowledge import Paper, Papers
from passfel.household.sharing import Rate
from passfel.tools.http import Http
from passfel.tools.http_failures import StatusError
from passfel.tools.knowledge.wording import first_sentences, one_line

SOURCE = "arXiv"
RATE = Rate(1, timedelta(seconds=3))  # its terms of use: one request every three seconds, one at a time
PATIENCE = 2
"""Deadlines that it may take: it is slow, and one request may have to wait for the one before."""
STAYS = timedelta(days=1)
"""Its index changes once a day."""
ATOM = ("application/xml", "application/atom+xml", "text/xml")
SPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "search": "http://a9.com/-/spec/opensearch/1.1/",
    "arxiv": "http://arxiv.org/schemas/atom",
}
ID = re.compile(
    r"(?:arxiv:)?(?P<id>\d{4}\.\d{4,5}(?:v\d+)?|[a-z-]+(?:\.[A-Z]{2})?/\d{7}(?:v\d+)?)", re.IGNORECASE
)
PAGE = "https://arxiv.org/"


class ArxivSettings(BaseModel):
    """Where arXiv is; it needs no key."""

    model_config = ConfigDict(frozen=True)

    url: str = Field("https://export.arxiv.org/api/query", description="Its query interface.")


class EmptyPageError(UnreachableError):
    """It says that there are papers and gives none: under load it does that."""


class Arxiv:
    """Asks arXiv."""

    source = SOURCE

    def __init__(self, http: Http, settings: ArxivSettings | None = None) -> None:
        """Ask through `http`."""
        self._http = http
        self._settings = settings or ArxivSettings()
        self._one_at_a_time = asyncio.Lock()

    async def papers(self, topic: str, *, author: str = "", newest: bool = False, most: int = 5) -> Papers:
        """The papers that name the topic; where none names it so, those that hold its words."""
        paper_id = ID.fullmatch(topic.strip())
        if paper_id:
            return await self._ask({"id_list": paper_id["id"]}, topic, newest=False, most=most)
        found = await self._ask(
            {"search_query": query_for(topic, author, whole=True)}, topic, newest=newest, most=most
        )
        if found.papers or " " not in topic.strip():
            return found
        return await self._ask(
            {"search_query": query_for(topic, author, whole=False)}, topic, newest=newest, most=most
        )

    async def check(self) -> str:
        """Ask for one paper."""
        # Once: every further try has to wait three seconds.
        body = await self._get({"id_list": "1605.08386", "max_results": 1}, timedelta(0), again=False)
        found = read_feed(body, "1605.08386")
        return f"It answers: “{one_line(found.papers[0].title, 60)}”." if found.papers else "It answers."

    async def _ask(self, query: dict[str, str], topic: str, *, newest: bool, most: int) -> Papers:
        params: dict[str, str | int] = {
            **query,
            "start": 0,
            "max_results": most,
            "sortBy": "submittedDate" if newest else "relevance",
            "sortOrder": "descending",
        }
        try:
            body = await self._get(params, STAYS)
            return read_feed(body, topic)
        except EmptyPageError:
            return read_feed(await self._get(params, timedelta(0)), topic)

    async def _get(self, params: dict[str, str | int], lifetime: timedelta, *, again: bool = True) -> bytes:
        async with self._one_at_a_time:
            try:
                reply = await self._http.request(
                    "GET",
                    self._settings.url,
                    source=SOURCE,
                    accept=ATOM,
                    params=params,
                    lifetime=lifetime,
                    deadline=timedelta(seconds=PATIENCE * self._http.settings.deadline_s),
                    rate=RATE,
                    reads_only=again,
                )
            except StatusError as error:
                if error.status == 400:
                    raise RequestError(_why(error.body)) from error
                raise
        return reply.body


def query_for(topic: str, author: str, *, whole: bool) -> str:
    """The query of arXiv for a topic, as these very words or as all of its words."""
    words = [
        word
        for word in re.sub(r"[^\w\s'-]", " ", topic).split()
        if word.upper() not in {"AND", "OR", "ANDNOT"}
    ]
    parts = [f'all:"{" ".join(words)}"'] if whole and words else [f"all:{word}" for word in words]
    name = " ".join(re.sub(r"[^\w\s'-]", " ", author).split())
    return " AND ".join([*parts, *([f'au:"{name}"'] if name else [])])


def read_feed(body: bytes, topic: str) -> Papers:
    """Read arXiv's Atom.

    Raises:
        RequestError: it says that the question is wrong.
        EmptyPageError: it has papers, and gave none.
        BrokenAnswerError: it is no such feed.
    """
    feed = _parse(body)
    entries = feed.findall("atom:entry", SPACES)
    if any("/api/errors" in _text(entry, "atom:id") for entry in entries):
        raise RequestError(_why(body))
    try:
        total = int(_text(feed, "search:totalResults"))
        papers = tuple(_paper(entry) for entry in entries)
        at = datetime.fromisoformat(_text(feed, "atom:updated"))
        if total and not papers and int(_text(feed, "search:startIndex") or 0) < total:
            raise EmptyPageError(SOURCE, f"{SOURCE} is overloaded and gave an empty page.")
        return Papers(query=one_line(topic, 120), papers=papers, total=total, source=SOURCE, url=PAGE, at=at)
    except ValueError as error:
        raise _broken() from error


def _paper(entry: ElementTree.Element) -> Paper:
    paper_id = _text(entry, "atom:id").rpartition("/abs/")[2]
    category = entry.find("arxiv:primary_category", SPACES)
    if not paper_id:
        raise ValueError("a paper without an id")
    return Paper(
        id=paper_id,
        title=one_line(_text(entry, "atom:title"), 250),
        authors=tuple(
            one_line(_text(author, "atom:name"), 80) for author in entry.findall("atom:author", SPACES)
        ),
        abstract=first_sentences(_text(entry, "atom:summary"), 40, 3000),
        published_at=datetime.fromisoformat(_text(entry, "atom:published")),
        updated_at=datetime.fromisoformat(_text(entry, "atom:updated")),
        url=f"{PAGE}abs/{paper_id}",
        category=category.get("term", "") if category is not None else "",
    )


def _parse(body: bytes) -> ElementTree.Element:
    # Entities are declared in a document type, which no Atom feed has.
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise _broken()
    try:
        feed = ElementTree.fromstring(body)  # noqa: S314 - without declarations there is nothing to expand
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise _broken() from error
    if feed.tag != f"{{{SPACES['atom']}}}feed":
        raise _broken()
    return feed


def _text(element: ElementTree.Element, path: str) -> str:
    return (element.findtext(path, "", SPACES) or "").strip()


def _why(body: bytes) -> str:
    entry = _parse(body).find("atom:entry", SPACES)
    why = one_line(_text(entry, "atom:summary"), 120) if entry is not None else ""
    return f"{SOURCE} does not understand the question{f' ({why})' if why else ''}."


def _broken() -> BrokenAnswerError:
    return BrokenAnswerError(SOURCE, f"{SOURCE} gave an answer that makes no sense.")
