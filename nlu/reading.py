"""From a matched sentence to a tool call: what each slot gives, and what a template demands of it."""

from collections.abc import Mapping
from datetime import datetime, time
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
    start, end = when.window
    parts: dict[str, Any] = {
        "start": when.start,
        "finish": when.finish,
        "day": when.start.date() if when.has_day else None,
        "time": when.start.timetz().replace(tzinfo=None) if when.has_time else None,
        "all_day": (when.has_day and not when.has_time) or None,
        "rule": when.rule,
        "window_start": start,
        "window_end": end,
        "begin_of_day": datetime.combine(when.start.date(), time.min, tzinfo=when.start.tzinfo),
    }
    value = parts[part]
    return value.isoformat() if hasattr(value, "isoformat") else value
