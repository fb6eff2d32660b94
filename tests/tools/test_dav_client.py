"""What CalDAV servers do differently: where they lead, what they leave out, and who gets the password."""

import base64
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from passfel.household.errors import BrokenAnswerError
from passfel.tests.servers.loopback import serve
from passfel.tools.calendar.caldav import CalDavCalendar
from passfel.tools.dav.client import CalDavAccount, is_same_house
from passfel.tools.http import Http, HttpSettings

MONDAY = datetime(2026, 11, 23, tzinfo=ZoneInfo("Europe/Lisbon"))
EVENT = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:a
DTSTAMP:20261101T000000Z
DTSTART:20261124T0{hour}0000Z
DURATION:PT1H
SUMMARY:Dentist
END:VEVENT
END:VCALENDAR
"""


@pytest.mark.parametrize(
    ("home", "other", "same"),
    [
        ("https://caldav.icloud.com/", "https://p180-caldav.icloud.com:443/1/calendars/", True),
        ("https://caldav.fastmail.com", "https://d1.caldav.fastmail.com/dav/", True),
        ("https://cloud.example.org/remote.php/dav", "https://cloud.example.org:8443/x", True),
        ("https://caldav.icloud.com/", "https://caldav.icloud.com.evil.example/", False),
        ("https://caldav.icloud.com/", "https://evilicloud.com/", False),
        ("https://caldav.icloud.com/", "http://p180-caldav.icloud.com/", False),
        ("https://dav.shop.co.uk/", "https://evil.co.uk/", False),
        ("https://dav.shop.co.uk/", "https://dav2.shop.co.uk/", True),
        ("http://192.168.1.5:5232/", "http://192.168.1.6:5232/", False),
        ("http://192.168.1.5:5232/", "http://192.168.1.5:8080/", False),
        ("http://localhost/", "http://localhost:81/", False),
    ],
)
def test_a_password_stays_in_the_house_it_was_given_for(home: str, other: str, same: bool):
    assert is_same_house(home, other) is same


@dataclass
class OddServer:
    """A small CalDAV server with the habits of others."""

    marks: str = ""
    """What it says of changes."""
    no_text: bool = False
    """Zoho's habit: no entries' texts where they are searched for."""
    redirect: str = ""
    hour: int = 9
    bodies: list[str] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        body = (await request.body()).decode()
        self.bodies.append(body)
        self.passwords.append(request.headers.get("authorization", ""))
        path = request.url.path
        if self.redirect and not path.startswith("/dav"):
            return RedirectResponse(self.redirect, 302)
        if path == "/" and not self.redirect:
            return Response(status_code=405)
        return Response(self._xml(path, body), 207, media_type="text/xml")

    def _xml(self, path: str, body: str) -> str:
        found = "<D:status>HTTP/1.1 200 OK</D:status>"
        href = path
        if "calendar-multiget" in body or "calendar-query" in body:
            href = "/dav/cal/a.ics"
            text = EVENT.format(hour=self.hour) if "multiget" in body or not self.no_text else ""
            inner = f'<D:getetag>"{self.hour}"</D:getetag>' + (
                f"<C:calendar-data>{text}</C:calendar-data>" if text else ""
            )
        elif "getctag" in body:
            inner = self.marks
        elif "displayname" in body:
            href = "/dav/cal/"
            inner = "<D:displayname>Odd</D:displayname><D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"
        else:
            inner = "<C:calendar-home-set><D:href>/dav/</D:href></C:calendar-home-set>"
        return (
            '<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:S="http://calendarserver.org/ns/">'
            f"<D:response><D:href>{href}</D:href><D:propstat><D:prop>{inner}</D:prop>{found}</D:propstat></D:response>"
            "</D:multistatus>"
        )


@pytest.fixture
def odd() -> Iterator[tuple[OddServer, str]]:
    server = OddServer()
    methods = ["GET", "PUT", "DELETE", "PROPFIND", "REPORT"]
    with serve(Starlette(routes=[Route("/{path:path}", server.answer, methods=methods)])) as base:
        yield server, base


@pytest.fixture
async def calendar(odd: tuple[OddServer, str]) -> AsyncIterator[CalDavCalendar]:
    base = odd[1]
    async with Http(HttpSettings(allowed_hosts=(base.removeprefix("http://"),))) as http:
        yield CalDavCalendar(
            http, "odd", CalDavAccount(url=base, username="ana", password=SecretStr("secret"))
        )


async def hours(calendar: CalDavCalendar) -> list[int]:
    found = await calendar.between("home", MONDAY, MONDAY + timedelta(days=7))
    return [one.start.hour for one in found]


async def test_a_redirect_keeps_the_question_and_the_password_within_the_house(
    odd: tuple[OddServer, str], calendar: CalDavCalendar
):
    server, base = odd
    server.redirect = f"{base}/dav/"
    assert await hours(calendar) == [9]
    assert {base64.b64decode(said.removeprefix("Basic ")).decode() for said in server.passwords} == {
        "ana:secret"
    }


async def test_a_redirect_to_another_house_does_not_get_the_password(
    odd: tuple[OddServer, str], calendar: CalDavCalendar
):
    server, _ = odd
    other = OddServer()
    with serve(Starlette(routes=[Route("/{path:path}", other.answer, methods=["GET", "PROPFIND"])])) as evil:
        server.redirect = f"{evil}/dav/"
        with pytest.raises(BrokenAnswerError, match="which does not get the password"):
            await hours(calendar)
    assert other.passwords == []


async def test_entries_without_their_text_are_asked_for_one_by_one(
    odd: tuple[OddServer, str], calendar: CalDavCalendar
):
    server, _ = odd
    server.no_text = True
    assert await hours(calendar) == [9]
    assert any("calendar-multiget" in body for body in server.bodies)


@pytest.mark.parametrize(
    ("marks", "queries"), [("", 2), ("<S:getctag>1</S:getctag>", 1)], ids=["no marks", "ctag"]
)
async def test_what_has_not_changed_is_read_again_only_where_the_server_can_not_tell(
    odd: tuple[OddServer, str], calendar: CalDavCalendar, marks: str, queries: int
):
    server, _ = odd
    server.marks = marks
    assert await hours(calendar) == [9]
    assert await hours(calendar) == [9]
    assert sum("calendar-query" in body for body in server.bodies) == queries
    server.hour, server.marks = 8, marks.replace(">1<", ">2<")
    assert await hours(calendar) == [8]
