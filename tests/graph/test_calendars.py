"""Several calendars at once, through the whole assistant: the household's own and a real CalDAV server's."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from langgraph.types import Command
from pydantic import SecretStr

from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings, HouseholdSettings
from passfel.memory.postgres import Database
from passfel.tests.servers.radicale import PASSWORD, RunningRadicale, radicale
from passfel.tools.calendar.several import CalendarSettings
from passfel.tools.dav.client import CalDavAccount

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
LUNCH = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Another Program//EN
BEGIN:VEVENT
UID:lunch-1
DTSTAMP:20261101T080000Z
DTSTART;TZID=Europe/Lisbon:20261127T143000
DTEND;TZID=Europe/Lisbon:20261127T153000
SUMMARY:Lunch with Rita
X-KEPT:yes
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningRadicale]:
    with radicale(tmp_path) as running:
        running.make_calendar("/ana/family/", "Family")
        running.put("/ana/family/lunch-1.ics", LUNCH)
        yield running


def settings(folder: Path, *urls: str, default: str = "") -> AssistantSettings:
    return AssistantSettings(
        data_dir=folder,
        household=HouseholdSettings(time_zone="Europe/Lisbon"),
        caldav={
            f"account{number}": CalDavAccount(url=url, username="ana", password=SecretStr(PASSWORD))
            for number, url in enumerate(urls, 1)
        },
        calendar=CalendarSettings(default=default),
    )


@pytest_asyncio.fixture
async def assistant(
    database: Database, data_folder: Path, server: RunningRadicale
) -> AsyncIterator[Assistant]:
    made = settings(data_folder, server.url, default="account1/Family")
    async with open_assistant(made, clock=lambda: MONDAY) as one:
        yield one


class Talk:
    """One conversation."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant
        self.thread = str(uuid4())

    async def __call__(self, said: str | Command[Any]) -> str:
        state = await self.assistant.ainvoke(said, thread=self.thread)
        if "__interrupt__" in state:
            return str(state["__interrupt__"][0].value["question"])
        return str(state["messages"][-1].text)


@pytest.fixture
def talk(assistant: Assistant) -> Talk:
    return Talk(assistant)


async def test_a_question_reads_all_calendars(talk: Talk):
    assert await talk("what is on friday") == "Friday 27 November: Lunch with Rita at 14:30 to 15:30."


async def test_an_addition_goes_to_the_default_calendar_with_its_zone(talk: Talk, server: RunningRadicale):
    answer = await talk("add dentist on thursday at 15:00")
    assert answer == "Added dentist, Thursday 26 November, 15:00 to 16:00, in the calendar Family."
    [path] = [path for path in server.entries("/ana/family/") if "lunch" not in path]
    assert "DTSTART;TZID=Europe/Lisbon:20261126T150000" in server.text(path)
    assert await talk("when is the dentist") == "Dentist, Thursday 26 November, 15:00 to 16:00."


@pytest.mark.parametrize("yes", ["yes", Command(resume=True)], ids=["said", "resumed"])
async def test_an_overlap_is_named_before_anything_is_added(
    talk: Talk, server: RunningRadicale, yes: str | Command[Any]
):
    question = await talk("add dentist on friday at 15:00")
    assert question == (
        "Friday 27 November at 15:00 overlaps with Lunch with Rita (14:30 to 15:30)."
        " Shall I add dentist (Friday 27 November at 15:00) anyway?"
    )
    assert server.entries("/ana/family/") == ["/ana/family/lunch-1.ics"]
    assert (await talk(yes)).startswith("Added dentist, Friday 27 November, 15:00 to 16:00")
    assert len(server.entries("/ana/family/")) == 2


@pytest.mark.parametrize("no", ["no", Command(resume=False)], ids=["said", "resumed"])
async def test_a_no_leaves_the_calendar_as_it_was(
    talk: Talk, server: RunningRadicale, no: str | Command[Any]
):
    await talk("add dentist on friday at 15:00")
    assert await talk(no) == "All right, I left it as it was."
    assert server.entries("/ana/family/") == ["/ana/family/lunch-1.ics"]


async def test_an_overlap_is_named_before_something_is_moved(talk: Talk, server: RunningRadicale):
    await talk("add dentist on thursday at 15:00")
    question = await talk("move the dentist to friday")
    assert question == (
        "Friday 27 November at 15:00 overlaps with Lunch with Rita (14:30 to 15:30)."
        " Shall I move dentist anyway?"
    )
    assert await talk("yes") == (
        "Moved dentist, Friday 27 November, 15:00 to 16:00, in the calendar Family."
        " It overlaps with Lunch with Rita, Friday 27 November, 14:30 to 15:30."
    )


async def test_changes_elsewhere_are_undone_one_after_the_other(talk: Talk, server: RunningRadicale):
    stored = server.text("/ana/family/lunch-1.ics")
    assert await talk("move lunch to thursday at 13:00") == (
        "Moved Lunch with Rita, Thursday 26 November, 13:00 to 14:00, in the calendar Family."
    )
    assert await talk("cancel lunch") == (
        "Cancelled Lunch with Rita, Thursday 26 November, 13:00 to 14:00, in the calendar Family."
    )
    assert server.entries("/ana/family/") == []
    assert "Undone: cancelled" in await talk("undo that")
    assert "Undone: moved" in await talk("undo that")
    assert await talk("what is on friday") == "Friday 27 November: Lunch with Rita at 14:30 to 15:30."
    assert sorted(server.text("/ana/family/lunch-1.ics").split()) == sorted(stored.split())
    await talk("add dentist on thursday at 15:00")
    assert "Undone: added" in await talk("undo that")
    assert server.entries("/ana/family/") == ["/ana/family/lunch-1.ics"]


async def test_undo_does_not_overwrite_what_somebody_changed_since(talk: Talk, server: RunningRadicale):
    await talk("move lunch to thursday at 13:00")
    theirs = LUNCH.replace("143000", "120000").replace("153000", "130000")
    server.put("/ana/family/lunch-1.ics", theirs)
    assert await talk("undo that") == "I can't undo that: it has been changed since."
    assert "20261127T120000" in server.text("/ana/family/lunch-1.ics")


async def test_clearing_a_day_asks_and_clears_every_calendar(talk: Talk, server: RunningRadicale):
    question = await talk("clear my calendar on friday")
    assert question == "Shall I cancel everything in your calendar on Friday 27 November?"
    assert await talk("yes") == "Cancelled 1 appointment on Friday 27 November."
    assert server.entries("/ana/family/") == []


async def test_the_calendar_that_does_not_answer_is_named_and_the_others_are_told(
    database: Database, data_folder: Path, server: RunningRadicale
):
    made = settings(data_folder, "http://127.0.0.1:9", server.url)
    async with open_assistant(made, clock=lambda: MONDAY) as assistant:
        talk = Talk(assistant)
        assert await talk("what is on friday") == (
            "Friday 27 November: Lunch with Rita at 14:30 to 15:30."
            " Calendar account account1 could not be reached."
        )
        # Without a default, additions stay at home, and are undone there.
        assert await talk("add yoga on thursday at 9 am") == (
            "Added yoga, Thursday 26 November, 09:00 to 10:00."
        )
        assert server.entries("/ana/family/") == ["/ana/family/lunch-1.ics"]
        await talk("cancel yoga")
        assert "Undone: cancelled yoga" in await talk("undo that")
        assert "yoga at 09:00" in await talk("what is on thursday")


SWIMMING = (
    LUNCH.replace("lunch-1", "swim-1")
    .replace("Lunch with Rita", "Swimming")
    .replace("143000", "180000")
    .replace("153000", "190000")
    .replace("X-KEPT:yes", "RRULE:FREQ=WEEKLY;BYDAY=FR")
)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (
            "when am I free on friday",
            "Friday 27 November you are free from 08:00 to 14:30, 15:30 to 18:00 and 19:00 to 20:00.",
        ),
        (
            "am I free on friday at three?",
            "No: Friday 27 November, 15:00 to 16:00 you have Lunch with Rita, Friday 27 November, 14:30 to 15:30.",
        ),
        ("am I free on friday at four?", "Yes, you are free Friday 27 November, 16:00 to 17:00."),
        (
            "what is on next week",
            "Friday 4 December: Swimming at 18:00 to 19:00.",
        ),
        (
            "cancel just this friday's swimming",
            "Cancelled Swimming, Friday 27 November, 18:00 to 19:00, in the calendar Family.",
        ),
        (
            "move only next friday's swimming to wednesday at 10",
            "Moved Swimming, Wednesday 2 December, 10:00 to 11:00, in the calendar Family.",
        ),
        (
            "cancel all swimming",
            "Cancelled Swimming, Friday 27 November, 18:00 to 19:00 and all its repetitions, in the calendar Family.",
        ),
        (
            "add call with Ken on thursday at 3 pm New York time",
            "Added call with Ken, Thursday 26 November, 20:00 to 21:00, in the calendar Family.",
        ),
        (
            "add trip to porto from saturday to monday to my calendar",
            "Added trip to porto, Saturday 28 November to Monday 30 November, all day, in the calendar Family.",
        ),
        (
            "add yoga every tuesday at 18:00",
            "Added yoga, tomorrow, 18:00 to 19:00, repeating, in the calendar Family.",
        ),
    ],
)
async def test_what_people_ask_works_with_no_language_model(
    talk: Talk, server: RunningRadicale, said: str, answer: str
):
    server.put("/ana/family/swim-1.ics", SWIMMING)
    assert await talk(said) == answer


async def test_only_one_occurrence_of_a_series_is_changed(talk: Talk, server: RunningRadicale):
    server.put("/ana/family/swim-1.ics", SWIMMING)
    await talk("cancel just this friday's swimming")
    await talk("move only next friday's swimming to wednesday at 10")
    assert await talk("what is on next week") == "Wednesday 2 December: Swimming at 10:00 to 11:00."
    assert "Friday 11 December: Swimming at 18:00" in await talk("what is on from 7 december to 13 december")
    text = server.text("/ana/family/swim-1.ics")
    assert text.count("BEGIN:VEVENT") == 2
    assert "EXDATE;TZID=Europe/Lisbon:20261127T180000" in text


async def test_hours_on_another_clock_keep_that_clock(talk: Talk, server: RunningRadicale):
    await talk("add call with Ken every thursday at 3 pm New York time")
    [path] = [path for path in server.entries("/ana/family/") if "lunch" not in path]
    assert "DTSTART;TZID=America/New_York:20261126T150000" in server.text(path)
    # The clocks change in America two weeks before they do here.
    assert "19:00 to 20:00" in await talk("what is on 18 march")
