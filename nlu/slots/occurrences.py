"""Recurrences on the calendar: the first day that fits, and the rule as RFC 5545 writes it."""

from datetime import UTC, date, datetime, timedelta

from passfel.nlu.slots.spec import DAY, Rule

_NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_SEARCHED_DAYS = 366 * 9
"""Far enough for any 29 February."""


def rule_text(rule: Rule, until: datetime | None = None) -> str:
    """Write a recurrence as an RRULE; UNTIL is in UTC and included."""
    by = rule.by
    parts = [f"FREQ={rule.freq}"]
    if rule.interval > 1:
        parts.append(f"INTERVAL={rule.interval}")
    if by.months:
        parts.append(f"BYMONTH={_listed(by.months)}")
    if by.monthdays:
        parts.append(f"BYMONTHDAY={_listed(by.monthdays)}")
    if by.weekdays:
        parts.append("BYDAY=" + ",".join(f"{nth or ''}{_NAMES[day]}" for nth, day in by.weekdays))
    if until:
        parts.append(f"UNTIL={until.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    return ";".join(parts)


def _listed(numbers: tuple[int, ...]) -> str:
    return ",".join(map(str, numbers))


def first_day(rule: Rule, base: date) -> date:
    """The first day from `base` on that the BY… parts allow; `base` itself where nothing does."""
    for shift in range(_SEARCHED_DAYS):
        day = base + timedelta(days=shift)
        if _fits(rule, day):
            return day
    return base


def _fits(rule: Rule, day: date) -> bool:
    by = rule.by
    if by.months and day.month not in by.months:
        return False
    if by.monthdays and not _is_monthday(day, by.monthdays):
        return False
    return not by.weekdays or any(day.weekday() == wd and _is_nth(day, nth) for nth, wd in by.weekdays)


def _is_monthday(day: date, monthdays: tuple[int, ...]) -> bool:
    return day.day in monthdays or (-1 in monthdays and (day + DAY).day == 1)


def _is_nth(day: date, nth: int) -> bool:
    if nth < 0:
        return (day + timedelta(weeks=1)).month != day.month
    return nth == 0 or (day.day - 1) // 7 + 1 == nth
