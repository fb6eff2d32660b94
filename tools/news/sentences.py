"""The news as finished sentences: who says it, and when."""

from collections.abc import Sequence
from datetime import datetime

from passfel.household.article import SIDES, Article, ArticleText, Coverage, News, Side, Story
from passfel.household.turn import Turn
from passfel.household.wording import say_count, say_list, say_moment, say_time
from passfel.tools.news.page_text import lead

MOST_SILENT = 3
LONGEST_TEXT = 6_000
NAMES: dict[Side, str] = {"left": "left", "center": "centre", "right": "right"}


def say_news(articles: Sequence[Article], news: News, what: str, turn: Turn) -> str:
    """Say headlines, numbered, so that one of them can be asked for."""
    asked = say_time(news.asked_at.astimezone(turn.now.tzinfo), turn.locale)
    silent = _silent(news)
    if not articles:
        return f"There is nothing{what} in {say_count(len(news.sources), 'news feed')} (read at {asked}).{silent}"
    lines = [f"{number}. {_line(article, turn)}" for number, article in enumerate(articles, start=1)]
    return "\n".join((f"News{what} (feeds read at {asked}):", *lines)) + (
        f"\n{silent.strip()}" if silent else ""
    )


def _line(article: Article, turn: Turn) -> str:
    when = say_age(article.published_at, turn)
    who = say_list((article.source, *article.also[:2]))
    return f"{article.title} ({who}{f', {when}' if when else ', no date given'})"


def say_age(moment: datetime | None, turn: Turn) -> str:
    """When it was published: "today at 09:10"."""
    return say_moment(moment, turn.now, turn.locale) if moment else ""


def _silent(news: News) -> str:
    if not news.silent:
        return ""
    return f" No answer from {say_silent(news.silent)}."


def say_silent(names: Sequence[str]) -> str:
    """Name feeds that gave nothing, but not very many."""
    more = len(names) - MOST_SILENT
    return say_list((*names[:MOST_SILENT], *([f"{more} more"] if more > 0 else [])))


def say_article(read: ArticleText, turn: Turn, *, whole: bool) -> str:
    """Say what an article says: its own first sentences, or all of it for a model to work on."""
    article = read.article
    when = say_age(article.published_at, turn)
    head = f"“{article.title}” ({article.source}{f', {when}' if when else ''})"
    if whole and read.text:
        return f"{head}, the article's own words:\n{read.text[:LONGEST_TEXT]}"
    told = lead(read.text)
    if told:
        return f"{head} begins: {told} (These are its own first sentences.)"
    if article.summary:
        return f"{head}: its page gave no text; its feed says: {article.summary}"
    return f"{head}: its page gave no text, and its feed tells no more than the title."


def say_coverage(coverage: Coverage, turn: Turn) -> str:
    """Say which side covers the stories about a topic how much, and how each words it."""
    asked = say_time(coverage.asked_at.astimezone(turn.now.tzinfo), turn.locale)
    if not coverage.stories:
        return f"{coverage.source} has no story about “{coverage.topic}” (read at {asked})."
    lines = [_say_story(story) for story in coverage.stories]
    return "\n".join((f"“{coverage.topic}” on {coverage.source} (read at {asked}):", *lines))


def _say_story(story: Story) -> str:
    count = f"{story.sources} sources" if story.sources else "an unknown number of sources"
    shares = say_list([f"{story.shares[side]}% {NAMES[side]}" for side in SIDES if side in story.shares])
    blind = f"; a blind spot of the {NAMES[story.blindspot]}" if story.blindspot else ""
    figures = f"{count}, {shares or 'no figures for the sides'}{blind}"
    sides = [words for side in SIDES if (words := _say_side(story, side))]
    return f"- {story.title}: {figures}. {' '.join(sides)}".rstrip()


def _say_side(story: Story, side: Side) -> str:
    """What a side says: in the service's summary, or in the headline of one of its outlets."""
    if side in story.summaries:
        return f"The {NAMES[side]}, as summed up there: {story.summaries[side].rstrip('.')}."
    article = next((article for article in story.articles if article.side == side), None)
    return f"The {NAMES[side]} ({article.source}): “{article.title}”." if article else ""


def say_wordings(topic: str, articles: Sequence[Article], news: News, why: str, turn: Turn) -> str:
    """Without figures: how the outlets of the feeds word a story, and why there is no more."""
    asked = say_time(news.asked_at.astimezone(turn.now.tzinfo), turn.locale)
    if not articles:
        return f"{why} None of the news feeds has anything about “{topic}” either (read at {asked})."
    lines = [f"- {article.source}: “{article.title}”" for article in articles]
    return "\n".join((f"{why} In the feeds (read at {asked}), which are not sorted by side:", *lines))
