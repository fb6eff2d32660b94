"""Tasks on a real CalDAV server (Radicale): added once, ticked off with care, repeating ones left alone."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from passfel.household.errors import RequestError
from passfel.tests.servers.radicale import PASSWORD, RunningRadicale, radicale
from passfel.tools.dav.client import CalDavAccount
from passfel.tools.http import Http, HttpSettings
from passfel.tools.tasks.caldav import CalDavTasks

LISBON = ZoneInfo("Europe/Lisbon")


def todo(uid: str, *lines: str) -> str:
    return "\r\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", "BEGIN:VTODO", f"UID:{uid}", "DTSTAMP:20261101T080000Z",
         *lines, "END:VTODO", "END:VCALENDAR", ""]
    )  # fmt: skip


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningRadicale]:
    with radicale(tmp_path) as running:
        running.make_calendar("/ana/chores/", "Chores", "VTODO")
        running.make_calendar("/ana/family/", "Family", "VEVENT")
        yield running


@pytest.fixture
async def tasks(server: RunningRadicale) -> AsyncIterator[CalDavTasks]:
    async with Http(HttpSettings(allowed_hosts=(server.host,))) as http:
        account = CalDavAccount(url=server.url, username="ana", password=SecretStr(PASSWORD))
        yield CalDavTasks(http, "cloud", account)


async def test_a_task_by_a_day_is_stored_as_a_day_and_found_again(
    tasks: CalDavTasks, server: RunningRadicale
):
    friday = datetime(2026, 11, 27, 23, 59, tzinfo=LISBON)
    for _ in range(2):  # a replay
        await tasks.add("", "call-1", "buy salt", friday, LISBON)
    assert server.entries("/ana/chores/") == ["/ana/chores/call-1.ics"]
    assert "DUE;VALUE=DATE:20261127" in server.text("/ana/chores/call-1.ics")
    [task] = await tasks.open("home", LISBON)
    assert (task.title, task.due_at) == ("buy salt", friday)
    assert await tasks.check() == "Signed in; its task lists are Chores."


@pytest.mark.parametrize(
    "line", ["STATUS:COMPLETED", "STATUS:CANCELLED", "COMPLETED:20261120T090000Z", "PERCENT-COMPLETE:100"]
)
async def test_what_is_over_is_known_in_every_way_of_writing_it(
    tasks: CalDavTasks, server: RunningRadicale, line: str
):
    server.put("/ana/chores/a.ics", todo("a", "SUMMARY:old", line))
    server.put("/ana/chores/b.ics", todo("b", "SUMMARY:new", "STATUS:IN-PROCESS"))
    assert [task.title for task in await tasks.open("home", LISBON)] == ["new"]


async def test_ticking_off_twice_is_done_once_and_can_be_taken_back(
    tasks: CalDavTasks, server: RunningRadicale
):
    server.put("/ana/chores/a.ics", todo("a", "SUMMARY:plumber", "X-KEPT:yes"))
    [task] = await tasks.open("home", LISBON)
    done = await tasks.complete(task)
    again = await tasks.complete(task)
    assert (again.before, again.after) == (None, None)
    assert await tasks.open("home", LISBON) == []
    assert "X-KEPT:yes" in server.text("/ana/chores/a.ics")
    await tasks.restore(done.before, done.after)
    assert [task.title for task in await tasks.open("home", LISBON)] == ["plumber"]


async def test_a_task_that_somebody_changed_meanwhile_is_left_alone(
    tasks: CalDavTasks, server: RunningRadicale
):
    server.put("/ana/chores/a.ics", todo("a", "SUMMARY:plumber"))
    [task] = await tasks.open("home", LISBON)
    server.put("/ana/chores/a.ics", todo("a", "SUMMARY:plumber now"))
    with pytest.raises(RequestError, match="Plumber has just been changed elsewhere, so I left it as it is"):
        await tasks.complete(task)
    assert "STATUS" not in server.text("/ana/chores/a.ics")


async def test_a_repeating_task_is_left_to_the_program_that_made_it(
    tasks: CalDavTasks, server: RunningRadicale
):
    server.put(
        "/ana/chores/a.ics",
        todo("a", "SUMMARY:bins", "DTSTART:20261101T080000Z", "DUE:20261102T080000Z", "RRULE:FREQ=WEEKLY"),
    )
    [task] = await tasks.open("home", LISBON)
    assert task.due_at == datetime(2026, 11, 2, 8, tzinfo=UTC)
    with pytest.raises(RequestError, match="bins repeats"):
        await tasks.complete(task)
