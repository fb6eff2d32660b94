"""The United States' National Weather Service (api.weather.gov): forecasts, observations and warnings, no account."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field

from passfel.household.alert import SEVERITIES, AlertReport
from passfel.household.errors import BrokenAnswerError, ProviderError, SettingsError, UnreachableError
from passfel.household.forecast import Forecast, Moment
from passfel.household.sharing import Rate
from passfel.household.turn import Place
from passfel.tools.http import Http
from passfel.tools.http_failures import StatusError
from passfel.tools.together import together
from passfel.tools.weather.nws_reading import Grid, read_alert, read_days, read_hours, read_observation

log = logging.getLogger(__name__)

SOURCE = "NOAA/NWS"
WASHINGTON = Place("Washington", 38.8951, -77.0364, "United States", "America/New_York", "US")
RATE = Rate(5)
STATES = frozenset({"US", "PR", "GU", "VI", "AS", "MP", "UM"})
BOXES = (
    (24.3, 49.5, -125.0, -66.8),  # the contiguous states, with some of the neighbours
    (51.0, 71.6, -179.9, -129.9),  # Alaska
    (18.8, 22.4, -160.6, -154.7),  # Hawaii
    (17.6, 18.6, -67.4, -64.5),  # Puerto Rico and the Virgin Islands
    (13.2, 20.6, 144.6, 146.1),  # Guam and the Northern Marianas
    (-14.6, -10.9, -171.2, -168.1),  # American Samoa
)
"""South, north, west, east; the service itself says where it really ends."""
# How often the service wants to be asked (weather-gov/api discussion 86).
POINT_STAYS, FORECAST_STAYS = timedelta(days=3), timedelta(hours=1)
MEASURED_STAYS, ALERTS_STAY = timedelta(minutes=10), timedelta(minutes=1)
OLDEST = timedelta(hours=2)
"""A measurement older than this is not the weather now."""
STATIONS = 2
MOST_REMEMBERED = 1000


def _utc_now() -> datetime:
    return datetime.now(UTC)


class NwsSettings(BaseModel):
    """Where the National Weather Service is; it wants a contact in PASSFEL_HTTP__CONTACT."""

    model_config = ConfigDict(frozen=True)

    base_url: str = Field(
        "https://api.weather.gov", description="Where the National Weather Service answers."
    )


@dataclass(frozen=True, slots=True)
class Point:
    """What the service says about a place: where to ask for the rest."""

    zone: ZoneInfo
    paths: Mapping[str, str]


class Nws:
    """Asks the National Weather Service."""

    source = SOURCE
    days_back = 0
    days_ahead = 6
    tells_sun = False

    def __init__(
        self, http: Http, settings: NwsSettings | None = None, clock: Callable[[], datetime] = _utc_now
    ) -> None:
        """Ask through `http`; `clock` tells how old a measurement is."""
        self._http = http
        self._clock = clock
        self._base = (settings or NwsSettings()).base_url.rstrip("/")
        self._outside: set[str] = set()

    def covers(self, place: Place) -> bool:
        """Whether the place is in the United States, or may be as far as its coordinates tell."""
        if place.country_code:
            return place.country_code in STATES
        near = any(
            south <= place.latitude <= north and west <= place.longitude <= east
            for south, north, west, east in BOXES
        )
        return near and _where(place) not in self._outside

    async def check(self) -> str:
        """Ask what it is like in Washington."""
        try:
            now = (await self.forecast(WASHINGTON)).now
        except ContactError as error:
            raise SettingsError(error.sentence) from error
        told = f" {now.temperature:.0f} °C in Washington." if now and now.temperature is not None else ""
        named = "" if self._http.settings.contact else " It asks for a contact: set PASSFEL_HTTP__CONTACT."
        return f"It answers.{told}{named}"

    async def forecast(self, place: Place, first: date | None = None, last: date | None = None) -> Forecast:
        """Tell the weather now and, where days of the place's calendar are given, by the hour and by the day."""
        point = await self._point(place)
        if first is None:
            now = await self._measured(point)
            hours, periods, issued = ((), [], now.at) if now else await self._ahead(point)
        else:
            async with together() as group:
                measuring, looking = (
                    group.create_task(self._measured(point)),
                    group.create_task(self._ahead(point)),
                )
            now, (hours, periods, issued) = measuring.result(), looking.result()
        try:
            return Forecast(
                place=replace(place, time_zone=point.zone.key),
                source=SOURCE,
                source_url="https://www.weather.gov/",
                issued_at=issued,
                now=now or (hours[0] if hours else None),
                hours=hours if first else (),
                days=tuple(read_days(periods, hours, point.zone)) if first else (),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _broken() from error

    async def alerts(self, place: Place) -> AlertReport:
        """Tell the warnings that hold at a place, the worst first."""
        answer = await self._ask(f"/alerts/active?point={_where(place)}", ALERTS_STAY, place)
        now = self._clock()
        try:
            found = [read_alert(feature["properties"]) for feature in answer["features"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _broken() from error
        meant = sorted(
            (alert for alert in found if alert is not None and alert.holds(now)),
            key=lambda alert: SEVERITIES.index(alert.severity),
        )
        return AlertReport(
            source=SOURCE, source_url="https://www.weather.gov/alerts", asked_at=now, alerts=tuple(meant)
        )

    async def _point(self, place: Place) -> Point:
        answer = await self._ask(f"/points/{_where(place)}", POINT_STAYS, place)
        try:
            properties = answer["properties"]
            wanted = ("forecast", "forecastHourly", "forecastGridData", "observationStations")
            # Only their paths: a mirror's answers name the service's own host.
            paths = {name: urlsplit(properties[name]).path for name in wanted}
            return Point(ZoneInfo(properties["timeZone"]), paths)
        except (KeyError, TypeError, ValueError, AttributeError, ZoneInfoNotFoundError) as error:
            raise _broken() from error

    async def _ahead(self, point: Point) -> tuple[tuple[Moment, ...], list[Any], datetime]:
        """The hours ahead, the halves of days, and when the forecast was made."""
        async with together() as group:
            by_hour = group.create_task(
                self._ask(f"{point.paths['forecastHourly']}?units=si", FORECAST_STAYS)
            )
            by_half = group.create_task(self._ask(f"{point.paths['forecast']}?units=si", FORECAST_STAYS))
            raw = group.create_task(self._grid(point))
        hourly, halves, grid = by_hour.result(), by_half.result(), raw.result()
        try:
            about = hourly["properties"]
            issued = datetime.fromisoformat(about.get("updateTime") or about["generatedAt"])
            hours = tuple(read_hours(about["periods"], point.zone, grid))
            return hours, halves["properties"]["periods"], issued.astimezone(point.zone)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _broken() from error

    async def _grid(self, point: Point) -> Grid:
        """Rain in millimetres, gusts, what it feels like: a forecast without them is still one."""
        try:
            answer = await self._ask(point.paths["forecastGridData"], FORECAST_STAYS)
            return Grid(answer["properties"])
        except (ProviderError, KeyError, TypeError, ValueError, AttributeError) as error:
            log.info("%s has no raw figures now: %s", SOURCE, type(error).__name__)
            return Grid({})

    async def _measured(self, point: Point) -> Moment | None:
        """What the nearest station that works has measured; None where none has, lately."""
        try:
            stations = await self._ask(point.paths["observationStations"], POINT_STAYS)
            names = [feature["properties"]["stationIdentifier"] for feature in stations["features"]]
            for name in names[:STATIONS]:
                latest = await self._ask(f"/stations/{name}/observations/latest", MEASURED_STAYS)
                moment = read_observation(latest.get("properties"), point.zone)
                if moment is not None and self._clock() - moment.at < OLDEST:
                    return moment
        except (ProviderError, KeyError, TypeError, ValueError, AttributeError) as error:
            log.info("%s has no measurement now: %s", SOURCE, type(error).__name__)
        return None

    async def _ask(self, path: str, lifetime: timedelta, place: Place | None = None) -> Mapping[str, Any]:
        url = f"{self._base}{path}"
        headers = {"Accept": "application/geo+json"}
        try:
            answer = await self._http.get_json(
                url, source=SOURCE, headers=headers, lifetime=lifetime, rate=RATE
            )
        except StatusError as error:
            if error.status == 403:
                raise ContactError from error
            if error.status in {400, 404} and place is not None:
                self._forget(place)
                raise BrokenAnswerError(
                    SOURCE, f"{SOURCE} has no weather for {place.name}: it is for the United States only."
                ) from error
            raise
        if not isinstance(answer, dict):
            raise _broken()
        return answer

    def _forget(self, place: Place) -> None:
        if len(self._outside) >= MOST_REMEMBERED:
            self._outside.clear()
        self._outside.add(_where(place))


class ContactError(UnreachableError):
    """The service's outer gate turned us away: it does so where it doesn't know who asks."""

    def __init__(self) -> None:
        """Say which setting helps."""
        super().__init__(
            SOURCE,
            f"{SOURCE} turned the request away (HTTP 403), as it does with callers that name no contact: "
            "set PASSFEL_HTTP__CONTACT to your mail address.",
        )


def _where(place: Place) -> str:
    """Four decimals at most and no zero at the end: the service redirects whatever else it gets."""
    return ",".join(_trimmed(number) for number in (place.latitude, place.longitude))


def _trimmed(number: float) -> str:
    return f"{number:.4f}".rstrip("0").rstrip(".")


def _broken() -> BrokenAnswerError:
    return BrokenAnswerError(SOURCE, f"{SOURCE} gave an answer that makes no sense.")
