"""Weather and news through the whole assistant, over stand-ins and with no language model."""

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings, HouseholdSettings
from passfel.memory.postgres import Database
from passfel.nodes.state import Context
from passfel.serving.settings import LlmSettings
from passfel.tests.servers.feeds import NOW, FeedsWorld, feeds
from passfel.tests.servers.ground_news import GroundNewsWorld, ground_news
from passfel.tests.servers.nws import NwsWorld, nws
from passfel.tests.servers.open_meteo import OpenMeteoWorld, open_meteo
from passfel.tests.servers.sglang import CallTools, Say, sglang
from passfel.tools.http import HttpSettings
from passfel.tools.news.feed_list import NewsSettings
from passfel.tools.news.ground_news import GroundNewsSettings, browser_path
from passfel.tools.weather.nws import NwsSettings
from passfel.tools.weather.open_meteo import OpenMeteoSettings

DENVER = Context(home_place="Denver, 39.7392, -104.9847", time_zone="America/Denver")


@dataclass
class World:
    """Every service outside."""

    weather: OpenMeteoWorld
    national: NwsWorld
    press: FeedsWorld
    sides: GroundNewsWorld


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with ExitStack() as stack:
        enter = stack.enter_context
        yield World(enter(open_meteo()), enter(nws()), enter(feeds()), enter(ground_news()))


@pytest.fixture
def world(running: World) -> World:
    for service in (running.weather, running.national, running.press, running.sides):
        service.forget()
    return running


class Conversation:
    """One thread of an assistant."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant
        self.thread = str(uuid4())
        self.state: dict[str, Any] = {}

    async def say(self, request: str, context: Context | None = None) -> str:
        self.state = await self.assistant.ainvoke(request, thread=self.thread, context=context)
        return str(self.state["messages"][-1].text)


def settings(world: World, folder: Path, base_url: str = "") -> AssistantSettings:
    return AssistantSettings(
        data_dir=folder,
        household=HouseholdSettings(time_zone="Europe/Lisbon", home_place="Lisbon, 38.7167, -9.1333"),
        http=HttpSettings(
            allowed_hosts=(world.weather.host, world.national.host, world.press.host),
            contact="ana@example.org",
        ),
        open_meteo=OpenMeteoSettings(
            forecast_url=world.weather.forecast_url,
            geocoding_url=world.weather.geocoding_url,
            archive_url=world.weather.archive_url,
        ),
        nws=NwsSettings(base_url=world.national.url),
        news=NewsSettings(feeds=world.press.entries, default_feeds=False),
        ground_news=GroundNewsSettings(enabled=browser_path("") is not None, base_url=world.sides.url),
        llm=LlmSettings(base_url=base_url),
    )


@pytest_asyncio.fixture
async def talk(database: Database, data_folder: Path, world: World) -> AsyncIterator[Conversation]:
    async with open_assistant(settings(world, data_folder), clock=lambda: NOW) as assistant:
        yield Conversation(assistant)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("what's the weather", "In Lisbon it is 14 °C with light rain, feels like 12 °C"),
        (
            "what's the weather today",
            "Today in Lisbon: 9 to 15 °C, light rain, 60% chance of rain (Open-Meteo",
        ),
        ("hourly forecast", "In the next 12 hours in Lisbon: 10:00 "),
        (
            "what's the forecast for this weekend",
            "In Lisbon, Saturday 28 November: 9 to 15 °C, mostly clear skies",
        ),
        ("will it rain at five", "Rain is likely today at 17:00 in Lisbon: 60% chance, 0.1 mm (Open-Meteo"),
        ("any weather alerts?", "I have no source of weather alerts for Lisbon"),
        ("any weather alerts in Denver?", "There are no weather alerts for Denver (NOAA/NWS, 10:00)."),
        (
            "is this warm for November?",
            "Today is about average for November in Lisbon: up to 15 °C (Open-Meteo, 23",
        ),
        (
            "what's the weather in Denver",
            "In Denver it is -3 °C with overcast skies, feels like -6 °C, wind 8 km/h (NOAA",
        ),
    ],
)
async def test_what_people_ask_of_the_weather_is_answered(talk: Conversation, said: str, answer: str):
    assert answer in await talk.say(said)


async def test_at_home_in_the_united_states_the_other_answers_when_one_fails(
    talk: Conversation, world: World
):
    assert "(NOAA/NWS, 02:40)" in await talk.say("what's the weather", DENVER)
    world.national.status = 503
    assert "(Open-Meteo, " in await talk.say("what's the weather tomorrow in Washington", DENVER)
    world.national.status = 0
    world.weather.fail("status")
    assert "NOAA/NWS" in await talk.say("how warm is it", DENVER)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (
            "give me the headlines",
            "1. Harbour tunnel opens after nine years of works (The Courier and The Gazette,",
        ),
        (
            "what's new in technology",
            "1. A battery that charges in five minutes (The Wire, yesterday at 08:00)",
        ),
        ("headlines from the Gazette", "1. Nurses end strike over pay (The Gazette, today at 06:00)"),
        ("what happened since yesterday", "News since yesterday at 00:00 (feeds read at 10:00)"),
        (
            "any news about the climate bill?",
            "2. Critics call the climate bill a burden for farmers (The Gazette,",
        ),
        (
            "summarise the article about the harbour tunnel",
            "Mr. Duarte, the mayor, drove through it in an electric bus.",
        ),
        ("local news", "No local feed is set up"),
    ],
)
async def test_what_people_ask_of_the_news_is_answered(talk: Conversation, said: str, answer: str):
    assert answer in await talk.say(said)


async def test_a_headline_is_asked_for_by_its_number(talk: Conversation):
    await talk.say("give me the headlines")
    assert "“Nurses end strike over pay”" in await talk.say("read the second one")
    answer = await talk.say("summarise the first one")
    assert "begins: The harbour tunnel opened on Monday" in answer
    assert "(These are its own first sentences.)" in answer
    assert "(The Courier, today at 09:00)" in answer


async def test_left_and_right_are_compared(talk: Conversation):
    answer = await talk.say("what do left and right say about the climate bill?")
    if browser_path("") is None:
        assert "which are not sorted by side" in answer
    else:
        assert "52 sources, 45% left, 35% centre and 20% right" in answer


async def test_a_served_model_writes_the_summary_from_the_whole_text(
    database: Database, data_folder: Path, world: World
):
    with sglang() as served:
        async with open_assistant(settings(world, data_folder, served.url), clock=lambda: NOW) as assistant:
            talk = Conversation(assistant)
            await talk.say("give me the headlines")
            assert not any("headlines" in str(body["messages"][-1]) for body in served.requests)
            served.will(
                CallTools([("get_article", {"number": 1, "whole_text": True})]), Say("A tunnel opened.")
            )
            answer = await talk.say("summarise the first one")
            assert answer.startswith("A tunnel opened.")
            assert "The Courier" in answer
            assert "according to the port authority" in str(served.requests[-1])
