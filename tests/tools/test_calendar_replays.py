"""A change elsewhere that a crash cut off is gone on with, and happens once: by the ledger, over a real server."""

from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from passfel.household.errors import UnreachableError
from passfel.household.turn import Turn
from passfel.memory.effects import EffectsLedger
from passfel.memory.journal import Journal
from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.tests.servers.radicale import PASSWORD, RunningRadicale, radicale
from passfel.tools.calendar.caldav import CalDavCalendar
from passfel.tools.calendar.local import LocalCalendar
from passfel.tools.calendar.several import KIND, Calendars
from passfel.tools.calendar.tools import calendar_tools
from passfel.tools.dav.client import CalDavAccount
from passfel.tools.http import Http, HttpSettings

SERIES = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Another Program//EN
BEGIN:VEVENT
UID:swim-1
DTSTAMP:20261001T080000Z
DTSTART;TZID=Europe/Lisbon:20261002T180000
DTEND;TZID=Europe/Lisbon:20261002T190000
RRULE:FREQ=WEEKLY;BYDAY=FR
SUMMARY:Swimming
END:VEVENT
END:VCALENDAR
"""


class House:
    """The tools, the ledger, and crashes where a test wants them."""

    def __init__(self, database: Database, http: Http, server: RunningRadicale, turn: Turn) -> None:
        self.records = Records(database)
        self.ledger = EffectsLedger(database)
        account = CalDavAccount(url=server.url, username="ana", password=SecretStr(PASSWORD))
        self.calendars = Calendars(
            LocalCalendar(self.records.events),
            [CalDavCalendar(http, "home", account)],
            journal=Journal(database),
            default="home",
        )
        self.ledger.restores(KIND, self.calendars.restore)
        self.tools = {tool.name: tool for tool in calendar_tools(self.calendars)}
        self.turn = turn

    async def call(self, name: str, *, call: str = "call-1", dies: str = "", **arguments: Any) -> str:
        """A call as `act` makes it; `dies` stops it before anything is done, or after all of it."""

        async def run() -> tuple[str, dict[str, Any]]:
            if dies == "before":
                raise KeyboardInterrupt
            args = {**arguments, "turn": self.turn.with_call(call)}
            said = await self.tools[name].ainvoke(
                {"type": "tool_call", "id": call, "name": name, "args": args}
            )
            if dies == "after":
                raise KeyboardInterrupt
            return said.text, {}

        content, _ = await self.ledger.once(
            thread="test",
            call=call,
            person="home",
            tool=name,
            arguments={},
            run=run,
            local=False,
            resumable=True,
        )
        return content

    async def undo(self) -> str:
        async def run() -> tuple[str, dict[str, Any]]:
            return " ".join(await self.ledger.undo_latest("home", "test")), {}

        content, _ = await self.ledger.once(
            thread="test",
            call="undo",
            person="home",
            tool="undo_last_change",
            arguments={},
            run=run,
            local=True,
        )
        return content

    async def on(self, first: date) -> list[str]:
        begin = datetime.combine(first, time.min, self.turn.zone)
        found = await self.calendars.look().between("home", begin, begin + timedelta(days=31))
        return [f"{one.event.title} {one.start:%d.%m. %H:%M}" for one in found][:4]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningRadicale]:
    with radicale(tmp_path) as running:
        running.make_calendar("/ana/family/", "Family")
        running.put("/ana/family/swim-1.ics", SERIES)
        yield running


@pytest.fixture
async def house(database: Database, server: RunningRadicale, turn: Turn) -> AsyncIterator[House]:
    async with Http(HttpSettings(allowed_hosts=(server.host,))) as http:
        yield House(database, http, server, Turn(now=turn.now, thread="test", id="turn-1"))


TODAY = date(2026, 11, 23)


@pytest.mark.parametrize("dies", ["before", "after"])
async def test_an_addition_that_was_cut_off_is_there_once(house: House, server: RunningRadicale, dies: str):
    start = datetime(2026, 11, 25, 15, tzinfo=house.turn.zone)
    with pytest.raises(KeyboardInterrupt):
        await house.call("add_event", dies=dies, title="Dentist", start=start)
    await house.call("add_event", title="Dentist", start=start)
    said = await house.call("add_event", title="Dentist", start=start)
    assert said == "Added Dentist, Wednesday 25 November, 15:00 to 16:00, in the calendar Family."
    assert len(server.entries("/ana/family/")) == 2


@pytest.mark.parametrize("dies", ["before", "after"])
async def test_a_cancelled_occurrence_does_not_take_the_next_one_with_it(house: House, dies: str):
    with pytest.raises(KeyboardInterrupt):
        await house.call("cancel_event", dies=dies, title="swimming")
    said = await house.call("cancel_event", title="swimming")
    assert said.startswith("Cancelled Swimming, Friday 27 November, 18:00 to 19:00")
    assert (await house.on(TODAY))[0] == "Swimming 04.12. 18:00"


@pytest.mark.parametrize("dies", ["before", "after"])
async def test_a_moved_occurrence_is_moved_once_and_comes_back_with_undo(house: House, dies: str):
    asked: dict[str, Any] = {
        "title": "swimming",
        "on": date(2026, 11, 27),
        "day": date(2026, 11, 28),
        "at": time(10),
    }
    with pytest.raises(KeyboardInterrupt):
        await house.call("move_event", dies=dies, **asked)
    said = await house.call("move_event", **asked)
    assert said.startswith("Moved Swimming, Saturday 28 November, 10:00 to 11:00")
    assert (await house.on(TODAY))[:2] == ["Swimming 28.11. 10:00", "Swimming 04.12. 18:00"]
    await house.undo()
    assert (await house.on(TODAY))[:2] == ["Swimming 27.11. 18:00", "Swimming 04.12. 18:00"]


@pytest.mark.parametrize("dies", ["before", "after"])
async def test_a_clearing_that_was_cut_off_is_finished_and_nothing_more(house: House, dies: str):
    await house.records.events.add(
        "home",
        title="Yoga",
        starts_at=datetime(2026, 11, 27, 9, tzinfo=house.turn.zone),
        ends_at=datetime(2026, 11, 27, 10, tzinfo=house.turn.zone),
    )
    friday: dict[str, Any] = {
        "start": datetime(2026, 11, 27, tzinfo=house.turn.zone),
        "end": datetime(2026, 11, 28, tzinfo=house.turn.zone),
    }
    with pytest.raises(KeyboardInterrupt):
        await house.call("clear_calendar", dies=dies, **friday)
    assert await house.call("clear_calendar", **friday) == "Cancelled 2 appointments on Friday 27 November."
    assert (await house.on(TODAY))[0] == "Swimming 04.12. 18:00"
    await house.undo()
    assert (await house.on(TODAY))[:2] == ["Yoga 27.11. 09:00", "Swimming 27.11. 18:00"]


async def test_a_change_at_home_beside_calendars_elsewhere_is_made_once(house: House):
    await house.records.events.add(
        "home",
        title="Yoga",
        starts_at=datetime(2026, 11, 24, 9, tzinfo=house.turn.zone),
        ends_at=datetime(2026, 11, 24, 10, tzinfo=house.turn.zone),
        rule="FREQ=DAILY",
        time_zone="Europe/Lisbon",
    )
    with pytest.raises(KeyboardInterrupt):
        await house.call("cancel_event", dies="after", title="yoga")
    await house.call("cancel_event", title="yoga")
    assert (await house.on(TODAY))[0] == "Yoga 25.11. 09:00"
    with pytest.raises(KeyboardInterrupt):
        await house.call("move_event", call="call-2", dies="after", title="yoga", at=time(11))
    said = await house.call("move_event", call="call-2", title="yoga", at=time(11))
    assert said == "Moved Yoga, Wednesday 25 November, 11:00 to 12:00."
    assert (await house.on(TODAY))[:2] == ["Yoga 25.11. 11:00", "Yoga 26.11. 09:00"]
    assert await house.undo() == said


async def test_a_lost_connection_can_be_tried_again_under_the_same_call(house: House):
    start = datetime(2026, 11, 25, 15, tzinfo=house.turn.zone)
    gone = CalDavAccount(url="http://127.0.0.1:9", username="ana", password=SecretStr(PASSWORD))
    there = house.calendars.remotes
    async with Http(HttpSettings(allowed_hosts=("127.0.0.1:9",))) as http:
        house.calendars.remotes = (CalDavCalendar(http, "home", gone),)
        with pytest.raises(UnreachableError, match="Calendar account home could not be reached"):
            await house.call("add_event", title="Dentist", start=start)
    house.calendars.remotes = there
    assert (await house.call("add_event", title="Dentist", start=start)).startswith("Added Dentist")
