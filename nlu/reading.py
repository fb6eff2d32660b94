"""From a matched sentence to a tool call: what each slot gives, and what a template demands of it."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

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


def _value(source: Any, slots: Slots) -> Any:
    if not isinstance(source, str):
        return source
    if source.startswith("="):
        return source[1:]
    slot, _, part = source.partition(".")
    if slot not in slots:
        return None
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


_MORNING = timedelta(hours=9)
_PART_DELAY = timedelta(hours=2)
_NOON = 12
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
    "begin_of_day": lambda when: datetime.combine(when.start.date(), time.min, tzinfo=when.start.tzinfo),
    "alert": _alert,
    "wake": _wake,
}
