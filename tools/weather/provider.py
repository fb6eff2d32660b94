"""What weather services must be able to do for the household."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from passfel.household.alert import AlertReport
from passfel.household.forecast import Day, Forecast
from passfel.household.turn import Place
from passfel.tools.provider import Provider


class Geocoder(Protocol):
    """Knows where places are."""

    source: str

    async def find_place(self, name: str, near: Place | None = None, language: str = "en") -> Place:
        """Find a place by the name a person gives it ("Lisbon", "Paris, Texas"); NotFoundError if there is none."""
        ...


class WeatherProvider(Provider, Protocol):
    """A weather service: figures for a place, or one of the errors of `household/errors.py`."""

    days_back: int
    """For how many days before today it knows the weather."""
    days_ahead: int
    tells_sun: bool
    """Whether it knows sunrise and sunset."""

    def covers(self, place: Place) -> bool:
        """Whether it is for this part of the world, as far as that is known without asking."""
        ...

    async def forecast(self, place: Place, first: date | None = None, last: date | None = None) -> Forecast:
        """Tell the weather now and, where days of the place's calendar are given, by the hour and by the day."""
        ...


class AlertProvider(Provider, Protocol):
    """A service that warns of dangerous weather."""

    def covers(self, place: Place) -> bool:
        """Whether it warns in this part of the world."""
        ...

    async def alerts(self, place: Place) -> AlertReport:
        """Tell the warnings that hold at a place."""
        ...


class WeatherHistory(Protocol):
    """Remembers the weather of past years: a service's archive, or what the household has kept itself."""

    source: str
    source_url: str

    async def days_of(self, place: Place, month: int, years: Sequence[int]) -> tuple[Day, ...]:
        """The days of one month in several past years; years that it does not know are left out."""
        ...


@dataclass(frozen=True, slots=True)
class WeatherServices:
    """Everybody who can be asked about the weather, each list in the order of preference."""

    places: Geocoder
    forecasts: Sequence[WeatherProvider]
    alerts: Sequence[AlertProvider] = ()
    history: WeatherHistory | None = None
