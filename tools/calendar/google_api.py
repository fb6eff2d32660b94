"""Google Calendar's REST API v3: signed requests, pages, sync tokens, and its refusals as sentences."""

import json
import logging
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from passfel.household.errors import BrokenAnswerError, LimitedError, PassfelError, SettingsError
from passfel.household.sharing import Rate
from passfel.tools.google.sign_in import SignIn
from passfel.tools.http import JSON, Http
from passfel.tools.http_failures import StatusError
from passfel.tools.http_messages import Params

log = logging.getLogger(__name__)

SOURCE = "Google Calendar"
RATE = Rate(10)
MOST_PAGES = 50
FULL = frozenset(
    {
        "rateLimitExceeded",
        "userRateLimitExceeded",
        "quotaExceeded",
        "dailyLimitExceeded",
        "calendarLimitsExceeded",
    }
)
"""Reasons that come with a 403 and mean 429."""


class GoogleApi:
    """The requests; what they mean is the provider's."""

    def __init__(self, http: Http, sign_in: SignIn) -> None:
        """Nothing is asked yet."""
        self.sign_in = sign_in
        self._http = http
        self._base = sign_in.settings.calendar_url.rstrip("/")

    async def calendars(self) -> list[dict[str, Any]]:
        """The calendars of the account."""
        return [item async for item in self._items("/users/me/calendarList", {"maxResults": 250})]

    async def changes(self, calendar: str, token: str) -> tuple[list[dict[str, Any]], str] | None:
        """What has changed since a sync token, and the next one; None where all has to be read again."""
        try:
            return await self._listed(calendar, {"syncToken": token})
        except StatusError as error:
            if error.status == 410 or reason_of(error) in {"fullSyncRequired", "updatedMinTooLongAgo"}:
                log.info("%s wants to be read anew", SOURCE)
                return None
            raise

    async def everything(self, calendar: str, since: datetime) -> tuple[list[dict[str, Any]], str]:
        """All events that end after a moment, series whole, and a sync token."""
        return await self._listed(calendar, {"timeMin": since.isoformat()})

    async def get(self, calendar: str, event: str) -> dict[str, Any] | None:
        """One event or one occurrence as it is now; None where there is none."""
        try:
            found = await self.call("GET", f"{_events(calendar)}/{quote(event, safe='')}")
        except StatusError as error:
            if error.status in {404, 410}:
                return None
            raise
        return found

    async def instance(self, calendar: str, event: str, start: str) -> dict[str, Any] | None:
        """The occurrence of a series that was to start then."""
        path = f"{_events(calendar)}/{quote(event, safe='')}/instances"
        found = await self.call("GET", path, {"originalStart": start, "showDeleted": "true"})
        items = found.get("items") or []
        return dict(items[0]) if items else None

    async def insert(self, calendar: str, event: Mapping[str, Any]) -> None:
        """Add an event under an id of ours; one that is there already stays."""
        try:
            await self.call("POST", _events(calendar), body=event)
        except StatusError as error:
            if error.status != 409:
                raise

    async def patch(self, calendar: str, event: str, change: Mapping[str, Any], etag: str) -> dict[str, Any]:
        """Change an event if it is still this version (a StatusError of 412 otherwise)."""
        return await self.call(
            "PATCH", f"{_events(calendar)}/{quote(event, safe='')}", body=change, etag=etag
        )

    async def delete(self, calendar: str, event: str, etag: str) -> None:
        """Delete an event if it is still this version; what is gone already is gone."""
        try:
            await self.call("DELETE", f"{_events(calendar)}/{quote(event, safe='')}", etag=etag)
        except StatusError as error:
            if error.status not in {404, 410}:
                raise

    async def call(
        self, method: str, path: str, params: Params | None = None, *, body: Any = None, etag: str = ""
    ) -> dict[str, Any]:
        """A signed request; a key that was refused is changed for a new one, once."""
        refused = ""
        for again in (False, True):
            key = await self.sign_in.key(refused)
            headers = {"Authorization": f"Bearer {key}"}
            if etag:
                headers["If-Match"] = etag
            try:
                return await self._sent(method, path, params, body, headers)
            except StatusError as error:
                if error.status != 401 or again:
                    raise _told(error) from error
                refused = key
        raise AssertionError("unreachable: the second try returns or raises")

    async def _sent(
        self, method: str, path: str, params: Params | None, body: Any, headers: dict[str, str]
    ) -> dict[str, Any]:
        content = None
        if body is not None:
            content, headers = json.dumps(body).encode(), {**headers, "Content-Type": "application/json"}
        reply = await self._http.request(
            method,
            f"{self._base}{path}",
            source=SOURCE,
            accept=JSON,
            params=params,
            headers=headers,
            content=content,
            rate=RATE,
            reads_only=True,  # writes too do no harm twice: under an id of ours, or against a version
        )
        answer = reply.json() if reply.body else {}
        if not isinstance(answer, dict):
            raise BrokenAnswerError(SOURCE, f"{SOURCE} gave an answer that makes no sense.")
        return answer

    async def _listed(self, calendar: str, asked: dict[str, str]) -> tuple[list[dict[str, Any]], str]:
        items: list[dict[str, Any]] = []
        token = ""
        async for page in self._pages(_events(calendar), {"maxResults": 2500, **asked}):
            items += _of(page)
            token = str(page.get("nextSyncToken") or "")
        return items, token

    async def _items(self, path: str, params: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        async for page in self._pages(path, params):
            for item in _of(page):
                yield item

    async def _pages(self, path: str, params: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        page_token = ""
        for _ in range(MOST_PAGES):
            page = await self.call(
                "GET", path, {**params, **({"pageToken": page_token} if page_token else {})}
            )
            yield page
            page_token = str(page.get("nextPageToken") or "")
            if not page_token:
                return
        raise BrokenAnswerError(SOURCE, f"{SOURCE} gave more pages than were read.")


def reason_of(error: StatusError) -> str:
    """Google's own word for a refusal: it stands in the body, not in the status."""
    try:
        found = json.loads(error.body)["error"]
        return str(found["errors"][0]["reason"])
    except (ValueError, KeyError, TypeError, IndexError):
        return ""


def _told(error: StatusError) -> PassfelError:
    reason = reason_of(error)
    if reason in FULL or error.status == 429:
        return LimitedError(
            SOURCE, f"{SOURCE} takes no more requests for now; try again in a minute.", timedelta(minutes=1)
        )
    if reason in {"accessNotConfigured", "dailyLimitExceededUnreg"}:
        return SettingsError(
            "The Google project does not have the Calendar API: enable it at"
            " https://console.cloud.google.com/apis/library/calendar-json.googleapis.com."
        )
    if error.status == 401 or reason in {"authError", "insufficientPermissions"}:
        return SettingsError(
            f"{SOURCE} does not take this household's sign-in: run “passfel login google” again."
        )
    if error.status == 403:
        return BrokenAnswerError(SOURCE, f"{SOURCE} does not allow that.")
    return error


def _of(page: dict[str, Any]) -> list[dict[str, Any]]:
    items = page.get("items", [])
    if not isinstance(items, list):
        raise BrokenAnswerError(SOURCE, f"{SOURCE} gave an answer that makes no sense.")
    return [item for item in items if isinstance(item, dict) and "id" in item]


def _events(calendar: str) -> str:
    return f"/calendars/{quote(calendar, safe='')}/events"
