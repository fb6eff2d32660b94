"""Google's events as iCalendar text and back: expanded and read by the same code as everybody else's."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import vText

Item = Mapping[str, Any]
NO_APPOINTMENTS = frozenset({"workingLocation"})


def as_texts(items: Iterable[Item], zone: str) -> Iterator[tuple[Item, str]]:
    """Each event, a series with its exceptions, as a text of its own; an item that makes no sense is left out."""
    known = list(items)
    masters = {item["id"]: item for item in known if "recurringEventId" not in item}
    exceptions: dict[str, list[Item]] = {}
    for item in known:
        if "recurringEventId" in item:
            exceptions.setdefault(str(item["recurringEventId"]), []).append(item)
    for name, master in masters.items():
        if master.get("status") != "cancelled" and master.get("eventType") not in NO_APPOINTMENTS:
            yield from _text(master, exceptions.get(name, []), zone)
    for name, single in exceptions.items():
        if name not in masters:  # somebody invited us to some days of a series
            for item in single:
                if item.get("status") != "cancelled":
                    yield from _text(item, [], zone)


def _text(master: Item, exceptions: list[Item], zone: str) -> Iterator[tuple[Item, str]]:
    try:
        lines = [*_component(master, zone, _excepted(exceptions, zone))]
        for item in exceptions:
            if item.get("status") != "cancelled":
                when = _time("RECURRENCE-ID", item["originalStartTime"], zone)
                lines += _component({**item, "id": master["id"]}, zone, [when])
    except (KeyError, TypeError, ValueError, AttributeError):
        return
    body = "\r\n".join(lines)
    yield master, f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//PASSFEL//EN\r\n{body}\r\nEND:VCALENDAR\r\n"


def _excepted(exceptions: list[Item], zone: str) -> list[str]:
    cancelled = [item for item in exceptions if item.get("status") == "cancelled"]
    return [_time("EXDATE", item["originalStartTime"], zone) for item in cancelled]


def _component(item: Item, zone: str, more: list[str]) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{item['id']}"
    yield f"DTSTAMP:{_stamp(item.get('updated'))}"
    yield f"CREATED:{_stamp(item.get('created'))}"
    yield _time("DTSTART", item["start"], zone)
    if not item.get("endTimeUnspecified") and item.get("end"):
        yield _time("DTEND", item["end"], zone)
    for name, key in (("SUMMARY", "summary"), ("LOCATION", "location")):
        if item.get(key):
            yield f"{name}:{vText(str(item[key])).to_ical().decode()}"
    if item.get("transparency") == "transparent":
        yield "TRANSP:TRANSPARENT"
    yield from (str(line) for line in item.get("recurrence", ()))
    yield from more
    yield "END:VEVENT"


def _stamp(value: Any) -> str:
    moment = datetime.fromisoformat(value) if isinstance(value, str) else datetime(1970, 1, 1, tzinfo=UTC)
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _time(name: str, when: Item, zone: str) -> str:
    """A property with a time: a date, or hours on the clock that Google names."""
    if "date" in when:
        return f"{name};VALUE=DATE:{date.fromisoformat(when['date']):%Y%m%d}"
    moment = datetime.fromisoformat(when["dateTime"])
    key = str(when.get("timeZone") or zone)
    try:
        local = moment.astimezone(ZoneInfo(key))
    except (ZoneInfoNotFoundError, ValueError):
        return f"{name}:{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f"{name};TZID={key}:{local:%Y%m%dT%H%M%S}"


def moment_of(when: Item) -> datetime | date | None:
    """What a start or an end says, to compare it; None where it says nothing."""
    try:
        if "date" in when:
            return date.fromisoformat(when["date"])
        return datetime.fromisoformat(when["dateTime"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        return None


def time_of(moment: datetime, zone: str, *, all_day: bool) -> dict[str, str]:
    """A moment as Google writes it, with its zone."""
    local = moment.astimezone(ZoneInfo(zone))
    if all_day:
        return {"date": local.date().isoformat()}
    return {"dateTime": local.isoformat(), "timeZone": zone}
