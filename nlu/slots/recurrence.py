"""Read recurrences: "every monday", "every other week", "weekdays", "daily", "the last friday of every month"."""

from typing import Literal

from passfel.nlu.slots.cardinals import number_words
from passfel.nlu.slots.days import read_day, read_position
from passfel.nlu.slots.spans import read_span
from passfel.nlu.slots.spec import By, Found, Reading, Rule, Span, Spec, merge_by

Freq = Literal["MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]

_WORKDAYS = By(weekdays=tuple((0, day) for day in range(5)))
_WEEKEND = By(weekdays=((0, 5), (0, 6)))


def read_rule(reading: Reading, index: int) -> Found | None:
    """Read a recurrence."""
    words, tokens = reading.words, reading.tokens
    if reading.has("every", index):
        start = index + 2 if reading.word(index + 1) == "single" else index + 1
        return _read_every(reading, start)
    adverb = words.phrase("adverbs", tokens, index)
    if adverb:
        (freq, interval), after = adverb
        return Spec(
            rule=Rule(freq, interval), part="night" if reading.word(index) == "nightly" else ""
        ), after
    if reading.has("once", index):
        return _read_once(reading, index)
    plural = words.raw["plural_rules"].get(reading.word(index))
    if plural:
        return Spec(rule=Rule("WEEKLY", by=_WORKDAYS if plural == "week" else _WEEKEND)), index + 1
    if reading.word(index) in words.plurals:
        by, after = read_weekdays(reading, index)
        return Spec(rule=Rule("WEEKLY", by=by)), after
    return _read_nth_of_every(reading, index)


def read_weekdays(reading: Reading, index: int) -> tuple[By, int]:
    """Read weekdays in a row: "monday, wednesday and friday", "mondays to fridays"."""
    by, after = By(), index
    behind = index
    while (day := _weekday(reading, behind)) is not None:
        by, after = merge_by(by, By(weekdays=((0, day),))), behind + 1
        end = _weekday(reading, after + 1)
        if reading.word(after) in reading.words.sets["range_to"] and end is not None:
            days = tuple((0, (day + step) % 7) for step in range(1, (end - day) % 7 + 1))
            by, after = merge_by(by, By(weekdays=days)), after + 2
        behind = after + (reading.word(after) == ",")
        behind = behind + (reading.word(behind) in {"and", "&", "or"})
        if behind == after:
            break
    return By(weekdays=tuple(sorted(set(by.weekdays)))), after


def _weekday(reading: Reading, index: int) -> int | None:
    word = reading.word(index)
    plural = reading.words.plurals.get(word)
    return reading.words.weekdays.get(word) if plural is None else plural


def _read_every(reading: Reading, index: int) -> Found | None:
    """Read what follows "every"."""
    if reading.has("other", index):
        return _read_step(reading, 2, index + 1)
    position = read_position(reading, index)
    if position and _weekday(reading, position[1]) is not None:
        return _read_every_nth(reading, *position)
    if position and position[0] > 1 and reading.words.units.get(reading.word(position[1])):
        return _read_step(reading, *position)
    return (
        _read_step(reading, 1, index) or _read_every_span(reading, index) or _read_every_date(reading, index)
    )


def _read_every_nth(reading: Reading, nth: int, index: int) -> Found | None:
    """Tell "every second tuesday" (every two weeks) from "every first monday" and "… of the month"."""
    by, after = read_weekdays(reading, index)
    month = _behind_month(reading, after)
    if month or nth in {-1, 1}:
        by = By(weekdays=tuple((nth, day) for _, day in by.weekdays))
        return Spec(rule=Rule("MONTHLY", by=by)), month or after
    return Spec(rule=Rule("WEEKLY", nth, by)), after


def _behind_month(reading: Reading, index: int) -> int | None:
    """The index behind "of the month", "of each month"."""
    if not reading.has("of", index):
        return None
    start = index + 1 + (reading.word(index + 1) in {"the", "every", "each", "a"})
    return start + 1 if reading.words.units.get(reading.word(start)) == "month" else None


def _read_step(reading: Reading, interval: int, index: int) -> Found | None:
    """Read a unit, weekdays or a part of the day, so many of them apart."""
    words = reading.words
    if found := words.phrase("weekday_words", reading.tokens, index):
        return Spec(rule=Rule("WEEKLY", interval, _WORKDAYS)), found[1]
    if found := words.phrase("weekend_words", reading.tokens, index):
        return Spec(rule=Rule("WEEKLY", interval, _WEEKEND)), found[1]
    part = words.raw["part_words"].get(reading.word(index))
    if part:
        return Spec(rule=Rule("DAILY", interval), part=part), index + 1
    if _weekday(reading, index) is not None and not _dated(reading, index):
        by, after = read_weekdays(reading, index)
        return Spec(rule=Rule("WEEKLY", interval, by)), after
    parts = words.raw["units"].get(words.units.get(reading.word(index)), {})
    if not parts:
        return None
    return Spec(rule=_spaced(Span(**{name: size * interval for name, size in parts.items()}))), index + 1


def _dated(reading: Reading, index: int) -> bool:
    found = read_day(reading, index)
    return bool(found and found[0].day and found[0].day.by.monthdays)


def _spaced(span: Span) -> Rule:
    if span.months:
        years = span.months % 12 == 0
        return Rule("YEARLY", span.months // 12) if years else Rule("MONTHLY", span.months)
    if span.days:
        weeks = span.days % 7 == 0
        return Rule("WEEKLY", span.days // 7) if weeks else Rule("DAILY", span.days)
    hours = span.seconds % 3600 == 0
    return Rule("HOURLY", span.seconds // 3600) if hours else Rule("MINUTELY", span.seconds // 60)


def _read_every_span(reading: Reading, index: int) -> Found | None:
    """Read "3 months", "two weeks", "20 minutes", "half hour" behind "every"."""
    found = read_span(reading, index)
    if (
        not found
        and reading.has("half", index)
        and reading.words.units.get(reading.word(index + 1)) == "hour"
    ):
        found = Span(seconds=1800), index + 2
    mixed = found and sum(map(bool, (found[0].months, found[0].days, found[0].seconds))) != 1
    if not found or mixed or found[0].seconds % 60:
        return None
    return Spec(rule=_spaced(found[0])), found[1]


def _read_every_date(reading: Reading, index: int) -> Found | None:
    """Read "3 june", "15th", "december", "christmas" behind "every"."""
    found = read_day(reading, reading.skip("the", index))
    day = found[0].day if found else None
    if not found or not day or day.span:
        return None
    by, after = day.by, found[1]
    if by.months:
        return Spec(rule=Rule("YEARLY", by=by)), after
    if by.monthdays or any(nth for nth, _ in by.weekdays):
        return Spec(rule=Rule("MONTHLY", by=by)), _behind_month(reading, after) or after
    return None


def _read_once(reading: Reading, index: int) -> Found | None:
    """Read "once a week", "once every two weeks"."""
    if reading.has("every", index + 1):
        return _read_every(reading, index + 2)
    return _read_step(reading, 1, index + 2) if reading.word(index + 1) in number_words().article else None


def _read_nth_of_every(reading: Reading, index: int) -> Found | None:
    """Read "15th of every month", "first monday of each month", "last day of every month"."""
    position = read_position(reading, index)
    if not position:
        return None
    nth, after = position
    weekday = _weekday(reading, after)
    if weekday is not None or reading.word(after) == "day":
        after += 1
    elif nth < 0:
        return None
    if reading.word(after) not in {"of", "in"} or not reading.has("every", after + 1):
        return None
    by = By(monthdays=(nth,)) if weekday is None else By(weekdays=((nth, weekday),))
    every = _read_every(reading, after + 2)
    rule = every[0].rule if every else None
    if not every or not rule or rule.freq not in {"MONTHLY", "YEARLY"} or rule.by.monthdays:
        return None
    return Spec(rule=Rule(rule.freq, rule.interval, merge_by(rule.by, by))), every[1]
