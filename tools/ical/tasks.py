"""VTODO: things to do in the iCalendar format."""

from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
from icalendar.prop import vDDDTypes, vInt, vText

from passfel.household.rows import Task
from passfel.tools.ical.reading import UNREADABLE, Component, Place, event_id, moment, parse
from passfel.tools.ical.writing import calendar_of

LAST_MINUTE = time(23, 59)
"""By when a thing is to be done that has a day and no hour."""
OVER = frozenset({"COMPLETED", "CANCELLED"})


def task_in(text: str, zone: ZoneInfo, place: Place) -> Task | None:
    """The task in an entry; None where there is none, or it can't be read."""
    try:
        component = _todo(text)
        return None if component is None else _task(component, zone, place)
    except UNREADABLE:
        return None


def is_over(text: str) -> bool:
    """Whether it has been done or called off, in any of the ways that programs write it."""
    component = _todo(text)
    if component is None:
        return True
    return (
        str(component.get("STATUS", "")).upper() in OVER
        or "COMPLETED" in component
        or int(component.get("PERCENT-COMPLETE", 0)) == 100
    )


def new_task(uid: str, title: str, due: datetime | None, zone: ZoneInfo, now: datetime) -> bytes:
    """A new entry; the last minute of a day is that day."""
    todo: Component = icalendar.Todo()
    todo.add("UID", uid)
    todo.add("DTSTAMP", now.astimezone(UTC))
    todo.add("CREATED", now.astimezone(UTC))
    todo.add("SUMMARY", title)
    todo.add("STATUS", "NEEDS-ACTION")
    if due is not None:
        local = due.astimezone(zone)
        todo.add(
            "DUE", local.date() if local.time().replace(second=0, microsecond=0) == LAST_MINUTE else local
        )
    return calendar_of(todo)


def ticked_off(text: str, now: datetime) -> bytes:
    """The text with the task done; all else stays. One that is done already stays as it is.

    Raises:
        ValueError: it is none, or repeats: whoever made it knows how its next time is written.
    """
    calendar = parse(text)[0]
    todo = _first(calendar)
    if todo is None or "RRULE" in todo or "RDATE" in todo:
        raise ValueError("no task that can simply be ticked off")
    if is_over(text):
        return text.encode()
    stamp = vDDDTypes(now.astimezone(UTC).replace(microsecond=0))
    todo["STATUS"], todo["COMPLETED"], todo["PERCENT-COMPLETE"] = vText("COMPLETED"), stamp, vInt(100)
    todo["DTSTAMP"] = todo["LAST-MODIFIED"] = stamp
    todo["SEQUENCE"] = vInt(int(todo.get("SEQUENCE", 0)) + 1)
    return bytes(calendar.to_ical(sorted=False))


def _todo(text: str) -> Component | None:
    for calendar in parse(text):
        found = _first(calendar)
        if found is not None:
            return found
    return None


def _first(calendar: Component) -> Component | None:
    return next((todo for todo in calendar.walk("VTODO") if "RECURRENCE-ID" not in todo), None)


def _task(component: Component, zone: ZoneInfo, place: Place) -> Task:
    written = _when(component, "DTSTAMP", zone) or datetime(1970, 1, 1, tzinfo=UTC)
    return Task(
        id=event_id(place.origin, str(component["UID"])),
        owner=place.owner,
        created_at=_when(component, "CREATED", zone) or written,
        updated_at=_when(component, "LAST-MODIFIED", zone) or written,
        title=" ".join(str(component.get("SUMMARY", "")).split()) or "something without a name",
        due_at=_due(component, zone),
        done_at=_when(component, "COMPLETED", zone),
        origin=place.origin,
    )


def _due(component: Component, zone: ZoneInfo) -> datetime | None:
    value: Any = getattr(component.get("DUE"), "dt", None)
    if value is not None and not isinstance(value, datetime):
        return datetime.combine(value, LAST_MINUTE, zone)
    return None if value is None else moment(value, zone)


def _when(component: Component, name: str, zone: ZoneInfo) -> datetime | None:
    value: Any = getattr(component.get(name), "dt", None)
    return None if value is None else moment(value, zone)
