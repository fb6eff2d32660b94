"""Things to do on a real CalDAV server beside the household's own, through the whole assistant."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from pydantic import SecretStr

from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings, HouseholdSettings
from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.tests.servers.radicale import PASSWORD, RunningRadicale, radicale
from passfel.tools.dav.client import CalDavAccount
from passfel.tools.tasks.several import TaskSettings

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
BOILER = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Another Program//EN
BEGIN:VTODO
UID:boiler-1
DTSTAMP:20261101T080000Z
SUMMARY:Call the plumber
DUE;VALUE=DATE:20261127
PRIORITY:1
CATEGORIES:HOUSE
X-OC-HIDESUBTASKS:1
RELATED-TO;RELTYPE=PARENT:house-1
BEGIN:VALARM
ACTION:DISPLAY
TRIGGER;RELATED=END:-P1D
DESCRIPTION:Plumber
END:VALARM
END:VTODO
END:VCALENDAR
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningRadicale]:
    with radicale(tmp_path) as running:
        running.make_calendar("/ana/chores/", "Chores", "VTODO")
        running.put("/ana/chores/boiler-1.ics", BOILER)
        yield running


@pytest_asyncio.fixture
async def assistant(
    database: Database, data_folder: Path, server: RunningRadicale
) -> AsyncIterator[Assistant]:
    settings = AssistantSettings(
        data_dir=data_folder,
        household=HouseholdSettings(time_zone="Europe/Lisbon"),
        caldav={"cloud": CalDavAccount(url=server.url, username="ana", password=SecretStr(PASSWORD))},
        tasks=TaskSettings(default="cloud/Chores"),
    )
    async with open_assistant(settings, clock=lambda: MONDAY) as one:
        yield one


async def test_tasks_are_listed_added_ticked_off_and_brought_back(
    assistant: Assistant, database: Database, server: RunningRadicale
):
    thread = str(uuid4())

    async def talk(said: str) -> str:
        return str((await assistant.ainvoke(said, thread=thread))["messages"][-1].text)

    await Records(database).tasks.add("home", title="water the plants")
    assert await talk("what is on my list") == (
        "You have 2 tasks: Call the plumber (by Friday 27 November) and water the plants."
    )
    assert await talk("add buy salt to my list by thursday at 5 pm") == (
        "Added to your list Chores: buy salt (by Thursday 26 November at 17:00)."
    )
    [path] = [path for path in server.entries("/ana/chores/") if "boiler" not in path]
    assert "DUE;TZID=Europe/Lisbon:20261126T170000" in server.text(path)
    stored = server.text("/ana/chores/boiler-1.ics")
    assert await talk("tick off call the plumber") == "Ticked off: Call the plumber."
    now = server.text("/ana/chores/boiler-1.ics").splitlines()
    lost = [line for line in stored.splitlines() if line not in now]
    assert [line for line in lost if not line.startswith("DTSTAMP")] == []
    assert {"STATUS:COMPLETED", "PERCENT-COMPLETE:100"} <= set(now)
    assert "Undone: ticked off: Call the plumber." in await talk("undo that")
    assert "Undone: added" in await talk("undo that")
    assert server.entries("/ana/chores/") == ["/ana/chores/boiler-1.ics"]
    assert await talk("tick off water the plants") == "Ticked off: water the plants."
    assert "Undone" in await talk("undo that")
    assert "2 tasks" in await talk("what is on my list")
