"""Resolve what a phrase says against the clock: from a `Spec` to instants in the person's zone."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from passfel.nlu.slots import wall
from passfel.nlu.slots.days import next_weekday
from passfel.nlu.slots.merge import readings
from passfel.nlu.slots.occurrences import first_day, rule_text
from passfel.nlu.slots.spec import DAY, Clock, Grain, Reading, Span, Spec, Stretch

_OPEN_DAYS = 365
"""How far a window without an end reaches ("after friday", "since may")."""
_BEFORE = "The end comes before the start."


@dataclass(frozen=True, slots=True)
class Moment:
    """A resolved phrase."""

    start: datetime
    finish: datetime | None
    window: tuple[datetime, datetime]
    grain: Grain
    duration: timedelta | None = None
    rule: str | None = None
    problem: str = ""


def resolve(reading: Reading, spec: Spec) -> Moment:
    """Resolve a phrase."""
    if spec.rule:
        return _resolve_rule(reading, spec)
    moment = _resolve_start(reading, spec)
    if spec.problem:
        moment = replace(moment, problem=spec.problem)
    if spec.until:
        moment = _with_until(reading, spec, moment)
    if spec.span:
        moment = _with_span(spec.span, moment, timed=bool(spec.clock or spec.instant or not spec.day))
    return _with_bound(reading, spec, moment) if spec.bound else moment


def _resolve_start(reading: Reading, spec: Spec) -> Moment:
    if spec.instant:
        return _minute(spec.instant)
    if spec.clock:
        return _resolve_clock(reading, spec, spec.clock)
    if spec.part:
        return _resolve_part(reading, spec)
    if spec.day:
        return _resolve_day(reading, spec.day)
    return _minute(reading.now)


def _minute(start: datetime) -> Moment:
    return Moment(start, None, (start, wall.after(start, Span(seconds=60))), "minute")


def _resolve_day(reading: Reading, day: Stretch) -> Moment:
    start = reading.now if day.rest else wall.at(reading, day.first)
    end = wall.at(reading, day.after)
    finish = end if day.rest or day.span else None
    return Moment(start, finish, (start, end), day.grain, problem=day.problem)


def _resolve_part(reading: Reading, spec: Spec) -> Moment:
    first, last = reading.words.raw["parts"][spec.part]
    day = spec.day.first if spec.day else reading.today
    start = wall.at(reading, day, first * 60)
    if not spec.day and start <= reading.now:
        day += DAY
    start, end = wall.at(reading, day, first * 60), wall.at(reading, day, last * 60)
    return Moment(start, None, (start, end), "part", problem=spec.day.problem if spec.day else "")


def _resolve_clock(reading: Reading, spec: Spec, clock: Clock) -> Moment:
    day, clock = _place(reading, spec, clock)
    start = wall.at(reading, day, clock.minutes, clock.second)
    grain: Grain = "minute" if clock.exact else "hour"
    end = wall.after(start, Span(seconds=60 if clock.exact else 3600))
    problem = clock.problem or (spec.day.problem if spec.day else "") or _contradiction(reading, spec, clock)
    return Moment(start, None, (start, end), grain, problem=problem)


def _place(reading: Reading, spec: Spec, clock: Clock) -> tuple[date, Clock]:
    """Find the day, and the reading of a bare hour."""
    chosen = wall.choose(clock, spec.part)
    if spec.day is None:
        if spec.part:
            return wall.next_reading(reading, chosen)
        crosses = spec.until and _crosses_noon(clock, spec.until)
        return wall.next_reading(reading, replace(clock, sure=True) if crosses else clock)
    day = spec.day.first
    if day != reading.today:
        return day, chosen
    gone = wall.at(reading, day, chosen.minutes, chosen.second) <= reading.now
    if gone and spec.day.loose:
        return day + timedelta(weeks=1), chosen
    later = [one for one in readings(clock) if wall.at(reading, day, one.minutes) > reading.now]
    if gone and not spec.part and later and later[0].minutes <= 23 * 60:
        return day, later[0]
    return day, chosen


def _crosses_noon(clock: Clock, until: Spec) -> bool:
    """Whether "9 to 5" was said: then the first is in the morning."""
    end = until.clock
    return bool(end and not end.sure and not clock.sure and end.minutes <= clock.minutes and not until.day)


def _contradiction(reading: Reading, spec: Spec, clock: Clock) -> str:
    """Say so where a sure time lies outside of its part of the day ("16:00 in the morning")."""
    if not spec.part or not spec.clock or not spec.clock.sure:
        return ""
    first, last = reading.words.raw["parts"][spec.part]
    slack = 6 if spec.part in {"morning", "night"} else 2
    inside = first - slack <= clock.hour <= last or (spec.part == "night" and clock.hour < 6)
    return "" if inside else f"{clock.hour:02}:{clock.minute:02} is not in the {spec.part}."


def _with_until(reading: Reading, spec: Spec, moment: Moment) -> Moment:
    until = spec.until
    if not until:
        return moment
    moment, finish = _end_of(reading, spec, until, moment)
    problem = moment.problem or (until.clock.problem if until.clock else "")
    problem = problem or (until.day.problem if until.day else "")
    if finish <= moment.start:
        problem = problem or _BEFORE
    window = (moment.start, max(finish, moment.start))
    duration = finish - moment.start if spec.clock and until.clock and finish > moment.start else None
    return replace(
        moment, finish=finish, window=window, problem=problem, duration=duration or moment.duration
    )


def _end_of(reading: Reading, spec: Spec, until: Spec, moment: Moment) -> tuple[Moment, datetime]:
    """Find a said end; a last day counts whole, so its end is the midnight behind it."""
    if until.instant:
        return moment, until.instant
    if not until.day:
        return moment, _end_clock(reading, spec, until, moment)
    moment, day = _anchor(reading, spec, until.day, moment)
    if until.clock or until.part:
        return moment, _resolve_start(reading, replace(until, day=day)).start
    return moment, wall.at(reading, day.after)


def _anchor(reading: Reading, spec: Spec, day: Stretch, moment: Moment) -> tuple[Moment, Stretch]:
    """Place a last day behind the start: the weekday that follows it, the year that fits."""
    start, said = moment.start.date(), spec.day
    if day.loose and said:
        found = next_weekday(start + DAY, day.by.weekdays[0][1])
        same = said.first == day.first and (spec.clock or spec.part)
        return moment, day if same else replace(found, loose=False)
    if not (day.yearless and said and said.yearless and day.after <= start):
        return moment, day
    if start.year > reading.today.year and (said.by.months, said.by.monthdays) < (
        day.by.months,
        day.by.monthdays,
    ):
        earlier = replace(said, first=_year_before(said.first), after=_year_before(said.first) + DAY)
        return _resolve_start(reading, replace(spec, day=earlier, until=None)), day
    if day.first.month < start.month:
        shifted = day.first.replace(year=day.first.year + 1, day=min(day.first.day, 28))
        return moment, Stretch.day(shifted + (day.first.day - shifted.day) * DAY)
    return moment, day


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=min(day.day, 28)) + (day.day - min(day.day, 28)) * DAY


def _end_clock(reading: Reading, spec: Spec, until: Spec, moment: Moment) -> datetime:
    """Find the time of day that ends what has begun; past midnight only where an evening runs into it."""
    clock, start = until.clock, moment.start
    if not clock:
        return _resolve_part(reading, replace(until, day=Stretch.day(start.date()))).start
    if not (spec.day or spec.clock or spec.part):
        day, one = wall.next_reading(reading, wall.choose(clock, until.part) if until.part else clock)
        return wall.at(reading, day, one.minutes)
    if not spec.clock and not until.part:
        return wall.at(reading, start.date(), wall.choose(clock, "").minutes)
    options = (wall.choose(clock, until.part),) if until.part else readings(clock)
    ends = [wall.at(reading, start.date(), one.minutes, one.second) for one in options]
    for end in ends:
        if end > start:
            return end
    if start.hour >= 18 and options[0].hour <= 12:
        return wall.at(reading, start.date() + DAY, options[0].minutes)
    return ends[-1]


def _with_span(span: Span, moment: Moment, *, timed: bool) -> Moment:
    finish = wall.after(moment.start, span)
    duration = finish.astimezone(UTC) - moment.start.astimezone(UTC)
    if not timed and span.seconds:  # "friday for two hours": when it begins isn't known
        return replace(moment, duration=duration)
    return replace(moment, finish=finish, duration=duration, window=(moment.start, finish))


def _with_bound(reading: Reading, spec: Spec, moment: Moment) -> Moment:
    start, end = moment.window
    far = timedelta(days=_OPEN_DAYS)
    if spec.bound == "before":
        opens = wall.at(reading, start.date()) if spec.day and spec.clock else reading.now
        opens = max(opens, reading.now) if start > reading.now else start - far
        return replace(moment, window=(opens, start))
    if spec.bound == "since":
        last = max(reading.now, start)
        return replace(moment, window=(start, last), finish=last)
    if spec.bound == "after":
        opens = start if spec.clock else end
        closes = wall.at(reading, opens.date() + DAY) if spec.clock or spec.part else opens + far
        return replace(moment, start=opens, window=(opens, max(closes, opens)))
    if moment.finish:
        return moment
    return replace(
        moment, window=(start, wall.at(reading, start.date() + DAY) if spec.clock else start + far)
    )


def _resolve_rule(reading: Reading, spec: Spec) -> Moment:
    """Resolve a recurrence: its first occasion to come, and its rule."""
    rule, base = spec.rule, spec.day.first if spec.day else reading.today
    if not rule:
        raise ValueError("There is no recurrence.")
    once = replace(spec, rule=None, day=None, last=None, bound="", all_day=False)
    if once.clock:  # the same on every occasion, whatever the time is now
        once = replace(once, clock=replace(wall.choose(once.clock, once.part), sure=True))
    last = spec.last
    if once.until and once.until.day:
        once, last = replace(once, until=None), once.until
    ends: Span | None = None
    if once.span and not once.span.seconds:
        once, ends = replace(once, span=None), once.span
    moment = _first_occasion(reading, spec, once, max(base, reading.today) if not spec.day else base)
    until = wall.after(moment.start, ends) - timedelta(seconds=1) if ends else None
    if last:
        until = _last_moment(reading, spec, last, moment)
    problem = moment.problem or (spec.day.problem if spec.day else "")
    problem = problem or (last.day.problem if last and last.day else "")
    if until and until < moment.start:
        problem = problem or _BEFORE
    return replace(moment, rule=rule_text(rule, until), problem=problem)


def _last_moment(reading: Reading, spec: Spec, last: Spec, moment: Moment) -> datetime:
    start = Stretch.day(moment.start.date())
    anchor = replace(spec, rule=None, day=spec.day or start, until=None, last=None)
    _, end = _end_of(reading, anchor if spec.day else Spec(), last, moment)
    return end if last.clock else end - timedelta(seconds=1)


def _first_occasion(reading: Reading, spec: Spec, once: Spec, base: date) -> Moment:
    rule = spec.rule
    if not rule:
        raise ValueError("There is no recurrence.")
    if rule.freq in {"HOURLY", "MINUTELY"} and not once.clock:
        unit = 3600 if rule.freq == "HOURLY" else 60
        return _minute(wall.after(reading.now, Span(seconds=unit * rule.interval)))
    day = first_day(rule, base)
    for _ in range(3):
        moment = resolve(reading, replace(once, day=Stretch.day(day)))
        if not (once.clock or once.part) or moment.start > reading.now or spec.day:
            return moment if moment.start.date() >= day else _settled(reading, once, day)
        if once.clock and moment.start > wall.at(reading, day + DAY):
            return moment
        day = first_day(rule, day + DAY)
    return resolve(reading, replace(once, day=Stretch.day(day)))


def _settled(reading: Reading, once: Spec, day: date) -> Moment:
    return resolve(reading, replace(once, day=Stretch.day(day)))
