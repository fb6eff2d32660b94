"""Whether a day is warm for its month: held against the same month of past years."""

import calendar
from collections.abc import Sequence
from statistics import fmean, quantiles

from pydantic import BaseModel, ConfigDict

from passfel.household.errors import NotFoundError
from passfel.household.forecast import Day, Forecast
from passfel.household.turn import Turn
from passfel.household.wording import capital, say_day
from passfel.tools.weather.sentences import degrees

YEARS = 10
LEAST_DAYS = 60
"""Fewer are no custom."""


class UsualMonth(BaseModel):
    """What a month's days were like in past years: their highest and lowest temperatures, in °C."""

    model_config = ConfigDict(frozen=True)

    month: int
    first_year: int
    last_year: int
    days: int
    high: float
    """The average of the days' highest temperatures."""
    low: float
    warm_high: float
    """One day in ten was warmer."""
    cool_high: float
    """One day in ten stayed below."""


class Comparison(BaseModel):
    """A day beside what is usual."""

    model_config = ConfigDict(frozen=True)

    forecast: Forecast
    usual: UsualMonth


def usual_month(month: int, days: Sequence[Day], source: str) -> UsualMonth:
    """Sum up the days of one month in past years.

    Raises:
        NotFoundError: they are too few to say what is usual.
    """
    known = [
        (day.day.year, day.low, day.high) for day in days if day.low is not None and day.high is not None
    ]
    if len(known) < LEAST_DAYS:
        raise NotFoundError(f"{source} knows too little about past years there to say what is usual.")
    highs = [high for _, _, high in known]
    tenths = quantiles(highs, n=10)
    return UsualMonth(
        month=month,
        first_year=min(year for year, _, _ in known),
        last_year=max(year for year, _, _ in known),
        days=len(known),
        high=fmean(highs),
        low=fmean(low for _, low, _ in known),
        warm_high=tenths[-1],
        cool_high=tenths[0],
    )


def say_comparison(forecast: Forecast, usual: UsualMonth, history: str, turn: Turn) -> str:
    """Say whether the forecast's first day is warm for the month."""
    day = forecast.days[0] if forecast.days else None
    if day is None or day.high is None:
        raise NotFoundError(f"{forecast.source} has no temperature for that in {forecast.place.name}.")
    month = calendar.month_name[usual.month]
    when = capital(say_day(day.day, turn.now.date()))
    cool, warm = (degrees(value, turn.units) for value in (usual.cool_high, usual.warm_high))
    return (
        f"{when} is {_word(day.high, usual)} for {month} in {forecast.place.name}: up to "
        f"{degrees(day.high, turn.units)} ({forecast.source}, {forecast.issued_at.day} "
        f"{forecast.issued_at:%B}), where {month} days of {usual.first_year} to {usual.last_year} had "
        f"{degrees(usual.high, turn.units)} on average, and eight in ten between {cool.partition(' ')[0]} and "
        f"{warm} ({history})."
    )


def _word(high: float, usual: UsualMonth) -> str:
    if high > usual.warm_high:
        return "unusually warm"
    if high < usual.cool_high:
        return "unusually cold"
    if abs(high - usual.high) <= 1:
        return "about average"
    return "warm" if high > usual.high else "cool"
