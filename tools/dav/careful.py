"""Changes of a CalDAV entry that overwrite nobody's, and can be repeated and taken back."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from passfel.tools.dav.client import CalDavClient, ChangedElsewhereError, Entry
from passfel.tools.elsewhere import Version, cant_undo, changed_elsewhere
from passfel.tools.ical.writing import same_entry

Change = Callable[[str], bytes | None]
"""An entry's new text; None to delete it."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What became of an entry."""

    entry: Entry | None
    before: Version | None = None
    after: Version | None = None
    """Both None where an earlier run had done it."""


class CarefulWrites:
    """The changes of one account."""

    def __init__(self, client: CalDavClient, account: str, where: str = "calendar") -> None:
        """Keep the account's name for undo, and what a person is told to look at."""
        self._client = client
        self._account = account
        self._where = where

    def version(self, entry: Entry) -> dict[str, Any]:
        """An entry as undo needs it."""
        return {"account": self._account, "url": entry.url, "etag": entry.etag, "text": entry.text}

    async def rewrite(self, url: str, etag: str, title: str, change: Change) -> Rewritten:
        """Change an entry if it is still the one that was read, or find that it is changed so already.

        Raises:
            RequestError: somebody else has changed it.
            ValueError: the change can't be made in this text.
        """
        now = await self._client.get(url)
        if now is None:
            return Rewritten(None)
        wanted = change(now.text)
        if wanted is not None and same_entry(wanted, now.text):
            return Rewritten(now)
        if now.etag != etag:
            raise changed_elsewhere(title, self._where)
        try:
            if wanted is None:
                await self._client.delete(now.url, now.etag)
            else:
                await self._client.put(now.url, wanted, now.etag)
        except ChangedElsewhereError as error:
            return await self._after_conflict(now, wanted, title, error)
        after = await self._client.get(now.url)
        return Rewritten(after, self.version(now), self.version(after) if after else None)

    async def _after_conflict(
        self, before: Entry, wanted: bytes | None, title: str, error: Exception
    ) -> Rewritten:
        """Our own write may have got there although its answer was lost: then it isn't anybody else's."""
        now = await self._client.get(before.url)
        if (now is None and wanted is None) or (now and wanted and same_entry(wanted, now.text)):
            return Rewritten(now, self.version(before), self.version(now) if now else None)
        raise changed_elsewhere(title, self._where) from error

    async def restore(self, before: Version | None, after: Version | None) -> None:
        """Put an entry back as it was; one that is so already is done."""
        url = str((before or after or {})["url"])
        now = await self._client.get(url)
        if _is(now, before):
            return
        if not _is(now, after):
            raise cant_undo()
        try:
            if before is None:
                await self._client.delete(url, now.etag if now else "")
            else:
                await self._client.put(url, str(before["text"]).encode(), now.etag if now else None)
        except ChangedElsewhereError as error:
            raise cant_undo() from error


def _is(now: Entry | None, version: Version | None) -> bool:
    if now is None or version is None:
        return now is None and version is None
    return now.etag == version["etag"] or same_entry(now.text, str(version["text"]))
