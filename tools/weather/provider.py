"""What a weather service must be able to do for the household."""

from datetime import date
from typing import Protocol

from passfel.household.forecast import Forecast
from passfel.household.turn import Place
from passfel.tools.provider import Provider


class WeatherProvider(Provider, Protocol):
    """A weather service: places in, figures out, or one of the errors of `household/errors.py`."""

    days_back: int
    """For how many days before today it knows the weather."""
    days_ahead: int

    async def find_place(self, name: str, near: Place | None = None, language: str = "en") -> Place:
        """Find a place by the name a person gives it ("Lisbon", "Paris, Texas"); NotFoundError if there is none."""
        ...

    async def forecast(self, place: Place, first: date | None = None, last: date | None = None) -> Forecast:
        """Tell the weather now and, where days of the place's calendar are given, by the hour and by the day."""
        ...
