"""Reads PDF with PDFium: text page by page, headings from the bookmarks."""

from collections import defaultdict
from typing import Any

from passfel.household.errors import RequestError
from passfel.memory.chunks import Outline, Reading

DEEPEST = 5


def read_pdf(raw: bytes) -> Reading:
    """Pages under the bookmarks that they stand under.

    Raises:
        RequestError: it is damaged, locked, or holds pictures of pages only.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(raw)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).casefold()
        raise RequestError("it needs a password" if locked else "it is damaged") from error
    try:
        return _read(document)
    except pypdfium2.PdfiumError as error:
        raise RequestError("it is damaged") from error
    finally:
        document.close()


def _read(document: Any) -> Reading:
    outline = Outline(title=str(document.get_metadata_dict().get("Title") or "").strip())
    marks = _bookmarks(document)
    for number in range(len(document)):
        page = document[number]
        try:
            text = page.get_textpage().get_text_range()
        finally:
            page.close()
        outline.page(number + 1)
        _page(outline, text, marks.get(number, []))
    reading = outline.reading()
    if not reading.sections:
        raise RequestError(
            "it holds pictures of pages and no text; a text recognition such as ocrmypdf adds it"
        )
    return reading


def _bookmarks(document: Any) -> dict[int, list[tuple[int, str]]]:
    """Level and title of the bookmarks of each page, in their order."""
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for mark in document.get_toc(max_depth=DEEPEST):
        place = mark.get_dest()
        number = place.get_index() if place is not None else None
        if number is not None:
            found[number].append((mark.level + 1, mark.get_title()))
    return found


def _page(outline: Outline, text: str, marks: list[tuple[int, str]]) -> None:
    """Lines of a page; a bookmark's heading begins at the line that says it, or else with the page."""
    lines = text.replace("\ufffe\r\n", "").replace("\ufffe", "-").replace("\r\n", "\n").split("\n")
    places = {_key(line): place for place, line in reversed(list(enumerate(lines)))}
    begins: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for level, title in marks:
        begins[places.get(_key(title), 0)].append((level, title))
    paragraph: list[str] = []
    for place, line in enumerate(lines):
        if place in begins:
            outline.paragraph("\n".join(paragraph))
            paragraph = []
            for level, title in begins[place]:
                outline.heading(level, title)
            if any(_key(line) == _key(title) for _, title in begins[place]):
                continue
        paragraph.append(line)
        if not line.strip():
            outline.paragraph("\n".join(paragraph))
            paragraph = []
    outline.paragraph("\n".join(paragraph))


def _key(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())
