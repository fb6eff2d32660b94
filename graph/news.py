"""The news put together: the household's feeds, the pages they lead to, and Ground News where it is switched on."""

from dataclasses import dataclass
from datetime import timedelta

from langchain_core.tools import BaseTool

from passfel.graph.settings import AssistantSettings
from passfel.graph.turns import Clock
from passfel.tools.http import Http
from passfel.tools.news.feed_list import Feed, feeds_of
from passfel.tools.news.feeds import Feeds
from passfel.tools.news.ground_news import GroundNews
from passfel.tools.news.opml import FeedFile
from passfel.tools.news.page_text import WebPages
from passfel.tools.news.tools import news_tools
from passfel.tools.provider import Provider


@dataclass(frozen=True, slots=True)
class News:
    """What the house needs of it."""

    tools: tuple[BaseTool, ...]
    providers: tuple[Provider, ...]


def build_news(http: Http, settings: AssistantSettings, clock: Clock) -> News:
    """Put the news together; what `passfel feeds import` adds is read from its next question on."""
    imported = FeedFile(settings.data_dir)

    def listed() -> tuple[Feed, ...]:
        return feeds_of(settings.news, imported.feeds())

    feeds = Feeds(http, listed, lifetime=timedelta(minutes=settings.news.minutes), clock=clock)
    ground_news = GroundNews(settings.ground_news, settings.http.contact, clock)
    return News(tuple(news_tools(feeds, WebPages(http), ground_news)), (feeds, ground_news))
