"""Read days as they are spoken of from today: "tomorrow", "next friday", "a week on friday", "last day of the month".

"friday" and "this friday" are the next one to come (today, if its time has not gone by); "next friday" is the
Friday of next week, where weeks begin on Monday; "last friday" is the latest before today.
"""

from dataclasses import replace
from datetime import date, timedelta

from passfel.nlu.slots.cardinals import read_ordinal
from passfel.nlu.slots.dates import read_date
from passfel.nlu.slots.periods import period, read_counted, read_edge, read_period, week_of, weekend_of
from passfel.nlu.slots.spans import read_span
from passfel.nlu.slots.spec import DAY, By, Found, Reading, Span, Spec, Stretch


def read_day(reading: Reading, index: int) -> Found | None:
    """Read a day or several; the longest reading wins."""
    best: Found | None = None
    for parser in _PARSERS:
        found = parser(reading, index)
        if found and (best is None or found[1] > best[1]):
            best = found
    return best


def next_weekday(today: date, weekday: int) -> Stretch:
    """The next such weekday, today included."""
    day = today + timedelta(days=(weekday - today.weekday()) % 7)
    return replace(Stretch.day(day), loose=True, by=By(weekdays=((0, weekday),)))


def _read_relative(reading: Reading, index: int) -> Found | None:
    found = reading.words.phrase("relative", reading.tokens, index)
    if not found:
        return None
    return Spec(day=Stretch.day(reading.today + timedelta(days=found[0]))), found[1]


def _read_all_day(reading: Reading, index: int) -> Found | None:
    found = reading.words.phrase("all_day", reading.tokens, index)
    return (Spec(all_day=True, weak="never"), found[1]) if found else None


def _read_weekday(reading: Reading, index: int) -> Found | None:
    """Read a bare weekday and what may follow it: "friday week", "friday next week", "friday after next"."""
    word = reading.word(index)
    weekday = reading.words.weekdays.get(word)
    if weekday is None:
        return None
    stretch, after = next_weekday(reading.today, weekday), index + 1
    if reading.word(after) == "week" and not reading.word(after + 1).isdigit():
        return Spec(day=_later(stretch, 7)), after + 1
    if reading.word(after) == "fortnight":
        return Spec(day=_later(stretch, 14)), after + 1
    if reading.has("after", after) and reading.words.raw["which"].get(reading.word(after + 1)) == 1:
        return Spec(day=_of_week(reading, weekday, 2)), after + 2
    span = read_span(reading, after + 1) if reading.word(after) == "in" else None
    if span and span[0].days and span[0].days % 7 == 0:
        return Spec(day=_later(stretch, span[0].days)), span[1]
    start = reading.skip("of", after)
    shift = reading.words.raw["which"].get(reading.word(start))
    if shift is not None and reading.word(start + 1) == "week":
        return Spec(day=_of_week(reading, weekday, shift)), start + 2
    careful = word in reading.words.raw["weekday_careful"] or word in reading.words.raw["weekday_short"]
    return Spec(day=stretch, weak="short" if careful else ""), after


def _later(stretch: Stretch, days: int) -> Stretch:
    return Stretch.day(stretch.first + timedelta(days=days))


def _of_week(reading: Reading, weekday: int, shift: int) -> Stretch:
    return Stretch.day(week_of(reading.today, shift).first + timedelta(days=weekday))


def _read_which_day(reading: Reading, index: int) -> Found | None:
    """Read "this friday", "next friday", "last friday", "next week on friday", "next christmas"."""
    shift = reading.words.raw["which"].get(reading.word(index))
    coming = reading.has("coming", index)
    if shift is None and not coming:
        return None
    after = reading.skip("coming", index + 1)
    weekday = reading.words.weekdays.get(reading.word(after))
    if weekday is not None:
        day = next_weekday(reading.today, weekday)
        if shift == 1:
            day = _of_week(reading, weekday, 1)
        elif shift == -1:
            day = Stretch.day(reading.today - timedelta(days=(reading.today.weekday() - weekday - 1) % 7 + 1))
        return Spec(day=day), after + 1
    if reading.word(after) == "week" and shift is not None:
        return _read_week_day(reading, after + 1, shift)
    return _read_which_holiday(reading, after, shift or 0)


def _read_week_day(reading: Reading, index: int, shift: int) -> Found | None:
    start = index + (reading.word(index) in {"on", ","})
    weekday = reading.words.weekdays.get(reading.word(start))
    if weekday is None or reading.word(start) in reading.words.raw["weekday_careful"]:
        return None
    return Spec(day=_of_week(reading, weekday, shift)), start + 1


def _read_which_holiday(reading: Reading, index: int, shift: int) -> Found | None:
    found = reading.words.phrase("holidays", reading.tokens, index)
    if not found:
        return None
    (month, day), after = found
    today = reading.today
    past = (month, day) < (today.month, today.day)
    year = today.year + (past if shift >= 0 else past - 1)
    return Spec(day=Stretch.day(date(year, month, day))), after


def _read_week_of(reading: Reading, index: int) -> Found | None:
    """Read "week of 7 december", "the weekend of the 12th"."""
    week = reading.words.phrase("week_of", reading.tokens, index)
    found = week or reading.words.phrase("weekend_of", reading.tokens, index)
    inner = read_day(reading, reading.skip("the", found[1])) if found else None
    day = inner[0].day if inner else None
    if not inner or not day or day.grain != "day":
        return None
    stretch = week_of(day.first) if week else weekend_of(day.first)
    return Spec(day=replace(stretch, problem=day.problem)), inner[1]


def _read_away(reading: Reading, index: int) -> Found | None:
    """Read "a week on friday", "two days after christmas", "the day before new year's eve", "a week today"."""
    found: tuple[Span, int] | None
    parts = reading.words.raw["units"].get(reading.words.units.get(reading.word(index)), {})
    if parts.get("days"):
        found = Span(days=parts["days"]), index + 1
        if reading.word(index + 1) not in {"before", "after"}:
            return None
    else:
        found = read_span(reading, index)
    if not found or found[0].seconds:
        return None
    span, after = found
    joint = reading.word(after)
    direct = reading.words.phrase("relative", reading.tokens, after)
    if not direct and (joint not in {"on", "from", "after", "before"} or (joint == "on" and span.days % 7)):
        return None
    inner = read_day(reading, after if direct else reading.skip("the", after + 1))
    day = inner[0].day if inner else None
    if not inner or not day or day.grain != "day" or day.span:
        return None
    moved = span.after(day.first, -1 if joint == "before" else 1)
    return Spec(day=replace(Stretch.day(moved), problem=day.problem)), inner[1]


def _read_nth(reading: Reading, index: int) -> Found | None:
    """Read "first monday of december", "last friday of the month", "last day of next month"."""
    position = read_position(reading, index)
    if not position:
        return None
    nth, after = position
    weekday = reading.words.weekdays.get(reading.word(after))
    if weekday is None and reading.word(after) != "day":
        return None
    by = By(monthdays=(nth,)) if weekday is None else By(weekdays=((nth, weekday),))
    whole = None
    if reading.word(after + 1) in {"of", "in"}:
        whole = read_period(reading, reading.skip("the", after + 2), bare=True)
    if not whole or not whole[0].day or whole[0].day.grain not in {"month", "year"}:
        if nth < 0 or weekday is None:
            return None
        first = replace(Stretch.day(reading.today), by=by)
        return Spec(day=first, weak="never"), after + 1
    within = whole[0].day
    day = nth_day(within, nth, weekday)
    bare = reading.word(whole[1] - 2) in reading.words.sets["the"]
    if bare and day and day < reading.today and within.grain == "month":
        within = period(reading, "month", 1)
        day = nth_day(within, nth, weekday)
    if not day:
        return None
    return Spec(day=replace(Stretch.day(day), by=replace(by, months=within.by.months))), whole[1]


def read_position(reading: Reading, index: int) -> tuple[int, int] | None:
    """Read "first", "2nd" or "last"."""
    if reading.has("ordinal_last", index):
        return -1, index + 1
    found = read_ordinal(reading.tokens, index)
    return found if found and 1 <= found[0] <= 31 else None


def nth_day(within: Stretch, nth: int, weekday: int | None) -> date | None:
    """The nth such weekday (or day) of a stretch, or None where it has fewer."""
    step = 1 if weekday is None else 7
    if nth > 0:
        shift = 0 if weekday is None else (weekday - within.first.weekday()) % 7
        day = within.first + timedelta(days=shift + step * (nth - 1))
    else:
        last = within.after - DAY
        shift = 0 if weekday is None else (last.weekday() - weekday) % 7
        day = last - timedelta(days=shift)
    return day if within.first <= day < within.after else None


_PARSERS = (
    _read_relative,
    _read_all_day,
    _read_weekday,
    _read_which_day,
    _read_week_of,
    _read_away,
    _read_nth,
    read_counted,
    read_edge,
    read_date,
    read_period,
)
