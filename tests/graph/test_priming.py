"""Priming: the model's server reads every prompt head at start, before a person waits for it."""

import asyncio
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from passfel.graph.assistant import open_assistant
from passfel.graph.priming import prime_served
from passfel.graph.settings import AssistantSettings
from passfel.memory.postgres import Database
from passfel.nodes.toolsets import heads
from passfel.serving.maintenance import Maintenance
from passfel.serving.settings import LlmSettings
from passfel.tests.servers.sglang import Say, SGLang, sglang
from passfel.tools.clock.tools import clock_tools

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture
def served() -> Iterator[SGLang]:
    with sglang() as server:
        yield server


def head(request: dict[str, Any]) -> str:
    """The bytes that the server can keep: the system prompt and the tools."""
    return json.dumps([request["messages"][0], request.get("tools")])


async def wait_for_primes(served: SGLang, count: int) -> None:
    while len(served.primed) < count:  # noqa: ASYNC110 - the server counts in a thread of its own
        await asyncio.sleep(0.01)


async def test_every_head_is_primed_once_and_is_what_turns_begin_with(
    database: Database, data_folder: Path, served: SGLang
):
    settings = AssistantSettings(data_dir=data_folder, llm=LlmSettings(base_url=served.url))
    async with open_assistant(settings, clock=lambda: MONDAY) as assistant:
        expected = len(heads(assistant.house.tools))
        await wait_for_primes(served, expected)
        served.will(*[Say("Hm.")] * 3)
        for said in ("which of the chores are the dull ones", "I wonder who wrote Dracula", "tell me a joke"):
            await assistant.ainvoke(said, thread=said)
    primed = [head(request) for request in served.primed]
    assert len(set(primed)) == len(primed) == expected
    assert len(served.requests) == 3
    assert {head(request) for request in served.requests} <= set(primed)


async def test_a_prime_asks_for_a_single_token(served: SGLang, tmp_path: Path):
    assert (
        await prime_served(LlmSettings(base_url=served.url), clock_tools(), Maintenance(tmp_path))
        == len(served.primed)
        == 2
    )
    assert {request["max_completion_tokens"] for request in served.primed} == {1}
    assert served.requests == []


async def test_every_box_is_primed(served: SGLang, tmp_path: Path):
    with sglang() as second:
        llm = LlmSettings(base_url=served.url, base_urls=(second.url,))
        assert await prime_served(llm, clock_tools(), Maintenance(tmp_path)) == 4
        assert served.primed == second.primed


@pytest.mark.parametrize("key", ["", "wrong"])
async def test_a_server_that_is_gone_or_refuses_is_logged_and_stops_nothing(
    key: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level("INFO", "passfel.graph.priming")
    with sglang(api_key="right") as server:
        url = server.url if key else "http://127.0.0.1:9/v1"
        assert await prime_served(LlmSettings(base_url=url), clock_tools(), Maintenance(tmp_path)) == 0
    assert "not primed" in caplog.text


async def test_a_server_in_maintenance_is_left_alone(served: SGLang, tmp_path: Path):
    maintenance = Maintenance(tmp_path)
    maintenance.switch(on=True)
    assert await prime_served(LlmSettings(base_url=served.url), clock_tools(), maintenance) == 0
    assert served.primed == []


async def test_closing_does_not_wait_for_the_priming(database: Database, data_folder: Path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        llm = LlmSettings(base_url=f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        settings = AssistantSettings(data_dir=data_folder, llm=llm)
        async with asyncio.timeout(30), open_assistant(settings, clock=lambda: MONDAY) as assistant:
            await assistant.ainvoke("what is 2 + 2", thread="closing")
