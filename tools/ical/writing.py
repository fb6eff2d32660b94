"""Changes to iCalendar text that touch only what they change: unknown properties, alarms and zones stay."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
from icalendar.prop import vDDDTypes, vRecur

from passfel.tools.ical.reading import Component, moment, parse

PRODUCT = "-//PASSFEL//PASSFEL//EN"
ONCE = ("RRULE", "RDATE", "EXDATE", "EXRULE")
"""What a single occurrence that is changed doesn't take over from its series."""
TOLD_APART = (
    "UID",
    "RECURRENCE-ID",
    "DTSTART",
    "DTEND",
    "DUE",
    "DURATION",
    "SUMMARY",
    "RRULE",
    "EXDATE",
    "STATUS",
)
ZONES_TO = date(2040, 1, 1)


def calendar_of(component: Component) -> bytes:
    """A text with this component alone, and the time zones it names."""
    calendar: Component = icalendar.Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add_component(component)
    calendar.add_missing_timezones(date(2020, 1, 1), ZONES_TO)
    return bytes(calendar.to_ical(sorted=False))


def new_event(uid: str, values: dict[str, Any], now: datetime) -> bytes:
    """A new entry, its hours with their zone: in UTC a series would leave the wall clock when the clocks change."""
    event: Component = icalendar.Event()
    event.add("UID", uid)
    event.add("DTSTAMP", now.astimezone(UTC))
    zone = ZoneInfo(values["time_zone"])
    for name, value in (("DTSTART", values["starts_at"]), ("DTEND", values["ends_at"])):
        local = value.astimezone(zone)
        event.add(name, local.date() if values.get("all_day") else local)
    event.add("SUMMARY", values["title"])
    if values.get("rule"):
        event.add(
            "RRULE", vRecur.from_ical(rule_for(values["rule"], zone, all_day=bool(values.get("all_day"))))
        )
    if values.get("location"):
        event.add("LOCATION", values["location"])
    return calendar_of(event)


def moved(text: str, occurrence: str, start: datetime, end: datetime, now: datetime) -> bytes:
    """The text with an entry, or one occurrence of a series, at another time; its clock stays the one it has."""
    calendar = _one(text)
    component = _component(calendar, occurrence)
    if component is None:
        component = _exception(_master(calendar), occurrence)
        calendar.add_component(component)
    _place(component, start, end)
    _touch(component, now)
    return bytes(calendar.to_ical(sorted=False))


def cancelled(text: str, occurrence: str, now: datetime) -> bytes | None:
    """The text without an entry, or without one occurrence of its series; None when nothing is left of it."""
    calendar = _one(text)
    if not occurrence:
        return None
    exception = _component(calendar, occurrence)
    if exception is None and _is_excepted(calendar, occurrence):
        return text.encode()
    if exception is not None:
        calendar.subcomponents.remove(exception)
    events = [part for part in calendar.walk("VEVENT") if "RECURRENCE-ID" not in part]
    if not events:
        return bytes(calendar.to_ical(sorted=False)) if calendar.walk("VEVENT") else None
    # Its own form (zone, or a whole day): some programs compare the words.
    excepted = vDDDTypes(_recurrence(occurrence, events[0]))
    _keep_zone(excepted, events[0]["DTSTART"])
    events[0].add("EXDATE", excepted.dt, parameters=_zone_of(excepted))
    _touch(events[0], now)
    return bytes(calendar.to_ical(sorted=False))


def same_entry(one: str | bytes, other: str | bytes) -> bool:
    """Whether two texts say the same of when and what; servers rewrite the rest."""
    return _told(one) == _told(other)


def _told(text: str | bytes) -> list[list[str]]:
    components = [part for calendar in parse(text) for part in calendar.subcomponents if "UID" in part]
    return sorted([_value(part, name) for name in TOLD_APART] for part in components)


def _value(component: Component, name: str) -> str:
    value = component.get(name)
    values = value if isinstance(value, list) else [value] if value is not None else []
    return ",".join(sorted(_bare(item) for item in values))


def _bare(value: Any) -> str:
    inner = getattr(value, "dt", None)
    if isinstance(inner, datetime) and inner.tzinfo:
        return inner.astimezone(UTC).isoformat()
    if inner is not None:
        return str(inner)
    dates = getattr(value, "dts", None)
    return ",".join(sorted(map(_bare, dates))) if dates else str(value.to_ical().decode())


def _is_excepted(calendar: Component, occurrence: str) -> bool:
    """Whether a series has been left out at this time already."""
    wanted = _value_of(occurrence)
    for component in calendar.walk("VEVENT"):
        excepted = component.get("EXDATE", [])
        for dates in excepted if isinstance(excepted, list) else [excepted]:
            if any(_is_same(one.dt, wanted) for one in dates.dts):
                return True
    return False


def _one(text: str) -> Component:
    calendars = parse(text)
    if len(calendars) != 1:
        raise ValueError("not one calendar")
    return calendars[0]


def _master(calendar: Component) -> Component:
    for component in calendar.walk("VEVENT"):
        if "RECURRENCE-ID" not in component:
            return component
    raise ValueError("a series without its first entry")


def _component(calendar: Component, occurrence: str) -> Component | None:
    """The entry itself, or the one that stands for this occurrence of its series."""
    if not occurrence:
        return calendar.walk("VEVENT")[0]
    wanted = _value_of(occurrence)
    for component in calendar.walk("VEVENT"):
        recurrence = component.get("RECURRENCE-ID")
        if recurrence is not None and _is_same(recurrence.dt, wanted):
            return component
    return None


def _exception(master: Component, occurrence: str) -> Component:
    exception = master.copy(recursive=True)
    for name in ONCE:
        exception.pop(name, None)
    length = None
    if "DTEND" in master:
        length = master["DTEND"].dt - master["DTSTART"].dt
    start = _recurrence(occurrence, master)
    recurrence = vDDDTypes(start)
    _keep_zone(recurrence, master["DTSTART"])
    exception["RECURRENCE-ID"] = recurrence
    exception["DTSTART"] = recurrence
    if length is not None:
        exception["DTEND"] = vDDDTypes(start + length)
        _keep_zone(exception["DTEND"], master["DTEND"])
    return exception


def _place(component: Component, start: datetime, end: datetime) -> None:
    old = component["DTSTART"]
    component["DTSTART"] = _like(old, start)
    if "DTEND" in component or ("DURATION" not in component and isinstance(old.dt, datetime)):
        component["DTEND"] = _like(old, end)


def _like(old: Any, value: datetime) -> Any:
    """A moment in the form that stood there: a day, a floating hour, or on the clock of the same zone."""
    was = old.dt
    if not isinstance(was, datetime):
        return vDDDTypes(value.date())
    if was.tzinfo is None:
        return vDDDTypes(value.replace(tzinfo=None))
    new = vDDDTypes(value.astimezone(was.tzinfo))
    _keep_zone(new, old)
    return new


def _keep_zone(new: Any, old: Any) -> None:
    if "TZID" in old.params:
        new.params["TZID"] = old.params["TZID"]


def _zone_of(value: Any) -> dict[str, str]:
    return {name: value.params[name] for name in ("TZID", "VALUE") if name in value.params}


def _recurrence(occurrence: str, master: Component) -> date:
    """A RECURRENCE-ID in the form of the series' own start."""
    value, start = _value_of(occurrence), master["DTSTART"].dt
    if isinstance(value, datetime) and value.tzinfo and isinstance(start, datetime) and start.tzinfo:
        return value.astimezone(start.tzinfo)
    return value


def _value_of(occurrence: str) -> date:
    return datetime.fromisoformat(occurrence) if "T" in occurrence else date.fromisoformat(occurrence)


def _is_same(one: date, other: date) -> bool:
    if isinstance(one, datetime) != isinstance(other, datetime):
        return False
    return moment(one, UTC) == moment(other, UTC)


def _touch(component: Component, now: datetime) -> None:
    stamp = now.astimezone(UTC).replace(microsecond=0)
    component["SEQUENCE"] = icalendar.vInt(int(component.get("SEQUENCE", 0)) + 1)
    component["DTSTAMP"] = vDDDTypes(stamp)
    component["LAST-MODIFIED"] = vDDDTypes(stamp)


def rule_for(rule: str, zone: ZoneInfo, *, all_day: bool) -> str:
    """UNTIL in the form that RFC 5545 asks for: a date beside dates, UTC beside hours."""
    parts = dict(part.split("=", 1) for part in rule.split(";") if "=" in part)
    until = parts.get("UNTIL", "")
    if all_day and "T" in until:
        last = datetime.strptime(until.rstrip("Z"), "%Y%m%dT%H%M%S").replace(
            tzinfo=UTC if until.endswith("Z") else zone
        )
        parts["UNTIL"] = f"{last.astimezone(zone):%Y%m%d}"
    elif not all_day and "T" in until and not until.endswith("Z"):
        last = datetime.strptime(until, "%Y%m%dT%H%M%S").replace(tzinfo=zone)
        parts["UNTIL"] = f"{last.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    elif not all_day and until and "T" not in until:
        last = datetime.strptime(until, "%Y%m%d").replace(hour=23, minute=59, second=59, tzinfo=zone)
        parts["UNTIL"] = f"{last.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return ";".join(f"{name}={value}" for name, value in parts.items())
