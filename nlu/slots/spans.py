"""Read lengths of time, and what is that far away: "an hour and a half", "in 20 minutes", "2 days ago"."""

from datetime import UTC, timedelta
from decimal import Decimal

from passfel.nlu.slots.cardinals import number_words, read_number
from passfel.nlu.slots.spec import Found, Reading, Span, Spec, Stretch

_LONGEST_DAYS = 366_000


def read_span(reading: Reading, index: int) -> tuple[Span, int] | None:
    """Read a length of time, also in several units: "2 hours and 15 minutes", "1h30", "half an hour"."""
    found = _read_one(reading, index)
    while found:
        span, after = found
        behind = reading.skip("and", after)
        more = _read_one(reading, behind) if reading.word(behind) not in number_words().half else None
        smaller = more and _size(more[0]) * 2 <= _size(span)
        if not (more and smaller):
            return found
        found = span + more[0], more[1]
    return None


def _size(span: Span) -> int:
    return (span.months * 30 + span.days) * 86_400 + span.seconds


def _read_one(reading: Reading, index: int) -> tuple[Span, int] | None:
    """Read one number with its unit, and a half behind it ("an hour and a half")."""
    words = number_words()
    if reading.word(index) in words.article:
        return _read_article(reading, index)
    if reading.word(index) in words.groups and reading.word(index + 1) == "of":
        return _read_article(reading, index - 1)
    found = read_number(reading.tokens, index)
    if not found:
        return None
    amount, after = found
    glued = reading.words.raw["glued_units"].get(reading.word(after)) if reading.tokens.glued(after) else None
    if glued and not (
        glued in {"minute", "second", "day"}
        and len(reading.word(after)) == 1
        and not _in_chain(reading, index)
    ):
        return _with_minutes(reading, amount, glued, after + 1)
    if reading.tokens.glued(after) and reading.word(after) == "-":
        after += 1
    if amount < 1 and reading.word(after) in words.article:  # half an hour
        after += 1
    after = after + 1 if reading.word(after) == "of" else after
    after = after + 1 if amount < 1 and reading.word(after) in words.article else after
    unit = reading.words.units.get(reading.word(after))
    if not unit and amount == 1:
        unit = reading.words.raw["single_units"].get(reading.word(after))
    span = _times(reading, amount, unit)
    return _with_half(reading, span, unit, after + 1) if span and unit else None


def _in_chain(reading: Reading, index: int) -> bool:
    """Whether "30m" follows "2h" and so means minutes."""
    before = reading.word(index - 1)
    return bool(reading.words.raw["glued_units"].get(before)) and reading.tokens.glued(index - 1)


def _with_minutes(reading: Reading, amount: Decimal, unit: str, after: int) -> tuple[Span, int] | None:
    """Read the minutes of "1h30"."""
    span, word = _times(reading, amount, unit), reading.word(after)
    if span and unit == "hour" and reading.tokens.glued(after) and word.isascii() and word.isdigit():
        minutes = int(word[:3])
        unit_behind = reading.word(after + 1) in reading.words.raw["glued_units"] and reading.tokens.glued(
            after + 1
        )
        if minutes < 60:
            return span + Span(seconds=60 * minutes), after + 1 + unit_behind
    return (span, after) if span else None


def _read_article(reading: Reading, index: int) -> tuple[Span, int] | None:
    """Read "an hour", "a quarter of an hour", "a couple of days", "a week and a half"."""
    words, after = number_words(), index + 1
    below = words.fractions.get(reading.word(after))
    if below in {2, 4}:
        of = after + 1 + (reading.word(after + 1) == "of")
        start = of + (reading.word(of) in words.article)
        unit = reading.words.units.get(reading.word(start))
        span = _times(reading, Decimal(1) / below, unit)
        return (span, start + 1) if span else None
    group = words.groups.get(reading.word(after))
    if group:
        start = after + 1 + (reading.word(after + 1) == "of")
        unit = reading.words.units.get(reading.word(start))
        span = _times(reading, Decimal(group), unit)
        return (span, start + 1) if span else None
    half = reading.has("half", after)
    unit = reading.words.units.get(reading.word(after + half))
    span = _times(reading, Decimal("0.5") if half else Decimal(1), unit)
    return _with_half(reading, span, unit, after + half + 1) if span and unit else None


def _with_half(reading: Reading, span: Span, unit: str, after: int) -> tuple[Span, int]:
    words = number_words()
    if reading.has("and", after) and reading.word(after + 1) in words.article:
        below = words.fractions.get(reading.word(after + 2))
        part = _times(reading, Decimal(1) / below, unit) if below in {2, 4} else None
        if part and reading.word(after + 3) not in {"of", "an", "a"}:
            return span + part, after + 3
    return span, after


def _times(reading: Reading, amount: Decimal, unit: str | None) -> Span | None:
    """So many units; None where that is no whole number of days or seconds, or beyond a thousand years."""
    parts: dict[str, int] = reading.words.raw["units"].get(unit, {}) if unit else {}
    if not parts or amount <= 0:
        return None
    months, days, seconds = (amount * parts.get(name, 0) for name in ("months", "days", "seconds"))
    whole = days // 1
    seconds += (days - whole) * 86_400
    if months != int(months) or months * 30 + days + seconds / 86_400 > _LONGEST_DAYS:
        return None
    return Span(int(months), int(whole), int(seconds))


def read_distance(reading: Reading, index: int) -> Found | None:
    """Read what is so far from now: "in 20 minutes", "half an hour from now", "2 days ago", "within 2 hours"."""
    words = reading.words
    if now := words.phrase("now", reading.tokens, index):
        return Spec(instant=reading.now), now[1]
    if reading.word(index) == "in":
        start = index + 1 + (reading.word(index + 1) == "about")
        found = read_span(reading, start)
        if not found:
            return None
        after = found[1]
        if reading.word(after) in {"'", "'s"} and reading.has("time_words", after + 1):
            after += 2
        return _away(reading, found[0], 1), after
    if reading.has("within", index):
        found = read_span(reading, index + 1)
        return (ahead(reading, found[0]), found[1]) if found else None
    found = read_span(reading, index)
    if not found:
        return None
    span, after = found
    if reading.has("ago", after):
        return _away(reading, span, -1), after + 1
    if later := words.phrase("from_now", reading.tokens, after):
        return _away(reading, span, 1), later[1]
    return None


def _away(reading: Reading, span: Span, sign: int) -> Spec:
    if span.seconds:
        days = timedelta(days=sign * span.days)
        moved = (reading.now.replace(tzinfo=None) + days).replace(tzinfo=reading.now.tzinfo)
        moved = moved.astimezone(UTC) + sign * timedelta(seconds=span.seconds)
        return Spec(instant=moved.astimezone(reading.now.tzinfo))
    return Spec(day=Stretch.day(span.after(reading.today, sign)))


def ahead(reading: Reading, span: Span, sign: int = 1) -> Spec:
    """From now on for so long ("next 2 hours", "next 3 days"; today counts as the first), or back from now."""
    if span.seconds:
        end = _away(reading, span, sign)
        now = Spec(instant=reading.now)
        return Spec(instant=reading.now, until=end) if sign > 0 else Spec(instant=end.instant, until=now)
    edge = span.after(reading.today, sign)
    if sign > 0:
        return Spec(day=Stretch(reading.today, edge, span=True))
    return Spec(day=Stretch(edge, reading.today, span=True))
