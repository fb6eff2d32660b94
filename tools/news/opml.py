"""The household's list of feeds as a file of OPML 2.0: what every feed reader exports and imports."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree import ElementTree

from passfel.household.errors import RequestError
from passfel.tools.news.feed_list import SECTIONS, Feed, host_of

FILE = "feeds.opml"
LARGEST = 2_000_000
MOST_FEEDS = 500


class FeedFile:
    """`feeds.opml` in the data folder; read again when it has changed."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet."""
        self.path = folder / FILE
        self._read: tuple[float, tuple[Feed, ...]] = (-1.0, ())

    def feeds(self) -> tuple[Feed, ...]:
        """The feeds that were imported; none where there is no such file."""
        try:
            changed = self.path.stat().st_mtime
        except FileNotFoundError:
            return ()
        if changed != self._read[0]:
            self._read = (changed, read_opml(self.path.read_bytes()))
        return self._read[1]

    def add(self, feeds: Sequence[Feed]) -> int:
        """Put feeds to those that are there; says how many are new."""
        before = self.feeds()
        known = {feed.url for feed in before}
        new = tuple({feed.url: feed for feed in feeds if feed.url not in known}.values())
        if len(before) + len(new) > MOST_FEEDS:
            raise RequestError(f"That would be more than {MOST_FEEDS} feeds.")
        self._write((*before, *new))
        return len(new)

    def remove(self, url: str) -> bool:
        """Take a feed out; says whether it was there."""
        before = self.feeds()
        after = tuple(feed for feed in before if feed.url != url)
        self._write(after)
        return len(after) < len(before)

    def _write(self, feeds: Iterable[Feed]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(write_opml(feeds))
        fresh.replace(self.path)
        self._read = (-1.0, ())


def read_opml(body: bytes) -> tuple[Feed, ...]:
    """The feeds of an OPML file, each in the section that its folder is named after.

    Raises:
        RequestError: it is no OPML.
    """
    # Entities are refused: they can grow without end, and no feed reader writes any.
    if len(body) > LARGEST or b"<!ENTITY" in body:
        raise RequestError("That file is too large, or holds entities, which no list of feeds needs.")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - without entities
    except ElementTree.ParseError as error:
        raise RequestError(f"That is no OPML file: it can't be read as XML ({error}).") from error
    if root.tag.casefold() != "opml":
        raise RequestError("That is no OPML file: its first element is not <opml>.")
    return tuple(_feeds(root.findall("./body/outline"), ""))


def _feeds(outlines: Iterable[ElementTree.Element], section: str) -> Iterable[Feed]:
    for outline in outlines:
        attributes = {name.casefold(): value for name, value in outline.attrib.items()}
        name = (attributes.get("title") or attributes.get("text") or "").strip()
        url = attributes.get("xmlurl", "").strip()
        if url.startswith(("http://", "https://")):
            own = _section(attributes.get("category", "").strip("/")) or section
            yield Feed(name[:80] or host_of(url), url, own)
        yield from _feeds(outline, _section(name) or section)


def _section(name: str) -> str:
    aliases = {"tech": "technology", "sports": "sport", "money": "business", "economy": "business"}
    plain = name.casefold()
    plain = aliases.get(plain, plain)
    return plain if plain in SECTIONS else ""


def write_opml(feeds: Iterable[Feed]) -> bytes:
    """A list of feeds as OPML."""
    root = ElementTree.Element("opml", version="2.0")
    ElementTree.SubElement(ElementTree.SubElement(root, "head"), "title").text = "PASSFEL"
    body = ElementTree.SubElement(root, "body")
    for feed in feeds:
        attributes = {"type": "rss", "text": feed.name, "xmlUrl": feed.url}
        if feed.section:
            attributes["category"] = feed.section
        ElementTree.SubElement(body, "outline", attributes)
    return bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True))
