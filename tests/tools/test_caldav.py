"""Calendars on a real CalDAV server (Radicale): found, read, changed with care, never overwritten."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from passfel.household.errors import BrokenAnswerError, RequestError, SettingsError
from passfel.household.occurrence import Occurrence
from passfel.tests.servers.radicale import PASSWORD, RunningRadicale, radicale
from passfel.tools.calendar.caldav import CalDavCalendar
from passfel.tools.dav.client import CalDavAccount
from passfel.tools.http import Http, HttpSettings

LISBON = ZoneInfo("Europe/Lisbon")
MONDAY = datetime(2026, 11, 23, tzinfo=LISBON)

RICH = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Another Program//EN
BEGIN:VTIMEZONE
TZID:Europe/Lisbon
X-LIC-LOCATION:Europe/Lisbon
BEGIN:STANDARD
TZNAME:WET
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
DTSTART:19961027T020000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
TZNAME:WEST
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
DTSTART:19960331T010000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT
UID:swim-1
DTSTAMP:20261001T080000Z
CREATED:20261001T080000Z
SEQUENCE:3
DTSTART;TZID=Europe/Lisbon:20261002T180000
DTEND;TZID=Europe/Lisbon:20261002T190000
RRULE:FREQ=WEEKLY;BYDAY=FR
EXDATE;TZID=Europe/Lisbon:20261106T180000
SUMMARY:Swimming\\, with the kids
DESCRIPTION:Bring towels\\nand goggles
LOCATION:Piscina Municipal
CATEGORIES:SPORT,KIDS
COLOR:turquoise
ORGANIZER;CN="Silva, Rita";SENT-BY="mailto:office@example.org":mailto:rita@example.org
ATTENDEE;CN=Ana;PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT;X-NUM-GUESTS=2:mailto:ana@example.org
ATTENDEE;CN=Bob;PARTSTAT=NEEDS-ACTION:mailto:bob@example.org
X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC
X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-ADDRESS="Rua 1; 7520";X-TITLE=Piscina:geo:37.85,-8.79
ATTACH;FMTTYPE=application/pdf:https://example.org/plan.pdf
BEGIN:VALARM
UID:alarm-1
ACTION:DISPLAY
TRIGGER:-PT30M
DESCRIPTION:Pack the bags
X-WR-ALARMUID:alarm-1
END:VALARM
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningRadicale]:
    with radicale(tmp_path) as running:
        running.make_calendar("/ana/family/", "Family")
        running.make_calendar("/ana/work/", "Work")
        running.make_calendar("/ana/todo/", "To do", "VTODO")
        yield running


@pytest.fixture
async def http(server: RunningRadicale) -> AsyncIterator[Http]:
    async with Http(HttpSettings(allowed_hosts=(server.host,))) as client:
        yield client


@pytest.fixture
def calendar(http: Http, server: RunningRadicale) -> CalDavCalendar:
    return CalDavCalendar(http, "home", account(server))


def account(server: RunningRadicale, path: str = "", password: str = PASSWORD) -> CalDavAccount:
    return CalDavAccount(url=f"{server.url}{path}", username="ana", password=SecretStr(password))


def values(title: str, start: datetime, hours: float = 1, **more: object) -> dict[str, object]:
    return {
        "title": title,
        "starts_at": start,
        "ends_at": start + timedelta(hours=hours),
        "time_zone": "Europe/Lisbon",
        **more,
    }


async def month(calendar: CalDavCalendar) -> list[Occurrence]:
    return await calendar.between("home", MONDAY, MONDAY + timedelta(days=28))


def said(found: list[Occurrence]) -> list[str]:
    return [f"{one.event.title} {one.start.astimezone(LISBON):%d.%m. %H:%M}" for one in found]


@pytest.mark.parametrize("path", ["", "/", "/ana/", "/.well-known/caldav", "/ana/family/"])
async def test_calendars_are_found_from_any_address_of_the_server(
    http: Http, server: RunningRadicale, path: str
):
    found = await CalDavCalendar(http, "home", account(server, path)).names()
    assert sorted(found) == (["Family"] if "family" in path else ["Family", "Work"])


async def test_the_doctor_hears_what_was_found(calendar: CalDavCalendar):
    assert await calendar.check() == "Signed in; it has Family, To do, Work."


async def test_a_wrong_password_is_told_with_the_setting_to_mend(http: Http, server: RunningRadicale):
    wrong = CalDavCalendar(http, "home", account(server, password="beech"))
    with pytest.raises(SettingsError, match="PASSFEL_CALDAV__HOME__PASSWORD") as told:
        await wrong.check()
    assert "beech" not in str(told.value)


async def test_an_added_event_is_stored_with_its_zone_and_read_back(
    calendar: CalDavCalendar, server: RunningRadicale
):
    start = datetime(2026, 11, 27, 15, tzinfo=ZoneInfo("America/New_York"))
    written = await calendar.add("Work", "call-1", values("Call", start, time_zone="America/New_York"))
    text = server.text("/ana/work/call-1.ics")
    assert "DTSTART;TZID=America/New_York:20261127T150000" in text
    assert "BEGIN:VTIMEZONE" in text
    assert written.event.origin is not None
    assert written.event.origin.calendar == "Work"
    assert said(await month(calendar)) == ["Call 27.11. 20:00"]


async def test_an_addition_that_is_repeated_finds_its_own_event(
    calendar: CalDavCalendar, server: RunningRadicale
):
    await calendar.add("Family", "call-1", values("Dentist", MONDAY.replace(hour=15)))
    written = await calendar.add("Family", "call-1", values("Dentist", MONDAY.replace(hour=15)))
    assert written.event.title == "Dentist"
    assert server.entries("/ana/family/") == ["/ana/family/call-1.ics"]


async def test_all_calendars_are_read_and_what_others_add_is_seen(
    calendar: CalDavCalendar, server: RunningRadicale
):
    await calendar.add("Family", "a", values("Dentist", MONDAY.replace(hour=15)))
    assert said(await month(calendar)) == ["Dentist 23.11. 15:00"]
    server.put("/ana/work/b.ics", single("b", "20261124T090000", "Review"))
    assert said(await month(calendar)) == ["Dentist 23.11. 15:00", "Review 24.11. 09:00"]
    server.send("DELETE", "/ana/family/a.ics")
    assert said(await month(calendar)) == ["Review 24.11. 09:00"]


async def test_the_calendar_of_somebody_else_is_refused_in_words(http: Http, server: RunningRadicale):
    server.send("MKCALENDAR", "/bob/private/", user="bob")
    with pytest.raises(BrokenAnswerError, match="Calendar account home refused the request"):
        await CalDavCalendar(http, "home", account(server, "/bob/private/")).names()


async def test_a_series_is_expanded_here_with_its_exceptions(
    calendar: CalDavCalendar, server: RunningRadicale
):
    server.put("/ana/family/swim-1.ics", RICH)
    found = await calendar.between("home", datetime(2026, 10, 20, tzinfo=LISBON), MONDAY)
    assert said(found) == [
        "Swimming, with the kids 23.10. 18:00",  # summer time still
        "Swimming, with the kids 30.10. 18:00",
        "Swimming, with the kids 13.11. 18:00",
        "Swimming, with the kids 20.11. 18:00",
    ]


async def test_moving_one_occurrence_loses_no_property(calendar: CalDavCalendar, server: RunningRadicale):
    server.put("/ana/family/swim-1.ics", RICH)
    stored = server.text("/ana/family/swim-1.ics")
    friday = (await month(calendar))[0]
    start = datetime(2026, 11, 28, 10, tzinfo=LISBON)
    await calendar.move(friday, start, start + timedelta(hours=1))
    assert said(await month(calendar))[:2] == [
        "Swimming, with the kids 28.11. 10:00",
        "Swimming, with the kids 04.12. 18:00",
    ]
    now = unfolded(server.text("/ana/family/swim-1.ics"))
    assert [line for line in unfolded(stored) if line not in now] == []
    # The exception has all of them too: alarm, guests, and what only Apple understands.
    for line in ("BEGIN:VALARM", "X-WR-ALARMUID:alarm-1", "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC"):
        assert now.count(line) == 2
    assert sum(line.startswith("ATTENDEE") for line in now) == 4
    assert "RECURRENCE-ID;TZID=Europe/Lisbon:20261127T180000" in now
    assert sum("FREQ=WEEKLY" in line for line in now) == 1


async def test_cancelling_one_occurrence_loses_no_property(calendar: CalDavCalendar, server: RunningRadicale):
    server.put("/ana/family/swim-1.ics", RICH)
    stored = server.text("/ana/family/swim-1.ics")
    friday = (await month(calendar))[0]
    await calendar.cancel(friday, series=False)
    assert said(await month(calendar))[0] == "Swimming, with the kids 04.12. 18:00"
    now = unfolded(server.text("/ana/family/swim-1.ics"))
    lost = [line for line in unfolded(stored) if line not in now]
    assert [line for line in lost if not line.startswith(("SEQUENCE", "DTSTAMP"))] == []
    assert "EXDATE;TZID=Europe/Lisbon:20261127T180000" in now


@pytest.mark.parametrize("again", [False, True], ids=["once", "replayed"])
async def test_an_occurrence_that_was_moved_can_be_moved_on_and_cancelled(
    calendar: CalDavCalendar, server: RunningRadicale, again: bool
):
    server.put("/ana/family/swim-1.ics", RICH)
    start = datetime(2026, 11, 28, 10, tzinfo=LISBON)
    friday = (await month(calendar))[0]
    for _ in range(1 + again):
        await calendar.move(friday, start, start + timedelta(hours=1))
    moved = (await month(calendar))[0]
    for _ in range(1 + again):
        await calendar.move(moved, start + timedelta(hours=2), start + timedelta(hours=3))
    moved = (await month(calendar))[0]
    assert said([moved]) == ["Swimming, with the kids 28.11. 12:00"]
    for _ in range(1 + again):
        await calendar.cancel(moved, series=False)
    assert said(await month(calendar))[0] == "Swimming, with the kids 04.12. 18:00"
    assert server.text("/ana/family/swim-1.ics").count("BEGIN:VEVENT") == 1


async def test_a_concurrent_change_is_reported_and_not_overwritten(
    calendar: CalDavCalendar, server: RunningRadicale
):
    await calendar.add("Family", "a", values("Dentist", MONDAY.replace(hour=15)))
    dentist = (await month(calendar))[0]
    server.put("/ana/family/a.ics", single("a", "20261125T113000", "Dentist"))
    theirs = server.text("/ana/family/a.ics")
    start = MONDAY.replace(hour=17)
    with pytest.raises(RequestError, match="Dentist has just been changed elsewhere, so I left it as it is"):
        await calendar.move(dentist, start, start + timedelta(hours=1))
    with pytest.raises(RequestError, match="changed elsewhere"):
        await calendar.cancel(dentist, series=True)
    assert server.text("/ana/family/a.ics") == theirs


async def test_each_kind_of_change_can_be_taken_back(calendar: CalDavCalendar, server: RunningRadicale):
    server.put("/ana/family/swim-1.ics", RICH)
    before = said(await month(calendar))
    added = await calendar.add("Family", "a", values("Dentist", MONDAY.replace(hour=15)))
    await calendar.restore(added.before, added.after)
    friday = (await month(calendar))[0]
    moved = await calendar.move(friday, friday.start + timedelta(days=1), friday.end + timedelta(days=1))
    await calendar.restore(moved.before, moved.after)
    await calendar.restore(moved.before, moved.after)  # a replay
    gone = await calendar.cancel((await month(calendar))[0], series=True)
    assert await month(calendar) == []
    await calendar.restore(gone.before, gone.after)
    assert said(await month(calendar)) == before


async def test_undo_leaves_alone_what_was_changed_since(calendar: CalDavCalendar, server: RunningRadicale):
    added = await calendar.add("Family", "a", values("Dentist", MONDAY.replace(hour=15)))
    server.put("/ana/family/a.ics", single("a", "20261125T113000", "Dentist"))
    with pytest.raises(RequestError, match="changed since"):
        await calendar.restore(added.before, added.after)


async def test_whole_days_are_stored_as_dates(calendar: CalDavCalendar, server: RunningRadicale):
    trip = values("Trip", MONDAY, 24 * 3, all_day=True)
    await calendar.add("Work", "a", trip)
    text = server.text("/ana/work/a.ics")
    assert "DTSTART;VALUE=DATE:20261123" in text
    assert "DTEND;VALUE=DATE:20261126" in text
    [one] = await month(calendar)
    assert (one.event.all_day, one.days, one.first_day.isoformat()) == (True, 3, "2026-11-23")


def single(uid: str, start: str, title: str) -> str:
    return (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\n"
        f"UID:{uid}\r\nDTSTAMP:20261101T000000Z\r\nDTSTART;TZID=Europe/Lisbon:{start}\r\nDURATION:PT1H\r\n"
        f"SUMMARY:{title}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )


def unfolded(text: str) -> list[str]:
    """The lines of a text; the parts of a rule have no order."""
    lines = text.replace("\r\n", "\n").replace("\n ", "").splitlines()
    return [";".join(sorted(line.split(";"))) if line.startswith("RRULE") else line for line in lines]
