"""Where an appointment goes when it is moved, and how long it then takes."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from passfel.household.errors import RequestError
from passfel.household.occurrence import Occurrence, midnight, whole_days
from passfel.household.turn import Turn
from passfel.household.wording import capital, say_day


def day_bounds(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the first midnight to the one after the last day."""
    first = start.astimezone(zone).date()
    return midnight(first, zone), midnight(first + timedelta(days=whole_days(start, end)), zone)


def moved(occurrence: Occurrence, day: date | None, at: time | None, turn: Turn) -> tuple[datetime, datetime]:
    """The new start and end: whole days on their own zone's calendar, hours on the person's clock."""
    event = occurrence.event
    if event.all_day:
        zone = ZoneInfo(event.time_zone)
        first = day or occurrence.first_day
        if at is not None:
            raise RequestError(f"{capital(event.title)} takes the whole day; name a day to move it to.")
        start, end = midnight(first, zone), midnight(first + timedelta(days=occurrence.days), zone)
        past = first < turn.now.date()
    else:
        old = occurrence.start.astimezone(turn.zone)
        start = datetime.combine(day or old.date(), (at or old.time()).replace(tzinfo=None), turn.zone)
        end = later(start, occurrence.end.astimezone(UTC) - occurrence.start.astimezone(UTC))
        past = start <= turn.now
    if past:
        raise RequestError("That is already past. Say a day or a time that is still to come.")
    return start, end


def ask_which_week(day: date, on: date, occurrence: Occurrence) -> None:
    """Ask where "from Friday to Monday", said on a Monday, leads: back to today, or on to the Monday after."""
    if on - day >= timedelta(days=7):
        return
    name, after = occurrence.event.title, day + timedelta(days=7)
    raise RequestError(
        f"To today, or to {say_day(after, day)}? Say “move {name} to today” or"
        f" “move {name} to {after.day} {after:%B}”."
    )


def later(start: datetime, length: timedelta) -> datetime:
    """So much later in real time, also across a change of the clocks."""
    return (start.astimezone(UTC) + length).astimezone(start.tzinfo)
