"""Google Calendar against a stand-in that speaks its protocol: sign-in, sync, changes, and what goes wrong."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from passfel.household.errors import LimitedError, PassfelError, RequestError, SettingsError
from passfel.household.occurrence import Occurrence
from passfel.tests.servers.google_calendar import (
    FAMILY,
    HOLIDAYS,
    REFRESH,
    WORK,
    GoogleWorld,
    event,
    google_calendar,
)
from passfel.tools.calendar.google import GoogleCalendar
from passfel.tools.google.login import Login
from passfel.tools.google.settings import GoogleSettings
from passfel.tools.google.sign_in import SignIn
from passfel.tools.http import Http, HttpSettings

LISBON = ZoneInfo("Europe/Lisbon")
MONDAY = datetime(2026, 11, 23, tzinfo=LISBON)
UID = "5a6a4f0e-8f0b-5a53-8a0e-2f7c5a0f6d77"


@pytest.fixture
def world() -> Iterator[GoogleWorld]:
    with google_calendar() as running:
        yield running


@pytest.fixture
async def http(world: GoogleWorld) -> AsyncIterator[Http]:
    async with Http(HttpSettings(allowed_hosts=(world.host,))) as client:
        yield client


@pytest.fixture
def sign_in(http: Http, world: GoogleWorld, tmp_path: Path) -> SignIn:
    settings = GoogleSettings(
        client_id="passfel.apps.example",
        client_secret=SecretStr("hush"),
        calendar_url=f"{world.base}/calendar/v3",
        token_url=f"{world.base}/token",
        auth_url=f"{world.base}/auth",
    )
    one = SignIn(http, settings, tmp_path)
    one.keep({"access_token": "old", "expires_in": 0, "refresh_token": REFRESH})
    return one


@pytest.fixture
def calendar(http: Http, sign_in: SignIn) -> GoogleCalendar:
    return GoogleCalendar(http, sign_in)


def swimming() -> dict[str, Any]:
    return event(
        "swim1",
        "Swimming",
        "2026-10-02T18:00:00+01:00",
        "2026-10-02T19:00:00+01:00",
        recurrence=["RRULE:FREQ=WEEKLY;BYDAY=FR", "EXDATE;TZID=Europe/Lisbon:20261204T180000"],
    )


def dentist(start: str = "15") -> dict[str, Any]:
    return event("dent1", "Dentist", f"2026-11-25T{start}:00:00Z", f"2026-11-25T{int(start) + 1}:00:00Z")


def values(title: str, start: datetime, **more: Any) -> dict[str, Any]:
    return {
        "title": title,
        "starts_at": start,
        "ends_at": start + timedelta(hours=1),
        "time_zone": "Europe/Lisbon",
    } | more


async def month(calendar: GoogleCalendar) -> list[Occurrence]:
    return await calendar.between("home", MONDAY, MONDAY + timedelta(days=28))


def said(found: list[Occurrence]) -> list[str]:
    return [f"{one.event.title} {one.start.astimezone(LISBON):%d.%m. %H:%M}" for one in found]


async def test_all_shown_calendars_are_read_page_by_page_and_series_are_expanded_here(
    calendar: GoogleCalendar, world: GoogleWorld
):
    world.put(FAMILY, swimming())
    for number in range(3):
        world.put(
            WORK, event(f"w{number}", f"Review {number}", "2026-11-24T09:00:00Z", "2026-11-24T09:30:00Z")
        )
    world.put(
        HOLIDAYS,
        {
            "id": "h1",
            "summary": "Restoration",
            "start": {"date": "2026-12-01"},
            "end": {"date": "2026-12-02"},
            "transparency": "transparent",
        },
    )
    found = await month(calendar)
    assert said(found) == [
        "Review 0 24.11. 09:00", "Review 1 24.11. 09:00", "Review 2 24.11. 09:00", "Swimming 27.11. 18:00",
        "Restoration 01.12. 00:00", "Swimming 11.12. 18:00", "Swimming 18.12. 18:00",
    ]  # fmt: skip
    assert [one.event.busy for one in found if one.event.all_day] == [False]
    assert await calendar.check() == "Signed in; it shows Family, Holidays in Portugal, Work."
    assert await calendar.names() == ["Family", "Work"]


async def test_the_second_question_asks_only_for_what_has_changed(
    calendar: GoogleCalendar, world: GoogleWorld
):
    world.put(FAMILY, swimming())
    world.put(FAMILY, dentist())
    await month(calendar)
    world.requests.clear()
    world.put(FAMILY, {**dentist(), "status": "cancelled"})
    world.put(FAMILY, event("new1", "Lunch", "2026-11-26T12:00:00Z", "2026-11-26T13:00:00Z"))
    assert said(await month(calendar))[:2] == ["Lunch 26.11. 12:00", "Swimming 27.11. 18:00"]
    assert len(world.requests) == 3
    assert all("syncToken=" in request for request in world.requests)


async def test_a_sync_token_that_is_too_old_is_dropped_and_all_is_read_again(
    calendar: GoogleCalendar, world: GoogleWorld
):
    world.put(FAMILY, dentist())
    await month(calendar)
    world.put(FAMILY, {**dentist("17"), "status": "confirmed"})
    world.oldest_token = 99
    assert said(await month(calendar)) == ["Dentist 25.11. 17:00"]


async def test_an_added_event_has_its_zone_and_a_repeated_addition_finds_it(
    calendar: GoogleCalendar, world: GoogleWorld
):
    start = datetime(2026, 11, 27, 15, tzinfo=ZoneInfo("America/New_York"))
    for _ in range(2):
        await calendar.add(
            "Work", UID, values("Call", start, time_zone="America/New_York", rule="FREQ=WEEKLY")
        )
    [item] = world.events[WORK].values()
    assert item["start"] == {"dateTime": "2026-11-27T15:00:00-05:00", "timeZone": "America/New_York"}
    assert item["recurrence"] == ["RRULE:FREQ=WEEKLY"]
    assert said(await month(calendar))[0] == "Call 27.11. 20:00"


@pytest.mark.parametrize("again", [False, True], ids=["once", "replayed"])
async def test_one_occurrence_is_moved_and_cancelled_and_its_series_stays(
    calendar: GoogleCalendar, world: GoogleWorld, again: bool
):
    world.put(FAMILY, swimming())
    found = await month(calendar)
    start = datetime(2026, 11, 28, 10, tzinfo=LISBON)
    for _ in range(1 + again):
        await calendar.move(found[0], start, start + timedelta(hours=1))
    for _ in range(1 + again):
        await calendar.cancel(found[1], series=False)
    assert said(await month(calendar)) == ["Swimming 28.11. 10:00", "Swimming 18.12. 18:00"]
    assert world.events[FAMILY]["swim1"]["recurrence"] == swimming()["recurrence"]


async def test_a_concurrent_change_is_reported_and_not_overwritten(
    calendar: GoogleCalendar, world: GoogleWorld
):
    world.put(FAMILY, dentist())
    [one] = await month(calendar)
    theirs = world.put(FAMILY, dentist("17"))
    with pytest.raises(RequestError, match="Dentist has just been changed elsewhere"):
        await calendar.move(one, one.start + timedelta(days=1), one.end + timedelta(days=1))
    with pytest.raises(RequestError, match="changed elsewhere"):
        await calendar.cancel(one, series=False)
    assert world.events[FAMILY]["dent1"] == theirs


async def test_a_calendar_that_can_only_be_read_is_left_alone_in_words(
    calendar: GoogleCalendar, world: GoogleWorld
):
    world.put(HOLIDAYS, dentist())
    [one] = await month(calendar)
    with pytest.raises(RequestError, match="Holidays in Portugal can only be read"):
        await calendar.cancel(one, series=False)


async def test_each_kind_of_change_can_be_taken_back(calendar: GoogleCalendar, world: GoogleWorld):
    world.put(FAMILY, swimming())
    world.put(FAMILY, dentist())
    before = said(await month(calendar))
    found = await month(calendar)
    added = await calendar.add("", UID, values("Lunch", MONDAY.replace(hour=12)))
    moved = await calendar.move(
        found[1], found[1].start + timedelta(hours=2), found[1].end + timedelta(hours=2)
    )
    gone = await calendar.cancel(found[0], series=False)
    for change in (gone, moved, added):
        await calendar.restore(change.before, change.after)
        await calendar.restore(change.before, change.after)  # a replay
    assert said(await month(calendar)) == before
    moved = await calendar.move((await month(calendar))[0], MONDAY.replace(hour=9), MONDAY.replace(hour=10))
    world.put(FAMILY, dentist("18"))
    with pytest.raises(RequestError, match="changed since"):
        await calendar.restore(moved.before, moved.after)


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (
            403,
            {"error": {"errors": [{"reason": "quotaExceeded"}]}},
            LimitedError,
            "takes no more requests for now",
        ),
        (403, {"error": {"errors": [{"reason": "accessNotConfigured"}]}}, SettingsError, "enable it at"),
        (403, {"error": {"errors": [{"reason": "forbidden"}]}}, PassfelError, "does not allow that"),
        (404, {}, PassfelError, "Google Calendar refused the request"),
        (200, ["no", "object"], PassfelError, "makes no sense"),
    ],
)
async def test_a_refusal_becomes_the_right_sentence(
    calendar: GoogleCalendar, world: GoogleWorld, status: int, body: Any, kind: type[PassfelError], words: str
):
    world.failures = [(status, body)]
    with pytest.raises(kind, match=words):
        await month(calendar)


async def test_a_key_that_was_refused_is_changed_for_a_new_one_once(
    calendar: GoogleCalendar, world: GoogleWorld
):
    world.put(FAMILY, dentist())
    await month(calendar)
    world.keys += 1  # the one in use is worth nothing now
    assert said(await month(calendar)) == ["Dentist 25.11. 15:00"]
    refused = {"error": {"errors": [{"reason": "authError"}], "code": 401}}
    world.failures = [(401, refused)] * 6
    with pytest.raises(SettingsError, match="run “passfel login google” again"):
        await month(calendar)


async def test_a_sign_in_that_died_is_told_with_the_way_out(
    calendar: GoogleCalendar, world: GoogleWorld, sign_in: SignIn
):
    world.token_failures = [
        (400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."})
    ]
    with pytest.raises(SettingsError, match="It ends after seven days") as told:
        await month(calendar)
    assert REFRESH not in str(told.value)
    sign_in.file.unlink()
    with pytest.raises(SettingsError, match="Nobody has signed in to Google yet"):
        await calendar.check()


async def test_signing_in_keeps_the_token_for_its_owner_alone(
    http: Http, sign_in: SignIn, world: GoogleWorld
):
    sign_in.file.unlink()
    login = Login(sign_in)
    async with login.listening() as address:
        finishing = asyncio.create_task(login.finish())
        home = address.split("redirect_uri=")[1].split("&")[0].replace("%3A", ":").replace("%2F", "/")
        async with Http(HttpSettings(allowed_hosts=(home.removeprefix("http://"), world.host))) as browser:
            with pytest.raises(PassfelError):
                await browser.request("GET", f"{home}/?code=evil&state=guess", source="somebody else")
            page = await browser.request("GET", address, source="the browser")
        await finishing
    assert b"You can close this page" in page.body
    assert json.loads(sign_in.file.read_text())["refresh_token"] == REFRESH
    assert stat.S_IMODE(sign_in.file.stat().st_mode) == 0o600
    assert "code_challenge_method=S256" in address
    assert "hush" not in address
    assert await GoogleCalendar(http, sign_in).names() == ["Family", "Work"]


async def test_a_no_in_the_browser_sets_nothing_up(sign_in: SignIn):
    sign_in.file.unlink()
    login = Login(sign_in)
    async with login.listening() as address:
        query = dict(part.split("=") for part in address.split("?")[1].split("&"))
        port = query["redirect_uri"].rpartition("%3A")[2]
        async with Http(HttpSettings(allowed_hosts=(f"127.0.0.1:{port}",))) as browser:
            await browser.request(
                "GET",
                f"http://127.0.0.1:{port}/?error=access_denied&state={query['state']}",
                source="the browser",
            )
        with pytest.raises(RequestError, match="not given a yes"):
            await login.finish()
    assert not sign_in.file.exists()
