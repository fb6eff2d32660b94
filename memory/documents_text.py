"""Reads plain text, Markdown, web pages and e-mail."""

import re
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from lxml import etree, html

from passfel.household.errors import RequestError
from passfel.memory.chunks import Outline, Reading

HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*\s*")
UNDERLINE = {"=": 1, "-": 2}
FENCE = re.compile(r"\s*(```|~~~)")
TITLE = re.compile(r"(?mi)^title:\s*[\"']?(.+?)[\"']?\s*$")
LEFT_OUT = frozenset(
    {"script", "style", "noscript", "template", "nav", "aside", "footer", "form", "svg", "button"}
)
BLOCKS = frozenset(
    {"p", "div", "section", "article", "main", "li", "ul", "ol", "dl", "dt", "dd", "tr", "table", "pre", "br"}
    | {"blockquote", "figcaption", "header", "hr", "address", "details", "summary", "body"}
)
CELLS = frozenset({"td", "th"})
DEEPEST = 200
TOLD = ("From", "To", "Cc", "Date")

Attached = Callable[[str, bytes], Reading | None]
"""Reads what is attached to a letter; None for what can't be read."""


def decode(raw: bytes) -> str:
    """Text of whatever encoding: UTF-8, UTF-16 where it says so, else Western European."""
    for mark in (b"\xff\xfe", b"\xfe\xff"):
        if raw.startswith(mark):
            return raw.decode("utf-16", "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def read_text(raw: bytes) -> Reading:
    """Paragraphs between empty lines."""
    outline = Outline()
    for paragraph in re.split(r"\n\s*\n|\f", decode(raw).replace("\r\n", "\n")):
        outline.paragraph(paragraph)
    return outline.reading()


def read_markdown(raw: bytes) -> Reading:
    """Headings with # or underlined; code stays as it is."""
    text, outline = decode(raw).replace("\r\n", "\n"), Outline()
    if text.startswith("---\n") and "\n---\n" in text[4:]:
        front, _, text = text[4:].partition("\n---\n")
        outline.title = found[1] if (found := TITLE.search(front)) else ""
    paragraph: list[str] = []

    def end() -> None:
        outline.paragraph("\n".join(paragraph))
        paragraph.clear()

    fenced = False
    for line in text.split("\n"):
        fenced ^= bool(FENCE.match(line))
        bare = line.strip()
        if not fenced and (found := HEADING.fullmatch(bare)):
            end()
            outline.heading(len(found[1]), found[2])
        elif not fenced and len(paragraph) == 1 and len(bare) > 2 and set(bare) in ({"="}, {"-"}):
            outline.heading(UNDERLINE[bare[0]], paragraph.pop())
        elif bare or fenced:
            paragraph.append(line)
        else:
            end()
    end()
    return outline.reading()


def read_html(raw: bytes) -> Reading:
    """The page's own text under its headings, without menus and scripts.

    Raises:
        RequestError: there is no page in it.
    """
    try:
        page = html.document_fromstring(raw, parser=html.HTMLParser(encoding=_declared(raw), no_network=True))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise RequestError("it holds no web page") from error
    outline = Outline(title=" ".join((page.findtext(".//title") or "").split()))
    mains = page.xpath("//main | //article")
    _Walk(outline).over(mains[0] if len(mains) == 1 else page.find("body"))
    return outline.reading()


def _declared(raw: bytes) -> str | None:
    """UTF-8 where it is valid and nothing else is declared: lxml would take it for Latin-1."""
    if re.search(rb"charset\s*=", raw[:2048], re.IGNORECASE) or raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return None
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8"


class _Walk:
    """Goes through a page and gives its headings and blocks of text to an outline."""

    def __init__(self, outline: Outline) -> None:
        self._outline = outline
        self._words: list[str] = []

    def over(self, element: Any) -> None:
        if element is not None:
            self._visit(element, 0)
            self._end()

    def _visit(self, element: Any, depth: int) -> None:
        tag = element.tag
        if not isinstance(tag, str) or tag in LEFT_OUT or depth > DEEPEST:
            return
        if re.fullmatch("h[1-6]", tag):
            self._end()
            self._outline.heading(int(tag[1]), element.text_content())
            return
        if tag in BLOCKS:
            self._end()
        self._words.append(element.text or "")
        for child in element:
            self._visit(child, depth + 1)
            self._words.append(child.tail or "")
        if tag in CELLS:
            self._words.append(" | ")
        elif tag in BLOCKS:
            self._end()

    def _end(self) -> None:
        self._outline.paragraph(" ".join("".join(self._words).split()).removesuffix("|"))
        self._words = []


def read_mail(raw: bytes, attached: Attached) -> Reading:
    """A letter: who, to whom, when, what, and what is attached to it.

    Raises:
        RequestError: there is no letter in it.
    """
    letter = message_from_bytes(raw, policy=policy.default)
    if not letter.keys():
        raise RequestError("it holds no e-mail")
    outline = Outline()
    outline.heading(1, str(letter["Subject"] or "E-mail without a subject"))
    outline.paragraph("\n".join(f"{name}: {letter[name]}" for name in TOLD if letter[name]))
    body = letter.get_body(preferencelist=("plain", "html"))
    if body is not None:
        content = _content(body)
        if body.get_content_subtype() == "html":
            _append(outline, read_html(content), 2)
        else:
            _append(outline, read_text(content), 2)
    for part in letter.iter_attachments():
        name = part.get_filename() or ""
        reading = attached(name, _content(part)) if name else None
        if reading is not None:
            outline.heading(2, name)
            _append(outline, reading, 3)
    return outline.reading()


def _content(part: Any) -> bytes:
    content = part.get_content()
    if isinstance(content, EmailMessage):
        return content.as_bytes()
    return content.encode() if isinstance(content, str) else bytes(content)


def _append(outline: Outline, reading: Reading, level: int) -> None:
    for section in reading.sections:
        for depth, heading in enumerate(section.headings):
            outline.heading(level + depth, heading)
        for paragraph in _paragraphs(section.text):
            outline.paragraph(paragraph)


def _paragraphs(text: str) -> Iterator[str]:
    yield from text.split("\n\n")
