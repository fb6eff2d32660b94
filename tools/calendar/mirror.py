"""A calendar's entries kept in memory, and brought up to date by asking only what has changed."""

import asyncio
import logging
from datetime import datetime, timedelta

from passfel.tools.dav.client import CalDavClient, Changes, Collection, Entry

log = logging.getLogger(__name__)

BEHIND, AHEAD = timedelta(days=40), timedelta(days=420)
"""What is kept around the moment that was asked about."""


class Mirror:
    """The entries of one calendar within a span of time; what lies outside is asked for when it is needed.

    A server that has sync tokens tells what changed since the last one. One that has only a mark for the whole
    calendar (ctag) is asked for that first. One that has neither is read anew every time.
    """

    def __init__(self, client: CalDavClient, collection: Collection) -> None:
        """Nothing is read yet."""
        self.collection = collection
        self._client = client
        self._entries: dict[str, Entry] = {}
        self._span: tuple[datetime, datetime] | None = None
        self._token = ""
        self._ctag = ""
        self._lock = asyncio.Lock()

    async def entries(self, begin: datetime, end: datetime) -> list[Entry]:
        """What is in the calendar around this window, as it is now."""
        async with self._lock:
            if not self._holds(begin, end) or not await self._catch_up():
                await self._read(begin, end)
            return list(self._entries.values())

    def _holds(self, begin: datetime, end: datetime) -> bool:
        return self._span is not None and self._span[0] <= begin and end <= self._span[1]

    async def _catch_up(self) -> bool:
        """Whether the entries are up to date now without reading all of them."""
        if self._token:
            changes = await self._client.sync(self.collection.url, self._token)
            if changes is None:
                return False
            await self._apply(changes)
            return True
        ctag, _ = await self._client.marks(self.collection.url) if self._ctag else ("", "")
        return bool(ctag) and ctag == self._ctag

    async def _apply(self, changes: Changes) -> None:
        for path in changes.removed:
            self._entries.pop(path, None)
        for entry in await self._client.multiget(self.collection.url, changes.changed):
            self._entries[entry.path] = entry
        self._token = changes.token

    async def _read(self, begin: datetime, end: datetime) -> None:
        """Read the span anew. The marks are taken first: what changes meanwhile is seen the next time."""
        url = self.collection.url
        ctag, token = await self._client.marks(url)
        span = (begin - BEHIND, max(end, begin + AHEAD))
        found = await self._client.query(url, "VEVENT", *span)
        self._entries = {entry.path: entry for entry in found}
        self._span, self._token, self._ctag = span, token, ctag
