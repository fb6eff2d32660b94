"""`passfel feeds`: the household's list of news feeds."""

from pathlib import Path

from passfel.app.settings import load_settings
from passfel.household.errors import NotFoundError, RequestError
from passfel.household.wording import say_count
from passfel.tools.news.feed_list import DEFAULT_FEEDS, feeds_of
from passfel.tools.news.opml import FeedFile, read_opml


def import_feeds(file: Path) -> int:
    """Put the feeds of an OPML file to the household's."""
    try:
        body = file.read_bytes()
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise RequestError(f"{file} can't be read ({reason}).") from error
    found = read_opml(body)
    kept = FeedFile(load_settings().data_dir)
    new = kept.add(found)
    print(
        f"{say_count(len(found), 'feed')} in {file.name}, {new or 'none'} of them new; kept in {kept.path}."
    )
    return 0


def list_feeds() -> int:
    """Print every feed that is read: where it is from, its section, name and address."""
    settings = load_settings()
    imported = FeedFile(settings.data_dir).feeds()
    ours = {feed.url for feed in DEFAULT_FEEDS}
    theirs = {feed.url for feed in imported}
    for feed in feeds_of(settings.news, imported):
        origin = "imported" if feed.url in theirs else "default" if feed.url in ours else "settings"
        print(f"{origin:9} {feed.section or '-':11} {feed.name:24} {feed.url}")
    return 0


def remove_feed(url: str) -> int:
    """Take an imported feed out."""
    if not FeedFile(load_settings().data_dir).remove(url):
        raise NotFoundError(f"{url} is no feed that was imported; `passfel feeds list` tells them.")
    print(f"Removed {url}.")
    return 0
