"""Google Calendar's stand-in: its REST API v3 and its sign-in, over a loopback socket, told to fail.

As far as the client needs it: pages, sync tokens, versions, single occurrences of a series, refusals in Google's form.
"""

import base64
import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from passfel.tests.servers.loopback import serve

FAMILY, WORK, HOLIDAYS = (
    "ana@example.org",
    "work#1@group.calendar.google.com",
    "pt#holiday@group.v.calendar.google.com",
)
REFRESH = "1//refresh-token-of-ana"


@dataclass
class GoogleWorld:
    """What is in the account, and what goes wrong."""

    base: str = ""
    events: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {FAMILY: {}, WORK: {}, HOLIDAYS: {}}
    )
    changed: list[tuple[str, str]] = field(default_factory=list)
    """Every change in order: a sync token is a place in it."""
    failures: list[tuple[int, Any]] = field(default_factory=list)
    """Answers to give in the place of the next ones."""
    token_failures: list[tuple[int, Any]] = field(default_factory=list)
    page_size: int = 2
    oldest_token: int = 0
    """Sync tokens before this one are refused."""
    requests: list[str] = field(default_factory=list)
    keys: int = 0
    challenges: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.base

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.base).netloc

    def put(self, calendar: str, item: dict[str, Any]) -> dict[str, Any]:
        """Write an event as another program does."""
        self.changed.append((calendar, item["id"]))
        item = {
            "status": "confirmed",
            **item,
            "etag": f'"{len(self.changed)}"',
            "updated": "2026-11-20T08:00:00.000Z",
        }
        self.events[calendar][item["id"]] = item
        return item


def event(name: str, title: str, start: str, end: str, **more: Any) -> dict[str, Any]:
    """An event in Lisbon."""
    zone = {"timeZone": "Europe/Lisbon"}
    return {
        "id": name,
        "summary": title,
        "start": {"dateTime": start, **zone},
        "end": {"dateTime": end, **zone},
        **more,
    }


def google_app(world: GoogleWorld) -> Starlette:
    """The service."""
    service = _Service(world)
    events = "/calendar/v3/calendars/{calendar}/events"
    return Starlette(
        routes=[
            Route("/auth", service.auth),
            Route("/token", service.token, methods=["POST"]),
            Route("/calendar/v3/users/me/calendarList", service.calendars),
            Route(events, service.listed, methods=["GET"]),
            Route(events, service.insert, methods=["POST"]),
            Route(events + "/{event}/instances", service.instances),
            Route(events + "/{event}", service.one, methods=["GET", "PATCH", "DELETE"]),
        ]
    )


class _Service:
    def __init__(self, world: GoogleWorld) -> None:
        self.world = world

    async def auth(self, request: Request) -> Response:
        """The person says yes in the browser."""
        asked = request.query_params
        self.world.challenges["code-1"] = asked["code_challenge"]
        query = urlencode({"code": "code-1", "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}/?{query}")

    async def token(self, request: Request) -> Response:
        if self.world.token_failures:
            status, body = self.world.token_failures.pop(0)
            return JSONResponse(body, status)
        form = await request.form()
        if form["grant_type"] == "authorization_code":
            digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if self.world.challenges.get(str(form["code"])) != challenge:
                return JSONResponse({"error": "invalid_grant"}, 400)
        elif form["refresh_token"] != REFRESH:
            return JSONResponse({"error": "invalid_grant"}, 400)
        self.world.keys += 1
        given = {"access_token": f"key-{self.world.keys}", "expires_in": 3599, "token_type": "Bearer"}
        return JSONResponse(
            given | ({"refresh_token": REFRESH} if form["grant_type"] != "refresh_token" else {})
        )

    def _refusal(self, request: Request) -> Response | None:
        self.world.requests.append(f"{request.method} {request.url.path}?{request.url.query}")
        if self.world.failures:
            status, body = self.world.failures.pop(0)
            return JSONResponse(body, status)
        if request.headers.get("authorization") != f"Bearer key-{self.world.keys}":
            return _error(401, "authError")
        calendar = request.path_params.get("calendar")
        return _error(404, "notFound") if calendar is not None and calendar not in self.world.events else None

    async def calendars(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        rows = [
            (FAMILY, "Family", "owner", {"primary": True, "selected": True}),
            (WORK, "Work", "writer", {"selected": True}),
            (HOLIDAYS, "Holidays in Portugal", "reader", {"selected": True}),
            ("hidden@example.org", "Old", "owner", {}),
        ]
        zone = {"timeZone": "Europe/Lisbon"}
        items = [
            {"id": name, "summary": title, "accessRole": role, **zone, **more}
            for name, title, role, more in rows
        ]
        return JSONResponse({"kind": "calendar#calendarList", "items": items})

    async def listed(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        calendar, asked = request.path_params["calendar"], request.query_params
        held = self.world.events[calendar]
        if "syncToken" in asked:
            if {"timeMin", "timeMax", "q", "orderBy"} & set(asked):
                return _error(400, "invalid")
            since = int(asked["syncToken"])
            if since < self.world.oldest_token:
                return _error(410, "fullSyncRequired")
            names = dict.fromkeys(name for where, name in self.world.changed[since:] if where == calendar)
            items = [_told(held[name]) for name in names]
        else:
            items = [
                item for item in held.values() if item["status"] != "cancelled" or "recurringEventId" in item
            ]
        first = int(asked.get("pageToken", 0))
        page: dict[str, Any] = {"kind": "calendar#events", "timeZone": "Europe/Lisbon"}
        page["items"] = items[first : first + self.world.page_size]
        if first + self.world.page_size < len(items):
            page["nextPageToken"] = str(first + self.world.page_size)
        else:
            page["nextSyncToken"] = str(len(self.world.changed))
        return JSONResponse(page)

    async def insert(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        item, calendar = json.loads(await request.body()), request.path_params["calendar"]
        if item["id"] in self.world.events[calendar]:
            return _error(409, "duplicate")
        return JSONResponse(self.world.put(calendar, item))

    async def instances(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        calendar, name = request.path_params["calendar"], request.path_params["event"]
        item = self._found(calendar, f"{name}_{_mark(request.query_params['originalStart'])}")
        return JSONResponse({"kind": "calendar#events", "items": [item] if item else []})

    async def one(self, request: Request) -> Response:
        if (refused := self._refusal(request)) is not None:
            return refused
        calendar, name = request.path_params["calendar"], request.path_params["event"]
        item = self._found(calendar, name)
        if item is None:
            return _error(404, "notFound")
        if request.method == "GET":
            return JSONResponse(item)
        if request.headers.get("if-match", item["etag"]) != item["etag"]:
            return _error(412, "conditionNotMet")
        if request.method == "PATCH":
            return JSONResponse(self.world.put(calendar, {**item, **json.loads(await request.body())}))
        if item["status"] == "cancelled":
            return _error(410, "deleted")
        self.world.put(calendar, {**item, "status": "cancelled"})
        return Response(status_code=204)

    def _found(self, calendar: str, name: str) -> dict[str, Any] | None:
        """An event, or an occurrence of a series that nobody has changed yet."""
        held = self.world.events[calendar]
        if name in held:
            return held[name]
        master = held.get(name.rpartition("_")[0])
        if master is None:
            return None
        start = datetime.strptime(name.rpartition("_")[2], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        length = datetime.fromisoformat(master["end"]["dateTime"]) - datetime.fromisoformat(
            master["start"]["dateTime"]
        )
        zone = {"timeZone": master["start"]["timeZone"]}
        single = {key: value for key, value in master.items() if key != "recurrence"}
        return single | {
            "id": name,
            "recurringEventId": master["id"],
            "originalStartTime": {"dateTime": start.isoformat(), **zone},
            "start": {"dateTime": start.isoformat(), **zone},
            "end": {"dateTime": (start + length).isoformat(), **zone},
        }


def _told(item: dict[str, Any]) -> dict[str, Any]:
    """What is deleted is told with little more than its name."""
    if item["status"] != "cancelled":
        return item
    kept = ("kind", "etag", "id", "status", "recurringEventId", "originalStartTime")
    return {key: item[key] for key in kept if key in item}


def _mark(start: str) -> str:
    if "T" not in start:
        return f"{date.fromisoformat(start):%Y%m%d}"
    return f"{datetime.fromisoformat(start).astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _error(status: int, reason: str) -> Response:
    error = {
        "errors": [{"domain": "global", "reason": reason, "message": reason}],
        "code": status,
        "message": reason,
    }
    return JSONResponse({"error": error}, status)


@contextlib.contextmanager
def google_calendar() -> Iterator[GoogleWorld]:
    """Serve an empty account until the block ends."""
    world = GoogleWorld()
    with serve(google_app(world)) as base:
        world.base = base
        yield world
