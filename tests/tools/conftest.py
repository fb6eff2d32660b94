"""Open-Meteo's stand-in for the whole run, the real client that talks to it, and a way to call tools."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool

from passfel.household.turn import Place, Turn
from passfel.tests.servers.open_meteo import OpenMeteoWorld, open_meteo
from passfel.tools.http import Http, HttpSettings
from passfel.tools.weather.open_meteo import OpenMeteo, OpenMeteoSettings

HOME = Place("Porto Covo", 37.8524, -8.7906, "Portugal", "Europe/Lisbon")


@pytest.fixture(scope="session")
def running_world() -> Iterator[OpenMeteoWorld]:
    with open_meteo() as world:
        yield world


@pytest.fixture
def world(running_world: OpenMeteoWorld) -> OpenMeteoWorld:
    running_world.forget()
    return running_world


@pytest.fixture
async def http(world: OpenMeteoWorld) -> AsyncIterator[Http]:
    async with Http(HttpSettings(allowed_hosts=(world.host,), contact="ana@example.org")) as client:
        yield client


@pytest.fixture
def provider(http: Http, world: OpenMeteoWorld) -> OpenMeteo:
    return OpenMeteo(
        http, OpenMeteoSettings(forecast_url=world.forecast_url, geocoding_url=world.geocoding_url)
    )


@pytest.fixture
def turn(world: OpenMeteoWorld) -> Turn:
    return Turn(now=world.now, home=HOME)


@pytest.fixture
def call() -> Callable[..., Awaitable[ToolMessage]]:
    """Call a tool as the graph does."""

    async def run(tool: BaseTool, turn: Turn, **arguments: Any) -> ToolMessage:
        message = await tool.ainvoke(
            {"type": "tool_call", "id": "call-1", "name": tool.name, "args": {**arguments, "turn": turn}}
        )
        assert isinstance(message, ToolMessage)
        return message

    return run
