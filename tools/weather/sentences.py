"""A forecast as finished sentences, in the person's units and on the clock of the place."""

from collections.abc import Sequence

from passfel.household.errors import NotFoundError
from passfel.household.forecast import SNOWY, WET, Day, Forecast, Moment, Weather
from passfel.household.turn import Turn, Units
from passfel.household.wording import capital, say_day, say_number, say_time
from passfel.tools.weather.window import About, Window

WINDS = ("north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest")
LIKELY, POSSIBLE = 50, 20
MOST_HOURS = 8
STRONG_WIND_KMH = 40


def say_now(forecast: Forecast, about: About, turn: Turn) -> str:
    """Say what it is like now."""
    now = forecast.now
    if now is None or (now.temperature is None and now.code is None):
        raise no_figures(forecast)
    moment = now.at
    tag = say_time(moment, turn.locale)
    if moment.utcoffset() != turn.now.utcoffset():
        tag += " local time"
    if moment.date() != turn.now.astimezone(moment.tzinfo).date():
        tag += f" on {moment.day} {moment:%B}"
    return f"In {forecast.place.name} {_now_figures(now, about, turn.units)} ({forecast.source}, {tag})."


def _now_figures(now: Moment, about: About, units: Units) -> str:
    if about == "rain":
        if now.code in WET or (now.rain_mm or 0) > 0:
            return f"it is {'snowing' if now.code in SNOWY else 'raining'} now" + _after(": ", now.words)
        return "it is dry now" + _after(", with ", now.words)
    if about == "wind":
        return f"the wind is {_wind(now, units)}" if now.wind is not None else "the wind is not known now"
    sky = _after(" with ", now.words) if about == "weather" else ""
    if now.temperature is None:
        return f"the weather now is {now.words}" if now.words else "the temperature is not known now"
    parts = [f"it is {degrees(now.temperature, units)}{sky}"]
    if now.feels_like is not None and round(now.feels_like) != round(now.temperature):
        parts.append(f"feels like {degrees(now.feels_like, units)}")
    if about == "weather" and now.wind is not None:
        parts.append(f"wind {_speed(now.wind, units)}")
    return ", ".join(parts)


def say_window(forecast: Forecast, window: Window, about: About, turn: Turn) -> str:
    """Say what a stretch of time will be, or was, like."""
    now = turn.now.astimezone(window.start.tzinfo)
    days: Sequence[Day] = forecast.days if window.kind == "days" else _as_one(forecast.hours)
    over = window.end <= now
    if over:  # what has fallen is known: its chance no longer matters
        days = [day.model_copy(update={"rain_chance": None}) for day in days]
    if not days or not any(day_figures(day, about, turn) for day in days):
        raise no_figures(forecast)
    issued = f"({forecast.source}, {forecast.issued_at.day} {forecast.issued_at:%B})"
    place = forecast.place.name
    if len(days) > 1:
        listed = "; ".join(
            f"{say_day(day.day, now.date())}: {day_figures(day, about, turn) or 'not known'}" for day in days
        )
        return f"In {place}, {listed} {issued}."
    when = window.say(now, turn.locale)
    if window.hourly:
        return f"{capital(when)} in {place}: {_hour_by_hour(forecast.hours, about, turn)} {issued}."
    if about == "rain":
        peak = _peak(forecast.hours, turn.locale) if window.kind == "hours" and not over else ""
        return f"{_rain_headline(days[0], f'{when} in {place}', over, turn.units)}{peak} {issued}."
    return f"{capital(when)} in {place}: {day_figures(days[0], about, turn)} {issued}."


def day_figures(day: Day, about: About, turn: Turn) -> str:
    """List a day's figures that are known."""
    units = turn.units
    if about == "sun":
        return _sun(day, turn.locale)
    if about == "rain":
        dry = "no rain" if day.rain_mm is not None else ""
        return ", ".join(filter(None, (_chance(day), _amount(day, units)))) or dry
    if about == "temperature":
        return _span(day, units)
    if about == "wind":
        return f"wind up to {_wind(day, units)}" if day.wind is not None else ""
    storm = f"wind up to {_speed(day.wind, units)}" if (day.wind or 0) >= STRONG_WIND_KMH and day.wind else ""
    amount = _amount(day, units)
    rain = _chance(day) or (amount and f"{amount} of rain")
    return ", ".join(filter(None, (_span(day, units), day.words, rain, storm)))


def _hour_by_hour(hours: Sequence[Moment], about: About, turn: Turn) -> str:
    """Every hour, or every other one of many."""
    step = max(1, -(-len(hours) // MOST_HOURS))
    return "; ".join(
        f"{say_time(hour.at, turn.locale)} {_hour_figures(hour, about, turn.units)}" for hour in hours[::step]
    )


def _hour_figures(hour: Moment, about: About, units: Units) -> str:
    warmth = degrees(hour.temperature, units) if hour.temperature is not None else ""
    chance = f"{hour.rain_chance:.0f}% chance of rain" if hour.rain_chance else ""
    figures = {
        "rain": (chance or "dry",),
        "temperature": (warmth,),
        "wind": (_wind(hour, units) if hour.wind is not None else "",),
    }.get(about, (warmth, hour.words, chance))
    return ", ".join(filter(None, figures)) or "not known"


def _as_one(hours: Sequence[Moment]) -> list[Day]:
    """Sum up hours as if they were a day."""
    if not hours:
        return []
    warm = [hour.temperature for hour in hours if hour.temperature is not None]
    wet = [hour.rain_mm for hour in hours if hour.rain_mm is not None]
    windiest = max(hours, key=lambda hour: hour.wind or 0)
    return [
        Day(
            day=hours[0].at.date(),
            low=min(warm, default=None),
            high=max(warm, default=None),
            code=max((hour.code for hour in hours if hour.code is not None), default=None),
            rain_mm=sum(wet) if wet else None,
            rain_chance=max((h.rain_chance for h in hours if h.rain_chance is not None), default=None),
            wind=windiest.wind,
            gusts=max((hour.gusts for hour in hours if hour.gusts is not None), default=None),
            wind_from=windiest.wind_from,
        )
    ]


def _rain_headline(day: Day, where: str, over: bool, units: Units) -> str:
    amount = _amount(day, units)
    if over:
        return f"It rained {where}{_after(': ', amount)}" if amount else f"It did not rain {where}"
    noun = "Snow" if day.code in SNOWY else "Rain"
    chance = day.rain_chance
    if chance is None:
        return (
            f"{noun} is expected {where}{_after(': ', amount)}" if amount else f"No rain is expected {where}"
        )
    word = "likely" if chance >= LIKELY else "possible" if chance >= POSSIBLE else "unlikely"
    figures = ", ".join(filter(None, (f"{chance:.0f}% chance", amount)))
    return f"{noun} is {word} {where}: {figures}"


def _peak(hours: Sequence[Moment], locale: str) -> str:
    peak = max(hours, key=lambda hour: hour.rain_chance or 0, default=None)
    if peak is None or len(hours) < 2 or (peak.rain_chance or 0) < POSSIBLE:
        return ""
    return f", most likely around {say_time(peak.at, locale)}"


def _chance(day: Day) -> str:
    return f"{day.rain_chance:.0f}% chance of rain" if day.rain_chance is not None else ""


def _amount(day: Day, units: Units) -> str:
    if not day.rain_mm:
        return ""
    if units == "imperial":
        return f"{say_number(max(0.01, round(day.rain_mm / 25.4, 2)))} in"
    return f"{say_number(round(day.rain_mm, 1))} mm"


def _sun(day: Day, locale: str) -> str:
    if day.sunrise is None or day.sunset is None:
        return ""
    words = f"the sun rises at {say_time(day.sunrise, locale)} and sets at {say_time(day.sunset, locale)}"
    return words + (f", UV index up to {day.uv:.0f}" if day.uv is not None else "")


def _span(day: Day, units: Units) -> str:
    if day.low is None or day.high is None:
        return ""
    low, high = degrees(day.low, units), degrees(day.high, units)
    return high if low == high else f"{low.partition(' ')[0]} to {high}"


def _wind(weather: Weather, units: Units) -> str:
    words = _speed(weather.wind or 0, units)
    if weather.wind_from is not None:
        words += f" from the {WINDS[round(weather.wind_from / 45) % 8]}"
    if weather.gusts is not None:
        words += f", with gusts of {_speed(weather.gusts, units)}"
    return words


def degrees(celsius: float, units: Units) -> str:
    """Say a temperature in the person's units."""
    return f"{round(celsius * 1.8 + 32)} °F" if units == "imperial" else f"{round(celsius)} °C"


def _speed(kmh: float, units: Units) -> str:
    return f"{round(kmh / 1.609344)} mph" if units == "imperial" else f"{round(kmh)} km/h"


def _after(joint: str, words: str) -> str:
    return joint + words if words else ""


def no_figures(forecast: Forecast) -> NotFoundError:
    """There is a forecast, but not for what was asked."""
    return NotFoundError(f"{forecast.source} has no figures for that in {forecast.place.name}.")
