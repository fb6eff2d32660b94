"""DuckDuckGo's instant answers: a paragraph about a thing, where it has one. No web search; it names its own source."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin

from pydantic import BaseModel, ConfigDict, Field

from passfel.household.errors import BrokenAnswerError, NotFoundError
from passfel.household.knowledge import Summary
from passfel.household.sharing import Rate
from passfel.tools.http import Http
from passfel.tools.knowledge.wording import first_sentences, one_line

SOURCE = "DuckDuckGo's instant answer service"
NAME = "DuckDuckGo"
HOME = "https://duckduckgo.com/"
RATE = Rate(1)
STAYS = timedelta(days=1)
KINDS = ("application/json", "application/x-javascript", "application/javascript", "text/javascript")
MOST_CHOICES = 6


class InstantAnswerSettings(BaseModel):
    """Where DuckDuckGo's instant answers are; they need no key, and are for non-commercial use."""

    model_config = ConfigDict(frozen=True)

    url: str = Field("https://api.duckduckgo.com/", description="The instant answer interface.")


class InstantAnswers:
    """Asks for instant answers."""

    source = SOURCE

    def __init__(self, http: Http, settings: InstantAnswerSettings | None = None) -> None:
        """Ask through `http`."""
        self._http = http
        self._settings = settings or InstantAnswerSettings()

    async def summary(self, name: str, language: str = "en") -> Summary:
        """The paragraph about `name`; it is in English, whatever the language."""
        params: dict[str, str | int] = {
            "q": name,
            "format": "json",
            "no_html": 1,
            "skip_disambig": 0,
            "no_redirect": 1,
            "t": "passfel",
        }
        reply = await self._http.request(
            "GET", self._settings.url, source=SOURCE, accept=KINDS, params=params, lifetime=STAYS, rate=RATE
        )
        found = read_answer(reply.json())
        if found is None:
            raise NotFoundError(f"{NAME} has no short answer about “{one_line(name, 60)}”.")
        return found

    async def check(self) -> str:
        """Ask for one paragraph."""
        try:
            return f"It answers: {one_line((await self.summary('encyclopedia')).title, 40)}."
        except NotFoundError:
            return "It answers."


def read_answer(answer: Any) -> Summary | None:
    """Read an instant answer; None where it is empty, as most are."""
    if not isinstance(answer, dict) or "RelatedTopics" not in answer:
        raise BrokenAnswerError(SOURCE, f"{SOURCE} gave an answer that makes no sense.")
    title = one_line(_said(answer, "Heading"), 120)
    where = one_line(_said(answer, "AbstractSource"), 40)
    text = first_sentences(_said(answer, "AbstractText") or _said(answer, "Definition"), 3)
    choices = () if text else tuple(_topics(answer.get("RelatedTopics")))[:MOST_CHOICES]
    if not title or not (text or choices):
        return None
    url = _said(answer, "AbstractURL") or _said(answer, "DefinitionURL")
    return Summary(
        title=title,
        text=text,
        choices=choices,
        source=f"{NAME}, from {where}" if where else NAME,
        url=url if url.startswith(("http://", "https://")) else urljoin(HOME, url),
    )


def _topics(topics: Any) -> Iterator[str]:
    """The headings of related topics, those inside groups too."""
    for topic in topics if isinstance(topics, list) else ():
        if isinstance(topic, dict) and "Topics" in topic:
            yield from _topics(topic["Topics"])
        elif isinstance(topic, dict) and topic.get("Text"):
            yield one_line(str(topic["Text"]).partition(" - ")[0], 60)


def _said(answer: Mapping[str, Any], name: str) -> str:
    # "Answer" and "Infobox" may be numbers, lists or objects; what is read here is text or nothing.
    value = answer.get(name)
    return value if isinstance(value, str) else ""
