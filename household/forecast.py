"""The weather at a place, as a typed value: what every weather service is read into."""

from datetime import date

from pydantic import AwareDatetime, BaseModel, ConfigDict

from passfel.household.turn import Place

CONDITIONS = {
    0: "clear skies",
    1: "mostly clear skies",
    2: "some clouds",
    3: "overcast skies",
    45: "fog",
    48: "freezing fog",
    51: "light drizzle",
    53: "drizzle",
    55: "heavy drizzle",
    56: "light freezing drizzle",
    57: "freezing drizzle",
    61: "light rain",
    63: "rain",
    65: "heavy rain",
    66: "light freezing rain",
    67: "freezing rain",
    71: "light snow",
    73: "snow",
    75: "heavy snow",
    77: "snow grains",
    80: "light showers",
    81: "showers",
    82: "violent showers",
    85: "light snow showers",
    86: "heavy snow showers",
    95: "thunderstorms",
    96: "thunderstorms with hail",
    99: "thunderstorms with heavy hail",
}
"""WMO code table 4677, as far as forecasts use it; the higher code is the rougher weather."""

SNOWY = frozenset({71, 73, 75, 77, 85, 86})
WET = frozenset(code for code in CONDITIONS if code >= 51)


class Weather(BaseModel):
    """What a moment and a day have in common. All figures are metric: °C, km/h, mm; None where not known."""

    model_config = ConfigDict(frozen=True)

    code: int | None = None
    """WMO weather code."""
    rain_mm: float | None = None
    """Rain, showers and melted snow."""
    rain_chance: float | None = None
    """Percent."""
    wind: float | None = None
    gusts: float | None = None
    wind_from: float | None = None
    """Degrees: 270 is a wind from the west."""

    @property
    def words(self) -> str:
        """The condition in words; empty where it isn't known."""
        return CONDITIONS.get(self.code, "") if self.code is not None else ""


class Moment(Weather):
    """The weather now, or in one hour."""

    at: AwareDatetime
    temperature: float | None = None
    feels_like: float | None = None
    humidity: float | None = None
    """Percent."""


class Day(Weather):
    """The weather of one day, by the calendar of the place."""

    day: date
    low: float | None = None
    high: float | None = None
    sunrise: AwareDatetime | None = None
    sunset: AwareDatetime | None = None
    uv: float | None = None
    """The day's highest UV index."""


class Forecast(BaseModel):
    """What a service says about a place."""

    model_config = ConfigDict(frozen=True)

    place: Place
    """With the time zone that the service gave."""
    source: str
    source_url: str = ""
    issued_at: AwareDatetime
    """How old the figures are."""
    now: Moment | None = None
    hours: tuple[Moment, ...] = ()
    days: tuple[Day, ...] = ()
