"""What strangers wrote can't give orders: seen through the whole graph, with a model that obeys them."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings
from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.serving.settings import LlmSettings
from passfel.tests.servers.open_meteo import OpenMeteoWorld, open_meteo
from passfel.tests.servers.sglang import CallTools, Say, SGLang, sglang
from passfel.tools.http import HttpSettings
from passfel.tools.weather.open_meteo import OpenMeteoSettings

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Lisbon"))
LOOK = CallTools([("get_weather", {"place": "Lisbon"})])
"""Brings text from outside into the turn."""
DONE = Say("All done.")


@pytest.fixture
def served() -> Iterator[SGLang]:
    with sglang() as server:
        yield server


@pytest.fixture
def world() -> Iterator[OpenMeteoWorld]:
    with open_meteo() as running:
        yield running


@pytest_asyncio.fixture
async def assistant(
    database: Database, data_folder: Path, served: SGLang, world: OpenMeteoWorld
) -> AsyncIterator[Assistant]:
    settings = AssistantSettings(
        data_dir=data_folder,
        llm=LlmSettings(base_url=served.url),
        http=HttpSettings(allowed_hosts=(world.host,)),
        open_meteo=OpenMeteoSettings(forecast_url=world.forecast_url, geocoding_url=world.geocoding_url),
    )
    async with open_assistant(settings, clock=lambda: NOW) as opened:
        yield opened


async def ask(assistant: Assistant, served: SGLang, *answers: Any) -> dict[str, Any]:
    """A sentence that only the model understands, and what the model does."""
    served.will(*answers)
    return await assistant.ainvoke("kindly sort out the thing we spoke of", thread=str(uuid4()))


def question(state: dict[str, Any]) -> str:
    """What the person is asked, or nothing."""
    return str(state["__interrupt__"][0].value["question"]) if state.get("__interrupt__") else ""


async def test_a_change_after_strangers_text_waits_for_a_yes(
    assistant: Assistant, served: SGLang, database: Database
):
    state = await ask(assistant, served, LOOK, CallTools([("add_task", {"title": "wire the money"})]), DONE)
    assert "wire the money" in question(state)
    assert await Records(database).tasks.all("home") == []


async def test_the_same_change_without_strangers_text_is_done_at_once(
    assistant: Assistant, served: SGLang, database: Database
):
    state = await ask(assistant, served, CallTools([("add_task", {"title": "wire the money"})]), DONE)
    assert question(state) == ""
    assert [task.title for task in await Records(database).tasks.all("home")] == ["wire the money"]


async def test_what_the_household_keeps_does_not_go_out_after_strangers_text_without_a_yes(
    assistant: Assistant, served: SGLang, database: Database, world: OpenMeteoWorld
):
    await Records(database).tasks.add("home", title="pay Doctor Silveira")
    leak = CallTools([("get_weather", {"place": "Doctor Silveira"})])
    state = await ask(assistant, served, LOOK, leak, DONE)
    assert "Doctor Silveira" in question(state)
    assert not any("Silveira" in str(request.url) for request in world.requests)


async def test_a_second_question_to_the_outside_without_private_words_needs_no_yes(
    assistant: Assistant, served: SGLang, database: Database
):
    await Records(database).tasks.add("home", title="pay Doctor Silveira")
    state = await ask(assistant, served, LOOK, CallTools([("get_weather", {"place": "Porto Covo"})]), DONE)
    assert question(state) == ""


async def test_words_of_the_persons_own_go_out(assistant: Assistant, served: SGLang, database: Database):
    await Records(database).tasks.add("home", title="fly to Porto Covo")
    served.will(LOOK, CallTools([("get_weather", {"place": "Porto Covo"})]), DONE)
    state = await assistant.ainvoke("kindly sort out the thing about Porto Covo", thread=str(uuid4()))
    assert question(state) == ""
