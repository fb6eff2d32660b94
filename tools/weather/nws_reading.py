"""What the National Weather Service writes, read into the household's nouns: units, icons, periods, time series."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from passfel.household.alert import SEVERITIES, WeatherAlert
from passfel.household.forecast import Day, Moment

HOUR = timedelta(hours=1)
ICONS = {
    "skc": 0,
    "few": 1,
    "sct": 2,
    "bkn": 3,
    "ovc": 3,
    "wind_skc": 0,
    "wind_few": 1,
    "wind_sct": 2,
    "wind_bkn": 3,
    "wind_ovc": 3,
    "hot": 0,
    "cold": 0,
    "fog": 45,
    "rain": 63,
    "rain_showers": 80,
    "rain_showers_hi": 80,
    "rain_snow": 71,
    "rain_sleet": 67,
    "rain_fzra": 67,
    "fzra": 67,
    "snow_fzra": 67,
    "sleet": 67,
    "snow_sleet": 73,
    "snow": 73,
    "blizzard": 75,
    "tsra": 95,
    "tsra_sct": 95,
    "tsra_hi": 95,
    "tornado": 99,
    "hurricane": 99,
    "tropical_storm": 99,
}
"""The service's icons (api.weather.gov/icons) as WMO codes; dust, smoke and haze have none."""
WINDS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
SPEEDS = {"km_h-1": 1.0, "m_s-1": 3.6, "km/h": 1.0, "mph": 1.609344, "kt": 1.852, "kn": 1.852}
COLDEST, HOTTEST = -80.0, 60.0
"""What a station says beyond these, °C, is a fault of its instruments."""
_ICON = re.compile(r"/(?:day|night)/([^?]+)")
_SPEED = re.compile(r"(\d+(?:\.\d+)?)(?:\s*to\s*(\d+(?:\.\d+)?))?\s*(km/h|mph|kt)")
_LENGTH = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")


def read_quantity(quantity: Any) -> float | None:
    """A value with its unit, in the household's units; numbers also come as text, and units with two prefixes."""
    if not isinstance(quantity, Mapping) or quantity.get("value") is None:
        return None
    if str(quantity.get("qualityControl") or "").endswith("X"):
        return None  # the service's own mark for a figure that failed its checks
    value, unit = float(quantity["value"]), str(quantity.get("unitCode") or "").rpartition(":")[2]
    return convert(value, unit)


def convert(value: float, unit: str) -> float:
    """Metric, as the household has it: °C, km/h, mm, percent."""
    if unit in {"degF", "F"}:
        return (value - 32) / 1.8
    if unit in SPEEDS:
        return value * SPEEDS[unit]
    return value * 1000 if unit == "m" else value


def read_speed(words: Any) -> float | None:
    """A wind in words: "16 km/h", "10 to 15 mph"; the stronger one."""
    if isinstance(words, Mapping):
        return read_quantity({**words, "value": words.get("maxValue", words.get("value"))})
    found = _SPEED.search(str(words or ""))
    return float(found[2] or found[1]) * SPEEDS[found[3]] if found else None


def read_icon(icon: Any) -> int | None:
    """The roughest weather of an icon, which may have two halves: `/icons/land/day/tsra,40/ovc?size=medium`."""
    found = _ICON.search(str(icon or ""))
    names = [part.partition(",")[0] for part in found[1].split("/")] if found else []
    return max((ICONS[name] for name in names if name in ICONS), default=None)


def read_hours(periods: Any, zone: ZoneInfo, grid: "Grid") -> Iterator[Moment]:
    """The hours of an hourly forecast; what has no time or no temperature is left out."""
    for period in periods or ():
        temperature = _temperature(period)
        if not period.get("startTime") or temperature is None:
            continue
        at = read_time(period["startTime"]).astimezone(zone)
        yield Moment(
            at=at,
            temperature=temperature,
            feels_like=grid.at("apparentTemperature", at),
            humidity=read_quantity(period.get("relativeHumidity")),
            rain_chance=read_quantity(period.get("probabilityOfPrecipitation")),
            rain_mm=grid.at("quantitativePrecipitation", at),
            code=read_icon(period.get("icon")),
            wind=read_speed(period.get("windSpeed")),
            gusts=grid.at("windGust", at),
            wind_from=_bearing(period.get("windDirection")),
        )


def read_days(periods: Any, hours: tuple[Moment, ...], zone: ZoneInfo) -> Iterator[Day]:
    """The days, summed up from their hours; the hottest may be gone by, and stands in the period of the day."""
    highs: dict[date, float] = {}
    for period in periods or ():
        temperature = _temperature(period)
        if period.get("isDaytime") and period.get("startTime") and temperature is not None:
            highs[read_time(period["startTime"]).astimezone(zone).date()] = temperature
    for day in sorted({hour.at.date() for hour in hours}):
        yield _sum_up(day, [hour for hour in hours if hour.at.date() == day], highs.get(day))


def _sum_up(day: date, hours: list[Moment], high: float | None) -> Day:
    warm = [hour.temperature for hour in hours if hour.temperature is not None]
    wet = [hour.rain_mm for hour in hours if hour.rain_mm is not None]
    windiest = max(hours, key=lambda hour: hour.wind or 0)
    return Day(
        day=day,
        low=min(warm),
        high=max(*warm, high) if high is not None else max(warm),
        code=max((hour.code for hour in hours if hour.code is not None), default=None),
        rain_mm=sum(wet) if wet else None,
        rain_chance=max((hour.rain_chance for hour in hours if hour.rain_chance is not None), default=None),
        wind=windiest.wind,
        gusts=max((hour.gusts for hour in hours if hour.gusts is not None), default=None),
        wind_from=windiest.wind_from,
    )


def read_observation(properties: Any, zone: ZoneInfo) -> Moment | None:
    """What a station measured; None where it has no time or no temperature."""
    if not isinstance(properties, Mapping) or not properties.get("timestamp"):
        return None
    temperature = read_quantity(properties.get("temperature"))
    if temperature is None or not COLDEST < temperature < HOTTEST:
        return None
    chill, heat = read_quantity(properties.get("windChill")), read_quantity(properties.get("heatIndex"))
    return Moment(
        at=read_time(properties["timestamp"]).astimezone(zone),
        temperature=temperature,
        feels_like=chill if chill is not None else heat,
        humidity=read_quantity(properties.get("relativeHumidity")),
        rain_mm=read_quantity(properties.get("precipitationLastHour")),
        code=read_icon(properties.get("icon")),
        wind=read_quantity(properties.get("windSpeed")),
        gusts=read_quantity(properties.get("windGust")),
        wind_from=read_quantity(properties.get("windDirection")),
    )


def read_alert(properties: Mapping[str, Any]) -> WeatherAlert | None:
    """A warning that is meant: no test, no exercise, none that was taken back."""
    if properties.get("status") != "Actual" or properties.get("messageType") == "Cancel":
        return None
    severity = str(properties.get("severity") or "").casefold()
    return WeatherAlert(
        event=str(properties["event"]),
        severity=severity if severity in SEVERITIES else "unknown",
        area=str(properties.get("areaDesc") or ""),
        headline=str(properties.get("headline") or ""),
        description=str(properties.get("description") or ""),
        instruction=str(properties.get("instruction") or ""),
        sender=str(properties.get("senderName") or ""),
        sent_at=_time_or_none(properties.get("sent")),
        starts_at=_time_or_none(properties.get("onset") or properties.get("effective")),
        ends_at=_time_or_none(properties.get("ends") or properties.get("expires")),
    )


class Grid:
    """The raw figures behind a forecast: each with the stretch of time that it is for."""

    def __init__(self, properties: Mapping[str, Any]) -> None:
        """Spread each stretch over its hours; an amount of rain in equal parts."""
        self._hours: dict[str, dict[datetime, float]] = {
            name: _spread(properties.get(name), in_parts=name == "quantitativePrecipitation")
            for name in ("apparentTemperature", "quantitativePrecipitation", "windGust")
        }

    def at(self, name: str, moment: datetime) -> float | None:
        """The figure of the hour."""
        return self._hours[name].get(moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0))


def _spread(layer: Any, *, in_parts: bool) -> dict[datetime, float]:
    if not isinstance(layer, Mapping):
        return {}
    unit = str(layer.get("uom") or "").rpartition(":")[2]
    found = {}
    for entry in layer.get("values") or ():
        start, _, length = str(entry["validTime"]).partition("/")
        if entry.get("value") is None:
            continue
        count = max(1, round(read_length(length) / HOUR))
        value = convert(float(entry["value"]), unit)
        first = read_time(start).astimezone(UTC)
        for number in range(min(count, 24 * 8)):
            found[first + number * HOUR] = value / count if in_parts else value
    return found


def read_length(text: str) -> timedelta:
    """An ISO 8601 length in days, hours and minutes: PT3H, P1DT6H."""
    found = _LENGTH.fullmatch(text)
    if found is None:
        raise ValueError(f"no length: {text}")
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def read_time(text: Any) -> datetime:
    """A time with its offset."""
    moment = datetime.fromisoformat(str(text))
    if moment.tzinfo is None:
        raise ValueError(f"no offset: {text}")
    return moment


def _time_or_none(text: Any) -> datetime | None:
    return read_time(text) if text else None


def _temperature(period: Mapping[str, Any]) -> float | None:
    value = period.get("temperature")
    if value is None or isinstance(value, Mapping):
        return read_quantity(value)
    return convert(float(value), str(period.get("temperatureUnit") or "C"))


def _bearing(words: Any) -> float | None:
    return WINDS.index(words) * 22.5 if words in WINDS else None
