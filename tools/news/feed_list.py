"""Which feeds are read: a list that works at once, the household's settings, and what was imported."""

import re
from dataclasses import dataclass
from typing import get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

from passfel.household.article import Section

SECTIONS: tuple[str, ...] = get_args(Section)
_ENTRY = re.compile(
    r"(?:(?P<section>\w+)\s*:\s+)?(?:(?P<name>[^|=]+?)\s*[|=]\s*)?(?P<url>https?://\S+)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Feed:
    """Where a publisher tells what is new."""

    name: str
    url: str
    section: str = ""
    """Empty for feeds of all kinds of news."""


DEFAULT_FEEDS = (
    Feed("BBC News", "https://feeds.bbci.co.uk/news/world/rss.xml", "world"),
    Feed("The Guardian", "https://www.theguardian.com/world/rss", "world"),
    Feed("NPR", "https://feeds.npr.org/1004/rss.xml", "world"),
    Feed("Al Jazeera", "https://www.aljazeera.com/xml/rss/all.xml", "world"),
    Feed("DW", "https://rss.dw.com/rdf/rss-en-world", "world"),
    Feed("BBC Business", "https://feeds.bbci.co.uk/news/business/rss.xml", "business"),
    Feed("The Guardian Business", "https://www.theguardian.com/uk/business/rss", "business"),
    Feed("NPR Business", "https://feeds.npr.org/1006/rss.xml", "business"),
    Feed("BBC Technology", "https://feeds.bbci.co.uk/news/technology/rss.xml", "technology"),
    Feed("Ars Technica", "https://feeds.arstechnica.com/arstechnica/index", "technology"),
    Feed("The Verge", "https://www.theverge.com/rss/index.xml", "technology"),
    Feed("BBC Science", "https://feeds.bbci.co.uk/news/science_and_environment/rss.xml", "science"),
    Feed("The Guardian Science", "https://www.theguardian.com/science/rss", "science"),
    Feed("NASA", "https://www.nasa.gov/feed/", "science"),
    Feed("BBC Sport", "https://feeds.bbci.co.uk/sport/rss.xml", "sport"),
    Feed("The Guardian Sport", "https://www.theguardian.com/uk/sport/rss", "sport"),
)
"""Feeds that their publishers offer for everybody's own reading; headlines with a link, never republished."""


class NewsSettings(BaseModel):
    """Which news the household reads."""

    model_config = ConfigDict(frozen=True)

    feeds: tuple[str, ...] = Field(
        (),
        description='Feeds of your own, each an address or "section: Name | address", such as '
        '"local: The Gazette | https://gazette.example/rss"; sections are ' + ", ".join(SECTIONS) + ".",
    )
    default_feeds: bool = Field(True, description="Whether the feeds that PASSFEL comes with are read too.")
    minutes: int = Field(
        20, ge=15, description="How long a feed is not asked again; publishers ask for 15 at least."
    )

    @field_validator("feeds")
    @classmethod
    def _readable(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            read_entry(entry)
        return value


def read_entry(entry: str) -> Feed:
    """Read one feed of the settings.

    Raises:
        ValueError: it can't be read.
    """
    found = _ENTRY.fullmatch(entry.strip())
    if found is None:
        raise ValueError(f"“{entry}” is no feed; write an address or “section: Name | address”")
    section = (found["section"] or "").casefold()
    if section and section not in SECTIONS:
        raise ValueError(f"“{section}” is no section of the news; sections are {', '.join(SECTIONS)}")
    return Feed(found["name"] or host_of(found["url"]), found["url"], section)


def host_of(url: str) -> str:
    """The site's name: a feed's, where no other was given."""
    return url.partition("://")[2].partition("/")[0].removeprefix("www.")


def feeds_of(settings: NewsSettings, imported: tuple[Feed, ...] = ()) -> tuple[Feed, ...]:
    """Every feed once, the household's own before ours."""
    listed = [read_entry(entry) for entry in settings.feeds]
    ours = DEFAULT_FEEDS if settings.default_feeds else ()
    return tuple({feed.url: feed for feed in reversed((*listed, *imported, *ours))}.values())[::-1]
