"""From a matched sentence to a tool call: what each slot gives, and what a template demands of it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from passfel.nlu.slots.date_words import date_words
from passfel.nlu.slots.person import read_person
from passfel.nlu.slots.when import When

Slots = Mapping[str, Any]


class Unfilled(Exception):  # noqa: N818 - a signal between this file and the grammar, never an error to anybody
    """A template matched, but a slot doesn't give what the template needs."""


def arguments(spec: Mapping[str, Any], slots: Slots) -> dict[str, Any]:
    """Fill a call's arguments.

    Args:
        spec: argument name to where its value comes from: `slot`, `slot.part`, or `=literal`.
        slots: the slots that matched.

    Returns:
        JSON-ready arguments; those whose slot is absent or gives nothing are left out.
    """
    values = {name: _value(source, slots) for name, source in spec.items()}
    return {name: value for name, value in values.items() if value is not None}


def check(required: list[str], refused: list[str], slots: Slots) -> None:
    """Hold what matched against the template's conditions.

    Raises:
        Unfilled: a required part is missing, or a refused one is there.
    """
    if any(_value(source, slots) in (None, False, "") for source in required):
        raise Unfilled
    if any(_value(source, slots) not in (None, False, "") for source in refused):
        raise Unfilled
    if any(isinstance(said, str) and said.endswith("'") for said in slots.values()):
        raise Unfilled  # "parents' evening": the next word belongs to it


def problem(slots: Slots) -> str:
    """The sentence of the first slot that can't be (a date that doesn't exist), or nothing."""
    return next((slot.problem for slot in slots.values() if isinstance(slot, When) and slot.problem), "")


def in_evening(when: When) -> When:
    """A bare "at 7", read as 19:00."""
    if not when.bare or when.start.hour % _NOON < _EARLIEST_EVENING:
        return when
    if when.start.hour >= _NOON:
        return replace(when, bare=False)
    later = timedelta(hours=_NOON)
    finish = when.finish + later if when.finish and when.finish <= when.start + later else when.finish
    end = finish or when.window[1] + later
    return replace(
        when, bare=False, start=when.start + later, finish=finish, window=(when.start + later, end)
    )


def _value(source: Any, slots: Slots) -> Any:
    if not isinstance(source, str):
        return source
    if source.startswith("="):
        return source[1:]
    slot, _, part = source.partition(".")
    if slot not in slots:
        return None
    if part == "new_clock":
        return _new_clock(slots[slot], slots.get("from"))
    if part == "new_day":
        return _new_day(slots[slot], slots.get("from"))
    return _part(slots[slot], part)


def _part(value: Any, part: str) -> Any:
    if isinstance(value, When):
        return _when_part(value, part or "start")
    if isinstance(value, str) and part in {"name", "phone", "email", "birthday"}:
        return getattr(read_person(value), part) or None
    if part:
        value = getattr(value, part)
    return str(value) if value is not None and not isinstance(value, (bool, int)) else value


def _when_part(when: When, part: str) -> Any:
    value = _WHEN_PARTS[part](when)
    return value.isoformat() if isinstance(value, (datetime, date, time)) else value


def _until(when: When) -> datetime | None:
    """The said end; an afternoon, a weekend or a week has one of its own."""
    return when.finish or (
        when.window[1] if when.has_day and not when.has_time and when.grain != "day" else None
    )


def _vague(when: When) -> bool:
    """More than a day, or a part of one, and no time said: not enough to move something to."""
    return not when.has_time and when.grain not in {"day", "hour", "minute"}


def _is_point(when: When) -> bool:
    """One day, one time of day, or both: nothing that lasts, repeats, or has no end."""
    if when.bound in {"before", "after", "since", "until"} or when.rule:
        return False
    return not when.finish and (when.has_day or when.has_time) and not _vague(when)


def _is_known(when: When) -> bool:
    """Whether its beginning was said, and an end that goes with it."""
    if when.bound in {"before", "after", "since", "until"} or _NO_BEGINNING.match(when.text):
        return False
    timeless = when.has_day and not when.has_time and when.grain != "part"
    return not (timeless and when.finish and when.finish.time() != time.min)


def _clock(when: When) -> time | None:
    """The said time of day of something that exists; without a day, 1 to 6 are in the afternoon."""
    if not when.has_time:
        return None
    clock = when.start.time()
    if not when.bare or when.has_day:
        return clock
    said = clock.hour % _NOON or _NOON
    return clock.replace(hour=said + _NOON if said <= _LAST_AFTERNOON else said)


def _new_clock(when: When, old: When | None) -> str | None:
    """The time that something moves to; "from 6 to 7" stays in the half of the day where it was."""
    clock, before = _clock(when), _clock(old) if old is not None else None
    if clock is None:
        return None
    near = before is not None and when.bare and 0 < (clock.hour - before.hour) % _NOON <= 3
    if near and before is not None and before.hour >= _NOON > clock.hour:
        clock = clock.replace(hour=clock.hour + _NOON)
    return clock.isoformat()


def _new_day(when: When, old: When | None) -> str | None:
    """The day that something moves to; a bare weekday is in the week of the day it moves from, if that is to come."""
    if not when.has_day:
        return None
    day = when.start.date()
    if old is not None and old.has_day and _WEEKDAY.match(when.text):
        before = old.start.date()
        day = max(day, before + timedelta(days=day.weekday() - before.weekday()))
    return day.isoformat()


def _due(when: When) -> datetime:
    """By when: the said time, or the last minute of the day or the stretch."""
    return when.start if when.has_time else when.window[1] - timedelta(minutes=1)


def _alert(when: When) -> datetime:
    """When to speak up: the said time, the end of a timer, or a civil hour of the day."""
    if when.has_time:
        return when.start
    if when.duration and when.finish and not when.has_day:
        return when.finish
    if not when.has_day:
        return when.start
    return when.start + (_PART_DELAY if when.grain == "part" else _MORNING)


def _wake(when: When) -> datetime:
    """The same for an alarm clock, where a bare hour means the morning."""
    moment = _alert(when)
    if not when.has_time or moment.hour < _NOON or _AFTERNOON.search(when.text):
        return moment
    morning = moment - timedelta(hours=_NOON)
    return morning if morning > when.window[0] or when.has_day else morning + timedelta(days=1)


_WEEKDAY = re.compile(r"(?i)(?:on )?(?:mon|tues|wednes|thurs|fri|satur|sun)day\b")
_NO_BEGINNING = re.compile(r"(?i)(?:morning|afternoon|evening|night) (?!of\b)|by ")
"""Belongs to the noun before ("date night saturday"), or is a last moment ("by friday")."""
_HOLIDAYS = frozenset(date_words().raw["holidays"])
_MORNING = timedelta(hours=9)
_PART_DELAY = timedelta(hours=2)
_NOON = 12
_LAST_AFTERNOON = 6
_EARLIEST_EVENING = 5
_AFTERNOON = re.compile(r"(?i)p\.?m|noon|evening|night|\b(?:1[2-9]|2[0-3])\b")

_WHEN_PARTS: dict[str, Callable[[When], Any]] = {
    "start": lambda when: when.start,
    "until": _until,
    "day": lambda when: when.start.date() if when.has_day else None,
    "time": lambda when: when.start.time() if when.has_time else None,
    "all_day": lambda when: (when.has_day and not when.has_time and when.grain != "part") or None,
    "span": lambda when: when.has_time or when.grain == "part",
    "vague": _vague,
    "rule": lambda when: when.rule,
    "window_start": lambda when: when.window[0],
    "window_end": lambda when: when.window[1],
    "clock": _clock,
    "due": _due,
    "point": lambda when: _is_point(when) or None,
    "known": lambda when: _is_known(when) or None,
    "told": lambda when: when.bound not in {"before", "after", "since", "until"} or None,
    "holiday": lambda when: when.text.casefold() in _HOLIDAYS or None,
    "doubtful": lambda when: when.doubtful or None,
    "month": lambda when: when.grain == "month" or None,
    "has_time": lambda when: when.has_time or None,
    "length": lambda when: (when.duration is not None and not when.has_day) or None,
    "begin_of_day": lambda when: datetime.combine(when.start.date(), time.min, tzinfo=when.start.tzinfo),
    "alert": _alert,
    "wake": _wake,
}
