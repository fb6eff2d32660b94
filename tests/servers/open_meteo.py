"""A stand-in for Open-Meteo: its paths and JSON, over a small deterministic world, and told to fail on demand.

The weather is made up and repeats every week. `with open_meteo() as world:` and point the client at
`world.forecast_url` and `world.geocoding_url`; its host has to be allowed, for loopback is private.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from passfel.tests.servers.loopback import serve

MONDAY = date(2026, 11, 23)

Fault = Literal["status", "drip", "cut", "shape", "huge", "html", "nan", "redirect"]


@dataclass(frozen=True)
class Town:
    """A town of the stand-in's world."""

    name: str
    country: str
    code: str
    region: str
    latitude: float
    longitude: float
    zone: str
    people: int | None
    low: float
    high: float
    other_names: tuple[str, ...] = ()


TOWNS = (
    Town("Porto Covo", "Portugal", "PT", "Setúbal", 37.8524, -8.7906, "Europe/Lisbon", 1038, 11, 17),
    Town("Lisbon", "Portugal", "PT", "Lisbon", 38.7167, -9.1333, "Europe/Lisbon", 517802, 9, 15, ("Lisboa",)),
    Town("Porto", "Portugal", "PT", "Porto", 41.1496, -8.611, "Europe/Lisbon", 249633, 8, 14, ("Oporto",)),
    Town(
        "Porto Alegre",
        "Brazil",
        "BR",
        "Rio Grande do Sul",
        -30.0328,
        -51.2302,
        "America/Sao_Paulo",
        1372741,
        19,
        28,
    ),
    Town("Rome", "Italy", "IT", "Lazio", 41.8919, 12.5113, "Europe/Rome", 2318895, 8, 16, ("Roma",)),
    Town("Paris", "France", "FR", "Île-de-France", 48.8534, 2.3488, "Europe/Paris", 2138551, 4, 9),
    Town("Paris", "United States", "US", "Texas", 33.6609, -95.5555, "America/Chicago", 24782, 10, 21),
    Town("Denver", "United States", "US", "Colorado", 39.7392, -104.9847, "America/Denver", 715522, -4, 9),
    Town("Washington", "United States", "US", "D.C.", 38.8951, -77.0364, "America/New_York", 689545, 3, 12),
    Town("London", "United Kingdom", "GB", "England", 51.5085, -0.1257, "Europe/London", 8961989, 6, 10),
    Town("London", "Canada", "CA", "Ontario", 42.9834, -81.233, "America/Toronto", 346765, -1, 5),
    Town("Tokyo", "Japan", "JP", "Tokyo", 35.6895, 139.6917, "Asia/Tokyo", 9733276, 8, 15),
    Town("Tromsø", "Norway", "NO", "Troms", 69.6489, 18.9551, "Europe/Oslo", 38980, -8, -3, ("Tromso",)),
    Town("Antarctica", "", "", "", -78.1586, 16.4063, "Antarctica/Syowa", None, -40, -28),
)

# Each weekday from Monday: WMO code, chance of rain in percent, rain in mm, wind in km/h.
WEEK = (
    (61, 60, 1.2, 22.0),
    (61, 80, 4.4, 25.0),
    (3, 10, 0.0, 14.0),
    (0, 0, 0.0, 8.0),
    (80, 55, 2.6, 44.0),
    (1, 5, 0.0, 12.0),
    (63, 90, 11.8, 52.0),
)

UNITS = {
    "time": "iso8601",
    "interval": "seconds",
    "temperature_2m": "°C",
    "apparent_temperature": "°C",
    "relative_humidity_2m": "%",
    "precipitation": "mm",
    "precipitation_probability": "%",
    "weather_code": "wmo code",
    "wind_speed_10m": "km/h",
    "wind_gusts_10m": "km/h",
    "wind_direction_10m": "°",
    "temperature_2m_min": "°C",
    "temperature_2m_max": "°C",
    "precipitation_sum": "mm",
    "precipitation_probability_max": "%",
    "wind_speed_10m_max": "km/h",
    "wind_gusts_10m_max": "km/h",
    "wind_direction_10m_dominant": "°",
    "sunrise": "iso8601",
    "sunset": "iso8601",
    "uv_index_max": "",
}


@dataclass
class OpenMeteoWorld:
    """The world, the requests that were made, and what shall go wrong."""

    now: datetime = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Lisbon"))
    fault: Fault | None = None
    times: int = -1
    """How many requests go wrong; -1 means all."""
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    reason: str = "Something went wrong."
    location: str = ""
    """Where a redirect leads."""
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    @property
    def host(self) -> str:
        """Host and port, as a household would allow it."""
        return self.url.removeprefix("http://")

    @property
    def forecast_url(self) -> str:
        """Where the weather is."""
        return f"{self.url}/v1/forecast"

    @property
    def geocoding_url(self) -> str:
        """Where the places are."""
        return f"{self.url}/v1/search"

    def fail(self, fault: Fault, times: int = -1, **details: Any) -> None:
        """Let the next requests go wrong."""
        self.fault, self.times = fault, times
        for name, value in details.items():
            setattr(self, name, value)

    def forget(self) -> None:
        """Work again, and forget what was asked."""
        self.fault, self.times, self.headers = None, -1, {}
        self.status, self.reason, self.location = 503, "Something went wrong.", ""
        self.requests.clear()

    @property
    def archive_url(self) -> str:
        """Where the past years are."""
        return f"{self.url}/v1/archive"

    @property
    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/v1/forecast", self._or_fault(self._forecast), methods=["GET", "POST"]),
                Route("/v1/search", self._or_fault(self._search)),
                Route("/v1/archive", self._or_fault(self._archive)),
            ]
        )

    def _or_fault(self, answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            self.requests.append(request)
            if self.fault is None or self.times == 0:
                return answer(request)
            self.times -= 1
            return self._broken(self.fault)

        return endpoint

    def _broken(self, fault: Fault) -> Response:
        match fault:
            case "status":
                return JSONResponse({"error": True, "reason": self.reason}, self.status, self.headers)
            case "redirect":
                return RedirectResponse(self.location)
            case "html":
                return Response("<html><body>Bad gateway</body></html>", media_type="text/html")
            case "nan":
                return Response('{"latitude":nan,"longitude":nan}', media_type="application/json")
            case "shape":
                return JSONResponse({"results": [{"id": 1}], "timezone": 7, "current": ["what"]})
            case "cut":
                return StreamingResponse(
                    _pieces(b'{"latitude": 38.7,', 1),
                    media_type="application/json",
                    headers={"Content-Length": "900"},
                )
            case "huge":
                return StreamingResponse(_pieces(b" " * 65536, 160), media_type="application/json")
            case "drip":
                return StreamingResponse(_pieces(b" ", 10_000, 0.05), media_type="application/json")

    def _search(self, request: Request) -> Response:
        wanted = request.query_params.get("name", "").casefold()
        count = int(request.query_params.get("count", "10"))
        towns = [
            town
            for town in TOWNS
            if len(wanted) > 1
            and any(name.casefold().startswith(wanted) for name in (town.name, *town.other_names))
        ]
        answer: dict[str, Any] = {"results": [_hit(town) for town in towns[:count]]} if towns else {}
        return JSONResponse(answer | {"generationtime_ms": 0.5})

    def _forecast(self, request: Request) -> Response:
        query = request.query_params
        try:
            town = _nearest(float(query["latitude"]), float(query["longitude"]))
        except (KeyError, ValueError):
            return _refusal("Value of type 'Float' required for key 'latitude'.")
        asked = {kind: query[kind].split(",") for kind in ("current", "hourly", "daily") if kind in query}
        unknown = next((name for names in asked.values() for name in names if name not in UNITS), None)
        if unknown:
            return _refusal(f"Cannot initialize SurfacePressureVariable from invalid String value {unknown}")
        local = self.now.astimezone(ZoneInfo(town.zone))
        first = date.fromisoformat(query.get("start_date", local.date().isoformat()))
        last = date.fromisoformat(query.get("end_date", (local.date() + timedelta(days=6)).isoformat()))
        earliest, latest = local.date() - timedelta(days=92), local.date() + timedelta(days=15)
        if first < earliest or last > latest:
            return _refusal(f"Parameter 'start_date' is out of allowed range from {earliest} to {latest}")
        return JSONResponse(_answer(town, local, first, last, asked))

    def _archive(self, request: Request) -> Response:
        """Past years: every year is a degree warmer or colder than the last, and ends five days ago."""
        query = request.query_params
        town = _nearest(float(query["latitude"]), float(query["longitude"]))
        first, last = date.fromisoformat(query["start_date"]), date.fromisoformat(query["end_date"])
        if last > self.now.date() - timedelta(days=5):
            return _refusal(
                f"Parameter 'end_date' is out of allowed range from 1940-01-01 to {self.now.date()}"
            )
        local = self.now.astimezone(ZoneInfo(town.zone))
        answer = _answer(town, local, first, last, {"daily": query["daily"].split(",")})
        for name in ("temperature_2m_max", "temperature_2m_min"):
            answer["daily"][name] = [
                value + (first.year % 2) + number % 5 - 2.5
                for number, value in enumerate(answer["daily"][name])
            ]
        return JSONResponse(answer)


@contextmanager
def open_meteo() -> Iterator[OpenMeteoWorld]:
    """Run the stand-in until the block ends."""
    world = OpenMeteoWorld()
    with serve(world.app) as world.url:
        yield world


def _answer(
    town: Town, local: datetime, first: date, last: date, asked: dict[str, list[str]]
) -> dict[str, Any]:
    offset = local.utcoffset() or timedelta(0)
    answer: dict[str, Any] = {
        "latitude": round(town.latitude * 8) / 8,  # the grid point differs from the point asked for
        "longitude": round(town.longitude * 8) / 8,
        "generationtime_ms": 0.1,
        "utc_offset_seconds": int(offset.total_seconds()),
        "timezone": town.zone,
        "timezone_abbreviation": local.tzname(),
        "elevation": 10.0,
    }
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if "current" in asked:
        quarter = local.replace(minute=local.minute // 15 * 15, second=0, microsecond=0, tzinfo=None)
        answer |= _block("current", asked["current"], [_current(town, quarter)], single=True)
    if "hourly" in asked:
        hours = [datetime.combine(day, time(hour)) for day in days for hour in range(24)]
        answer |= _block("hourly", asked["hourly"], [hour_of(town, hour) for hour in hours])
    if "daily" in asked:
        answer |= _block("daily", asked["daily"], [day_of(town, day) for day in days])
    return answer


def _block(kind: str, names: list[str], rows: list[dict[str, Any]], single: bool = False) -> dict[str, Any]:
    keys = ["time", *(["interval"] if single else []), *names]
    values = {key: rows[0].get(key) if single else [row.get(key) for row in rows] for key in keys}
    return {f"{kind}_units": {key: UNITS[key] for key in keys}, kind: values}


def _current(town: Town, at: datetime) -> dict[str, Any]:
    return hour_of(town, at) | {
        "interval": 900,
        "temperature_2m": town.high - 1.0,
        "apparent_temperature": town.high - 3.0,
        "precipitation": 0.1 if _of_week(at.date())[0] >= 51 else 0.0,
        "wind_speed_10m": 18.0,
        "wind_gusts_10m": 30.2,
    }


def hour_of(town: Town, at: datetime) -> dict[str, Any]:
    """An hour's weather in a town."""
    code, chance, rain, wind = _of_week(at.date())
    warmth = (1 - math.cos(2 * math.pi * (at.hour - 4) / 24)) / 2  # coldest at four, warmest at sixteen
    temperature = round(town.low + (town.high - town.low) * warmth, 1)
    wet = 12 <= at.hour < 20
    return {
        "time": at.strftime("%Y-%m-%dT%H:%M"),
        "temperature_2m": temperature,
        "apparent_temperature": round(temperature - 2, 1),
        "relative_humidity_2m": 70,
        "precipitation": round(rain / 8, 2) if wet else 0.0,
        "precipitation_probability": chance if wet else chance // 2,
        "weather_code": code if wet or code < 51 or at.hour >= 8 else 3,
        "wind_speed_10m": wind if wet else round(wind / 2, 1),
        "wind_gusts_10m": round(wind * 1.6, 1),
        "wind_direction_10m": 270,
    }


def day_of(town: Town, day: date) -> dict[str, Any]:
    """A day's weather in a town."""
    code, chance, rain, wind = _of_week(day)
    polar_night = town.latitude > 66
    return {
        "time": day.isoformat(),
        "temperature_2m_min": float(town.low),
        "temperature_2m_max": float(town.high),
        "precipitation_sum": rain,
        "precipitation_probability_max": chance,
        "weather_code": code,
        "wind_speed_10m_max": wind,
        "wind_gusts_10m_max": round(wind * 1.6, 1),
        "wind_direction_10m_dominant": 270,
        "sunrise": "1970-01-01T00:00" if polar_night else f"{day}T07:23",
        "sunset": "1970-01-01T00:00" if polar_night else f"{day}T17:18",
        "uv_index_max": 2.1,
    }


def _of_week(day: date) -> tuple[int, int, float, float]:
    return WEEK[(day - MONDAY).days % 7]


def _hit(town: Town) -> dict[str, Any]:
    hit: dict[str, Any] = {
        "id": TOWNS.index(town) + 1,
        "name": town.name,
        "latitude": town.latitude,
        "longitude": town.longitude,
        "elevation": 10.0,
        "feature_code": "PPL",
        "timezone": town.zone,
    }
    # Real answers leave out what isn't known.
    known = {
        "country": town.country,
        "country_code": town.code,
        "admin1": town.region,
        "population": town.people,
    }
    return hit | {key: value for key, value in known.items() if value}


def _nearest(latitude: float, longitude: float) -> Town:
    return min(TOWNS, key=lambda town: math.hypot(town.latitude - latitude, town.longitude - longitude))


def _refusal(reason: str) -> Response:
    return JSONResponse({"error": True, "reason": reason}, 400)


async def _pieces(piece: bytes, count: int, pause_s: float = 0.0) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield piece
        await asyncio.sleep(pause_s)
