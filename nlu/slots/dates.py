"""Read calendar dates: "23 november", "may 5th, 2027", "23/11/2026", "2026-11-27T15:00", "the 5th", "christmas"."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

from dateutil.relativedelta import relativedelta

from passfel.nlu.slots.cardinals import read_ordinal
from passfel.nlu.slots.periods import read_period, read_year
from passfel.nlu.slots.spec import By, Clock, Found, Reading, Spec, Stretch

_ISO = re.compile(
    r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})"
    r"(?:[Tt]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?(?![0-9])"
)
_NUMERIC = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})(?![0-9])")
_SHORT = re.compile(r"([0-9]{1,2})/([0-9]{1,2})(?![0-9/])")
_MONTHS_IN_A_CYCLE = 12 * 9


def make_day(year: int, month: int, day: int) -> Stretch:
    """One date; the nearest that exists and a problem where there is no such date."""
    by = By(months=(month,), monthdays=(day,))
    try:
        return replace(Stretch.day(date(year, month, day)), by=by)
    except ValueError:
        last = date(year, month, 1) + relativedelta(months=1) - timedelta(days=1)
        name = f"{last:%B}"
        leap = f"29 February {year} doesn't exist: {year} is not a leap year."
        problem = leap if (month, day) == (2, 29) else f"There is no {day} {name}."
        return replace(Stretch.day(last), by=by, problem=problem)


def next_date(reading: Reading, month: int, day: int) -> Stretch:
    """The next such date to come, today included."""
    for year in range(reading.today.year, reading.today.year + 9):
        found = make_day(year, month, day)
        if not found.problem and found.first >= reading.today:
            return replace(found, yearless=True)
    return replace(make_day(reading.today.year, month, day), yearless=True)


def next_monthday(reading: Reading, day: int) -> Stretch | None:
    """The next such day of a month to come, today included."""
    first = reading.today.replace(day=1)
    for shift in range(_MONTHS_IN_A_CYCLE):
        month = first + relativedelta(months=shift)
        found = make_day(month.year, month.month, day) if 1 <= day <= 31 else None
        if found and not found.problem and found.first >= reading.today:
            return replace(found, by=By(monthdays=(day,)))
    return None


def read_date(reading: Reading, index: int) -> Found | None:
    """Read a calendar date, also behind its weekday ("friday 27 november")."""
    weekday = reading.words.weekdays.get(reading.word(index))
    if weekday is None:
        return _read_plain(reading, index)
    start = reading.skip("the", index + 1 + (reading.word(index + 1) in {",", "."}))
    found = _read_plain(reading, start)
    day = found[0].day if found else None
    if not found or not day or day.grain != "day" or found[0].instant:
        return None
    if day.first.weekday() != weekday and not day.problem:
        said = reading.words.raw["weekdays"][weekday].capitalize()
        what = f"{day.first.day} {day.first:%B %Y}"
        day = replace(day, problem=f"{what} is a {day.first:%A}, not a {said}.")
    return replace(found[0], day=day, weak=""), found[1]


def _read_plain(reading: Reading, index: int) -> Found | None:
    word = reading.word(index)
    if word.isascii() and word.isdigit():
        found = _read_iso(reading, index) or _read_numeric(reading, index) or _read_short(reading, index)
        if found:
            return found
    return (
        _read_day_month(reading, index)
        or _read_month_day(reading, index)
        or _read_monthday(reading, index)
        or _read_holiday(reading, index)
    )


def _read_iso(reading: Reading, index: int) -> Found | None:
    match = _ISO.match(reading.tokens.text, reading.tokens.begins[index])
    after = reading.tokens.index_by_end.get(match.end()) if match else None
    if not match or after is None:
        return None
    year, month, day = int(match[1]), int(match[3]), int(match[4])
    if not 1 <= year <= 9000:
        return None
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        problem = f"There is no month {month}." if not 1 <= month <= 12 else f"There is no day {day}."
        return Spec(day=replace(Stretch.day(reading.today), problem=problem)), after
    stretch = make_day(year, month, day)
    if not match[5]:
        return Spec(day=stretch), after
    hour, minute, second = int(match[5]), int(match[6]), int(match[7] or 0)
    if hour > 23 or minute > 59 or second > 59:
        problem = f"{match[5]}:{match[6]} is not a time of day."
        return Spec(day=stretch, clock=Clock(0, sure=True, problem=problem)), after
    if match[8] and not stretch.problem:
        moment = datetime(stretch.first.year, month, day, hour, minute, second, tzinfo=_zone(match[8]))
        return Spec(instant=moment.astimezone(reading.now.tzinfo)), after
    return Spec(day=stretch, clock=Clock(hour, minute, second, sure=True, exact=True)), after


def _zone(offset: str) -> timezone:
    if offset in "Zz":
        return UTC
    minutes = int(offset[1:3]) % 24 * 60 + int(offset[-2:]) % 60
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def _read_numeric(reading: Reading, index: int) -> Found | None:
    """Read 23/11/2026: the day first unless that can't be, or the month first where people write so."""
    match = _NUMERIC.match(reading.tokens.text, reading.tokens.begins[index])
    after = reading.tokens.index_by_end.get(match.end()) if match else None
    if not match or after is None or (match[2] != "/" and len(match[4]) == 2):
        return None
    year = int(match[4]) + (2000 if len(match[4]) == 2 else 0)
    if year == 0:
        return None
    stretch = _day_and_month(reading, year, int(match[1]), int(match[3]))
    return Spec(
        day=stretch or replace(Stretch.day(reading.today), problem=f"{match[0]} is not a date.")
    ), after


def _day_and_month(reading: Reading, year: int | None, one: int, two: int) -> Stretch | None:
    day, month = (two, one) if reading.month_first else (one, two)
    if month > 12 >= day:
        day, month = month, day
    if not 1 <= month <= 12 or not 1 <= day <= 39:
        return None
    return make_day(year, month, day) if year else next_date(reading, month, day)


def _read_short(reading: Reading, index: int) -> Found | None:
    """Read 23/11, which may also be a fraction."""
    match = _SHORT.match(reading.tokens.text, reading.tokens.begins[index])
    after = reading.tokens.index_by_end.get(match.end()) if match else None
    if not match or after is None:
        return None
    stretch = _day_and_month(reading, None, int(match[1]), int(match[2]))
    return (Spec(day=stretch, weak="ordinal"), after) if stretch else None


def _day_number(reading: Reading, index: int, *, cardinal: bool = True) -> tuple[int, int] | None:
    found = read_ordinal(reading.tokens, index)
    if found:
        return found if 1 <= found[0] <= 99 else None
    word = reading.word(index)
    plain = cardinal and word.isascii() and word.isdigit() and len(word) <= 2 and 1 <= int(word) <= 39
    return (int(word), index + 1) if plain else None


def _read_day_month(reading: Reading, index: int) -> Found | None:
    """Read "23 november", "5th of may 2027"."""
    number = _day_number(reading, index)
    if not number:
        return None
    start = reading.skip("of", number[1])
    month = reading.words.months.get(reading.word(start))
    return _with_year(reading, month, number[0], start + 1) if month else None


def _read_month_day(reading: Reading, index: int) -> Found | None:
    """Read "november 23rd", "may the fourth"."""
    month = reading.words.months.get(reading.word(index))
    if not month:
        return None
    start = index + 1 + (reading.word(index + 1) == "." and reading.tokens.glued(index + 1))
    number = _day_number(reading, reading.skip("the", start))
    if not number or (reading.word(number[1]) == ":" and reading.tokens.glued(number[1])):
        return None
    if reading.word(number[1]) in reading.words.raw["meridiem"]:
        return None
    return _with_year(reading, month, number[0], number[1])


def _with_year(reading: Reading, month: int, day: int, after: int) -> Found:
    dot = after + (
        reading.word(after) == "." and reading.tokens.glued(after) and bool(reading.word(after + 1))
    )
    for start in (after, dot, after + (reading.word(after) == ",")):
        year = read_year(reading, start)
        if year:
            return Spec(day=make_day(year[0], month, day)), year[1]
    return Spec(day=next_date(reading, month, day)), after


def _read_monthday(reading: Reading, index: int) -> Found | None:
    """Read "5th" or "fifth", also "5th of next month"; alone it needs something in front."""
    number = _day_number(reading, index, cardinal=False)
    if not number or number[0] > 31:
        return None
    day, after = number
    if reading.has("of", after):
        start = reading.skip("the", after + 1)
        found = read_period(reading, start, bare=True)
        whole = found[0].day if found else None
        if found and whole and whole.grain == "month":
            return Spec(
                day=replace(make_day(whole.first.year, whole.first.month, day), by=By(monthdays=(day,)))
            ), found[1]
        return None
    spelled = not reading.word(index).isdigit()
    stretch = next_monthday(reading, day)
    if not stretch or (spelled and day < 4 and after == index + 1):
        return None
    return Spec(day=stretch, weak="ordinal"), after


def _read_holiday(reading: Reading, index: int) -> Found | None:
    found = reading.words.phrase("holidays", reading.tokens, index)
    if not found:
        return None
    (month, day), after = found
    return _with_year(reading, month, day, after)
