"""The weather tool."""

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
from passfel.tools.weather.provider import WeatherProvider
from passfel.tools.weather.sentences import say_now, say_window
from passfel.tools.weather.window import About, Detail, Window, window_of

LIFETIME = timedelta(minutes=10)
DEADLINE = timedelta(seconds=4.5)
HOME_WORDS = frozenset({"home", "here", "at home", "outside"})


def weather_tools(provider: WeatherProvider, *, deadline: timedelta = DEADLINE) -> list[BaseTool]:
    """Make the weather tools over a provider; `deadline` is for a whole answer, place and forecast together."""

    async def get_weather(
        turn: InTurn,
        place: str = "",
        start: AwareDatetime | None = None,
        end: AwareDatetime | None = None,
        detail: Detail | None = None,
        about: About = "weather",
    ) -> Answer:
        """Get the weather at a place: now, for hours, or for days.

        Args:
            turn: the turn.
            place: a town or region ("Lisbon", "Paris, Texas"); empty means at home.
            start: when the time asked about begins, on the person's clock; leave out for now.
            end: when it ends; leave out for a single hour.
            detail: now, hours or days; leave out to go by start and end.
            about: what the person wants to know: weather in general, rain, temperature, wind, or sun
                (sunrise and sunset).
        """
        async with within(provider.source, deadline.total_seconds()):
            where = await _find(provider, place, turn)
            window = window_of(start, end, detail, about, turn, ZoneInfo(where.time_zone))
            forecast = await _forecast(provider, where, window, turn)
        words = say_window(forecast, window, about, turn) if window else say_now(forecast, about, turn)
        source = Source(name=forecast.source, url=forecast.source_url, at=forecast.issued_at)
        return words, Outcome(result=forecast, sources=(source,))

    return [tool(get_weather, domain="weather", annotations=READS_WORLD, lifetime=LIFETIME)]


async def _find(provider: WeatherProvider, place: str, turn: Turn) -> Place:
    name = place.strip()
    if name and name.casefold() not in HOME_WORDS:
        return await provider.find_place(name, turn.home, turn.locale)
    if turn.home is None and turn.home_name:
        return await provider.find_place(turn.home_name, None, turn.locale)
    if turn.home is None:
        raise RequestError(
            "I don't know where home is: name a place, or set one in passfel.toml "
            '(for example home = "Lisbon").'
        )
    # A home that was set without a time zone is in the person's.
    return turn.home if turn.home.time_zone != "UTC" else replace(turn.home, time_zone=turn.zone.key)


async def _forecast(provider: WeatherProvider, place: Place, window: Window | None, turn: Turn) -> Forecast:
    if window is None:
        return await provider.forecast(place)
    first, last = _within_reach(provider, window, turn)
    return _cut(await provider.forecast(place, first, last), window)


def _within_reach(provider: WeatherProvider, window: Window, turn: Turn) -> tuple[date, date]:
    today = turn.now.astimezone(window.start.tzinfo).date()
    earliest = today - timedelta(days=provider.days_back)
    latest = today + timedelta(days=provider.days_ahead)
    if window.last_day < earliest or window.first_day > latest:
        raise RequestError(
            f"{provider.source} tells the weather of the last {provider.days_back} and the next "
            f"{provider.days_ahead} days only."
        )
    return max(window.first_day, earliest), min(window.last_day, latest)


def _cut(forecast: Forecast, window: Window) -> Forecast:
    """Keep what lies in the window."""
    hour = window.start.replace(minute=0, second=0, microsecond=0)
    return forecast.model_copy(
        update={
            "hours": tuple(moment for moment in forecast.hours if hour <= moment.at < window.end),
            "days": tuple(day for day in forecast.days if window.first_day <= day.day <= window.last_day),
        }
    )
