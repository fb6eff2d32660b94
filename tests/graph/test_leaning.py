"""A sentence that leans on the turn before is offered that turn's tools; one that stands alone is not."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings
from passfel.memory.postgres import Database
from passfel.serving.settings import LlmSettings
from passfel.tests.servers.sglang import Say, SGLang, sglang

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Lisbon"))


@pytest.fixture
def served() -> Iterator[SGLang]:
    with sglang() as server:
        yield server


@pytest_asyncio.fixture
async def assistant(database: Database, data_folder: Path, served: SGLang) -> AsyncIterator[Assistant]:
    settings = AssistantSettings(data_dir=data_folder, llm=LlmSettings(base_url=served.url))
    async with open_assistant(settings, clock=lambda: NOW) as opened:
        yield opened


async def offered(assistant: Assistant, served: SGLang, first: str, second: str) -> set[str]:
    """The tools that the model is offered for the second sentence of a conversation."""
    thread = str(uuid4())
    await assistant.ainvoke(first, thread=thread)
    served.will(Say("All right."))
    await assistant.ainvoke(second, thread=thread)
    return {tool["function"]["name"] for tool in served.requests[-1].get("tools", [])}


@pytest.mark.parametrize(
    ("first", "second", "tool"),
    [
        ("add dentist on friday at 15:00", "could you change it to five?", "move_event"),
        ("add milk to the shopping list", "are there any eggs left on there?", "list_tasks"),
        ("remind me at six to call Ana", "hmm, rather do that at seven", "set_reminder"),
    ],
)
async def test_a_sentence_that_leans_on_the_turn_before_gets_its_tools(
    assistant: Assistant, served: SGLang, first: str, second: str, tool: str
):
    assert tool in await offered(assistant, served, first, second)


async def test_a_sentence_that_stands_alone_gets_its_own_tools_only(assistant: Assistant, served: SGLang):
    tools = await offered(
        assistant, served, "add dentist on friday at 15:00", "explain why the sky is blue, please"
    )
    assert "move_event" not in tools
