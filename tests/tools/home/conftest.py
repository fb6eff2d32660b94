"""The stand-in home, and the real client connected to it."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from passfel.household.turn import Turn
from passfel.tests.servers.home_assistant import TOKEN, HomeWorld, home_assistant
from passfel.tools.home.home_assistant import HomeAssistant, HomeAssistantSettings
from passfel.tools.http import Http, HttpSettings


@pytest.fixture
def world() -> Iterator[HomeWorld]:
    with home_assistant() as home:
        yield home


@pytest.fixture
def turn() -> Turn:
    return Turn(
        now=datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Lisbon")),
        locale="en-GB",
        thread="test",
        id="turn-1",
    )


def settings_of(world: HomeWorld, **more: float) -> HomeAssistantSettings:
    return HomeAssistantSettings.model_validate({"url": world.url, "token": TOKEN, "react_s": 0.3, **more})


@pytest.fixture
async def http(world: HomeWorld) -> AsyncIterator[Http]:
    async with Http(HttpSettings(allowed_hosts=(world.host,))) as client:
        yield client


@pytest.fixture
async def provider(world: HomeWorld, http: Http) -> AsyncIterator[HomeAssistant]:
    client = HomeAssistant(http, settings_of(world))
    yield client
    await client.aclose()
