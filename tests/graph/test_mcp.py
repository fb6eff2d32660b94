"""An MCP server's tools in whole turns: offered, asked about, done once, and named when the server is gone."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from langgraph.types import Command

from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings
from passfel.memory.postgres import Database
from passfel.nodes.toolsets import TOOLSETS, tools_of
from passfel.serving.settings import LlmSettings
from passfel.tests.servers import shopping_mcp
from passfel.tests.servers.sglang import CallTools, Say, SGLang, sglang
from passfel.tools.mcp.settings import McpServerSettings, McpSettings

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture
def served() -> Iterator[SGLang]:
    with sglang() as server:
        yield server


def opened(folder: Path, served: SGLang, *servers: str) -> Any:
    shop = McpServerSettings(command=sys.executable, args=(str(Path(shopping_mcp.__file__)),))
    gone = McpServerSettings(command="/nowhere/at/all")
    known = {"shop": shop, "gone": gone}
    settings = AssistantSettings(
        data_dir=folder,
        llm=LlmSettings(base_url=served.url),
        mcp=McpSettings(servers={name: known[name] for name in servers}),
    )
    return open_assistant(settings, clock=lambda: MONDAY)


async def say(assistant: Assistant, request: Any, thread: str) -> dict[str, Any]:
    return await assistant.ainvoke(request, thread=thread)


async def test_a_change_asks_first_and_is_done_once(database: Database, data_folder: Path, served: SGLang):
    thread = str(uuid4())
    async with opened(data_folder, served, "shop") as assistant:
        served.will(CallTools([("shop_clear_items", {})]), Say("Cleared."))
        state = await say(assistant, "xyzzy the shop", thread)
        assert state["__interrupt__"][0].value["question"] == "Shall I shop clear items?"
        state = await say(assistant, Command(resume=True), thread)
        told = [message.text for message in state["messages"] if message.type == "tool"]
        assert told == ["The MCP server “shop” answered: cleared. I could not check it myself."]


async def test_tools_of_no_known_domain_are_offered_with_everything_only(
    database: Database, data_folder: Path, served: SGLang
):
    async with opened(data_folder, served, "shop", "gone") as assistant:
        tools = assistant.house.tools
        names = [tool.name for tool in tools]
    assert names[-len([name for name in names if name.startswith("shop_")]) :] == sorted(
        name for name in names if name.startswith("shop_")
    )
    for toolset in TOOLSETS:
        assert not any(tool.name.startswith("shop_") for tool in tools_of(toolset, tools))


async def test_a_change_that_is_replayed_reaches_the_server_once(
    database: Database, data_folder: Path, served: SGLang
):
    async with opened(data_folder, served, "shop") as assistant:
        tools = {tool.name: tool for tool in assistant.house.tools}

        async def add() -> tuple[str, dict[str, Any]]:
            call = {"type": "tool_call", "id": "1", "name": "shop_add_item", "args": {"name": "milk"}}
            return str((await tools["shop_add_item"].ainvoke(call)).text), {}

        told = [
            await assistant.house.ledger.once(
                thread="shopping",
                call="call-1",
                person="home",
                tool="shop_add_item",
                arguments={"name": "milk"},
                run=add,
                local=False,
            )
            for _ in range(2)
        ]
        shown = await tools["shop_show_items"].ainvoke(
            {"type": "tool_call", "id": "2", "name": "shop_show_items", "args": {}}
        )
    assert told[0][0] == told[1][0]
    assert str(shown.text).startswith("1 milk\n")
