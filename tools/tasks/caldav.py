"""Task lists on a CalDAV server: VTODO, as Nextcloud Tasks, Radicale and others keep them."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.origin import Origin
from passfel.household.rows import Task
from passfel.tools.dav.careful import CarefulWrites
from passfel.tools.dav.client import (
    CalDavAccount,
    CalDavClient,
    ChangedElsewhereError,
    Collection,
    Entry,
    entry_url,
)
from passfel.tools.elsewhere import Version
from passfel.tools.http import Http
from passfel.tools.ical.reading import Place
from passfel.tools.ical.tasks import is_over, new_task, task_in, ticked_off
from passfel.tools.tasks.provider import Kept


class CalDavTasks:
    """One account; all of its task lists."""

    def __init__(self, http: Http, name: str, account: CalDavAccount) -> None:
        """Nothing is asked until the first question."""
        self.account = name
        self.person = account.person
        self._client = CalDavClient(http, name, account)
        self._writes = CarefulWrites(self._client, name, where="list")
        self.source = self._client.source
        self._lists: list[Collection] | None = None
        self._finding = asyncio.Lock()

    async def check(self) -> str:
        """Sign in, and name the lists."""
        self._lists = None
        return f"Signed in; its task lists are {', '.join(one.name for one in await self._collections()) or 'none'}."

    async def open(self, owner: str, zone: ZoneInfo) -> list[Task]:
        """What is still to do; days are read on this clock. An entry that can't be read is left out."""
        lists = await self._collections()
        read = await asyncio.gather(*(self._client.query(one.url, "VTODO") for one in lists))
        found = []
        for one, entries in zip(lists, read, strict=True):
            tasks = (task_in(entry.text, zone, self._place(owner, one, entry)) for entry in entries)
            found += [
                task for task, entry in zip(tasks, entries, strict=True) if task and not is_over(entry.text)
            ]
        return found

    async def add(self, name: str, uid: str, title: str, due: datetime | None, zone: ZoneInfo) -> Kept:
        """Put something on a list (empty: the first) under an id of ours: a second run finds it there."""
        one = await self._named(name)
        url = entry_url(one.url, uid)
        with suppress(ChangedElsewhereError):  # an earlier run was here
            await self._client.put(url, new_task(uid, title, due, zone, datetime.now(UTC)), None)
        entry = await self._client.get(url)
        task = task_in(entry.text, zone, self._place(self.person, one, entry)) if entry else None
        if entry is None or task is None:
            raise RequestError(f"{self.source} took {title}, but does not show it. Please look there.")
        return Kept(task, None, self._writes.version(entry))

    async def complete(self, task: Task) -> Kept:
        """Tick a task off, if it is still the one that was read."""
        origin = task.origin
        if origin is None:
            raise ValueError("a task of our own was handed to a list elsewhere")
        if not origin.writable:
            raise RequestError(f"The list {origin.calendar} can only be read, so {task.title} stays on it.")
        now = datetime.now(UTC)
        try:
            done = await self._writes.rewrite(
                origin.reference, origin.etag, task.title, lambda text: ticked_off(text, now)
            )
        except ValueError as error:
            raise RequestError(
                f"{task.title} repeats, or is written in a way that I can't change safely:"
                " tick it off where it was made."
            ) from error
        if done.entry is None:
            raise NotFoundError(f"{task.title} is no longer on your list.")
        return Kept(task.model_copy(update={"done_at": now}), done.before, done.after)

    async def restore(self, before: Version | None, after: Version | None) -> None:
        """Put a task back as it was; one that is so already is done."""
        await self._writes.restore(before, after)

    async def _collections(self) -> list[Collection]:
        async with self._finding:
            if self._lists is None:
                self._lists = [one for one in await self._client.collections() if "VTODO" in one.components]
            return self._lists

    async def _named(self, name: str) -> Collection:
        for one in await self._collections():
            if one.writable and (not name or one.name.casefold() == name.casefold()):
                return one
        raise NotFoundError(f"{self.source} has no task list {name or 'at all'} that I can add to.")

    def _place(self, owner: str, one: Collection, entry: Entry) -> Place:
        return Place(
            owner,
            Origin(
                account=self.account,
                calendar=one.name,
                collection=one.url,
                reference=entry.url,
                etag=entry.etag,
                writable=one.writable,
            ),
        )
