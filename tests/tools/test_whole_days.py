"""Whole days have dates, not hours: the same ones wherever one reads them, and as many after a move."""

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passfel.household.occurrence import midnight, occurrences
from passfel.household.rows import Event
from passfel.household.turn import Turn
from passfel.tools.calendar.moving import moved
from passfel.tools.calendar.words import say_occurrence

Do = Callable[..., Awaitable[str]]
ZONES = (
    "UTC", "Europe/Lisbon", "America/New_York", "Asia/Tokyo", "Pacific/Kiritimati", "Pacific/Pago_Pago",
    "Africa/Cairo", "America/Havana", "Asia/Beirut", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu",
)  # fmt: skip
"""With zones whose clocks change at midnight, by half an hour, and at the ends of the date line."""
zones = st.sampled_from(ZONES)
days = st.one_of(
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.sampled_from(
        [date(2026, 10, 25), date(2026, 3, 29), date(2026, 4, 24), date(2026, 11, 1), date(2026, 9, 6)]
    ),
)
lengths = st.integers(1, 20)


def event(first: date, length: int, zone: str, rule: str | None = None) -> Event:
    place = ZoneInfo(zone)
    start, end = (midnight(day, place).astimezone(UTC) for day in (first, first + timedelta(days=length)))
    return Event(
        id=uuid4(), owner="home", created_at=start, updated_at=start, title="trip", starts_at=start, ends_at=end,
        all_day=True, time_zone=zone, rule=rule,
    )  # fmt: skip


def windows(first: date, days: int, zone: str) -> tuple[datetime, datetime]:
    place = ZoneInfo(zone)
    return midnight(first, place), midnight(first + timedelta(days=days), place)


@given(first=days, length=lengths, home=zones, away=zones)
def test_a_day_is_the_same_date_in_every_zone(first: date, length: int, home: str, away: str):
    trip = event(first, length, home)
    last = first + timedelta(days=length - 1)
    for day in (first, last):
        found = occurrences(trip, *windows(day, 1, away))
        assert [(one.first_day, one.last_day) for one in found] == [(first, last)]
    for day in (first - timedelta(days=1), last + timedelta(days=1)):
        assert occurrences(trip, *windows(day, 1, away)) == []


@given(first=days, length=lengths, home=zones, away=zones)
def test_it_is_within_its_own_days_and_no_fewer(first: date, length: int, home: str, away: str):
    (trip,) = occurrences(event(first, length, home), *windows(first, length, away))
    assert trip.within(*windows(first, length, away))
    assert not trip.within(*windows(first, length - 1, away))
    assert not trip.within(*windows(first + timedelta(days=1), length, away))


@given(first=days, length=lengths, to=days, home=zones, away=zones)
def test_a_move_keeps_the_number_of_days(first: date, length: int, to: date, home: str, away: str):
    turn = Turn(now=datetime(2025, 6, 1, 12, tzinfo=ZoneInfo(away)))
    (trip,) = occurrences(event(first, length, home), *windows(first, length, home))
    start, end = moved(trip, to, None, turn)
    later = trip.event.model_copy(update={"starts_at": start.astimezone(UTC), "ends_at": end.astimezone(UTC)})
    (there,) = occurrences(later, *windows(to, 1, home))
    assert (there.first_day, there.days) == (to, length)


@given(first=days, home=zones, away=zones)
def test_a_series_of_days_falls_on_its_dates(first: date, home: str, away: str):
    found = occurrences(event(first, 1, home, "FREQ=DAILY;COUNT=10"), *windows(first, 10, away))
    assert [one.first_day for one in found] == [first + timedelta(days=day) for day in range(10)]


def in_new_york(turn: Turn) -> Turn:
    return Turn(now=turn.now.astimezone(ZoneInfo("America/New_York")), locale=turn.locale)


async def test_a_day_added_in_lisbon_is_read_and_moved_as_that_day_in_new_york(do: Do, turn: Turn):
    await do("add_event", title="trip", start=datetime(2026, 11, 27, tzinfo=turn.zone), all_day=True)
    away = in_new_york(turn)
    friday = datetime(2026, 11, 27, tzinfo=away.zone)
    day = {"start": friday, "end": friday + timedelta(days=1)}
    assert await do("get_calendar_events", away, **day) == "Friday 27 November: trip, all day."
    thursday = {"start": friday - timedelta(days=1), "end": friday}
    assert (await do("get_calendar_events", away, **thursday)).startswith("Nothing")
    moved = await do("move_event", away, title="trip", on=date(2026, 11, 27), day=date(2026, 11, 28))
    assert moved == "Moved trip, Saturday 28 November, all day."
    assert await do("cancel_event", away, title="trip") == "Cancelled trip, Saturday 28 November, all day."


async def test_a_day_of_25_hours_moved_is_one_day(do: Do, turn: Turn):
    before = Turn(now=datetime(2026, 10, 20, 10, tzinfo=turn.zone), locale=turn.locale)
    await do("add_event", before, title="fair", start=datetime(2026, 10, 25, tzinfo=turn.zone), all_day=True)
    moved = await do("move_event", before, title="fair", day=date(2026, 11, 2))
    assert moved == "Moved fair, Monday 2 November, all day."


@pytest.mark.parametrize("hour", [0, 9])
async def test_whole_days_begin_at_midnight_however_they_were_given(do: Do, turn: Turn, hour: int):
    start = datetime.combine(date(2026, 11, 27), time(hour), tzinfo=turn.zone)
    added = await do("add_event", title="fair", start=start, all_day=True)
    assert added == "Added fair, Friday 27 November, all day."


def test_a_trip_is_said_by_its_dates_anywhere(turn: Turn):
    (trip,) = occurrences(event(date(2026, 12, 1), 10, "Asia/Tokyo"), *windows(date(2026, 12, 1), 1, "UTC"))
    for place in (turn, in_new_york(turn)):
        assert say_occurrence(trip, place) == "trip, Tuesday 1 December to Thursday 10 December, all day"
