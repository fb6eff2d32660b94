"""Which reader a file wants, and what is said of one that can't be read."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from passfel.household.errors import RequestError
from passfel.memory.chunks import Reading
from passfel.memory.documents_office import read_docx, read_opendocument, read_pptx, read_xlsx
from passfel.memory.documents_pdf import read_pdf
from passfel.memory.documents_text import read_html, read_mail, read_markdown, read_text

Reader = Callable[[bytes], Reading]

READERS: dict[str, Reader] = {
    **dict.fromkeys((".txt", ".text", ".log", ".rst", ".csv", ".tsv", ".org"), read_text),
    **dict.fromkeys((".md", ".markdown"), read_markdown),
    **dict.fromkeys((".html", ".htm", ".xhtml"), read_html),
    **dict.fromkeys((".odt", ".ods", ".odp"), read_opendocument),
    ".pdf": read_pdf,
    ".docx": read_docx,
    ".pptx": read_pptx,
    ".xlsx": read_xlsx,
}
MAIL = ".eml"
KINDS = frozenset({*READERS, MAIL})
"""The endings of the files that can be read."""
OLD = {".doc": ".docx", ".xls": ".xlsx", ".ppt": ".pptx"}
"""Formats of before 2007, and what they are saved as today."""


def read(path: Path, raw: bytes) -> Reading:
    """What stands in a file.

    Raises:
        RequestError: it can't be read; the sentence names the file and says why.
    """
    reading = read_as(path.name, raw)
    return replace(reading, title=reading.title or path.stem.replace("_", " "))


def read_as(name: str, raw: bytes, depth: int = 0) -> Reading:
    """What stands in the bytes of a file of this name."""
    ending = Path(name).suffix.casefold()
    try:
        if ending == MAIL:
            reading = read_mail(raw, lambda inner, content: _attached(inner, content, depth + 1))
        elif ending in READERS:
            reading = READERS[ending](raw)
        else:
            raise RequestError(_refusal(ending))
    except RequestError as error:
        raise RequestError(f"{name} can't be read: {str(error).removesuffix('.')}.") from error
    except (ArithmeticError, LookupError, ValueError, TypeError, AttributeError, RecursionError) as error:
        # A file that isn't as its format says can break any step of its reader.
        raise RequestError(f"{name} can't be read: it is damaged.") from error
    if not reading.sections:
        raise RequestError(f"{name} can't be read: there is no text in it.")
    return reading


def _attached(name: str, raw: bytes, depth: int) -> Reading | None:
    if depth > 2 or Path(name).suffix.casefold() not in KINDS:
        return None
    try:
        return read_as(name, raw, depth)
    except RequestError:
        return None


def _refusal(ending: str) -> str:
    if ending in OLD:
        return f"it is of an old format; save it as {OLD[ending]}"
    return (
        f"I know no files that end with {ending}" if ending else "its name has no ending that says what it is"
    )
