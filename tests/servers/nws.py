"""A stand-in for the National Weather Service: its paths, GeoJSON, redirects and problems, over the shared world.

It has the same towns and weather as the stand-in for Open-Meteo, as far as they lie in the United States.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from passfel.tests.servers.loopback import serve
from passfel.tests.servers.open_meteo import TOWNS, Town, day_of, hour_of

DENIED = "<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>\n</BODY></HTML>"
GENERIC = ("", "python", "curl", "httpx", "Mozilla")
ICONS = {0: "skc", 1: "few", 2: "sct", 3: "ovc", 61: "rain", 63: "rain", 80: "rain_showers"}


@dataclass
class NwsWorld:
    """The world, the requests that were made, and what shall go wrong."""

    now: datetime = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Lisbon"))
    alerts: list[dict[str, Any]] = field(default_factory=list)
    """The properties of the warnings that hold."""
    status: int = 0
    """Every request is answered with this problem, where it is set."""
    failing: str = ""
    """Only requests whose path ends so are answered with it."""
    measured_ago: timedelta = timedelta(minutes=20)
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    @property
    def host(self) -> str:
        """Host and port, as a household would allow it."""
        return self.url.removeprefix("http://")

    def forget(self) -> None:
        """Work again, and forget what was asked."""
        self.alerts, self.status, self.failing = [], 0, ""
        self.measured_ago = timedelta(minutes=20)
        self.requests.clear()


def nws_app(world: NwsWorld) -> Starlette:
    """The ASGI application."""

    def route(path: str, answer: Callable[[NwsWorld, Request], Response]) -> Route:
        return Route(path, _gated(world, answer))

    return Starlette(
        routes=[
            route("/points/{where}", _point),
            route("/gridpoints/{office}/{cell}/forecast", _halves),
            route("/gridpoints/{office}/{cell}/forecast/hourly", _hourly),
            route("/gridpoints/{office}/{cell}/stations", _stations),
            route("/gridpoints/{office}/{cell}", _grid),
            route("/stations/{station}/observations/latest", _measured),
            route("/alerts/active", _alerts),
        ]
    )


@contextmanager
def nws() -> Iterator[NwsWorld]:
    """Run the stand-in until the block ends."""
    world = NwsWorld()
    with serve(nws_app(world)) as world.url:
        yield world


def _gated(
    world: NwsWorld, answer: Callable[[NwsWorld, Request], Response]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        world.requests.append(request)
        agent = request.headers.get("user-agent", "")
        if not agent or agent.startswith(GENERIC[1:]):
            return Response(DENIED, 403, media_type="text/html")
        if world.status and request.url.path.endswith(world.failing):
            if world.status == 403:
                return Response(DENIED, 403, media_type="text/html")
            return _problem(world.status, "UnexpectedProblem", "An unexpected problem has occurred.")
        return answer(world, request)

    return endpoint


def _problem(status: int, kind: str, detail: str) -> Response:
    body = {
        "correlationId": "ed7f4d10",
        "title": kind,
        "type": f"https://api.weather.gov/problems/{kind}",
        "status": status,
        "detail": detail,
    }
    return JSONResponse(body, status, media_type="application/problem+json")


def _feature(properties: dict[str, Any]) -> Response:
    return JSONResponse({"type": "Feature", "properties": properties}, media_type="application/geo+json")


def _collection(features: list[dict[str, Any]]) -> Response:
    body = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": one} for one in features],
    }
    return JSONResponse(body, media_type="application/geo+json")


def _point(world: NwsWorld, request: Request) -> Response:
    where = request.path_params["where"]
    numbers = [float(part) for part in where.split(",")]
    plain = ",".join(f"{number:.4f}".rstrip("0").rstrip(".") for number in numbers)
    if plain != where:
        return RedirectResponse(f"{world.url}/points/{plain}", 301)
    town = _town_at(*numbers)
    if town is None:
        return _problem(404, "InvalidPoint", f"Unable to provide data for requested point {where}")
    cell = f"https://api.weather.gov/gridpoints/XYZ/{TOWNS.index(town)},1"
    return _feature(
        {
            "gridId": "XYZ",
            "forecast": f"{cell}/forecast",
            "forecastHourly": f"{cell}/forecast/hourly",
            "forecastGridData": cell,
            "observationStations": f"{cell}/stations",
            "timeZone": town.zone,
        }
    )


def _town_at(latitude: float, longitude: float) -> Town | None:
    near = (t for t in TOWNS if abs(t.latitude - latitude) < 0.5 and abs(t.longitude - longitude) < 0.5)
    return next((town for town in near if town.code == "US"), None)


def _town(request: Request) -> Town:
    return TOWNS[int(request.path_params["cell"].partition(",")[0])]


def _hours(world: NwsWorld, town: Town) -> list[datetime]:
    first = world.now.astimezone(ZoneInfo(town.zone)).replace(minute=0, second=0, microsecond=0)
    return [(first.astimezone(UTC) + timedelta(hours=n)).astimezone(first.tzinfo) for n in range(156)]


def _hourly(world: NwsWorld, request: Request) -> Response:
    town = _town(request)
    periods = []
    for number, at in enumerate(_hours(world, town), 1):
        hour = hour_of(town, at)
        periods.append(
            {
                "number": number,
                "startTime": at.isoformat(),
                "endTime": (at + timedelta(hours=1)).isoformat(),
                "isDaytime": 6 <= at.hour < 18,
                "temperature": hour["temperature_2m"],
                "temperatureUnit": "C",
                "probabilityOfPrecipitation": {
                    "unitCode": "wmoUnit:percent",
                    "value": hour["precipitation_probability"],
                },
                "relativeHumidity": {"unitCode": "wmoUnit:percent", "value": hour["relative_humidity_2m"]},
                "windSpeed": f"{hour['wind_speed_10m']:.0f} km/h",
                "windDirection": "W",
                "icon": f"https://api.weather.gov/icons/land/day/{ICONS[hour['weather_code']]}?size=small",
                "shortForecast": "As it comes",
            }
        )
    return _feature({"units": "si", "updateTime": world.now.astimezone(UTC).isoformat(), "periods": periods})


def _halves(world: NwsWorld, request: Request) -> Response:
    town = _town(request)
    today = world.now.astimezone(ZoneInfo(town.zone)).date()
    periods = []
    for number in range(7):
        day = today + timedelta(days=number)
        figures = day_of(town, day)
        for daytime, hour in ((True, 6), (False, 18)):
            start = datetime.combine(day, time(hour), ZoneInfo(town.zone))
            periods.append(
                {
                    "startTime": start.isoformat(),
                    "isDaytime": daytime,
                    "temperature": figures["temperature_2m_max" if daytime else "temperature_2m_min"],
                    "temperatureUnit": "C",
                }
            )
    return _feature({"units": "si", "updateTime": world.now.astimezone(UTC).isoformat(), "periods": periods})


def _grid(world: NwsWorld, request: Request) -> Response:
    town = _town(request)
    hours = [(at, hour_of(town, at)) for at in _hours(world, town)]

    def layer(unit: str, name: str) -> dict[str, Any]:
        values = [
            {"validTime": f"{at.astimezone(UTC).isoformat()}/PT1H", "value": hour[name]} for at, hour in hours
        ]
        return {"uom": f"wmoUnit:{unit}", "values": values}

    return _feature(
        {
            "apparentTemperature": layer("degC", "apparent_temperature"),
            "quantitativePrecipitation": layer("mm", "precipitation"),
            "windGust": layer("km_h-1", "wind_gusts_10m"),
        }
    )


def _stations(world: NwsWorld, request: Request) -> Response:
    return _collection(
        [
            {"stationIdentifier": "KOUT"},
            {"stationIdentifier": f"K{request.path_params['cell'].split(',')[0]}"},
        ]
    )


def _measured(world: NwsWorld, request: Request) -> Response:
    station = request.path_params["station"]
    if station == "KOUT":  # the nearest one is out of order
        return _feature({"timestamp": world.now.isoformat(), "temperature": {"value": None}})
    town = TOWNS[int(station.removeprefix("K"))]
    at = world.now - world.measured_ago
    hour = hour_of(town, world.now.astimezone(ZoneInfo(town.zone)))
    return _feature(
        {
            "timestamp": at.astimezone(UTC).isoformat(),
            "icon": f"/icons/land/day/{ICONS[hour['weather_code']]}?size=medium",
            "temperature": {"unitCode": "wmoUnit:degC", "value": hour["temperature_2m"] + 1},
            "relativeHumidity": {"unitCode": "wmoUnit:percent", "value": 71.2},
            "windSpeed": {"unitCode": "wmoUnit:km_h-1", "value": 7.56},
            "windDirection": {"unitCode": "wmoUnit:degree_(angle)", "value": 270},
            "windGust": {"unitCode": "wmoUnit:km_h-1", "value": None},
            "precipitationLastHour": {"unitCode": "wmoUnit:mm", "value": None},
            "windChill": {"unitCode": "wmoUnit:degC", "value": hour["apparent_temperature"]},
            "heatIndex": {"unitCode": "wmoUnit:degC", "value": None},
        }
    )


def _alerts(world: NwsWorld, request: Request) -> Response:
    latitude, longitude = (float(part) for part in request.query_params["point"].split(","))
    if _town_at(latitude, longitude) is None:
        return _problem(404, "InvalidPoint", "Unable to provide data for requested point")
    return _collection(world.alerts)
