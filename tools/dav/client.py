"""A CalDAV account: its calendars found from one address, their entries read, written with their versions."""

import base64
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urljoin, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from passfel.household.errors import BrokenAnswerError, SettingsError
from passfel.household.sharing import Rate
from passfel.tools.dav import requests
from passfel.tools.dav.multistatus import (
    CALDAV,
    DAV,
    SERVER,
    Multistatus,
    Response,
    path_of,
    read_multistatus,
)
from passfel.tools.http import Http
from passfel.tools.http_failures import StatusError
from passfel.tools.http_messages import Reply

log = logging.getLogger(__name__)

RATE = Rate(30)
BATCH = 80
MOST_REDIRECTS = 5
FOUND = frozenset({301, 302, 303, 307, 308})
ABSENT = frozenset({404, 410})
LISTED = (
    "D:displayname",
    "D:resourcetype",
    "C:supported-calendar-component-set",
    "D:current-user-privilege-set",
)
CHANGING = frozenset({f"{DAV}write", f"{DAV}write-content", f"{DAV}bind", f"{DAV}all"})


class CalDavAccount(BaseModel):
    """An account on a calendar server: iCloud, Nextcloud, Fastmail, Radicale or any other that speaks CalDAV."""

    model_config = ConfigDict(frozen=True)

    url: str = Field(
        description="Where it is: https://caldav.icloud.com, https://cloud.example.org/remote.php/dav."
    )
    username: str = Field("", description="Who signs in.")
    password: SecretStr = Field(
        SecretStr(""), description="The password; iCloud, Fastmail and Nextcloud want one made for an app."
    )
    person: str = Field(
        "", description="Whose calendars these are; empty means everybody's in the household."
    )
    calendars: tuple[str, ...] = Field((), description="Only the calendars of these names; empty means all.")


@dataclass(frozen=True, slots=True)
class Collection:
    """A calendar or a task list."""

    url: str
    name: str
    components: frozenset[str]
    """What it may hold: VEVENT, VTODO."""
    writable: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a calendar, as the server has it."""

    url: str
    etag: str
    text: str

    @property
    def path(self) -> str:
        """What tells it apart."""
        return path_of(self.url)


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed since a token."""

    token: str
    changed: tuple[str, ...] = ()
    """Addresses of what is new or different."""
    removed: tuple[str, ...] = ()
    """Paths of what is gone."""


class ChangedElsewhereError(Exception):
    """The server has another version than the one that was named."""


class CalDavClient:
    """One account on one server."""

    def __init__(self, http: Http, name: str, account: CalDavAccount) -> None:
        """Nothing is asked yet."""
        self.source = f"Calendar account {name}"
        self._http = http
        self._name = name
        self._account = account
        self._homes: tuple[str, ...] = ()

    async def collections(self) -> list[Collection]:
        """The account's calendars and task lists; inboxes, shares of other kinds and folders left out."""
        found: dict[str, Collection] = {}
        for home in await self._home_sets():
            answer = await self._propfind(home, 1, *LISTED)
            for response in answer.responses:
                collection = read_collection(response)
                if collection is not None:
                    found[path_of(collection.url)] = collection
        wanted = {name.casefold() for name in self._account.calendars}
        return [one for one in found.values() if not wanted or one.name.casefold() in wanted]

    async def query(
        self, url: str, component: str, begin: datetime | None = None, end: datetime | None = None
    ) -> list[Entry]:
        """The entries of a kind that touch a window, or all."""
        answer = await self._report(url, requests.query(component, begin, end))
        entries = [_entry(response) for response in answer.responses if _is_member(response, url)]
        bare = [entry.url for entry in entries if not entry.text]  # Zoho leaves the text out
        return [entry for entry in entries if entry.text] + await self.multiget(url, bare)

    async def multiget(self, url: str, addresses: Sequence[str]) -> list[Entry]:
        """These entries, as far as they are there."""
        entries: list[Entry] = []
        for first in range(0, len(addresses), BATCH):
            paths = [urlsplit(address).path for address in addresses[first : first + BATCH]]
            answer = await self._report(url, requests.multiget(paths))
            entries += [_entry(response) for response in answer.responses]
        return [entry for entry in entries if entry.text]

    async def sync(self, url: str, token: str) -> Changes | None:
        """What has changed since a token; None where the server won't say, and all has to be read again."""
        try:
            answer = await self._report(url, requests.sync(token), depth="0")
        except StatusError as error:
            log.info("%s refused a sync token (HTTP %s)", self.source, error.status)
            return None
        members = [response for response in answer.responses if _is_member(response, url)]
        removed = tuple(response.href for response in members if response.status in {"404", "410"})
        changed = tuple(response.address for response in members if response.href not in removed)
        return Changes(answer.sync_token, changed, removed) if answer.sync_token else None

    async def marks(self, url: str) -> tuple[str, str]:
        """What changes with anything in a calendar: its ctag and its sync token, empty where it has none."""
        answer = await self._propfind(url, 0, "S:getctag", "D:sync-token")
        for response in answer.responses:
            return response.text(f"{SERVER}getctag"), response.text(f"{DAV}sync-token")
        return "", ""

    async def get(self, url: str) -> Entry | None:
        """One entry as it is now; None where there is none."""
        # Not by GET: a server that compresses may name another version there than in its reports.
        try:
            entries = await self.multiget(urljoin(url, "."), [url])
        except StatusError as error:
            if error.status in ABSENT:
                return None
            raise
        return next((entry for entry in entries if entry.path == path_of(url)), None)

    async def put(self, url: str, text: bytes, etag: str | None) -> None:
        """Write an entry: a new one (no etag), or in the place of the version that was read.

        Raises:
            ChangedElsewhereError: there is another version.
        """
        condition = {"If-None-Match": "*"} if etag is None else {"If-Match": etag}
        kind = {"Content-Type": "text/calendar; charset=utf-8"}
        await self._change("PUT", url, text, {**kind, **condition})

    async def delete(self, url: str, etag: str) -> None:
        """Delete the version that was read; what is gone already is gone.

        Raises:
            ChangedElsewhereError: there is another version.
        """
        await self._change("DELETE", url, None, {"If-Match": etag} if etag else {})

    async def check(self) -> str:
        """Sign in, and count the calendars."""
        self._homes = ()
        names = [collection.name for collection in await self.collections()]
        return f"Signed in; it has {', '.join(sorted(names)) or 'no calendar'}."

    async def _change(self, method: str, url: str, text: bytes | None, headers: dict[str, str]) -> None:
        """A guarded write does no harm twice: the second one finds another version, and the caller looks."""
        try:
            await self._send(method, url, text, headers)
        except StatusError as error:
            if error.status in {409, 412} or (method == "PUT" and error.status in ABSENT):
                raise ChangedElsewhereError from error
            if method == "DELETE" and error.status in ABSENT:
                return
            if error.status == 403:
                raise BrokenAnswerError(self.source, f"{self.source} does not allow that change.") from error
            raise

    async def _home_sets(self) -> tuple[str, ...]:
        """Where the calendars are: from the address, its principal, or the well-known place."""
        if not self._homes:
            homes = await self._discover(self._account.url)
            if not homes:
                homes = await self._discover(urljoin(self._account.url, "/.well-known/caldav"))
            if not homes:
                raise BrokenAnswerError(
                    self.source, f"{self.source} shows no calendars at {self._account.url}; mend its url."
                )
            self._homes = homes
        return self._homes

    async def _discover(self, url: str) -> tuple[str, ...]:
        asked = ("D:current-user-principal", "C:calendar-home-set", "D:resourcetype")
        try:
            answer = await self._propfind(url, 0, *asked)
        except StatusError as error:
            if error.status == 403:
                raise
            return ()
        for response in answer.responses:
            kind = response.properties.get(f"{DAV}resourcetype")
            if kind is not None and kind.find(f"{CALDAV}calendar") is not None:
                return (response.address,)
        homes = _addresses(answer, f"{CALDAV}calendar-home-set")
        for principal in () if homes else _addresses(answer, f"{DAV}current-user-principal")[:1]:
            homes = _addresses(await self._propfind(principal, 0, asked[1]), f"{CALDAV}calendar-home-set")
        return tuple(homes)

    async def _propfind(self, url: str, depth: int, *names: str) -> Multistatus:
        return await self._ask("PROPFIND", url, requests.properties(*names), str(depth))

    async def _report(self, url: str, body: bytes, depth: str = "1") -> Multistatus:
        return await self._ask("REPORT", url, body, depth)

    async def _ask(self, method: str, url: str, body: bytes, depth: str) -> Multistatus:
        headers = {"Depth": depth, "Content-Type": "application/xml; charset=utf-8"}
        reply = await self._send(method, url, body, headers)
        return read_multistatus(reply.body, reply.url, self.source)

    async def _send(
        self, method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Reply:
        """Send it, also where a redirect leads: there with the same method, and the password to its own house only."""
        for _ in range(MOST_REDIRECTS):
            reply = await self._send_once(method, url, body, {**(headers or {}), **self._signed(url)})
            if reply.status not in FOUND:
                return reply
            url = urljoin(url, reply.headers["location"])
        raise BrokenAnswerError(self.source, f"{self.source} leads in a circle.")

    async def _send_once(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        try:
            return await self._http.request(
                method,
                url,
                source=self.source,
                headers=headers,
                content=body,
                rate=RATE,
                reads_only=True,  # a guarded write, too, does no harm when it is sent again
                follow=False,
            )
        except StatusError as error:
            if error.status == 401:
                raise SettingsError(self._refused()) from error
            raise

    def _signed(self, url: str) -> dict[str, str]:
        if not self._account.username:
            return {}
        if not is_same_house(self._account.url, url):
            raise BrokenAnswerError(
                self.source,
                f"{self.source} leads to {urlsplit(url).hostname}, which does not get the password."
                " If that is right, set its url to that host.",
            )
        pair = f"{self._account.username}:{self._account.password.get_secret_value()}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def _refused(self) -> str:
        key = f"PASSFEL_CALDAV__{self._name.upper()}__PASSWORD"
        return (
            f"{self.source} does not take the user name and password: mend {key}; iCloud, Fastmail and"
            " Nextcloud want a password made for an app, in their security settings."
        )


def read_collection(response: Response) -> Collection | None:
    """A calendar or task list; None for everything else that lives beside them."""
    kind = response.properties.get(f"{DAV}resourcetype")
    if kind is None or kind.find(f"{CALDAV}calendar") is None:
        return None
    held = response.properties.get(f"{CALDAV}supported-calendar-component-set")
    components = {str(comp.get("name", "")).upper() for comp in held} if held is not None else set()
    rights = response.properties.get(f"{DAV}current-user-privilege-set")
    return Collection(
        url=response.address,
        name=response.text(f"{DAV}displayname") or path_of(response.address).rstrip("/").rpartition("/")[2],
        components=frozenset(components - {""}) or frozenset({"VEVENT", "VTODO"}),
        writable=rights is None or any(right.tag in CHANGING for right in rights.iter()),
    )


def is_same_house(home: str, other: str) -> bool:
    """Whether a password for one address may go to another: the same host, or one of its domain, as well guarded."""
    one, two = urlsplit(home), urlsplit(other)
    if one.scheme == "https" and two.scheme != "https":
        return False
    first, second = (one.hostname or "").casefold(), (two.hostname or "").casefold()
    if first == second:
        return one.port == two.port or one.scheme == two.scheme == "https"
    names = first.split(".")
    if names[-1].isdecimal() or ":" in first or len(names) < 2:
        return False
    kept = 3 if len(names[-2]) <= 3 and len(names) > 2 else 2  # example.co.uk
    return second.endswith("." + ".".join(names[-kept:])) or second == ".".join(names[-kept:])


def entry_url(collection: str, uid: str) -> str:
    """Where a new entry goes."""
    return f"{collection.rstrip('/')}/{quote(uid, safe='')}.ics"


def _entry(response: Response) -> Entry:
    text = response.text(f"{CALDAV}calendar-data")
    return Entry(response.address, response.text(f"{DAV}getetag"), text)


def _is_member(response: Response, url: str) -> bool:
    """Some servers list the calendar itself among its entries."""
    return response.href.rstrip("/") != path_of(url).rstrip("/")


def _addresses(answer: Multistatus, name: str) -> list[str]:
    return [address for response in answer.responses for address in response.addresses(name)]
