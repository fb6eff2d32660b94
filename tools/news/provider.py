"""What services of news must be able to do for the household."""

from typing import Protocol

from passfel.household.article import Article, ArticleText, Coverage, News
from passfel.tools.provider import Provider

MAIN = "main"
"""What "the headlines" are, where no section is named: the world's news, and feeds of all kinds."""


class NewsProvider(Provider, Protocol):
    """Knows what is new."""

    async def latest(self, section: str = "", source: str = "") -> News:
        """All items that are known now, what editors put first coming first; of a section or a source, where named."""
        ...


class ArticleReader(Protocol):
    """Fetches the page of an article."""

    async def read(self, article: Article) -> ArticleText:
        """Find the text in the article's page; its text is empty where there is none to find."""
        ...


class CoverageProvider(Provider, Protocol):
    """Knows which side covers a story how much."""

    async def coverage(self, topic: str) -> Coverage:
        """Tell how the stories about a topic are covered."""
        ...
