"""What two neighbours say together: fields that complete each other, days that refine a recurrence, ranges."""

from dataclasses import replace

from passfel.nlu.slots.dates import make_day
from passfel.nlu.slots.spec import By, Clock, Rule, Spec

_UNCLEAR = "It isn't clear whether that time is meant for every one of these days or only for the first."


def join(left: Spec, right: Spec) -> Spec | None:
    """Both together, or None where they say the same kind of thing or do not fit."""
    if left.rule and right.rule:
        return _join_rules(left, right)
    rule, day = (left, right) if left.rule else (right, left)
    if rule.rule and day.day:
        return _join_rule_and_day(rule, day)
    if (_is_day_range(left) and right.clock) or (_is_day_range(right) and left.clock):
        return replace(_union(left, right), problem=_UNCLEAR) if _fit(left, right) else None
    if (left.rule or right.rule) and left.until and right.until:
        return _with_last(left, right)
    if not _fit(left, right):
        return None
    return _union(left, right)


def _is_day_range(spec: Spec) -> bool:
    return bool(spec.day and spec.until and spec.until.day and not (spec.clock or spec.rule))


def _union(left: Spec, right: Spec) -> Spec:
    return Spec(
        day=left.day or right.day,
        part=left.part or right.part,
        clock=left.clock or right.clock,
        instant=left.instant or right.instant,
        span=left.span or right.span,
        attached=left.attached or right.attached,
        rule=left.rule or right.rule,
        until=left.until or right.until,
        last=left.last or right.last,
        bound=left.bound or right.bound,
        all_day=left.all_day or right.all_day,
        problem=left.problem or right.problem,
    )


def _fit(left: Spec, right: Spec) -> bool:
    """Whether no field is said twice, and what is said goes together."""
    pairs = (
        (left.day, right.day), (left.part, right.part), (left.clock, right.clock), (left.instant, right.instant),
        (left.span, right.span), (left.until, right.until), (left.last, right.last), (left.bound, right.bound),
    )  # fmt: skip
    if any(one and other for one, other in pairs) or (left.all_day and right.all_day):
        return False
    both = _union(left, right)
    timed = both.clock or both.part
    if both.day and timed and (both.day.grain != "day" or both.day.span):
        return False
    if both.instant and (timed or both.day or both.rule or both.bound or both.all_day):
        return False
    if both.all_day and (timed or both.span or not (both.day or both.rule)):
        return False
    if both.span and not both.attached:
        return False
    if both.bound in {"before", "after", "since"} and (both.until or both.span or both.rule):
        return False
    return not (both.until and both.span and not both.rule)


def _join_rules(left: Spec, right: Spec) -> Spec | None:
    """Join "mondays" and "every two weeks": the weekdays of one with the interval of the other."""
    for days, step in ((left, right), (right, left)):
        one, other = days.rule, step.rule
        if not one or not other or not one.freq == other.freq == "WEEKLY" or other.by != By():
            continue
        fit = _fit(replace(days, rule=None), replace(step, rule=None))
        if one.by.weekdays and one.interval == 1 and fit:
            return replace(_union(days, step), rule=replace(other, by=one.by))
    return None


def _join_rule_and_day(spec: Spec, day: Spec) -> Spec | None:
    """Let the day complete the recurrence ("every year" + "on 3 june"), or say from when it holds."""
    rule, stretch = spec.rule, day.day
    if not rule or not stretch or spec.day or stretch.span or day.bound in {"before", "after"}:
        return None
    rest = replace(day, day=None, bound="", weak="")
    if day.bound in {"from", "since"}:
        return replace(joined, day=stretch, bound="from") if (joined := _join_rest(spec, rest)) else None
    refined = _refine(rule, stretch.by)
    if not refined:
        return None
    joined = _join_rest(replace(spec, rule=None), rest)
    return replace(joined, rule=refined) if joined else None


def _join_rest(spec: Spec, rest: Spec) -> Spec | None:
    if rest.until and spec.until:
        return _with_last(spec, rest)
    if rest.until and rest.until.day and spec.rule:
        return replace(spec, last=rest.until) if not spec.last else None
    return _union(spec, rest) if _fit(spec, rest) else None


def _refine(rule: Rule, by: By) -> Rule | None:
    if rule.by != By():
        return None
    plain = by.weekdays and not any(nth for nth, _ in by.weekdays)
    fits = {
        "WEEKLY": bool(plain) and not by.months,
        "MONTHLY": not by.months and bool(by.monthdays or (by.weekdays and not plain)),
        "YEARLY": bool(by.months),
    }.get(rule.freq, False)
    return replace(rule, by=by) if fits else None


def _with_last(left: Spec, right: Spec) -> Spec | None:
    """Tell the end of each occasion ("to 4") from the end of the recurrence ("until 5 january")."""
    for end, last in ((left, right), (right, left)):
        if (
            end.until
            and last.until
            and last.until.day
            and not end.until.day
            and not (left.last or right.last)
        ):
            kept = replace(last, until=None, last=last.until)
            return _union(end, kept) if _fit(replace(end, until=None), replace(kept, last=None)) else None
    return None


def join_range(left: Spec, right: Spec, *, spread: bool = True) -> Spec | None:
    """From one moment to another; what one side leaves out, the other tells.

    Args:
        left: where it begins.
        right: where it ends.
        spread: whether "5 to 7 december" is meant, where "10 until 7 december" is not.
    """
    left, right = _spread_month(left, right) if spread else (left, right)
    if not _comparable(left, right):
        return None
    if left.clock and right.clock and not right.day:
        left, right = _spread_meridiem(left, right)
    if right.day and left.clock and not left.day and right.clock:
        left = replace(left, day=right.day)
    return replace(left, until=replace(right, weak=""), weak="")


def _comparable(left: Spec, right: Spec) -> bool:
    if left.clock and not left.day:
        return bool(right.clock or (right.part and not right.day))
    if left.day and not left.clock and not left.part:
        return bool(right.day) and not right.clock
    if left.clock and left.day:
        return bool(right.clock)
    return bool(right.part or right.clock or right.day)


def _spread_month(left: Spec, right: Spec) -> tuple[Spec, Spec]:
    """Read "5 to 7 december", "december 5-7" and "the 5th to the 7th of december"."""
    for plain, dated, turned in ((left, right, False), (right, left, True)):
        day, number = dated.day, _day_number(plain)
        if not day or not number or len(day.by.months) != 1 or len(day.by.monthdays) != 1 or dated.clock:
            continue
        made = make_day(day.first.year, day.by.months[0], number)
        spec = Spec(day=replace(made, yearless=day.yearless))
        return (dated, spec) if turned else (spec, dated)
    return left, right


def _day_number(spec: Spec) -> int | None:
    if spec.weak == "hour" and spec.clock and not spec.day and not spec.clock.sure:
        return spec.clock.hour
    if spec.weak == "hour" and spec.clock and not spec.day and 12 < spec.clock.hour < 25:
        return spec.clock.hour
    if spec.weak == "ordinal" and spec.day and len(spec.day.by.monthdays) == 1 and not spec.day.by.months:
        return spec.day.by.monthdays[0]
    return None


def _spread_meridiem(left: Spec, right: Spec) -> tuple[Spec, Spec]:
    """Read "between 3 and 5 pm" as 15 to 17, "3pm to 4" as 15 to 16, "11 to 2pm" as 11 to 14."""
    start, finish = left.clock, right.clock
    if not start or not finish or left.part or right.part:
        return left, right
    if finish.sure and not start.sure:
        fits = [clock for clock in readings(start) if clock.minutes < finish.minutes]
        return (replace(left, clock=fits[-1]), right) if fits else (left, right)
    if start.sure and not finish.sure:
        later = [clock for clock in readings(finish) if clock.minutes > start.minutes]
        return (left, replace(right, clock=later[0])) if later else (left, right)
    return left, right


def readings(clock: Clock) -> tuple[Clock, ...]:
    """What a time of day may mean: itself, and where that is in doubt twelve hours later."""
    if clock.sure:
        return (clock,)
    sure = replace(clock, sure=True)
    later = replace(sure, hour=clock.hour + 12)
    return (sure, later) if later.minutes <= 24 * 60 else (sure,)
