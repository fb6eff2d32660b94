"""Joplin (joplinapp.org) by its Data API: the notes of the app that runs on this machine or in the house."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from passfel.household.errors import (
    BrokenAnswerError,
    NotFoundError,
    ProviderError,
    RequestError,
    SettingsError,
)
from passfel.household.rows import Note
from passfel.household.sharing import Rate
from passfel.tools.http import JSON, Http, within
from passfel.tools.http_failures import StatusError
from passfel.tools.notes.joplin_answers import (
    HOW_TO_CONNECT,
    SOURCE,
    appended,
    broken,
    headed,
    meaning,
    read_note,
    read_page,
    text_of,
)
from passfel.tools.notes.provider import Version, Written

RATE = Rate(20)
PAGE = 100
"""Joplin gives at most so many at once."""
NOTEBOOKS_STAY = timedelta(minutes=1)
FIELDS = (
    "id,title,body,parent_id,deleted_time,encryption_applied,is_todo,todo_completed,"
    "user_created_time,user_updated_time"
)
KEPT = ("id", "title", "body", "parent_id", "deleted_time")
"""What is compared, and put back."""
MOST_WORDS = 6
"""Of a question that are looked up."""
OURS = "PASSFEL"
"""The notebook that is made where there is none."""
Params = dict[str, str | int | float]


class JoplinSettings(BaseModel):
    """Where Joplin's Data API is; off until an address is given."""

    model_config = ConfigDict(frozen=True)

    url: str = Field(
        "",
        description="Joplin's Web Clipper service, such as http://127.0.0.1:41184; turn it on in Joplin's settings.",
    )
    token: SecretStr | None = Field(
        None, description="The authorisation token that Joplin shows under Settings, Web Clipper."
    )
    notebook: str = Field("", description="Where new notes go; empty for the first notebook by name.")

    @property
    def enabled(self) -> bool:
        """Whether the household has set it up."""
        return bool(self.url)

    @property
    def host(self) -> str:
        """What has to be let through, for it is private."""
        return urlsplit(self.url).netloc


class Joplin:
    """Asks Joplin. Its search lags behind by seconds, so what was changed last is looked through as well."""

    source = SOURCE

    def __init__(self, http: Http, settings: JoplinSettings) -> None:
        """Ask through `http`."""
        self._http = http
        self._settings = settings
        self._url = settings.url.rstrip("/")
        self._made: dict[str, str] = {}
        """Notebooks that were made just now, and that what is remembered lacks."""

    async def check(self) -> str:
        """Ask whether it is Joplin, and for its notebooks with the token."""
        reply = await self._http.request("GET", f"{self._url}/ping", source=SOURCE, rate=RATE)
        if reply.body.strip() != b"JoplinClipperServer":
            raise BrokenAnswerError(SOURCE, f"What answers at {self._settings.host} is not {SOURCE}.")
        count = len(await self.notebooks())
        return f"It answers, and has {count} {'notebook' if count == 1 else 'notebooks'}."

    async def find(self, owner: str, about: str) -> list[Note]:
        """Notes that its index has for any of the words, and those that were changed last."""
        words = re.findall(r"\w{2,}", about)
        found: dict[UUID, Note] = {}
        async with within(SOURCE, self._http.settings.deadline_s):
            for word in words[:MOST_WORDS]:
                rows = await self._all("search", {"query": f"{word}*"}, pages=1)
                found.update((note.id, note) for note in await self._notes(owner, rows))
            found.update((note.id, note) for note in await self.latest(owner))
        return list(found.values())

    async def latest(self, owner: str) -> list[Note]:
        """The hundred notes that were changed last, the newest first."""
        params: Params = {"order_by": "user_updated_time", "order_dir": "DESC"}
        return await self._notes(owner, await self._all("notes", params, pages=1))

    async def notebooks(self) -> list[str]:
        """The names of its notebooks, in their order."""
        return sorted((await self._folders()).values(), key=str.casefold)

    async def add(self, owner: str, note_id: UUID, text: str, notebook: str) -> Written:
        """Add a note under an id of ours."""
        there = await self._row(note_id)
        if there is not None:
            return Written(await self._note(owner, there))
        folder = await self._folder(notebook or self._settings.notebook)
        title, body = headed(text)
        values = {"id": note_id.hex, "title": title, "body": body, "parent_id": folder}
        try:
            await self._send("POST", "notes", values)
        except ProviderError:
            # The answer may have been lost, and not the note.
            if await self._row(note_id) is None:
                raise
        written = await self._read_back(note_id)
        return Written(await self._note(owner, written), None, _kept(written))

    async def append(self, note: Note, words: str) -> Written:
        """Add words at the end of a note, where it still has the text that was read."""
        now = await self._read_back(note.id)
        if text_of(now) == appended(note.text, words):
            return Written(await self._note(note.owner, now))
        if text_of(now) != note.text or now["deleted_time"]:
            raise _changed_elsewhere(str(now["title"]))
        body = appended(str(now["body"]), words)
        await self._send("PUT", f"notes/{note.id.hex}", {"body": body})
        written = await self._read_back(note.id)
        return Written(await self._note(note.owner, written), _kept(now), _kept(written))

    async def remove(self, note: Note) -> Written:
        """Put a note into Joplin's bin, where it still is as it was read."""
        now = await self._row(note.id)
        if now is None or now["deleted_time"]:
            return Written(note)
        if text_of(now) != note.text:
            raise _changed_elsewhere(str(now["title"]))
        await self._send("DELETE", f"notes/{note.id.hex}")
        written = await self._read_back(note.id)
        if not written["deleted_time"]:
            raise BrokenAnswerError(SOURCE, f"{SOURCE} did not remove the note.")
        return Written(note, _kept(now), _kept(written))

    async def restore(self, before: Version | None, after: Version | None) -> None:
        """Put a note back as it was."""
        note_id = UUID(str((before or after or {})["id"]))
        now = await self._row(note_id)
        current = _kept(now) if now is not None else None
        if _same(current, before):
            return
        if not _same(current, after):
            raise RequestError("I can't undo that: the note has been changed since.")
        if before is None:
            await self._send("DELETE", f"notes/{note_id.hex}")
        elif current is None:
            await self._send("POST", "notes", {name: before[name] for name in KEPT})
        else:
            values = {name: before[name] for name in ("title", "body", "parent_id", "deleted_time")}
            await self._send("PUT", f"notes/{note_id.hex}", values)

    async def _folder(self, name: str) -> str:
        folders = await self._folders()
        if not name:
            first = sorted(folders, key=lambda folder: folders[folder].casefold())
            if first:
                return first[0]
            name = OURS
        for folder, title in folders.items():
            if title.casefold() == name.casefold():
                return folder
        if name not in {OURS, self._settings.notebook}:
            raise NotFoundError(
                f"{SOURCE} has no notebook called “{name[:60]}”; it has {', '.join(sorted(folders.values()))}."
            )
        folder = uuid5(NAMESPACE_URL, f"passfel:notebook:{name}").hex
        try:
            await self._send("POST", "folders", {"id": folder, "title": name})
        except ProviderError:
            if folder not in await self._folders(fresh=True):
                raise
        self._made[folder] = name
        return folder

    async def _folders(self, *, fresh: bool = False) -> dict[str, str]:
        lifetime = timedelta(0) if fresh else NOTEBOOKS_STAY
        rows = await self._all("folders", {"fields": "id,title"}, pages=10, lifetime=lifetime)
        return self._made | {str(row["id"]): str(row["title"]) for row in rows}

    async def _notes(self, owner: str, rows: Sequence[Mapping[str, Any]]) -> list[Note]:
        folders = await self._folders()
        # What is encrypted can't be read, and what is in the bin is gone.
        readable = [row for row in rows if not row.get("encryption_applied") and not row.get("deleted_time")]
        return [read_note(row, owner, folders) for row in readable]

    async def _note(self, owner: str, row: Mapping[str, Any]) -> Note:
        return read_note(row, owner, await self._folders())

    async def _row(self, note_id: UUID) -> dict[str, Any] | None:
        try:
            answer = await self._ask(f"notes/{note_id.hex}", {"fields": FIELDS})
        except NotFoundError:
            return None
        if not isinstance(answer, dict) or not set(KEPT) <= answer.keys():
            raise broken()
        return answer

    async def _read_back(self, note_id: UUID) -> dict[str, Any]:
        row = await self._row(note_id)
        if row is None:
            raise NotFoundError(f"That note is no longer in {SOURCE}.")
        return row

    async def _all(
        self, path: str, params: Params, *, pages: int, lifetime: timedelta = timedelta(0)
    ) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for page in range(1, pages + 1):
            asked: Params = {"fields": FIELDS, "limit": PAGE, **params, "page": page}
            try:
                items, more = read_page(await self._ask(path, asked, lifetime))
            except NotFoundError as error:  # every Joplin has its lists
                raise BrokenAnswerError(
                    SOURCE, f"What answers at {self._settings.host} is not {SOURCE}."
                ) from error
            rows += items
            if not more:
                break
        return rows

    async def _ask(self, path: str, params: Params, lifetime: timedelta = timedelta(0)) -> Any:
        try:
            return await self._http.get_json(
                f"{self._url}/{path}",
                {**params, "token": self._token()},
                source=SOURCE,
                lifetime=lifetime,
                rate=RATE,
            )
        except StatusError as error:
            raise meaning(error) from error

    async def _send(self, method: str, path: str, values: Mapping[str, Any] | None = None) -> None:
        try:
            await self._http.request(
                method,
                f"{self._url}/{path}",
                source=SOURCE,
                params={"token": self._token()},
                headers={"Content-Type": JSON[0]} if values is not None else None,
                content=json.dumps(values).encode() if values is not None else None,
                rate=RATE,
            )
        except StatusError as error:
            raise meaning(error) from error

    def _token(self) -> str:
        token = self._settings.token
        if token is None or not token.get_secret_value():
            raise SettingsError(HOW_TO_CONNECT)
        return token.get_secret_value()


def _kept(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"account": SOURCE, **{name: row[name] for name in KEPT}}


def _same(one: Version | None, other: Version | None) -> bool:
    """Whether two versions say the same; in the bin is as good as gone."""
    if one is None or other is None or one["deleted_time"] or other["deleted_time"]:
        return _gone(one) and _gone(other)
    return all(one[name] == other[name] for name in KEPT)


def _gone(version: Version | None) -> bool:
    return version is None or bool(version["deleted_time"])


def _changed_elsewhere(title: str) -> RequestError:
    return RequestError(
        f"The note “{title[:60]}” has just been changed in {SOURCE}, so I left it as it is. Look at it, please."
    )
