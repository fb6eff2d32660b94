"""Open-Meteo's archive of past weather (ERA5, since 1940). Data: CC BY 4.0."""

import asyncio
import calendar
from collections.abc import Sequence
from datetime import date, timedelta

from passfel.household.forecast import Day
from passfel.household.turn import Place
from passfel.tools.http import Http
from passfel.tools.together import together
from passfel.tools.weather.open_meteo import SOURCE, OpenMeteoSettings, Query, ask, read_forecast

DAILY = ("temperature_2m_min", "temperature_2m_max", "precipitation_sum")
PAST_STAYS = timedelta(days=30)
AT_ONCE = 3
"""Open-Meteo limits the calls that run together too, and a long range counts as many."""


class OpenMeteoArchive:
    """Asks Open-Meteo's archive."""

    source = SOURCE
    source_url = "https://open-meteo.com/"

    def __init__(self, http: Http, settings: OpenMeteoSettings | None = None) -> None:
        """Ask through `http`."""
        self._http = http
        self._settings = settings or OpenMeteoSettings()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def days_of(self, place: Place, month: int, years: Sequence[int]) -> tuple[Day, ...]:
        """The days of one month in several past years."""
        async with together() as group:
            months = [group.create_task(self._month(place, year, month)) for year in years]
        return tuple(day for task in months for day in task.result())

    async def _month(self, place: Place, year: int, month: int) -> tuple[Day, ...]:
        last = calendar.monthrange(year, month)[1]
        query: Query = {
            "latitude": round(place.latitude, 4),
            "longitude": round(place.longitude, 4),
            "timezone": "auto",
            "daily": ",".join(DAILY),
            "start_date": date(year, month, 1).isoformat(),
            "end_date": date(year, month, last).isoformat(),
        }
        async with self._places:
            answer = await ask(self._http, self._settings, self._settings.archive_url, query, PAST_STAYS)
        return read_forecast(answer, place).days
