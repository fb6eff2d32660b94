"""The news tools: what is new, about a topic, one article, and how the sides cover a story."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta

from langchain_core.tools import BaseTool
from pydantic import AwareDatetime

from passfel.household.article import Article, News, Section
from passfel.household.errors import NotFoundError, PassfelError, RequestError, UnreachableError
from passfel.household.turn import Turn
from passfel.household.wording import say_moment
from passfel.tools.contract import READS_WORLD, Answer, InTurn, Outcome, Source, tool
from passfel.tools.news.matching import about, best
from passfel.tools.news.provider import MAIN, ArticleReader, CoverageProvider, NewsProvider
from passfel.tools.news.sentences import say_article, say_coverage, say_news, say_silent, say_wordings

LIFETIME = timedelta(minutes=10)
COUNT, MOST = 5, 20
MOST_THREADS = 200
LONGEST_TOPIC = 100


class _Shown:
    """What each conversation was shown last: "the second one" is one of these."""

    def __init__(self) -> None:
        self._threads: OrderedDict[str, tuple[Article, ...]] = OrderedDict()

    def keep(self, turn: Turn, articles: Sequence[Article]) -> None:
        self._threads[turn.thread] = tuple(articles)
        self._threads.move_to_end(turn.thread)
        if len(self._threads) > MOST_THREADS:
            self._threads.popitem(last=False)

    def last(self, turn: Turn) -> tuple[Article, ...]:
        return self._threads.get(turn.thread, ())


def news_tools(
    provider: NewsProvider, reader: ArticleReader, coverage: CoverageProvider | None = None
) -> list[BaseTool]:
    """Make the news tools; without a service of coverage the outlets' own headlines are held side by side."""
    desk = _Desk(provider, coverage)

    async def get_news(
        turn: InTurn,
        section: Section | None = None,
        source: str = "",
        since: AwareDatetime | None = None,
        count: int = COUNT,
    ) -> Answer:
        """Get the latest headlines, numbered.

        Args:
            turn: the turn.
            section: world, business, technology, science, sport or local; leave out for the main news.
            source: a publisher ("BBC", "The Guardian"); leave out for all.
            since: only what was published after this time.
            count: how many headlines, 1 to 20.
        """
        return await desk.headlines(turn, section or "", source.strip(), since, count)

    async def search_news(
        turn: InTurn, topic: str, source: str = "", since: AwareDatetime | None = None
    ) -> Answer:
        """Find what the news say about a topic, numbered, the newest first.

        Args:
            turn: the turn.
            topic: a few words that the headline or its summary must hold.
            source: a publisher; leave out for all.
            since: only what was published after this time.
        """
        return await desk.search(turn, _topic(topic), source.strip(), since)

    async def get_article(
        turn: InTurn, number: int | None = None, title: str = "", whole_text: bool = False
    ) -> Answer:
        """Get what one article of the news says.

        Args:
            turn: the turn.
            number: its number in the headlines that were told last; -1 for the last of them.
            title: words of its title, where no number is meant.
            whole_text: true for the whole text, to write a summary of it; otherwise its first sentences.
        """
        read = await reader.read(await desk.meant(number, title.strip(), turn))
        source = Source(name=read.article.source, url=read.article.url, at=read.article.published_at)
        return say_article(read, turn, whole=whole_text), Outcome(result=read, sources=(source,))

    async def compare_coverage(turn: InTurn, topic: str) -> Answer:
        """Compare how left, centre and right cover a topic: each side's share of the coverage, and its words.

        Args:
            turn: the turn.
            topic: what the stories are about.
        """
        return await desk.sides(turn, _topic(topic))

    return [
        tool(function, domain="news", annotations=READS_WORLD, lifetime=LIFETIME)
        for function in (get_news, search_news, get_article, compare_coverage)
    ]


class _Desk:
    """Asks, chooses and says."""

    def __init__(self, provider: NewsProvider, coverage: CoverageProvider | None) -> None:
        self._provider = provider
        self._coverage = coverage
        self._shown = _Shown()

    async def headlines(
        self, turn: Turn, section: str, source: str, since: datetime | None, count: int
    ) -> Answer:
        _past(since, turn)
        news = await self._provider.latest(section or ("" if source else MAIN), source)
        _answered(news, section, source)
        found = [article for article in news.articles if _is_new(article, since)]
        what = f"{f' of {section}' if section else ''}{_from(source)}{_since(since, turn)}"
        return self._told(turn, news, found[: max(1, min(count, MOST))], what)

    async def search(self, turn: Turn, topic: str, source: str, since: datetime | None) -> Answer:
        _past(since, turn)
        news = await self._provider.latest("", source)
        _answered(news, "", source)
        found = [article for article in about(news.articles, topic) if _is_new(article, since)]
        return self._told(turn, news, found[:COUNT], f" about “{topic}”{_from(source)}{_since(since, turn)}")

    async def sides(self, turn: Turn, topic: str) -> Answer:
        why = "There is no service set up that knows the sides."
        if self._coverage is not None:
            try:
                found = await self._coverage.coverage(topic)
            except PassfelError as error:
                why = error.sentence
            else:
                source = Source(name=found.source, url=found.url, at=found.asked_at)
                return say_coverage(found, turn), Outcome(result=found, sources=(source,))
        news = await self._provider.latest()
        articles = about(news.articles, topic)[:COUNT]
        self._shown.keep(turn, articles)
        result = news.model_copy(update={"articles": tuple(articles)})
        words = say_wordings(topic, articles, news, why, turn)
        return words, Outcome(result=result, sources=_sources(articles, news))

    async def meant(self, number: int | None, title: str, turn: Turn) -> Article:
        """The article that a number or words of a title stand for."""
        listed = self._shown.last(turn)
        if number is not None:
            return _numbered(listed, number)
        if not title:
            raise RequestError("Which article? Say its number in the headlines, or words of its title.")
        article = best(listed, title) or best((await self._provider.latest()).articles, title)
        if article is None:
            raise NotFoundError(f"None of the news feeds has an article called “{title[:80]}” now.")
        return article

    def _told(self, turn: Turn, news: News, articles: Sequence[Article], what: str) -> Answer:
        self._shown.keep(turn, articles)
        result = news.model_copy(update={"articles": tuple(articles)})
        return say_news(articles, news, what, turn), Outcome(result=result, sources=_sources(articles, news))


def _numbered(listed: Sequence[Article], number: int) -> Article:
    if not listed:
        raise RequestError("Ask for the headlines first; then I can read one of them.")
    if number == 0 or not -len(listed) <= number <= len(listed):
        raise RequestError(f"There were {len(listed)} headlines; name one from 1 to {len(listed)}.")
    return listed[number - 1 if number > 0 else number]


def _from(source: str) -> str:
    return f" from {source}" if source else ""


def _topic(topic: str) -> str:
    wanted = " ".join(topic.split())[:LONGEST_TOPIC].strip(" ?!.,“”\"'")
    if not wanted:
        raise RequestError("What should the news be about?")
    return wanted


def _past(since: datetime | None, turn: Turn) -> None:
    if since is not None and since > turn.now:
        raise RequestError("Tomorrow's news is not written yet: ask for a time that has begun.")


def _answered(news: News, section: str, source: str) -> None:
    """Nobody to ask, and nobody who answers, are two things, and neither is "nothing new"."""
    if not news.sources and not news.silent:
        if source:
            raise NotFoundError(
                f"None of the news feeds is of “{source[:60]}”: add it to PASSFEL_NEWS__FEEDS."
            )
        raise NotFoundError(
            f"No {section or 'news'} feed is set up: add one to PASSFEL_NEWS__FEEDS, such as "
            f"“{section or 'local'}: The Gazette | https://gazette.example/rss”."
        )
    if not news.sources and len(news.silent) == 1:
        raise UnreachableError("News feeds", news.reasons[0])
    if not news.sources:
        raise UnreachableError(
            "News feeds", f"No news feed answers now: {say_silent(news.silent)} gave nothing."
        )


def _is_new(article: Article, since: datetime | None) -> bool:
    return since is None or (article.published_at is not None and article.published_at >= since)


def _since(since: datetime | None, turn: Turn) -> str:
    return f" since {say_moment(since, turn.now, turn.locale)}" if since else ""


def _sources(articles: Sequence[Article], news: News) -> tuple[Source, ...]:
    """Each publisher once, with the age of its newest article that was told."""
    found: dict[str, Source] = {}
    for article in articles:
        found.setdefault(
            article.source, Source(name=article.source, url=article.url, at=article.published_at)
        )
    return tuple(found.values()) or (Source(name="News feeds", at=news.asked_at),)
