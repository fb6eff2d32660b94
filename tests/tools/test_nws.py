"""The National Weather Service: its recorded answers, a server that speaks as it does, and going on without it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from langchain_core.messages import ToolMessage
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from passfel.household.errors import (
    BrokenAnswerError,
    NotFoundError,
    SettingsError,
    UnreachableError,
)
from passfel.household.turn import Place, Turn
from passfel.tests.servers.loopback import serve
from passfel.tests.servers.nws import NwsWorld, nws
from passfel.tests.servers.open_meteo import OpenMeteoWorld
from passfel.tools.http import Http, HttpSettings
from passfel.tools.weather.nws import Nws, NwsSettings
from passfel.tools.weather.nws_reading import (
    Grid,
    read_alert,
    read_days,
    read_hours,
    read_length,
    read_observation,
)
from passfel.tools.weather.open_meteo import OpenMeteo, OpenMeteoSettings
from passfel.tools.weather.open_meteo_archive import OpenMeteoArchive
from passfel.tools.weather.provider import WeatherServices
from passfel.tools.weather.tools import weather_tools

RECORDINGS = Path(__file__).parents[2].parent / "shared" / "recordings" / "nws"
EASTERN = ZoneInfo("America/New_York")
DENVER = Place("Denver", 39.7392, -104.9847, "United States", "America/Denver", "US")

Call = Callable[..., Awaitable[ToolMessage]]

FLOOD = {
    "status": "Actual",
    "messageType": "Alert",
    "event": "Flood Watch",
    "severity": "Severe",
    "areaDesc": "Denver",
    "onset": "2026-11-23T20:00:00-07:00",
    "ends": "2026-11-24T10:00:00-07:00",
    "senderName": "NWS Denver CO",
    "instruction": "You should monitor later forecasts\nand be prepared.",
}


@pytest.fixture(scope="module")
def running_service() -> Iterator[NwsWorld]:
    with nws() as world:
        yield world


@pytest.fixture
def service(running_service: NwsWorld) -> NwsWorld:
    running_service.forget()
    return running_service


@pytest.fixture
async def both(world: OpenMeteoWorld, service: NwsWorld) -> AsyncIterator[WeatherServices]:
    settings = HttpSettings(allowed_hosts=(world.host, service.host), contact="ana@example.org", tries=1)
    urls = OpenMeteoSettings(
        forecast_url=world.forecast_url, geocoding_url=world.geocoding_url, archive_url=world.archive_url
    )
    async with Http(settings) as http:
        open_meteo = OpenMeteo(http, urls)
        national = Nws(http, NwsSettings(base_url=service.url), lambda: service.now)
        yield WeatherServices(open_meteo, (national, open_meteo), (national,), OpenMeteoArchive(http, urls))


@pytest.fixture
def ask(both: WeatherServices, turn: Turn, call: Call) -> Callable[..., Awaitable[str]]:
    tools = {tool.name: tool for tool in weather_tools(both)}

    async def run(name: str = "get_weather", /, turn: Turn = turn, **arguments: Any) -> str:
        return str((await call(tools[name], turn, **arguments)).content)

    return run


Ask = Callable[..., Awaitable[str]]


def recorded(name: str) -> Any:
    if not RECORDINGS.exists():
        pytest.skip("the recordings are not here")
    return json.loads((RECORDINGS / name).read_text("utf-8"))


def extracted(name: str) -> str:
    """What the real code reads from one recording, as a line of the table."""
    answer = recorded(name) if name.endswith(".json") else {}
    if name == "points.json":
        return f"zone {answer['properties']['timeZone']}"
    if name.startswith("gridpoints_forecast"):
        hours = list(read_hours(answer["properties"]["periods"], EASTERN, Grid({})))
        assert len(list(read_days(answer["properties"]["periods"], tuple(hours), EASTERN))) == bool(hours)
        told = [f"{h.temperature:.1f} °C, {h.rain_chance}%, {h.wind:.0f} km/h, {h.words}" for h in hours]
        return "; ".join(told)
    if name.startswith("stations_observations"):
        features = answer.get("features", [answer])
        moments = [read_observation(feature["properties"], EASTERN) for feature in features]
        return "; ".join(f"{m.temperature:.1f} °C, wind {m.wind:.0f}" if m else "nothing" for m in moments)
    if name == "gridpoints_stations.json":
        return str(len(answer["features"]))
    if name == "alerts_active_zone.json":
        alerts = [read_alert(feature["properties"]) for feature in answer["features"]]
        return "; ".join(f"{a.event}, {a.severity}, until {a.ends_at:%d %b %Y %H:%M}" for a in alerts if a)
    return "an error"


TABLE = {
    "alerts_active_zone.json": "Flood Watch, severe, until 22 Dec 2019 10:00",
    "cdn_access_denied_403.html": "an error",
    "gridpoints_forecast_empty_us.json": "",
    "gridpoints_forecast_hourly_si.json": "25.5 °C, 20.0%, 0 km/h, some clouds; 25.0 °C, 20.0%, 0 km/h, some clouds",
    "gridpoints_forecast_hourly_us.json": "25.6 °C, 20.0%, 0 km/h, some clouds; 25.0 °C, 20.0%, 0 km/h, some clouds",
    "gridpoints_forecast_relative_icon_us.json": "5.0 °C, 20.0%, 16 km/h, thunderstorms; "
    "20.0 °C, None%, 8 km/h, mostly clear skies",
    "gridpoints_forecast_si.json": "5.0 °C, 20.0%, 16 km/h, thunderstorms; "
    "20.0 °C, None%, 10 km/h, mostly clear skies",
    "gridpoints_forecast_strings_us.json": "5.0 °C, 20.0%, 16 km/h, thunderstorms",
    "gridpoints_forecast_us.json": "5.0 °C, 20.0%, 16 km/h, thunderstorms; "
    "20.0 °C, None%, 8 km/h, mostly clear skies",
    "gridpoints_stations.json": "41",
    "points.json": "zone America/New_York",
    "problem_ForecastGridExpired_503.json": "an error",
    "stations_observations_alternate_units.json": "-12.2 °C, wind 10",
    "stations_observations_empty.json": "nothing",
    "stations_observations_latest.json": "22.8 °C, wind 8",
    "stations_observations_metar.json": "nothing",
    "stations_observations_multiple.json": "nothing; 10.0 °C, wind 36",
    "stations_observations_multiple_unsorted.json": "nothing; 10.0 °C, wind 36",
    "stations_observations_noprop.json": "",
    "stations_observations_relative_icon.json": "10.0 °C, wind 36",
    "stations_observations_strings.json": "10.0 °C, wind 36",
}


@pytest.mark.parametrize("name", TABLE)
def test_a_recorded_answer_gives_these_figures(name: str):
    assert extracted(name) == TABLE[name]


def test_every_recording_is_in_the_table():
    if not RECORDINGS.exists():
        pytest.skip("the recordings are not here")
    assert sorted(path.name for path in RECORDINGS.iterdir()) == sorted(TABLE)


class Replay:
    """A server that gives recorded answers, as the service's own paths ask for them."""

    RECORDED = (
        ("/points/", "points.json"),
        ("/forecast/hourly", "gridpoints_forecast_hourly_si.json"),
        ("/forecast", "gridpoints_forecast_si.json"),
        ("/observations/latest", "stations_observations_latest.json"),
        ("/stations", "gridpoints_stations.json"),
        ("/alerts/active", "alerts_active_zone.json"),
    )

    def __init__(self) -> None:
        self.url = ""
        self.error: tuple[str, int] | None = None

    async def answer(self, request: Request) -> Response:
        if self.error is not None:
            name, status = self.error
            return Response((RECORDINGS / name).read_bytes(), status)
        path = request.url.path
        name = next((name for mark, name in self.RECORDED if mark in path and path[-2:] != "65"), "")
        if not name:
            return Response(status_code=404)
        return Response((RECORDINGS / name).read_bytes(), media_type="application/geo+json")


@pytest.fixture(scope="module")
def replaying() -> Iterator[Replay]:
    if not RECORDINGS.exists():
        pytest.skip("the recordings are not here")
    replay = Replay()
    with serve(Starlette(routes=[Route("/{path:path}", replay.answer)])) as replay.url:
        yield replay


def national_of(replay: Replay, http: Http, now: datetime) -> Nws:
    return Nws(http, NwsSettings(base_url=replay.url), lambda: now)


@pytest.fixture
async def plain_http(replaying: Replay) -> AsyncIterator[Http]:
    replaying.error = None
    async with Http(HttpSettings(allowed_hosts=(replaying.url.removeprefix("http://"),), tries=1)) as http:
        yield http


async def test_recorded_answers_make_up_a_whole_forecast(replaying: Replay, plain_http: Http):
    sumatra = Place("Sumatra", 30.0, -85.0)
    measured = datetime(2022, 3, 3, 0, 10, tzinfo=UTC)
    forecast = await national_of(replaying, plain_http, measured).forecast(sumatra, measured.date())
    assert forecast.now is not None
    assert (forecast.now.temperature, forecast.now.words, forecast.place.time_zone) == (
        22.8,
        "overcast skies",
        "America/New_York",
    )
    assert [hour.temperature for hour in forecast.hours] == [25.5, 25.0]
    assert [(day.day.isoformat(), day.low, day.high) for day in forecast.days] == [("2019-10-14", 25.0, 25.5)]
    alerts = await national_of(replaying, plain_http, datetime(2019, 12, 21, tzinfo=UTC)).alerts(sumatra)
    assert [alert.event for alert in alerts.alerts] == ["Flood Watch"]
    assert (await national_of(replaying, plain_http, measured).alerts(sumatra)).alerts == (), "it is over"


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("cdn_access_denied_403.html", 403, "set PASSFEL_HTTP__CONTACT to your mail address"),
        ("problem_ForecastGridExpired_503.json", 503, r"^NOAA/NWS is out of order \(HTTP 503\)\.$"),
    ],
)
async def test_a_recorded_error_is_the_right_sentence(
    replaying: Replay, plain_http: Http, name: str, status: int, words: str
):
    replaying.error = name, status
    with pytest.raises(UnreachableError, match=words):
        await national_of(replaying, plain_http, datetime(2026, 11, 23, tzinfo=UTC)).forecast(DENVER)


async def test_the_weather_in_the_united_states_comes_from_the_national_service(ask: Ask, service: NwsWorld):
    assert await ask(place="Denver") == (
        "In Denver it is -3 °C with overcast skies, feels like -6 °C, wind 8 km/h (NOAA/NWS, 02:40 local time)."
    )
    paths = [request.url.path for request in service.requests]
    assert paths[:2] == ["/points/39.7392,-104.9847", "/gridpoints/XYZ/7,1/stations"]
    assert paths[2:] == ["/stations/KOUT/observations/latest", "/stations/K7/observations/latest"]


async def test_elsewhere_it_is_not_asked(ask: Ask, service: NwsWorld):
    assert "(Open-Meteo, " in await ask(place="Lisbon")
    assert not service.requests


async def test_days_and_hours_are_told_in_its_name(ask: Ask, turn: Turn):
    midnight = turn.now.replace(hour=0, minute=0)
    tomorrow = {"start": midnight + timedelta(days=1), "end": midnight + timedelta(days=2)}
    assert await ask(place="Denver", **tomorrow) == (
        "Tomorrow in Denver: -4 to 9 °C, rain, 80% chance of rain (NOAA/NWS, 23 November)."
    )
    assert await ask(place="Denver", about="rain", **tomorrow) == (
        "Rain is likely tomorrow in Denver: 80% chance, 4.4 mm (NOAA/NWS, 23 November)."
    )
    five = {"start": turn.now.replace(hour=17), "end": turn.now.replace(hour=18)}
    assert await ask(place="Denver", about="rain", **five) == (
        "Rain is likely today at 17:00 in Denver: 60% chance, 0.1 mm (NOAA/NWS, 23 November)."
    )
    assert await ask(place="Denver", detail="hourly", **tomorrow) == (
        "Tomorrow in Denver: 00:00 -1 °C, overcast skies, 40% chance of rain; 03:00 -4 °C, overcast skies, 40% chance "
        "of rain; 06:00 -3 °C, overcast skies, 40% chance of rain; 09:00 1 °C, rain, 40% chance of rain; "
        "12:00 6 °C, rain, 80% chance of rain; 15:00 9 °C, rain, 80% chance of rain; 18:00 8 °C, "
        "rain, 80% chance of rain; 21:00 4 °C, rain, 40% chance of rain (NOAA/NWS, 23 November)."
    )


async def test_what_it_does_not_know_is_asked_elsewhere(ask: Ask, turn: Turn, service: NwsWorld):
    midnight = turn.now.replace(hour=0, minute=0)
    assert "(Open-Meteo, " in await ask(place="Denver", start=midnight - timedelta(days=1), end=midnight)
    far = midnight + timedelta(days=10)
    assert "(Open-Meteo, " in await ask(place="Denver", start=far, end=far + timedelta(days=1))
    assert "the sun rises" in await ask(place="Denver", about="sun")
    assert not service.requests


async def test_in_the_evening_the_day_s_high_comes_from_who_still_knows_it(ask: Ask, turn: Turn):
    late = replace(turn, now=datetime(2026, 11, 23, 23, 30, tzinfo=UTC).astimezone(turn.now.tzinfo))
    today = {"start": late.now.replace(hour=0, minute=0), "end": late.now.replace(hour=23, minute=59)}
    assert "-4 to 9 °C" in await ask(turn=late, place="Denver", detail="days", **today)


@pytest.mark.parametrize("status", [403, 500, 503])
async def test_when_it_fails_the_other_answers_and_says_so(ask: Ask, service: NwsWorld, status: int):
    service.status = status
    assert "(Open-Meteo, " in await ask(place="Denver")
    asked = len(service.requests)
    assert "(Open-Meteo, " in await ask(place="Denver", detail="days")
    assert len(service.requests) == asked, "who just failed is asked last"


async def test_when_the_other_fails_home_is_still_known(
    both: WeatherServices, turn: Turn, call: Call, world: OpenMeteoWorld
):
    world.fail("status")
    at_home = replace(turn, home=Place("Home", 39.7392, -104.9847))
    words = str((await call(weather_tools(both)[0], at_home)).content)
    assert words.startswith("In Home it is -3 °C")
    assert "NOAA/NWS" in words


async def test_without_a_measurement_the_forecast_s_hour_is_now(ask: Ask, service: NwsWorld):
    service.measured_ago = timedelta(hours=5)
    assert await ask(place="Denver") == (
        "In Denver it is -4 °C with overcast skies, feels like -6 °C, wind 11 km/h "
        "(NOAA/NWS, 03:00 local time)."
    )


async def test_a_forecast_without_raw_figures_is_still_one(ask: Ask, turn: Turn, service: NwsWorld):
    midnight = turn.now.replace(hour=0, minute=0)
    tomorrow = {"start": midnight + timedelta(days=1), "end": midnight + timedelta(days=2)}
    service.status, service.failing = 500, "/gridpoints/XYZ/7,1"
    assert await ask(place="Denver", about="rain", **tomorrow) == (
        "Rain is likely tomorrow in Denver: 80% chance (NOAA/NWS, 23 November)."
    )


async def test_a_forecast_without_hours_is_the_other_s(ask: Ask, service: NwsWorld):
    service.status, service.failing = 404, "/forecast/hourly"
    assert "(Open-Meteo, " in await ask(place="Denver", detail="days")


def test_lengths_are_read_as_iso_8601_writes_them():
    assert read_length("P1DT6H") == timedelta(hours=30)
    with pytest.raises(ValueError, match="no length"):
        read_length("an hour")


async def test_a_point_abroad_is_remembered(both: WeatherServices, service: NwsWorld):
    national = both.forecasts[0]
    toronto = Place("Toronto", 43.6532, -79.3832)
    assert national.covers(toronto), "its coordinates alone don't tell"
    with pytest.raises(BrokenAnswerError, match="for the United States only"):
        await national.forecast(toronto)
    assert not national.covers(toronto)
    assert not national.covers(Place("Toronto", 43.6532, -79.3832, country_code="CA"))
    assert [request.url.path for request in service.requests] == ["/points/43.6532,-79.3832"]


async def test_coordinates_are_cut_so_that_nothing_is_redirected(both: WeatherServices, service: NwsWorld):
    await both.forecasts[0].forecast(replace(DENVER, latitude=39.74000001, longitude=-104.98470000001))
    assert service.requests[0].url.path == "/points/39.74,-104.9847"
    assert len(service.requests) == 4


async def test_no_alert_is_said_too(ask: Ask):
    assert await ask("get_weather_alerts", place="Denver") == (
        "There are no weather alerts for Denver (NOAA/NWS, 10:00)."
    )


async def test_alerts_are_told_the_worst_first_without_tests_and_what_is_over(ask: Ask, service: NwsWorld):
    test = FLOOD | {"status": "Test", "event": "Required Weekly Test"}
    over = FLOOD | {"event": "Frost Advisory", "ends": "2026-11-23T01:00:00-07:00"}
    minor = FLOOD | {"event": "Wind Advisory", "severity": "Minor", "onset": None, "ends": None}
    service.alerts = [minor, test, over, FLOOD]
    told = await ask("get_weather_alerts", place="Denver")
    assert told == (
        "2 weather alerts for Denver: Flood Watch (severe) from tomorrow at 03:00 until tomorrow at 17:00; "
        "Wind Advisory (minor) (NOAA/NWS, 10:00)."
    )


async def test_one_alert_is_told_with_its_advice(ask: Ask, service: NwsWorld):
    service.alerts = [FLOOD]
    assert await ask("get_weather_alerts", place="Denver") == (
        "1 weather alert for Denver: Flood Watch (severe) from tomorrow at 03:00 until tomorrow at 17:00 "
        "(NOAA/NWS, 10:00). It advises: “You should monitor later forecasts and be prepared.”"
    )


async def test_where_nobody_warns_it_is_said(ask: Ask):
    with pytest.raises(NotFoundError, match=r"I have no source of weather alerts for Lisbon"):
        await ask("get_weather_alerts", place="Lisbon")


async def test_without_a_contact_the_doctor_says_which_setting(service: NwsWorld):
    async with Http(HttpSettings(allowed_hosts=(service.host,))) as http:
        national = Nws(http, NwsSettings(base_url=service.url), lambda: service.now)
        assert await national.check() == (
            "It answers. 4 °C in Washington. It asks for a contact: set PASSFEL_HTTP__CONTACT."
        )
        service.status = 403
        with pytest.raises(SettingsError, match="set PASSFEL_HTTP__CONTACT to your mail address"):
            await Nws(http, NwsSettings(base_url=service.url + "/")).check()


async def test_a_forecast_grid_that_has_expired_is_out_of_order(both: WeatherServices, service: NwsWorld):
    service.status = 503
    with pytest.raises(UnreachableError, match=r"^NOAA/NWS is out of order \(HTTP 503\)\.$"):
        await both.forecasts[0].forecast(DENVER)


async def test_a_day_is_held_against_the_same_month_of_past_years(ask: Ask):
    assert await ask("compare_weather", place="Denver") == (
        "Today is about average for November in Denver: up to 9 °C (NOAA/NWS, 23 November), where November days of "
        "2016 to 2025 had 9 °C on average, and eight in ten between 7 and 11 °C (Open-Meteo)."
    )


async def test_a_month_and_a_day_may_be_named(ask: Ask, turn: Turn):
    assert "for November in Lisbon" in await ask("compare_weather", place="Lisbon", month=11)
