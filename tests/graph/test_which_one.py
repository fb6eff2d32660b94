"""What a question back tells a person to say does what it says."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings, HouseholdSettings
from passfel.memory.postgres import Database
from passfel.serving.settings import LlmSettings

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest_asyncio.fixture
async def assistant(database: Database, data_folder: Path) -> AsyncIterator[Assistant]:
    settings = AssistantSettings(
        data_dir=data_folder, household=HouseholdSettings(time_zone="Europe/Lisbon"), llm=LlmSettings()
    )
    async with open_assistant(settings, clock=lambda: MONDAY) as assistant:
        yield assistant


@pytest.mark.parametrize(
    ("before", "unclear", "answer"),
    [
        (
            ("add dentist on friday at 10", "add dentist on friday at 15:00"),
            "cancel the dentist",
            "Cancelled dentist, Friday 27 November, 10:00 to 11:00.",
        ),
        (
            ("add dinner with Bob on friday at 7pm",),
            "cancel dinner with Ana",
            "Cancelled dinner with Bob, Friday 27 November, 19:00 to 20:00.",
        ),
        (
            ("set an alarm for 7am", "set an alarm for 9pm"),
            "cancel the alarm",
            "Reminder cancelled: alarm, today at 21:00.",
        ),
        (
            ("remind me tomorrow at 8 to call mum",),
            "cancel the reminder to call the dentist",
            "Reminder cancelled: call mum, tomorrow at 08:00.",
        ),
        (("add call Tom to my list",), "tick off call Ana", "Ticked off: call Tom."),
        (
            ("my plumber is Joe, 555 0100", "my neighbour is Joe, 555 0200"),
            "delete contact Joe",
            "Removed Joe, your neighbour, 555 0200 from your contacts.",
        ),
        (
            ("note that the door is blue",),
            "delete the note about the red door",
            "Removed the note “the door is blue”.",
        ),
        (
            ("add dentist on friday at 15:00",),
            "move the dentist from friday to monday",
            "Moved dentist, today, 15:00 to 16:00.",
        ),
    ],
)
async def test_the_words_of_the_question_are_the_way_out(
    assistant: Assistant, before: tuple[str, ...], unclear: str, answer: str
):
    thread = str(uuid4())

    async def say(request: str) -> str:
        return str((await assistant.ainvoke(request, thread=thread))["messages"][-1].text)

    for request in before:
        await say(request)
    question = await say(unclear)
    told = question.rpartition("Say")[2].split("“")[1].split("”")[0]
    assert await say(told) == answer
