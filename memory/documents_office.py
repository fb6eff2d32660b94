"""Reads Word, PowerPoint, Excel and OpenDocument files: archives of XML, of which the words are wanted."""

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from posixpath import dirname, join, normpath
from typing import Any
from zipfile import BadZipFile, ZipFile

from lxml import etree

from passfel.household.errors import RequestError
from passfel.memory.chunks import Outline, Reading

LARGEST_PART = 64 << 20
"""Bytes of one part unpacked: what is larger is made to be so."""
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
T = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TITLE = "{http://purl.org/dc/elements/1.1/}title"
DATE_FORMATS = frozenset({*range(14, 18), 22, *range(27, 37), *range(50, 59)})
FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001 - a day of a sheet has no zone


class _Archive:
    """The parts of an office file."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive

    def xml(self, name: str) -> Any:
        """A part as XML; None where there is none."""
        if name not in self._archive.namelist():
            return None
        if self._archive.getinfo(name).file_size > LARGEST_PART:
            raise RequestError("a part of it is too large")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
        return etree.fromstring(self._archive.read(name), parser)

    def related(self, name: str) -> dict[str, str]:
        """The parts that a part refers to, by their ids."""
        links = self.xml(join(dirname(name), "_rels", name.rpartition("/")[2] + ".rels"))
        found = links if links is not None else ()
        return {
            link.get("Id"): normpath(join(dirname(name), link.get("Target"))).lstrip("/")
            if not link.get("Target").startswith("/")
            else link.get("Target").lstrip("/")
            for link in found
            if link.get("TargetMode") != "External"
        }

    def title(self) -> str:
        """What the file calls itself."""
        properties = self.xml("docProps/core.xml")
        return (properties.findtext(TITLE) or "").strip() if properties is not None else ""


@contextmanager
def _opened(raw: bytes, needed: str) -> Iterator[_Archive]:
    try:
        with ZipFile(BytesIO(raw)) as archive:
            if needed not in archive.namelist():
                raise RequestError("it is damaged, or another kind of file than its name says")
            yield _Archive(archive)
    except (
        BadZipFile,
        zlib.error,
        etree.XMLSyntaxError,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        locked = raw.startswith(b"\xd0\xcf\x11\xe0") or "password" in str(error)
        raise RequestError("it needs a password" if locked else "it is damaged") from error


def read_docx(raw: bytes) -> Reading:
    """Paragraphs under their headings, tables row by row.

    Raises:
        RequestError: it is damaged or locked.
    """
    with _opened(raw, "word/document.xml") as archive:
        levels, outline = _levels(archive.xml("word/styles.xml")), Outline(title=archive.title())
        for block in archive.xml("word/document.xml").iter(f"{W}p", f"{W}tr"):
            inside = next(block.iterancestors(f"{W}tr"), None) is not None
            if block.tag == f"{W}tr":
                cells = (" ".join(map(_said, cell.iter(f"{W}p"))).strip() for cell in block.iter(f"{W}tc"))
                outline.paragraph(" | ".join(filter(None, cells)))
            elif not inside:
                _paragraph(outline, block, levels)
        return outline.reading()


def _paragraph(outline: Outline, block: Any, levels: dict[str, int]) -> None:
    style = block.find(f"{W}pPr/{W}pStyle")
    level = levels.get(style.get(f"{W}val")) if style is not None else None
    text = _said(block)
    if level is None:
        outline.paragraph(text)
    elif level == 0:
        outline.title = outline.title or text.strip()
        outline.paragraph("")
    else:
        outline.heading(level, text)


def _levels(styles: Any) -> dict[str, int]:
    """The level of each style that is a heading, by its name, which is English in every language's Word."""
    found = {}
    for style in styles.iter(f"{W}style") if styles is not None else ():
        name = (style.find(f"{W}name").get(f"{W}val") or "").casefold()
        level = style.find(f"{W}pPr/{W}outlineLvl")
        if number := re.fullmatch(r"heading (\d)", name):
            found[style.get(f"{W}styleId")] = int(number[1])
        elif name == "title":
            found[style.get(f"{W}styleId")] = 0
        elif level is not None and int(level.get(f"{W}val")) < 9:
            found[style.get(f"{W}styleId")] = int(level.get(f"{W}val")) + 1
    return found


def _said(paragraph: Any) -> str:
    parts = {f"{W}tab": " ", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
    return "".join(
        run.text or "" if run.tag == f"{W}t" else parts[run.tag] for run in paragraph.iter(f"{W}t", *parts)
    )


def read_pptx(raw: bytes) -> Reading:
    """Slides under their titles, with the speaker's notes.

    Raises:
        RequestError: it is damaged or locked.
    """
    with _opened(raw, "ppt/presentation.xml") as archive:
        outline, parts = Outline(title=archive.title()), archive.related("ppt/presentation.xml")
        slides = archive.xml("ppt/presentation.xml").iter(f"{P}sldId")
        for number, slide in enumerate(slides, 1):
            name = parts.get(slide.get(f"{R}id"), "")
            outline.page(number)
            _slide(outline, archive.xml(name), number)
            for other in archive.related(name).values():
                if "notesSlide" in other:
                    _shapes(outline, archive.xml(other), ())
        return outline.reading()


def _slide(outline: Outline, slide: Any, number: int) -> None:
    if slide is None:
        return
    titles = [
        shape
        for shape in slide.iter(f"{P}sp")
        if (place := shape.find(f"{P}nvSpPr/{P}nvPr/{P}ph")) is not None
        and place.get("type") in {"title", "ctrTitle"}
    ]
    said = " ".join(" ".join(_lines(title)) for title in titles)
    outline.heading(1, said or f"Slide {number}")
    _shapes(outline, slide, titles)


def _shapes(outline: Outline, slide: Any, but: Any) -> None:
    """The words of everything on a slide but its title; a note's slide number is none."""
    for shape in slide.iter(f"{P}sp", f"{A}tbl"):
        if shape.tag == f"{A}tbl":
            for row in shape.iter(f"{A}tr"):
                outline.paragraph(" | ".join(" ".join(_lines(cell)) for cell in row.iter(f"{A}tc")))
        elif shape not in but and not any(place.get("type") == "sldNum" for place in shape.iter(f"{P}ph")):
            outline.paragraph("\n".join(_lines(shape)))


def _lines(shape: Any) -> Iterator[str]:
    for paragraph in shape.iter(f"{A}p"):
        yield "".join(run.text or "" for run in paragraph.iter(f"{A}t"))


def read_xlsx(raw: bytes) -> Reading:
    """Sheets row by row; where the first row names the columns, every cell says its column.

    Raises:
        RequestError: it is damaged or locked.
    """
    with _opened(raw, "xl/workbook.xml") as archive:
        outline, parts = Outline(title=archive.title()), archive.related("xl/workbook.xml")
        shared = archive.xml("xl/sharedStrings.xml")
        strings = (
            ["".join(item.itertext(f"{S}t")) for item in shared.iter(f"{S}si")] if shared is not None else []
        )
        dates = _date_styles(archive.xml("xl/styles.xml"))
        for sheet in archive.xml("xl/workbook.xml").iter(f"{S}sheet"):
            content = archive.xml(parts.get(sheet.get(f"{R}id"), ""))
            if content is not None:
                outline.heading(1, sheet.get("name"))
                _rows(outline, [_cells(row, strings, dates) for row in content.iter(f"{S}row")])
        return replace(outline.reading(), title=archive.title())


def _date_styles(styles: Any) -> frozenset[int]:
    """The numbers of the cell styles that show a date."""
    if styles is None:
        return frozenset()
    own = {
        int(made.get("numFmtId"))
        for made in styles.iter(f"{S}numFmt")
        if re.search(r"[dy]", re.sub(r'"[^"]*"|\[[^]]*\]', "", made.get("formatCode", "")), re.IGNORECASE)
    }
    formats = styles.find(f"{S}cellXfs")
    kinds = formats.iter(f"{S}xf") if formats is not None else ()
    return frozenset(n for n, kind in enumerate(kinds) if int(kind.get("numFmtId", 0)) in own | DATE_FORMATS)


def _cells(row: Any, strings: list[str], dates: frozenset[int]) -> dict[str, str]:
    """What a row's cells say, by their columns."""
    found: dict[str, str] = {}
    for cell in row.iter(f"{S}c"):
        value = cell.findtext(f"{S}v") or ""
        match cell.get("t"):
            case "s":
                value = strings[int(value)] if value.isdigit() and int(value) < len(strings) else ""
            case "inlineStr":
                value = "".join(cell.itertext(f"{S}t"))
            case "b":
                value = "yes" if value == "1" else "no"
            case None | "n" if value and int(cell.get("s", 0)) in dates:
                value = _day(value)
        if value.strip():
            found[re.sub(r"\d", "", cell.get("r", str(len(found))))] = " ".join(value.split())
    return found


def _day(value: str) -> str:
    try:
        moment = FIRST_DAY + timedelta(seconds=round(float(value) * 86_400))
    except (ValueError, OverflowError):
        return value
    return f"{moment:%Y-%m-%d}" if float(value).is_integer() else f"{moment:%Y-%m-%d %H:%M}"


def _rows(outline: Outline, rows: list[dict[str, str]]) -> None:
    rows = [row for row in rows if row]
    names = (
        rows[0] if len(rows) > 1 and len(rows[0]) > 1 and not any(map(_is_number, rows[0].values())) else {}
    )
    for row in rows[1:] if names else rows:
        outline.paragraph(
            "; ".join(f"{names[at]}: {said}" if at in names else said for at, said in row.items())
        )


def _is_number(said: str) -> bool:
    return bool(re.fullmatch(r"-?[\d.,:/-]+", said))


def read_opendocument(raw: bytes) -> Reading:
    """Texts, slides and sheets of LibreOffice: headings, paragraphs, rows.

    Raises:
        RequestError: it is damaged or locked.
    """
    with _opened(raw, "content.xml") as archive:
        told = archive.xml("meta.xml")
        outline = Outline(title=(told.findtext(f".//{TITLE}") or "").strip() if told is not None else "")
        for block in archive.xml("content.xml").iter(f"{T}h", f"{T}p", f"{TABLE}table", f"{TABLE}table-row"):
            inside = next(block.iterancestors(f"{TABLE}table-row"), None) is not None
            if block.tag == f"{TABLE}table":
                outline.heading(6, block.get(f"{TABLE}name") or "")
            elif block.tag == f"{TABLE}table-row":
                cells = ("".join(cell.itertext()).strip() for cell in block.iter(f"{TABLE}table-cell"))
                outline.paragraph(" | ".join(filter(None, cells)))
            elif block.tag == f"{T}h":
                outline.heading(int(block.get(f"{T}outline-level", 1)), "".join(block.itertext()))
            elif not inside:
                outline.paragraph("".join(block.itertext()))
        return outline.reading()
