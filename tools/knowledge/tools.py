"""The tools that know of the world: look_up, get_fact, search_papers, search_web."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from langchain_core.tools import BaseTool

from passfel.household.errors import NotFoundError, ProviderError, RequestError, UnreachableError
from passfel.household.knowledge import Fact, Pages, Summary
from passfel.household.turn import Turn
from passfel.tools.contract import READS_WORLD, Answer, InTurn, Outcome, Source, tool
from passfel.tools.http import within
from passfel.tools.knowledge.properties import KINDS, About
from passfel.tools.knowledge.provider import Encyclopaedia, FactSource, PaperSource, WebSearch
from passfel.tools.knowledge.sentences import say_fact, say_instead, say_pages, say_papers, say_summary
from passfel.tools.provider import Chain

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
DEADLINE_S = 15.0
LONGEST = 200
MOST_PAGES = 10
NAMES = "Wikipedia and Wikidata"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The services that know, each kind in the order of preference."""

    encyclopaedias: Sequence[Encyclopaedia]
    facts: FactSource
    papers: PaperSource
    searches: Sequence[WebSearch]


def knowledge_tools(knowledge: Knowledge) -> list[BaseTool]:
    """Make the tools over these services."""
    answers = Answers(knowledge)

    async def look_up(turn: InTurn, subject: str) -> Answer:
        """Look up who or what something is, in an encyclopaedia: a short summary with its source.

        Args:
            turn: the turn.
            subject: the person, thing or idea ("Ada Lovelace", "photosynthesis"), without question words.
        """
        name = _named(subject)
        async with within(NAMES, DEADLINE_S):
            found = await answers.summary(name, turn)
        if found is None:
            return await search(turn, name)
        return say_summary(found, name), Outcome(result=found, sources=(_source_of(found),))

    async def get_fact(turn: InTurn, subject: str, about: About) -> Answer:
        """Get one fact of the world, with its date and source.

        Args:
            turn: the turn.
            subject: whom or what it is about ("Angela Merkel", "Portugal", "War and Peace").
            about: what is asked: birthday, age or death of a person; population, capital, area, currency, language,
                head_of_state or head_of_government of a country; leader of a company; height, length; founded (built,
                opened); author, director, composer, painter, inventor or founder; spouse; country it is in.
        """
        name = _named(subject)
        async with within(NAMES, DEADLINE_S):
            fact, summary = await answers.fact(name, about, turn)
        if fact is not None:
            source = Source(name=fact.source, url=fact.url)
            return say_fact(fact, turn), Outcome(result=fact, sources=(source,))
        if summary is None or summary.choices:
            raise NotFoundError(f"I found no {KINDS[about].noun} of “{name}” in {NAMES}.")
        words = say_instead(KINDS[about].noun, name, summary)
        return words, Outcome(result=summary, sources=(_source_of(summary),))

    async def search_papers(
        turn: InTurn, topic: str = "", author: str = "", newest: bool = False, count: int = 5
    ) -> Answer:
        """Find scientific papers on arXiv, by topic or author; their titles, authors, dates and links.

        Args:
            turn: the turn.
            topic: what they are about ("diffusion models"), or a paper's arXiv id.
            author: who wrote them.
            newest: whether the newest come first, for "latest" and "recent".
            count: how many at most, up to 10.
        """
        if not topic.strip() and not author.strip():
            raise RequestError("What should the papers be about?")
        found = await knowledge.papers.papers(
            topic.strip()[:LONGEST], author=author.strip()[:80], newest=newest, most=max(1, min(count, 10))
        )
        sources = [Source(name=found.source, url=paper.url, at=paper.published_at) for paper in found.papers]
        none = Source(name=found.source, url=found.url, at=found.at)
        return say_papers(found, newest, author), Outcome(result=found, sources=tuple(sources) or (none,))

    async def search_web(turn: InTurn, query: str, count: int = 5) -> Answer:
        """Search the web and list the best pages with their links.

        Args:
            turn: the turn.
            query: what to look for, as for a search engine.
            count: how many pages at most, up to 10.
        """
        return await search(turn, _named(query), count)

    async def search(turn: Turn, query: str, count: int = 5) -> Answer:
        found = await answers.search(query, turn, max(1, min(count, MOST_PAGES)))
        sources = tuple(Source(name=page.site, url=page.url, at=found.at) for page in found.pages)
        none = Source(name=found.source, url=found.url, at=found.at)
        return say_pages(found, turn), Outcome(result=found, sources=sources or (none,))

    return [
        tool(look_up, domain="knowledge", annotations=READS_WORLD, lifetime=DAY),
        tool(get_fact, domain="knowledge", annotations=READS_WORLD, lifetime=DAY),
        tool(search_papers, domain="knowledge", annotations=READS_WORLD, lifetime=DAY),
        tool(search_web, domain="knowledge", annotations=READS_WORLD, lifetime=HOUR),
    ]


class Answers:
    """Goes from service to service: a fact, else an article, else the web."""

    def __init__(self, knowledge: Knowledge) -> None:
        """Keep who is asked."""
        self._knowledge = knowledge
        self._searches = Chain(knowledge.searches)

    async def summary(self, name: str, turn: Turn) -> Summary | None:
        """The first article about `name`; None where all answered and none has any.

        Raises:
            ProviderError: one did not answer, and the others have nothing.
        """
        failures: list[ProviderError] = []
        for encyclopaedia in self._knowledge.encyclopaedias:
            try:
                return await encyclopaedia.summary(name, turn.locale)
            except NotFoundError:
                continue
            except ProviderError as error:
                failures.append(error)
        if len(failures) == 1:
            raise failures[0]
        if failures:
            told = " ".join(error.sentence for error in failures)
            raise UnreachableError(failures[0].source, told) from failures[0]
        return None

    async def fact(self, name: str, about: About, turn: Turn) -> tuple[Fact | None, Summary | None]:
        """The fact; where no thing of this name has it, that of the article which fits the name, or this article.

        Raises:
            ProviderError: the facts did not answer, and no article helps.
        """
        failure: ProviderError | None = None
        try:
            return await self._knowledge.facts.fact(name, about, turn.locale), None
        except NotFoundError:
            pass
        except ProviderError as error:
            failure = error
        summary = await self._summary_or(failure, name, turn)
        if summary is not None and summary.item and failure is None:
            try:
                return await self._knowledge.facts.fact(name, about, turn.locale, item=summary.item), None
            except NotFoundError:
                pass
        if failure is not None and (summary is None or summary.choices):
            raise failure
        return None, summary

    async def search(self, query: str, turn: Turn, most: int) -> Pages:
        """Search the web with the first engine that answers."""
        if not self._knowledge.searches:
            raise RequestError(
                "No search engine is set up: name one in PASSFEL_KNOWLEDGE__WEB_SEARCH__ENGINES."
            )
        return await self._searches.ask(lambda engine: engine.search(query, turn.locale, most))

    async def _summary_or(self, failure: ProviderError | None, name: str, turn: Turn) -> Summary | None:
        try:
            return await self.summary(name, turn)
        except ProviderError as error:
            raise failure or error from error


def _named(subject: str) -> str:
    name = " ".join(subject.split()).strip(' ?!.,;:“”"')
    if not name:
        raise RequestError("What should I look up?")
    if len(name) > LONGEST:
        raise RequestError("That is too long to look up; name it in a few words.")
    return name


def _source_of(found: Summary) -> Source:
    return Source(name=found.source, url=found.url, at=found.edited_at)
