"""Reading Joplin's answers: pages, notes, refusals; and how a note's heading and body make one text."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from passfel.household.errors import BrokenAnswerError, NotFoundError, SettingsError
from passfel.household.origin import Origin
from passfel.household.rows import Note
from passfel.tools.http_failures import StatusError

SOURCE = "Joplin"
LONGEST_TITLE = 60
HOW_TO_CONNECT = (
    "Joplin refused the token, or none is set: copy it from Joplin's settings (Web Clipper, Advanced options), and"
    " set PASSFEL_JOPLIN__TOKEN."
)


def read_page(answer: Any) -> tuple[list[dict[str, Any]], bool]:
    """Read one page of a list: its items, and whether more follow."""
    if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
        raise broken()
    items = answer["items"]
    if not all(isinstance(item, dict) and "id" in item for item in items):
        raise broken()
    return items, bool(answer.get("has_more"))


def read_note(row: Mapping[str, Any], owner: str, folders: Mapping[str, str]) -> Note:
    """Read one note; fields that were not asked for are empty."""
    try:
        folder = str(row.get("parent_id", ""))
        return Note(
            id=UUID(str(row["id"])),
            owner=owner,
            text=text_of(row),
            title=str(row["title"]),
            created_at=_moment(row.get("user_created_time") or row.get("created_time")),
            updated_at=_moment(row.get("user_updated_time") or row.get("updated_time")),
            origin=Origin(
                account=SOURCE,
                calendar=folders.get(folder, ""),
                collection=folder,
                reference=str(row["id"]),
            ),
        )
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise broken() from error


def text_of(row: Mapping[str, Any]) -> str:
    """A note's words: its heading goes before the body, unless the body begins with the same words."""
    title, body = str(row["title"]).strip(), str(row.get("body", ""))
    return body if body.startswith(title) or not title else f"{title}\n{body}".rstrip("\n")


def headed(text: str) -> tuple[str, str]:
    """The title and the body of a new note: its first line, cut at a word, and all of it."""
    first = text.strip().splitlines()[0]
    if len(first) <= LONGEST_TITLE:
        return first, text
    return first[:LONGEST_TITLE].rsplit(" ", 1)[0], text


def meaning(error: StatusError) -> Exception:
    """What a refusal means; its body holds a stack trace, which is nobody's business."""
    if error.status in {401, 403}:
        return SettingsError(HOW_TO_CONNECT)
    if error.status == 404:
        return NotFoundError(f"{SOURCE} has no such note.")
    return error


def _moment(milliseconds: Any) -> datetime:
    return datetime.fromtimestamp(int(milliseconds or 0) / 1000, UTC)


def broken() -> BrokenAnswerError:
    """An answer that can't be one."""
    return BrokenAnswerError(SOURCE, f"{SOURCE} gave an answer that makes no sense.")


def appended(text: str, words: str) -> str:
    """A text with more words on a line of their own."""
    return f"{text.rstrip()}\n{words}" if text.strip() else words
