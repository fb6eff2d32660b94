"""Dates, lists and numbers as finished words: what tools build their sentences from."""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal


def say_day(day: date, today: date) -> str:
    """Say a date as a person would: "today", "tomorrow", "Friday 27 November", "1 May 2028"."""
    near = {0: "today", 1: "tomorrow", -1: "yesterday"}.get((day - today).days)
    if near:
        return near
    year = "" if day.year == today.year or 0 < (day - today).days < 180 else f" {day.year}"
    return f"{day:%A} {day.day} {day:%B}{year}"


def say_time(moment: datetime | time, locale: str = "en") -> str:
    """Say a time of day: "15:00", or "3:00 PM" where people say so."""
    if locale.replace("-", "_") in {"en_US", "en_CA", "en_AU", "en_PH"}:
        return f"{moment.hour % 12 or 12}:{moment:%M} {'AM' if moment.hour < 12 else 'PM'}"
    return f"{moment:%H:%M}"


def say_moment(moment: datetime, now: datetime, locale: str = "en") -> str:
    """Say an instant in the zone of `now`: "tomorrow at 15:00"."""
    local = moment.astimezone(now.tzinfo)
    return f"{say_day(local.date(), now.date())} at {say_time(local, locale)}"


def say_days(first: date, last: date, today: date) -> str:
    """Say whole days: "Friday 27 November, all day", "today to Sunday 29 November, all day"."""
    until = f" to {say_day(last, today)}" if last > first else ""
    return f"{say_day(first, today)}{until}, all day"


def say_span(start: datetime, end: datetime, now: datetime, *, locale: str = "en") -> str:
    """Say a span in the zone of `now`: "Friday 27 November, 15:00 to 16:00"."""
    first, last = start.astimezone(now.tzinfo), end.astimezone(now.tzinfo)
    day = say_day(first.date(), now.date())
    if first.date() == last.date():
        return f"{day}, {say_time(first, locale)} to {say_time(last, locale)}"
    return f"{day} {say_time(first, locale)} to {say_day(last.date(), now.date())} {say_time(last, locale)}"


def say_window(begin: datetime, end: datetime, now: datetime, *, locale: str = "en") -> str:
    """Name the window of a question: "today", "on Friday 27 November", "from ... to ..."; `end` is exclusive."""
    first, last = begin.astimezone(now.tzinfo), end.astimezone(now.tzinfo)
    if first.time() != time.min or last.time() != time.min or last <= first:
        return say_span(begin, end, now, locale=locale)
    day, last_day = say_day(first.date(), now.date()), last.date() - timedelta(days=1)
    if first.date() == last_day:
        return day if day in {"today", "tomorrow", "yesterday"} else f"on {day}"
    return f"from {day} to {say_day(last_day, now.date())}"


def capital(sentence: str) -> str:
    """The sentence with a capital at its beginning."""
    return sentence[:1].upper() + sentence[1:]


def quoted(text: str) -> str:
    """Somebody's words as the end of a sentence: its full stop, unless they end with one themselves."""
    return f"“{text}”" if text.endswith((".", "!", "?", "…")) else f"“{text}”."


def plain_text(text: str) -> str:
    """The text without marks that steer a terminal or turn the direction of writing; joiners inside words stay."""
    kept = (
        " " if mark in "\t\r" else mark
        for mark in text
        if mark in "\t\r\n\u200c\u200d" or unicodedata.category(mark) not in {"Cc", "Cf"}
    )
    return "".join(kept).strip()


def say_list(items: Sequence[str], joint: str = "and") -> str:
    """Join words: "a", "a and b", "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {joint} {items[-1]}"


def say_count(count: int, noun: str, plural: str = "") -> str:
    """Count things: "1 task", "2 tasks", "no tasks"."""
    return f"{count or 'no'} {noun if count == 1 else plural or noun + 's'}"


def say_number(value: float | Decimal, digits: int = 6) -> str:
    """Write a number with at most `digits` significant digits and no trailing zeros: "6.21371", "1,200"."""
    number = Decimal(str(value)) if isinstance(value, float) else Decimal(value)
    if number == number.to_integral_value() and abs(number) < 10**15:
        return f"{int(number):,}"
    rounded = Decimal(f"{number:.{digits}g}")
    if not -7 < rounded.adjusted() < 15:
        return f"{rounded.normalize():e}"
    return f"{rounded:,f}".rstrip("0").rstrip(".") if "." in f"{rounded:f}" else f"{rounded:,f}"
