"""A document as an outline of headings and text, and cut into chunks that each say where they stand."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MOST = 1000
"""Characters of a chunk: with its headings about what the embedding model reads, 256 tokens."""
LONGEST_HEADING = 200
BETWEEN = " › "
SENTENCE_END = re.compile(r"(?<=[.!?…。！？])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Section:
    """Text under its headings."""

    headings: tuple[str, ...]
    text: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of a file."""

    title: str
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document; `heading` is the path of headings that it stands under."""

    heading: str
    text: str
    page: int | None = None


@dataclass(slots=True)
class Outline:
    """Takes headings and paragraphs in their order, and gives sections."""

    title: str = ""
    _headings: list[tuple[int, str]] = field(default_factory=list)
    _paragraphs: list[str] = field(default_factory=list)
    _page: int | None = None
    _sections: list[Section] = field(default_factory=list)

    def heading(self, level: int, text: str) -> None:
        """Begin a section; headings of this level and below end."""
        words = " ".join(text.split())[:LONGEST_HEADING]
        if not words:
            return
        self._end()
        self._headings = [*((at, told) for at, told in self._headings if at < level), (level, words)]
        self.title = self.title or words

    def page(self, number: int) -> None:
        """Begin a page; the headings go on."""
        self._end()
        self._page = number

    def paragraph(self, text: str) -> None:
        """Add text."""
        lines = (" ".join(line.replace("\0", " ").split()) for line in text.splitlines())
        if words := "\n".join(filter(None, lines)):
            self._paragraphs.append(words)

    def reading(self, title: str = "") -> Reading:
        """All of it, under `title`, the outline's own or its first heading."""
        self._end()
        return Reading(" ".join((title or self.title).split())[:LONGEST_HEADING], tuple(self._sections))

    def _end(self) -> None:
        if self._paragraphs:
            text = "\n\n".join(self._paragraphs)
            self._sections.append(Section(tuple(told for _, told in self._headings), text, self._page))
            self._paragraphs = []


def cut(reading: Reading) -> list[Chunk]:
    """The chunks of a document: paragraphs together as long as they fit, never across two headings."""
    return [
        Chunk(BETWEEN.join(_below(reading.title, section.headings)), text, section.page)
        for section in reading.sections
        for text in _packed(section.text)
    ]


def place(title: str, chunk: Chunk) -> str:
    """Where a chunk stands: the document's title and the headings."""
    return BETWEEN.join(filter(None, (title, chunk.heading)))


def embedded_text(title: str, chunk: Chunk) -> str:
    """What of a chunk is embedded: where it stands, then what it says."""
    return f"{place(title, chunk)}\n{chunk.text}"


def _below(title: str, headings: tuple[str, ...]) -> tuple[str, ...]:
    """The headings without one that only says the title again."""
    return headings[1:] if headings and headings[0] == title else headings


def _packed(text: str) -> Iterator[str]:
    packed = ""
    for paragraph in text.split("\n\n"):
        for piece in _pieces(paragraph):
            if packed and len(packed) + len(piece) + 2 > MOST:
                yield packed
                packed = ""
            packed = f"{packed}\n\n{piece}" if packed else piece
    if packed:
        yield packed


def _pieces(paragraph: str) -> Iterator[str]:
    """A paragraph, in whole sentences or lines where it is too long; each piece begins with the last one's end."""
    if len(paragraph) <= MOST:
        yield paragraph
        return
    piece = last = ""
    for sentence in _sentences(paragraph):
        if piece and len(piece) + len(sentence) + 1 > MOST:
            yield piece
            piece = last if len(last) + len(sentence) + 1 <= MOST // 2 else ""
        piece, last = f"{piece} {sentence}".strip(), sentence
    if piece:
        yield piece


def _sentences(paragraph: str) -> Iterator[str]:
    for sentence in SENTENCE_END.split(paragraph):
        rest = sentence
        while len(rest) > MOST:
            end = rest.rfind(" ", MOST // 2, MOST)
            end = end if end > 0 else MOST
            yield rest[:end]
            rest = rest[end:].strip()
        if rest:
            yield rest
