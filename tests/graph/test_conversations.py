"""What was said in earlier conversations, asked without a language model: by time, by words, with the date."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings, HouseholdSettings
from passfel.memory.postgres import Database
from passfel.nodes.state import Context

LISBON = ZoneInfo("Europe/Lisbon")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=LISBON)


@pytest_asyncio.fixture
async def assistant(database: Database, data_folder: Path) -> AsyncIterator[Assistant]:
    household = HouseholdSettings(time_zone="Europe/Lisbon")
    settings = AssistantSettings(data_dir=data_folder, household=household)
    async with open_assistant(settings, clock=lambda: NOW) as one:
        for at, said, answered in (
            (
                datetime(2026, 3, 12, 18, 20, tzinfo=LISBON),
                "repair the boiler or a new one?",
                "A repair it is.",
            ),
            (datetime(2026, 9, 1, 9, 0, tzinfo=LISBON), "the boiler leaks", "Call the plumber."),
            (datetime(2026, 11, 22, 8, 5, tzinfo=LISBON), "what is on today", "Yoga at 18:00."),
        ):
            await one.house.episodes.keep(
                thread="old", turn=str(uuid4()), person="ana", said=said, answered=answered, intents=(), at=at
            )
        yield one


async def say(assistant: Assistant, said: str, person: str = "ana", thread: str = "") -> str:
    state = await assistant.ainvoke(said, thread=thread or str(uuid4()), context=Context(user=person))
    return str(state["messages"][-1].text)


async def test_what_was_decided_last_march_is_quoted_with_its_date(assistant: Assistant):
    assert await say(assistant, "what did we decide about the boiler last March?") == (
        "On Thursday 12 March at 18:20 you said: “repair the boiler or a new one?”"
        " I answered: “A repair it is.”"
    )


@pytest.mark.parametrize("when", ["in march", "on sunday", "on the 12th of march"])
async def test_a_time_that_names_no_year_or_week_is_one_that_is_over(assistant: Assistant, when: str):
    told = await say(assistant, f"what did we talk about {when}?")
    assert told.startswith(("On Thursday 12 March at 18:20", "Yesterday at 08:05"))


async def test_what_one_asked_yesterday_is_listed(assistant: Assistant):
    told = await say(assistant, "what did I ask you yesterday?")
    assert told == "Yesterday at 08:05 you said: “what is on today”."


async def test_without_a_time_everything_about_it_is_told_in_the_order_it_was_said(assistant: Assistant):
    told = await say(assistant, "what have we said about the boiler?")
    assert [line.partition(" at ")[0] for line in told.splitlines()] == [
        "On Thursday 12 March",
        "On Tuesday 1 September",
    ]


async def test_what_was_not_said_is_said_to_be_unknown(assistant: Assistant):
    told = await say(assistant, "what did we decide about the roof last March?")
    assert told == (
        "We said nothing about “roof” from Sunday 1 March to Tuesday 31 March, as far as I have kept it."
    )


async def test_a_conversation_is_told_to_the_one_who_had_it_alone(assistant: Assistant):
    assert "boiler" not in (await say(assistant, "what did I ask you yesterday?", "bob")).casefold()
    assert await say(assistant, "what did we say about the boiler?", "bob") == (
        "I find no conversation of ours about “boiler”."
    )


async def test_turns_are_found_as_soon_as_they_are_over(assistant: Assistant):
    await say(assistant, "note that the chimney is swept in May")
    told = await say(assistant, "what did I tell you about the chimney?")
    assert told == "Today at 10:00 you said: “note that the chimney is swept in May”."
