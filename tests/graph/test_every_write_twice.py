"""Every tool of the house that changes something, in a turn that is replayed: one effect.

Tools that exist only where an outside server is set up (calendars elsewhere, Joplin, Home Assistant, MCP) have
replays of their own beside their stand-ins.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from langchain_core.messages import AIMessage, HumanMessage

from passfel.graph.assistant import Assistant, config_of, open_assistant
from passfel.graph.house import build_house
from passfel.graph.settings import AssistantSettings
from passfel.memory.postgres import Database
from passfel.nodes.state import Context
from passfel.tools.contract import annotations_of

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
FRIDAY = "2026-11-27T15:00:00+00:00"
TABLES = ("events", "tasks", "reminders", "notes", "contacts", "holdings", "watched", "effects", "store")
DENTIST = ("add_event", {"title": "dentist", "start": FRIDAY})

# What has to be there first, and the call's arguments.
CALLS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "add_event": ((), DENTIST[1]),
    "move_event": ((DENTIST,), {"title": "dentist", "at": "16:00:00"}),
    "cancel_event": ((DENTIST,), {"title": "dentist"}),
    "clear_calendar": (
        (DENTIST,),
        {"start": "2026-11-27T00:00:00+00:00", "end": "2026-11-28T00:00:00+00:00"},
    ),
    "add_task": ((), {"title": "milk"}),
    "complete_task": ((("add_task", {"title": "milk"}),), {"title": "milk"}),
    "set_reminder": ((), {"text": "bins", "at": FRIDAY}),
    "cancel_reminder": ((("set_reminder", {"text": "bins", "at": FRIDAY}),), {"text": "bins"}),
    "add_note": ((), {"text": "The boiler takes 1.5 bar."}),
    "append_to_note": ((("add_note", {"text": "The boiler."}),), {"about": "boiler", "text": "It is old."}),
    "remove_note": ((("add_note", {"text": "The boiler."}),), {"about": "boiler"}),
    "save_contact": ((), {"name": "Ana Silva", "phone": "555 0100"}),
    "remove_contact": ((("save_contact", {"name": "Ana Silva"}),), {"who": "Ana Silva"}),
    "remember_fact": ((), {"text": "I'm allergic to nuts"}),
    "forget_fact": ((("remember_fact", {"text": "I'm allergic to nuts"}),), {"about": "nuts"}),
    "add_to_watchlist": ((), {"name": "Bitcoin"}),
    "remove_from_watchlist": ((("add_to_watchlist", {"name": "Bitcoin"}),), {"name": "Bitcoin"}),
    "record_holding": ((), {"name": "Bitcoin", "quantity": "0.5"}),
    "remove_holding": ((("record_holding", {"name": "Bitcoin", "quantity": "0.5"}),), {"name": "Bitcoin"}),
    "undo_last_change": ((("add_task", {"title": "bread"}), ("add_task", {"title": "milk"})), {}),
}


@pytest_asyncio.fixture
async def assistant(database: Database, data_folder: Path) -> AsyncIterator[Assistant]:
    async with open_assistant(AssistantSettings(data_dir=data_folder), clock=lambda: MONDAY) as one:
        async with database.connection() as connection:
            await connection.execute("DELETE FROM store")
        yield one


async def call(assistant: Assistant, thread: str, name: str, arguments: dict[str, Any]) -> Any:
    """Let the model have decided on a call that is approved; gives the configuration to run it from."""
    decided = AIMessage(
        "", id=str(uuid4()), tool_calls=[{"name": name, "args": arguments, "id": f"call-{uuid4()}"}]
    )
    values: dict[str, Any] = {
        "messages": [HumanMessage("do it", id=str(uuid4())), decided],
        "said_at": MONDAY.isoformat(),
        "intents": "chat",
        "approved": True,
        "path": "act",
    }
    return await assistant.graph.aupdate_state(config_of(thread), values, as_node="decide")


async def act(assistant: Assistant, begin: Any) -> str:
    """Run the step from there, as after a crash; gives what the tool said."""
    async for update in assistant.graph.astream(
        None, begin, context=Context(), stream_mode="updates", durability="sync"
    ):
        if "act" in update:
            return str(update["act"]["messages"][0].text)
    raise AssertionError("the call was not run")


async def rows(database: Database) -> dict[str, list[str]]:
    """Everything that a tool of the house can change, by table."""
    async with database.connection() as connection:
        return {
            table: sorted(
                str(row) for row in await (await connection.execute(f"SELECT * FROM {table}")).fetchall()
            )
            for table in TABLES
        }


def test_every_tool_that_changes_something_is_replayed_here():
    settings = AssistantSettings(data_dir=Path("unused"))
    tools = build_house(settings, Database(settings.postgres, settings.data_dir)).tools
    assert {tool.name for tool in tools if not annotations_of(tool).read_only} == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
async def test_a_replayed_change_has_one_effect(assistant: Assistant, database: Database, name: str):
    first, arguments = CALLS[name]
    thread = str(uuid4())
    for earlier, needed in first:
        await act(assistant, await call(assistant, thread, earlier, needed))
    begin = await call(assistant, thread, name, arguments)
    before = await rows(database)
    said = await act(assistant, begin)
    once = await rows(database)
    again = await act(assistant, begin)
    assert once != before
    assert await rows(database) == once
    assert again == said
