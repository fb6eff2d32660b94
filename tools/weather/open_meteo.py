"""Open-Meteo (open-meteo.com): forecasts and place names, without an account. Data: CC BY 4.0."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from passfel.household.errors import (
    BrokenAnswerError,
    LimitedError,
    NotFoundError,
    ProviderError,
    UnreachableError,
)
from passfel.household.forecast import Day, Forecast, Moment
from passfel.household.sharing import Rate
from passfel.household.turn import Place
from passfel.tools.http import Http
from passfel.tools.http_failures import StatusError
from passfel.tools.weather.places import Hit, best_hit, readings

SOURCE = "Open-Meteo"
GREENWICH = Place("Greenwich", 51.4779, -0.0015)
Query = dict[str, str | int | float]
RATE = Rate(10)  # Open-Meteo allows 600 calls a minute
PLACES_STAY = timedelta(days=30)
WEATHER_STAYS = timedelta(minutes=10)
HITS = 20

CURRENT = {
    "temperature_2m": "temperature",
    "apparent_temperature": "feels_like",
    "relative_humidity_2m": "humidity",
    "precipitation": "rain_mm",
    "weather_code": "code",
    "wind_speed_10m": "wind",
    "wind_gusts_10m": "gusts",
    "wind_direction_10m": "wind_from",
}
HOURLY = CURRENT | {"precipitation_probability": "rain_chance"}
DAILY = {
    "temperature_2m_min": "low",
    "temperature_2m_max": "high",
    "precipitation_sum": "rain_mm",
    "precipitation_probability_max": "rain_chance",
    "weather_code": "code",
    "wind_speed_10m_max": "wind",
    "wind_gusts_10m_max": "gusts",
    "wind_direction_10m_dominant": "wind_from",
    "sunrise": "sunrise",
    "sunset": "sunset",
    "uv_index_max": "uv",
}
UNITS = {
    "temperature": "°C",
    "feels_like": "°C",
    "low": "°C",
    "high": "°C",
    "wind": "km/h",
    "gusts": "km/h",
    "rain_mm": "mm",
}


class OpenMeteoSettings(BaseModel):
    """Where Open-Meteo is; the defaults are its free service, for non-commercial use."""

    model_config = ConfigDict(frozen=True)

    forecast_url: str = Field(
        "https://api.open-meteo.com/v1/forecast", description="Paying customers and own servers have another."
    )
    geocoding_url: str = Field(
        "https://geocoding-api.open-meteo.com/v1/search", description="Where place names are looked up."
    )
    archive_url: str = Field(
        "https://archive-api.open-meteo.com/v1/archive", description="Where the weather of past years is."
    )
    api_key: SecretStr | None = Field(None, description="Only for paying customers.")


class OpenMeteo:
    """Asks Open-Meteo."""

    source = SOURCE
    days_back = 90
    days_ahead = 15
    tells_sun = True

    def __init__(self, http: Http, settings: OpenMeteoSettings | None = None) -> None:
        """Ask through `http`."""
        self._http = http
        self._settings = settings or OpenMeteoSettings()

    def covers(self, place: Place) -> bool:
        """The whole world."""
        return True

    async def find_place(self, name: str, near: Place | None = None, language: str = "en") -> Place:
        """Find a place: the best known of that name, in the country or region that was said with it."""
        for reading in readings(name):
            hits = await self._search(reading.name, language)
            hit = best_hit(hits, reading, near)
            if hit is not None:
                return hit.place(reading)
        raise NotFoundError(f'{SOURCE} knows no place called "{name.strip()[:60]}".')

    async def _search(self, name: str, language: str) -> Sequence[Hit]:
        params: Query = {"name": name, "count": HITS, "language": language[:2], "format": "json"}
        answer = await self._ask(self._settings.geocoding_url, params, PLACES_STAY)
        try:
            return [Hit.model_validate(hit) for hit in answer.get("results") or ()]
        except (ValidationError, TypeError) as error:
            raise _broken() from error

    async def check(self) -> str:
        """Ask for the weather where every clock begins."""
        now = (await self.forecast(GREENWICH)).now
        return (
            f"It answers: {now.temperature:.0f} °C in Greenwich."
            if now and now.temperature is not None
            else "It answers."
        )

    async def forecast(self, place: Place, first: date | None = None, last: date | None = None) -> Forecast:
        """Tell the weather now and, where days of the place's calendar are given, by the hour and by the day."""
        params: Query = {
            "latitude": round(place.latitude, 4),
            "longitude": round(place.longitude, 4),
            "timezone": "auto",
            "current": ",".join(CURRENT),
        }
        if first is not None:
            params |= {"hourly": ",".join(HOURLY), "daily": ",".join(DAILY)}
            params |= {"start_date": first.isoformat(), "end_date": (last or first).isoformat()}
        answer = await self._ask(self._settings.forecast_url, params, WEATHER_STAYS)
        return read_forecast(answer, place)

    async def _ask(self, url: str, params: Query, lifetime: timedelta) -> Mapping[str, Any]:
        return await ask(self._http, self._settings, url, params, lifetime)


async def ask(
    http: Http, settings: OpenMeteoSettings, url: str, params: Query, lifetime: timedelta, rate: Rate = RATE
) -> Mapping[str, Any]:
    """Ask one of Open-Meteo's services, with the key where there is one."""
    if settings.api_key is not None:
        params["apikey"] = settings.api_key.get_secret_value()
    try:
        answer = await http.get_json(url, params, source=SOURCE, lifetime=lifetime, rate=rate)
    except StatusError as error:
        raise _translated(error) from error
    if not isinstance(answer, dict):
        raise _broken()
    return answer


def _translated(error: StatusError) -> ProviderError:
    if b"limit exceeded" in error.body:
        return LimitedError(SOURCE, f"{SOURCE} takes no more requests for now.")
    if error.status in {401, 403} or b"apikey" in error.body or b"API key" in error.body:
        return UnreachableError(
            SOURCE,
            f"{SOURCE} asks for a valid key: set PASSFEL_OPEN_METEO__API_KEY (open-meteo.com/en/pricing), or unset "
            "it for the free service.",
        )
    return error


def read_forecast(answer: Mapping[str, Any], place: Place) -> Forecast:
    """Read Open-Meteo's answer; BrokenAnswerError where it can't be one."""
    try:
        zone = ZoneInfo(answer["timezone"])
        now = _now(answer, zone)
        return Forecast(
            place=replace(place, time_zone=zone.key),
            source=SOURCE,
            source_url="https://open-meteo.com/",
            issued_at=now.at if now else datetime.now(UTC).astimezone(zone),
            now=now,
            hours=tuple(
                Moment(at=_local(row["time"], zone), **_picked(row, HOURLY))
                for row in _rows(answer, "hourly")
            ),
            days=tuple(_day(row, zone) for row in _rows(answer, "daily")),
        )
    except (KeyError, TypeError, ValueError, AttributeError, ZoneInfoNotFoundError) as error:
        raise _broken() from error


def _now(answer: Mapping[str, Any], zone: ZoneInfo) -> Moment | None:
    current = answer.get("current")
    if current is None:
        return None
    _check_units(answer.get("current_units", {}), CURRENT)
    return Moment(at=_local(current["time"], zone), **_picked(current, CURRENT))


def _day(row: Mapping[str, Any], zone: ZoneInfo) -> Day:
    figures = _picked(row, DAILY)
    for name in ("sunrise", "sunset"):
        # Where the sun doesn't rise, the answer holds the start of the epoch or nothing.
        text = figures.get(name)
        moment = _local(text, zone) if text else None
        figures[name] = moment if moment is not None and moment.year > 1970 else None
    return Day(day=date.fromisoformat(row["time"]), **figures)


def _rows(answer: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Turn columns into rows."""
    columns = answer.get(name)
    if columns is None:
        return []
    _check_units(answer.get(f"{name}_units", {}), HOURLY | DAILY)
    count = len(columns["time"])
    if any(len(column) != count for column in columns.values()):
        raise ValueError("columns of different length")
    return [{key: column[index] for key, column in columns.items()} for index in range(count)]


def _picked(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {ours: row.get(theirs) for theirs, ours in names.items()}


def _check_units(units: Mapping[str, str], names: Mapping[str, str]) -> None:
    for theirs, unit in units.items():
        wanted = UNITS.get(names.get(theirs, ""))
        if wanted is not None and unit not in {wanted, "undefined"}:
            raise ValueError(f"{theirs} came in {unit}")


def _local(text: str, zone: ZoneInfo) -> datetime:
    """Times come without an offset, on the clock of the place."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def _broken() -> BrokenAnswerError:
    return BrokenAnswerError(SOURCE, f"{SOURCE} gave an answer that makes no sense.")
