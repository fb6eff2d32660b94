"""What newspapers wrote: items of feeds, the text of a page, and how the sides cover a story."""

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

Section = Literal["world", "business", "technology", "science", "sport", "local"]
Side = Literal["left", "center", "right"]
SIDES: tuple[Side, ...] = ("left", "center", "right")


class Article(BaseModel):
    """One item of a feed. All its words are the publisher's."""

    model_config = ConfigDict(frozen=True)

    title: str
    url: str = ""
    source: str
    """Who publishes it, by the feed's name in our list."""
    section: str = ""
    summary: str = ""
    """What the feed tells of it, as plain text."""
    published_at: AwareDatetime | None = None
    """None where the feed gives no date that can be read."""
    rank: int = 0
    """Its place in the feed, from 0: editors put first what matters."""
    also: tuple[str, ...] = ()
    """Others that carry the same story."""


class News(BaseModel):
    """What the feeds hold, and who gave nothing."""

    model_config = ConfigDict(frozen=True)

    articles: tuple[Article, ...] = ()
    asked_at: AwareDatetime
    sources: tuple[str, ...] = ()
    """Whose news these are."""
    silent: tuple[str, ...] = ()
    """Feeds that gave no answer, and of which nothing was remembered."""
    reasons: tuple[str, ...] = ()
    """Why, a sentence for each of them."""


class ArticleText(BaseModel):
    """An article with the text of its page."""

    model_config = ConfigDict(frozen=True)

    article: Article
    text: str = ""
    """Empty where the page gave none."""


class SideArticle(BaseModel):
    """How one outlet words a story, and which side it is counted to."""

    model_config = ConfigDict(frozen=True)

    title: str
    source: str
    side: Side | None = None
    url: str = ""


class Story(BaseModel):
    """A story, and which share of its coverage comes from which side."""

    model_config = ConfigDict(frozen=True)

    title: str
    url: str = ""
    sources: int | None = None
    """How many outlets carry it."""
    shares: dict[Side, int] = {}
    """Percent; only sides that are known."""
    counts: dict[Side, int] = {}
    blindspot: Side | None = None
    """The side that hardly covers it, where there is one."""
    factuality: str = ""
    summaries: dict[Side, str] = {}
    """What a side says, in the words of the service."""
    articles: tuple[SideArticle, ...] = ()


class Coverage(BaseModel):
    """How a topic is covered."""

    model_config = ConfigDict(frozen=True)

    topic: str
    source: str
    url: str = ""
    asked_at: AwareDatetime
    stories: tuple[Story, ...] = ()
