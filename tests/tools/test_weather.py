"""Weather questions, from the tool down to a server that speaks as Open-Meteo does."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool

from passfel.household.errors import (
    BrokenAnswerError,
    LimitedError,
    NotFoundError,
    RequestError,
    UnreachableError,
)
from passfel.household.forecast import Forecast
from passfel.household.turn import Place, Turn
from passfel.tests.servers.open_meteo import Fault, OpenMeteoWorld
from passfel.tools.contract import READS_WORLD, annotations_of, domain_of
from passfel.tools.guard import Resolver
from passfel.tools.http import Http
from passfel.tools.weather.open_meteo import OpenMeteo
from passfel.tools.weather.provider import WeatherServices
from passfel.tools.weather.tools import DEADLINE, weather_tools


def services(provider: OpenMeteo) -> WeatherServices:
    return WeatherServices(places=provider, forecasts=(provider,))


Ask = Callable[..., Awaitable[str]]
Call = Callable[..., Awaitable[ToolMessage]]


@pytest.fixture
def get_weather(provider: OpenMeteo) -> BaseTool:
    return weather_tools(services(provider))[0]


@pytest.fixture
def ask(get_weather: BaseTool, turn: Turn, call: Call) -> Ask:
    async def run(**arguments: Any) -> str:
        return str((await call(get_weather, arguments.pop("turn", turn), **arguments)).content)

    return run


def span(turn: Turn, days: int, length: int = 1) -> dict[str, datetime]:
    midnight = turn.now.replace(hour=0, minute=0)
    return {"start": midnight + timedelta(days=days), "end": midnight + timedelta(days=days + length)}


def hours(turn: Turn, first: int, last: int | None = None, days: int = 0) -> dict[str, datetime]:
    day = turn.now.replace(minute=0) + timedelta(days=days)
    return {"start": day.replace(hour=first)} | ({"end": day.replace(hour=last)} if last else {})


async def test_the_weather_now_is_a_sentence_with_source_and_time(ask: Ask):
    assert await ask(place="Lisbon") == (
        "In Lisbon it is 14 °C with light rain, feels like 12 °C, wind 18 km/h (Open-Meteo, 10:00)."
    )


async def test_no_place_means_home(ask: Ask):
    assert (await ask()).startswith("In Porto Covo it is 16 °C")
    assert (await ask(place="here")).startswith("In Porto Covo it is 16 °C")


async def test_no_home_says_how_to_set_one(ask: Ask, turn: Turn, world: OpenMeteoWorld):
    with pytest.raises(RequestError, match=r"name a place, or set one in passfel\.toml"):
        await ask(turn=replace(turn, home=None))
    assert not world.requests


async def test_a_home_without_coordinates_is_looked_up(ask: Ask, turn: Turn):
    assert (await ask(turn=replace(turn, home=None, home_name="Lisbon"))).startswith("In Lisbon it is 14 °C")


async def test_a_home_without_a_zone_is_in_the_person_s(ask: Ask, turn: Turn):
    away = replace(turn, now=turn.now.replace(hour=23, minute=30), home=Place("Home", 38.7, -9.1))
    assert (await ask(turn=away, detail="days")).startswith("In Home, today: 9 to 15 °C")


async def test_a_day_is_summed_up(ask: Ask, turn: Turn):
    assert await ask(place="Lisbon", **span(turn, 1)) == (
        "Tomorrow in Lisbon: 9 to 15 °C, light rain, 80% chance of rain (Open-Meteo, 23 November)."
    )


async def test_a_stormy_day_says_so(ask: Ask, turn: Turn):
    assert "light showers, 55% chance of rain, wind up to 44 km/h" in await ask(
        place="Lisbon", **span(turn, 4)
    )


async def test_past_days_have_amounts_and_no_chances(ask: Ask, turn: Turn):
    assert await ask(place="Lisbon", **span(turn, -1)) == (
        "Yesterday in Lisbon: 9 to 15 °C, rain, 11.8 mm of rain, wind up to 52 km/h (Open-Meteo, 23 November)."
    )
    assert await ask(place="Lisbon", about="rain", **span(turn, -1)) == (
        "It rained yesterday in Lisbon: 11.8 mm (Open-Meteo, 23 November)."
    )
    assert await ask(place="Lisbon", about="rain", **span(turn, -2)) == (
        "It did not rain on Saturday 21 November in Lisbon (Open-Meteo, 23 November)."
    )


async def test_several_days_are_listed(ask: Ask, turn: Turn):
    words = await ask(place="Lisbon", about="rain", **span(turn, 0, 3))
    assert words == (
        "In Lisbon, today: 60% chance of rain, 1.2 mm; tomorrow: 80% chance of rain, 4.4 mm; "
        "Wednesday 25 November: 10% chance of rain (Open-Meteo, 23 November)."
    )
    assert (await ask(place="Lisbon", detail="days")).count(";") == 6


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ("weather", "Today at 17:00 in Lisbon: 15 °C, light rain, 60% chance of rain"),
        ("rain", "Rain is likely today at 17:00 in Lisbon: 60% chance, 0.1 mm"),
        ("temperature", "Today at 17:00 in Lisbon: 15 °C"),
        ("wind", "Today at 17:00 in Lisbon: wind up to 22 km/h from the west, with gusts of 35 km/h"),
        ("sun", "Today in Lisbon: the sun rises at 07:23 and sets at 17:18, UV index up to 2"),
    ],
)
async def test_an_hour_answers_every_kind_of_question(ask: Ask, turn: Turn, about: str, words: str):
    assert await ask(place="Lisbon", about=about, **hours(turn, 17)) == f"{words} (Open-Meteo, 23 November)."


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ("rain", "In Lisbon it is raining now: light rain (Open-Meteo, 10:00)."),
        ("temperature", "In Lisbon it is 14 °C, feels like 12 °C (Open-Meteo, 10:00)."),
        ("wind", "In Lisbon the wind is 18 km/h from the west, with gusts of 30 km/h (Open-Meteo, 10:00)."),
    ],
)
async def test_now_answers_every_kind_of_question(ask: Ask, about: str, words: str):
    assert await ask(place="Lisbon", about=about, detail="now") == words


async def test_rain_without_a_time_looks_ahead(ask: Ask):
    assert await ask(place="Lisbon", about="rain") == (
        "Rain is likely in the next 12 hours in Lisbon: 60% chance, 1.2 mm, most likely around 12:00 "
        "(Open-Meteo, 23 November)."
    )


async def test_a_stretch_of_hours_is_summed_up(ask: Ask, turn: Turn):
    assert (await ask(place="Lisbon", **hours(turn, 12, 18, days=2))).startswith(
        "On Wednesday 25 November from 12:00 to 18:00 in Lisbon: 14 to 15 °C, overcast skies, 10% chance of rain"
    )


async def test_five_in_tokyo_is_five_on_tokyo_s_clock(ask: Ask, turn: Turn):
    assert (await ask(place="Tokyo", **hours(turn, 17, days=1))).startswith(
        "Tomorrow at 17:00 in Tokyo: 15 °C"
    )
    assert (await ask(place="Tokyo")).endswith("(Open-Meteo, 19:00 local time).")


async def test_figures_come_in_the_person_s_units_and_clock(ask: Ask, turn: Turn):
    american = replace(turn, units="imperial", locale="en_US")
    assert await ask(turn=american, place="Lisbon") == (
        "In Lisbon it is 57 °F with light rain, feels like 54 °F, wind 11 mph (Open-Meteo, 10:00 AM)."
    )
    words = await ask(turn=american, place="Lisbon", about="rain", **span(turn, 1))
    assert words.startswith("Rain is likely tomorrow in Lisbon: 80% chance, 0.17 in")


async def test_the_sun_that_does_not_rise_is_no_figure(ask: Ask):
    with pytest.raises(NotFoundError, match="Open-Meteo has no figures for that in Tromsø"):
        await ask(place="Tromsø", about="sun")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("Paris", "In Paris it is 8 °C"),
        ("Paris, Texas", "In Paris, Texas it is 20 °C"),
        ("paris texas", "In Paris, Texas it is 20 °C"),
        ("Paris in France", "In Paris, France it is 8 °C"),
        ("London, Canada", "In London, Canada it is 4 °C"),
        ("London, UK", "In London, United Kingdom it is 9 °C"),
        ("Lisboa", "In Lisbon it is 14 °C"),
        ("Porto", "In Porto it is 13 °C"),
        ("Antarctica", "In Antarctica it is -29 °C"),
    ],
)
async def test_the_place_that_was_meant_is_found(ask: Ask, said: str, found: str):
    assert (await ask(place=said)).startswith(found)


@pytest.mark.parametrize("said", ["Nowhereville", "Paris, Portugal", "?", "x" * 5000, "a, " * 1000])
async def test_a_place_that_is_not_there_is_said(ask: Ask, said: str):
    with pytest.raises(NotFoundError, match=r"^Open-Meteo knows no place called ") as caught:
        await ask(place=said)
    assert len(str(caught.value)) < 120


async def test_what_lies_too_far_ahead_is_said_without_asking(ask: Ask, turn: Turn, world: OpenMeteoWorld):
    with pytest.raises(RequestError, match="the last 90 and the next 15 days only"):
        await ask(**span(turn, 40))
    assert not world.requests
    assert (await ask(**span(turn, 14, 10))).count(";") == 1  # the part that is within reach


async def test_an_end_before_its_start_is_said(ask: Ask, turn: Turn):
    with pytest.raises(RequestError, match="ends before it starts"):
        await ask(**hours(turn, 18, 12))


async def test_the_artifact_holds_figures_and_attribution(get_weather: BaseTool, turn: Turn, call: Call):
    message = await call(get_weather, turn, place="Lisbon", **span(turn, 1))
    source, forecast = message.artifact.sources[0], message.artifact.result
    assert (source.name, source.url, source.at) == ("Open-Meteo", "https://open-meteo.com/", turn.now)
    assert isinstance(forecast, Forecast)
    assert (forecast.place.time_zone, len(forecast.days), len(forecast.hours)) == ("Europe/Lisbon", 1, 24)
    assert forecast.now is not None
    assert forecast.now.temperature == 14.0


async def test_the_same_question_is_answered_from_memory(ask: Ask, world: OpenMeteoWorld):
    await ask(place="Lisbon")
    world.fail("status")
    assert "14 °C" in await ask(place="Lisbon", about="temperature")
    assert len(world.requests) == 2


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("status", UnreachableError, "Open-Meteo is out of order (HTTP 503)."),
        ("cut", UnreachableError, "Open-Meteo could not be reached."),
        ("shape", BrokenAnswerError, "Open-Meteo gave an answer that makes no sense."),
        ("nan", BrokenAnswerError, "Open-Meteo gave an answer that makes no sense."),
        ("html", BrokenAnswerError, "Open-Meteo gave an answer that is no JSON."),
        ("huge", BrokenAnswerError, "Open-Meteo gave an answer of more than 5 MB, which was not read."),
    ],
)
@pytest.mark.parametrize("place", ["", "Lisbon"])
async def test_every_failure_is_a_sentence(
    ask: Ask, world: OpenMeteoWorld, place: str, fault: Fault, kind: type[Exception], words: str
):
    world.fail(fault)
    with pytest.raises(kind) as caught:
        await ask(place=place)
    assert str(caught.value) == words


async def test_a_limit_is_known_by_its_words_too(ask: Ask, world: OpenMeteoWorld):
    world.fail("status", status=400, reason="Daily API request limit exceeded. Please try again tomorrow.")
    with pytest.raises(LimitedError):
        await ask()


async def test_place_and_forecast_share_one_deadline(
    provider: OpenMeteo, turn: Turn, call: Call, world: OpenMeteoWorld
):
    assert timedelta(0) < DEADLINE < timedelta(seconds=5)
    await provider.find_place("Lisbon", turn.home, turn.locale)
    world.fail("drip")
    tool = weather_tools(services(provider), deadline=timedelta(seconds=0.3))[0]
    async with asyncio.timeout(20):
        with pytest.raises(UnreachableError, match=r"Open-Meteo could not be reached\."):
            await call(tool, turn, place="Lisbon")
    assert [request.url.path for request in world.requests] == ["/v1/search", "/v1/forecast"]


@pytest.mark.parametrize("place", ["", "Lisbon"])
async def test_a_service_that_drips_is_given_up(
    provider: OpenMeteo, turn: Turn, call: Call, world: OpenMeteoWorld, place: str
):
    tool = weather_tools(services(provider), deadline=timedelta(seconds=0.3))[0]
    world.fail("drip")
    async with asyncio.timeout(20):
        with pytest.raises(UnreachableError, match=r"Open-Meteo could not be reached\."):
            await call(tool, turn, place=place)


async def test_without_a_network_it_says_so(turn: Turn, call: Call):
    def no_network(host: str, port: int) -> list[str]:
        raise OSError("Temporary failure in name resolution")

    async with Http(resolver=Resolver(no_network)) as http:
        with pytest.raises(UnreachableError, match=r"^Open-Meteo could not be reached\.$"):
            await call(weather_tools(services(OpenMeteo(http)))[0], turn)


def test_the_tool_is_offered_for_the_weather_and_reads_what_others_wrote(get_weather: BaseTool):
    assert (domain_of(get_weather), annotations_of(get_weather)) == ("weather", READS_WORLD)
    schema: Any = get_weather.tool_call_schema
    properties = schema.model_json_schema()["properties"]
    assert set(properties) == {"place", "start", "end", "detail", "about"}
    assert all(field["description"] for field in properties.values())
