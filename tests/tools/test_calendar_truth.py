"""When recurring things happen: our two expansions against a third that was written from RFC 5545 alone.

The household's own calendar runs rules with dateutil, calendars elsewhere with recurring-ical-events. The third goes
from day to day and asks of each whether it belongs: it shares no code with either.
"""

import calendar as months
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from passfel.household.occurrence import Occurrence, occurrences
from passfel.household.origin import Origin
from passfel.household.rows import Event
from passfel.tools.ical.reading import Place, occurrences_in
from passfel.tools.ical.writing import cancelled, moved, new_event

ZONES = (
    "Europe/Lisbon",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "UTC",
)
"""Changes of an hour in both directions, of half an hour, in the south, around Ramadan, and none."""
NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
PLACE = Place("home", Origin(account="a", calendar="c", collection="c", reference="r"))
LONGEST = timedelta(days=500)


@dataclass(frozen=True)
class Rule:
    """A repetition, as far as people use them."""

    freq: str
    interval: int = 1
    weekdays: tuple[int, ...] = ()
    ordinal: int = 0
    """Which of these weekdays in the month: 1 to 4, or -1 for the last."""
    month_day: int = 0
    count: int = 0
    until: date | None = None

    def belongs(self, day: date, first: date) -> bool:
        """Whether a day is one of those that the rule names, whatever its count and end."""
        if self.freq == "DAILY":
            return (day - first).days % self.interval == 0 and (
                not self.weekdays or day.weekday() in self.weekdays
            )
        if self.freq == "WEEKLY":
            weeks = (monday(day) - monday(first)).days // 7
            return weeks % self.interval == 0 and day.weekday() in (self.weekdays or (first.weekday(),))
        between = (day.year - first.year) * 12 + day.month - first.month
        if self.freq == "YEARLY":
            return between % (12 * self.interval) == 0 and day.day == first.day
        if between % self.interval:
            return False
        last = months.monthrange(day.year, day.month)[1]
        if self.ordinal:
            nth = (day.day - 1) // 7 + 1 if self.ordinal > 0 else -((last - day.day) // 7 + 1)
            return day.weekday() == self.weekdays[0] and nth == self.ordinal
        wanted = self.month_day or first.day
        return day.day == (last if wanted == -1 else wanted)

    def days(self, first: date) -> Iterator[date]:
        """The days in order, for as long as is looked at."""
        found = 0
        for number in range(LONGEST.days):
            day = first + timedelta(days=number)
            if (self.until and day > self.until) or (self.count and found >= self.count):
                return
            if self.belongs(day, first):
                found += 1
                yield day

    def written(self, start: datetime) -> str:
        """As RFC 5545 writes it."""
        parts = [f"FREQ={self.freq}"] + ([f"INTERVAL={self.interval}"] if self.interval > 1 else [])
        if self.weekdays:
            ordinal = str(self.ordinal or "")
            parts.append(f"BYDAY={','.join(ordinal + NAMES[day] for day in self.weekdays)}")
        parts += [f"BYMONTHDAY={self.month_day}"] if self.month_day else []
        parts += [f"COUNT={self.count}"] if self.count else []
        if self.until:
            last = datetime.combine(self.until, start.time(), start.tzinfo).astimezone(UTC)
            parts.append(f"UNTIL={last:%Y%m%dT%H%M%SZ}")
        return ";".join(parts)


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


weekdays = st.lists(st.integers(0, 6), min_size=1, max_size=4, unique=True).map(sorted).map(tuple)
intervals = st.integers(1, 4)
bare_rules = st.one_of(
    st.builds(Rule, st.just("DAILY"), intervals, st.one_of(st.just(()), weekdays)),
    st.builds(Rule, st.just("WEEKLY"), intervals, st.one_of(st.just(()), weekdays)),
    st.builds(Rule, st.just("MONTHLY"), intervals, month_day=st.sampled_from([0, 1, 15, 28, 29, 30, 31, -1])),
    st.builds(
        Rule, st.just("MONTHLY"), intervals, st.tuples(st.integers(0, 6)), st.sampled_from([1, 2, 3, 4, -1])
    ),
    st.builds(Rule, st.just("YEARLY"), st.just(1)),
)
ends = st.one_of(
    st.just({}),
    st.builds(lambda count: {"count": count}, st.integers(1, 30)),
    st.builds(lambda days: {"days": days}, st.integers(0, 400)),
)
firsts = st.dates(date(2026, 1, 1), date(2027, 12, 31))
clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
"""Also the hours that don't exist, or come twice, when the clocks change."""


@dataclass(frozen=True)
class Series:
    """A series as a person would add it."""

    rule: Rule
    start: datetime
    length: timedelta

    @property
    def wanted(self) -> list[datetime]:
        """When it takes place, on the wall clock of its zone, as moments."""
        zone = self.start.tzinfo
        days = self.rule.days(self.start.date())
        return [datetime.combine(day, self.start.time(), zone).astimezone(UTC) for day in days]

    @property
    def text(self) -> bytes:
        """As it is stored on a server."""
        zone = str(self.start.tzinfo)
        values = {
            "title": "x",
            "starts_at": self.start,
            "ends_at": (self.start.astimezone(UTC) + self.length).astimezone(self.start.tzinfo),
            "rule": self.rule.written(self.start),
            "time_zone": zone,
        }
        return new_event("x", values, datetime(2026, 1, 1, tzinfo=UTC))

    @property
    def event(self) -> Event:
        """As it is stored at home."""
        return Event(
            id=uuid4(), owner="home", created_at=self.start, updated_at=self.start, title="x", starts_at=self.start,
            ends_at=self.start.astimezone(UTC) + self.length, time_zone=str(self.start.tzinfo),
            rule=self.rule.written(self.start),
        )  # fmt: skip


@st.composite
def series(draw: st.DrawFn) -> Series:
    """A series whose first day belongs to its rule, at a time that exists."""
    rule, zone = draw(bare_rules), ZoneInfo(draw(st.sampled_from(ZONES)))
    around = draw(firsts)
    days = (around + timedelta(days=number) for number in range(400))
    first = next((day for day in days if rule.belongs(day, day)), None)
    assume(first is not None)
    assert first is not None
    end = draw(ends)
    until = first + timedelta(days=end["days"]) if "days" in end else None
    rule = Rule(
        rule.freq, rule.interval, rule.weekdays, rule.ordinal, rule.month_day, end.get("count", 0), until
    )
    start = datetime.combine(first, draw(clocks), zone)
    assume(
        start.astimezone(UTC).astimezone(zone) == start
        and start.utcoffset() == start.replace(fold=1).utcoffset()
    )
    return Series(rule, start, timedelta(minutes=draw(st.sampled_from([0, 15, 60, 90, 480]))))


def window(one: Series, offset: int, days: int) -> tuple[datetime, datetime]:
    begin = one.start.astimezone(UTC) + timedelta(days=offset)
    return begin, min(begin + timedelta(days=days), one.start.astimezone(UTC) + LONGEST - timedelta(days=3))


def expected(one: Series, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    times = [(start, start + one.length) for start in one.wanted]
    return [(start, stop) for start, stop in times if start < end and (stop > begin or start >= begin)]


def times_of(found: list[Occurrence]) -> list[tuple[datetime, datetime]]:
    return sorted((each.start.astimezone(UTC), each.end.astimezone(UTC)) for each in found)


def elsewhere(text: bytes, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    found, broken = occurrences_in(text, begin, end, PLACE)
    assert not broken
    return times_of(found)


bounded = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
LISBON = ZoneInfo("Europe/Lisbon")


@bounded
@given(series(), st.integers(-20, 300), st.integers(1, 120))
@example(Series(Rule("DAILY"), datetime(2027, 3, 20, 1, 30, tzinfo=LISBON), timedelta(hours=1)), 0, 20)
@example(Series(Rule("DAILY"), datetime(2026, 10, 20, 1, 30, tzinfo=LISBON), timedelta(hours=8)), 0, 20)
def test_both_expansions_agree_with_the_rfc(one: Series, offset: int, days: int):
    begin, end = window(one, offset, days)
    assume(begin < end)
    wanted = expected(one, begin, end)
    assert times_of(occurrences(one.event, begin, end)) == wanted
    assert elsewhere(one.text, begin, end) == wanted


@bounded
@given(series(), st.data())
def test_an_exception_takes_one_occurrence_away_and_no_other(one: Series, data: st.DataObject):
    begin, end = window(one, -1, 120)
    wanted = expected(one, begin, end)
    assume(len(wanted) > 1)
    gone = data.draw(st.sampled_from(wanted))
    event = one.event.model_copy(update={"skipped": (gone[0],)})
    left = [each for each in wanted if each != gone]
    assert times_of(occurrences(event, begin, end)) == left
    which = gone[0].astimezone(one.start.tzinfo).isoformat()
    text = cancelled(one.text.decode(), which, datetime(2026, 1, 2, tzinfo=UTC))
    assert text is not None
    assert elsewhere(text, begin, end) == left


@bounded
@given(series(), st.data())
def test_a_moved_occurrence_is_where_it_was_moved_to_and_the_others_stay(one: Series, data: st.DataObject):
    begin, end = window(one, -1, 120)
    wanted = expected(one, begin, end)
    assume(wanted)
    old = data.draw(st.sampled_from(wanted))
    by = timedelta(hours=data.draw(st.integers(-200, 200)))
    new = (old[0] + by, old[1] + by)
    assume(by and new[0] > begin and new[1] < end)
    which = old[0].astimezone(one.start.tzinfo).isoformat()
    text = one.text.decode()
    for _ in range(2):  # a replay
        text = moved(text, which, new[0], new[1], datetime(2026, 1, 2, tzinfo=UTC)).decode()
    assert elsewhere(text.encode(), begin, end) == sorted([each for each in wanted if each != old] + [new])
    back = cancelled(text, which, datetime(2026, 1, 3, tzinfo=UTC))
    assert back is not None
    assert elsewhere(back, begin, end) == [each for each in wanted if each != old]


@bounded
@given(bare_rules, firsts, st.sampled_from(ZONES), st.integers(1, 4))
def test_whole_days_are_the_same_days_on_every_clock(rule: Rule, around: date, zone_name: str, length: int):
    zone = ZoneInfo(zone_name)
    first = next((day for n in range(400) if rule.belongs(day := around + timedelta(days=n), day)), None)
    assume(first is not None)
    assert first is not None
    start = datetime.combine(first, time.min, zone)
    after = datetime.combine(first + timedelta(days=length), time.min, zone)
    values = {"title": "x", "starts_at": start, "ends_at": after, "all_day": True, "time_zone": zone_name}
    text = new_event("x", {**values, "rule": rule.written(start)}, datetime(2026, 1, 1, tzinfo=UTC))
    event = Event(
        id=uuid4(), owner="home", created_at=start, updated_at=start, title="x", starts_at=start, ends_at=after,
        all_day=True, time_zone=zone_name, rule=rule.written(start),
    )  # fmt: skip
    begin = datetime.combine(first - timedelta(days=3), time.min, zone)
    end = datetime.combine(first + timedelta(days=90), time.min, zone)
    wanted = [day for day in rule.days(first) if day < end.date()]
    at_home = occurrences(event, begin, end)
    there, broken = occurrences_in(text, begin, end, PLACE)
    assert not broken
    for found in (at_home, there):
        assert sorted(each.first_day for each in found) == wanted
        assert {each.days for each in found} <= {length}
