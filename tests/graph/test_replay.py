"""Turns that are cut off, stopped, replayed or said twice: nothing lost, nothing doubled, nothing stuck."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
import pytest_asyncio
from langchain_core.messages import HumanMessage, ToolMessage
from langgraph.types import Command

from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings, HouseholdSettings
from passfel.household.errors import RequestError
from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.nodes.state import Context

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class Clock:
    """A clock that goes on by a minute at every look."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> datetime:
        self.looks += 1
        return MONDAY.replace(minute=self.looks % 60)


def opened(folder: Path) -> Any:
    household = HouseholdSettings(time_zone="Europe/Lisbon")
    return open_assistant(AssistantSettings(data_dir=folder, household=household), clock=Clock())


@pytest_asyncio.fixture
async def assistant(database: Database, data_folder: Path) -> AsyncIterator[Assistant]:
    async with opened(data_folder) as one:
        yield one


async def cut_off(assistant: Assistant, request: Any, thread: str, at: str) -> None:
    """Leave a turn in the middle as a crash does: nothing is tidied up, no lock is given back in order."""
    graph: Any = assistant.graph
    config = {"configurable": {"thread_id": thread}}
    events = graph.astream(
        request, config, context=Context(), stream_mode=["custom", "updates"], durability="sync"
    )
    async with aclosing(events):
        async for mode, event in events:
            if at == (event.get("type") if mode == "custom" else next(iter(event))):
                break


def plain_dict(text: str) -> Any:
    return {"messages": [{"role": "user", "content": text}]}


def message_with_id(text: str) -> Any:
    return {"messages": [HumanMessage(text, id=str(uuid4()))]}


@pytest.mark.parametrize("shape", [plain_dict, message_with_id])
@pytest.mark.parametrize("first", [True, False], ids=["first turn", "later turn"])
@pytest.mark.parametrize("at", ["tool_started", "tool_finished", "act"])
async def test_a_cut_off_turn_of_any_door_is_finished_once(
    database: Database, data_folder: Path, shape: Callable[[str], Any], first: bool, at: str
):
    thread = str(uuid4())
    async with opened(data_folder) as before:
        if not first:
            await before.ainvoke("what time is it", thread=thread)
        await cut_off(before, shape("remind me in 20 minutes to call mum"), thread, at)
    async with opened(data_folder) as after:
        state = await after.ainvoke("what reminders do I have", thread=thread)
    assert len(await Records(database).reminders.waiting("home")) == 1
    assert "call mum" in state["messages"][-1].text
    assert [message.text for message in state["messages"] if message.type == "human"][-2:] == [
        "remind me in 20 minutes to call mum",
        "what reminders do I have",
    ]


async def test_a_cut_off_turn_is_finished_for_the_one_who_spoke(database: Database, data_folder: Path):
    thread = str(uuid4())
    bob = Context(user="bob", time_zone="America/New_York")
    async with opened(data_folder) as before:
        message = before._input("add dentist on friday at 15:00", bob)
        await cut_off(before, message, thread, "tool_started")
    async with opened(data_folder) as after:
        await after.ainvoke("what time is it", thread=thread)
    records = Records(database).events
    assert [event.time_zone for event in await records.all("bob")] == ["America/New_York"]
    assert await records.all("home") == []


async def test_an_approved_call_that_was_cut_off_is_finished(database: Database, data_folder: Path):
    thread = str(uuid4())
    async with opened(data_folder) as before:
        await before.ainvoke("add dentist on friday at 15:00", thread=thread)
        await before.ainvoke("clear my calendar on friday", thread=thread)
        await cut_off(before, Command(resume=True), thread, "tool_finished")
    async with opened(data_folder) as after:
        state = await after.ainvoke("what is on friday", thread=thread)
    results = [message for message in state["messages"] if isinstance(message, ToolMessage)]
    assert any(result.text.startswith("Cancelled 1 appointment") for result in results)
    assert "Nothing is in your calendar" in state["messages"][-1].text


@pytest.mark.parametrize("at", ["tool_started", "tool_result", "receipt"])
async def test_a_stopped_turn_tells_what_was_done(assistant: Assistant, database: Database, at: str):
    thread = str(uuid4())
    async with aclosing(
        cast("Any", assistant.astream("add milk to my shopping list", thread=thread))
    ) as events:
        async for mode, event in events:
            if mode == "custom" and event["type"] == at:
                break
    done = bool(await Records(database).tasks.all("home"))
    state = await assistant.ainvoke("what is on my list", thread=thread)
    results = [message for message in state["messages"] if isinstance(message, ToolMessage)]
    assert ("milk" in state["messages"][-1].text) is done
    assert any(result.text.startswith("Added to your list: milk") for result in results) is done
    assert state["messages"][0].text == "add milk to my shopping list"


async def test_a_turn_that_can_not_be_finished_does_not_stand_in_the_way(
    assistant: Assistant, data_folder: Path
):
    thread = str(uuid4())
    config: Any = {"configurable": {"thread_id": thread}}
    broken: Any = {"messages": [HumanMessage("hello", additional_kwargs={"said_at": "not a time"})]}
    with pytest.raises(ValueError, match="Invalid isoformat"):
        await assistant.graph.ainvoke(broken, config, context=Context())
    async with opened(data_folder) as after:
        state = await after.ainvoke("what is 2 + 2", thread=thread)
    assert state["messages"][-1].text == "2 + 2 is 4."


async def test_two_processes_on_one_thread_take_turns(database: Database, data_folder: Path):
    thread = str(uuid4())
    async with opened(data_folder) as one, opened(data_folder) as other:
        turns = [
            assistant.ainvoke(f"add item{number}{name} to the shopping list", thread=thread)
            for number in range(6)
            for name, assistant in (("a", one), ("b", other))
        ]
        await asyncio.gather(*turns)
        state = await one.ainvoke("what time is it", thread=thread)
    assert len(await Records(database).tasks.all("home")) == 12
    assert sum(message.type == "human" for message in state["messages"]) == 13


@pytest.mark.parametrize(
    "reply", ["ok leave it", "yes but not the dentist", "no idea, do it", "sure, if you like it"]
)
async def test_only_a_plain_yes_is_a_yes(assistant: Assistant, database: Database, reply: str):
    thread = str(uuid4())
    await assistant.ainvoke("add dentist on friday at 15:00", thread=thread)
    await assistant.ainvoke("clear my calendar on friday", thread=thread)
    await assistant.ainvoke(reply, thread=thread)
    assert [event.cancelled_at for event in await Records(database).events.all("home")] == [None]


@pytest.mark.parametrize(
    ("thread", "context"),
    [("a\x00b", Context()), ("", Context()), ("t" * 300, Context()), ("t", Context(user="a\x00b"))],
)
async def test_names_that_can_not_be_kept_are_refused_in_words(
    assistant: Assistant, thread: str, context: Context
):
    with pytest.raises(RequestError, match="printable"):
        await assistant.ainvoke("hello", thread=thread, context=context)


async def test_text_that_is_not_utf8_is_taken(assistant: Assistant):
    state = await assistant.ainvoke("note that \ud800 is odd", thread=str(uuid4()))
    assert state["messages"][-1].text == "Noted: \ufffd is odd."


async def test_twenty_conversations_at_once(assistant: Assistant, database: Database):
    await asyncio.gather(
        *(
            assistant.ainvoke(f"add thing{number} to the shopping list", thread=str(uuid4()))
            for number in range(20)
        )
    )
    assert len(await Records(database).tasks.all("home")) == 20
