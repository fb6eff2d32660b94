"""The weather tools: the weather, warnings, and whether a day is warm for its month."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from langchain_core.tools import BaseTool
from pydantic import AwareDatetime

from passfel.household.errors import RequestError
from passfel.household.forecast import Forecast
from passfel.household.turn import Place, Turn
from passfel.tools.contract import READS_WORLD, Answer, InTurn, Outcome, Source, tool
from passfel.tools.http import within
from passfel.tools.provider import Chain
from passfel.tools.weather.alert_sentences import no_alerts_source, say_alerts
from passfel.tools.weather.provider import Geocoder, WeatherProvider, WeatherServices
from passfel.tools.weather.sentences import say_now, say_window
from passfel.tools.weather.usual import YEARS, Comparison, say_comparison, usual_month
from passfel.tools.weather.window import About, Detail, Window, window_of

LIFETIME = timedelta(minutes=10)
ALERTS_LIFETIME = timedelta(minutes=1)
DEADLINE = timedelta(seconds=4.5)
HISTORY_DEADLINE = timedelta(seconds=9)
LATE = 15
"""From this hour on, who knows only what is ahead does not know the day's high."""
HOME_WORDS = frozenset(
    {"home", "here", "at home", "outside", "my area", "our area", "my town", "our town", "us"}
)


def weather_tools(services: WeatherServices, *, deadline: timedelta = DEADLINE) -> list[BaseTool]:
    """Make the weather tools over services; `deadline` is for a whole answer, place and forecast together."""
    asking = _Asking(services, deadline.total_seconds())

    async def get_weather(
        turn: InTurn,
        place: str = "",
        start: AwareDatetime | None = None,
        end: AwareDatetime | None = None,
        detail: Detail | None = None,
        about: About = "weather",
    ) -> Answer:
        """Get the weather at a place: now, for hours, hour by hour, or for days.

        Args:
            turn: the turn.
            place: a town or region ("Lisbon", "Paris, Texas"); empty means at home.
            start: when the time asked about begins, on the person's clock; leave out for now.
            end: when it ends; leave out for a single hour.
            detail: now, hours (summed up), hourly (one by one) or days; leave out to go by start and end.
            about: what the person wants to know: weather in general, rain, temperature, wind, or sun
                (sunrise and sunset).
        """
        async with within(services.places.source, deadline.total_seconds()):
            where = await _find(services.places, place, turn)
            window = window_of(start, end, detail, about, turn, ZoneInfo(where.time_zone))
            forecast = await asking.forecast(where, window, about, turn)
        words = say_window(forecast, window, about, turn) if window else say_now(forecast, about, turn)
        return words, Outcome(result=forecast, sources=(_source(forecast),))

    async def get_weather_alerts(turn: InTurn, place: str = "") -> Answer:
        """Get the official warnings of dangerous weather that hold at a place; they exist for the United States.

        Args:
            turn: the turn.
            place: a town or region; empty means at home.
        """
        async with within(services.places.source, deadline.total_seconds()):
            where = await _find(services.places, place, turn)
            among = [provider for provider in services.alerts if provider.covers(where)]
            if not among:
                raise no_alerts_source(where)
            report = await Chain(among).ask(lambda provider: provider.alerts(where))
        source = Source(name=report.source, url=report.source_url, at=report.asked_at)
        return say_alerts(report, where, turn), Outcome(result=report, sources=(source,))

    async def compare_weather(
        turn: InTurn, place: str = "", day: date | None = None, month: int | None = None
    ) -> Answer:
        """Tell whether a day is warm or cold for the time of year: its high beside the same month of past years.

        Args:
            turn: the turn.
            place: a town or region; empty means at home.
            day: the day that is compared; leave out for today.
            month: the month that it is compared with, 1 to 12; leave out for the day's own.
        """
        if services.history is None:
            raise RequestError("I have no record of the weather of past years to compare with.")
        asked = day or turn.now.date()
        past = month or asked.month
        if not 1 <= past <= 12:
            raise RequestError("A month is a number from 1 to 12.")
        async with within(services.history.source, HISTORY_DEADLINE.total_seconds()):
            where = await _find(services.places, place, turn)
            start = turn.now.replace(year=asked.year, month=asked.month, day=asked.day, hour=0, minute=0)
            window = window_of(start, None, "days", "weather", turn, ZoneInfo(where.time_zone))
            forecast = await asking.forecast(where, window, "temperature", turn)
            years = range(turn.now.year - YEARS, turn.now.year)
            days = await services.history.days_of(where, past, years)
        usual = usual_month(past, days, services.history.source)
        words = say_comparison(forecast, usual, services.history.source, turn)
        archive = Source(name=services.history.source, url=services.history.source_url)
        sources = tuple(dict.fromkeys((_source(forecast), archive)))
        return words, Outcome(result=Comparison(forecast=forecast, usual=usual), sources=sources)

    return [
        tool(get_weather, domain="weather", annotations=READS_WORLD, lifetime=LIFETIME),
        tool(get_weather_alerts, domain="weather", annotations=READS_WORLD, lifetime=ALERTS_LIFETIME),
        tool(compare_weather, domain="weather", annotations=READS_WORLD, lifetime=LIFETIME),
    ]


class _Asking:
    """Asks the services that can answer, one after the other, each with its share of the time."""

    def __init__(self, services: WeatherServices, seconds: float) -> None:
        self._services = services
        self._seconds = seconds
        self._chain: Chain[WeatherProvider] = Chain(services.forecasts)

    async def forecast(self, place: Place, window: Window | None, about: About, turn: Turn) -> Forecast:
        among = self._able(place, window, about, turn)

        async def ask(provider: WeatherProvider) -> Forecast:
            async with within(provider.source, self._seconds / len(among)):
                if window is None:
                    return await provider.forecast(place)
                first, last = _within_reach(provider, window, turn)
                return _cut(await provider.forecast(place, first, last), window)

        return await self._chain.ask(ask, among=among)

    def _able(
        self, place: Place, window: Window | None, about: About, turn: Turn
    ) -> Sequence[WeatherProvider]:
        """Those of this part of the world; those first that know all the days that were asked about."""
        covering = [
            provider
            for provider in self._services.forecasts
            if provider.covers(place) and (about != "sun" or provider.tells_sun)
        ]
        if window is None:
            return covering
        reach = [provider for provider in covering if _reaches(provider, window, turn)]
        local = turn.now.astimezone(window.start.tzinfo)
        if window.kind == "days" and window.first_day == local.date() and local.hour >= LATE:
            reach.sort(key=lambda provider: provider.days_back == 0)
        return reach or covering[-1:]


async def _find(places: Geocoder, place: str, turn: Turn) -> Place:
    name = place.strip()
    if name and name.casefold() not in HOME_WORDS:
        return await places.find_place(name, turn.home, turn.locale)
    if turn.home is None and turn.home_name:
        return await places.find_place(turn.home_name, None, turn.locale)
    if turn.home is None:
        raise RequestError(
            "I don't know where home is: name a place, or set one in passfel.toml "
            '(for example home = "Lisbon").'
        )
    # A home that was set without a time zone is in the person's.
    return turn.home if turn.home.time_zone != "UTC" else replace(turn.home, time_zone=turn.zone.key)


def _reach(provider: WeatherProvider, window: Window, turn: Turn) -> tuple[date, date]:
    today = turn.now.astimezone(window.start.tzinfo).date()
    return today - timedelta(days=provider.days_back), today + timedelta(days=provider.days_ahead)


def _reaches(provider: WeatherProvider, window: Window, turn: Turn) -> bool:
    earliest, latest = _reach(provider, window, turn)
    return earliest <= window.first_day and window.last_day <= latest


def _within_reach(provider: WeatherProvider, window: Window, turn: Turn) -> tuple[date, date]:
    earliest, latest = _reach(provider, window, turn)
    if window.last_day < earliest or window.first_day > latest:
        raise RequestError(
            f"{provider.source} tells the weather of the last {provider.days_back} and the next "
            f"{provider.days_ahead} days only."
        )
    return max(window.first_day, earliest), min(window.last_day, latest)


def _source(forecast: Forecast) -> Source:
    return Source(name=forecast.source, url=forecast.source_url, at=forecast.issued_at)


def _cut(forecast: Forecast, window: Window) -> Forecast:
    """Keep what lies in the window."""
    hour = window.start.replace(minute=0, second=0, microsecond=0)
    return forecast.model_copy(
        update={
            "hours": tuple(moment for moment in forecast.hours if hour <= moment.at < window.end),
            "days": tuple(day for day in forecast.days if window.first_day <= day.day <= window.last_day),
        }
    )
