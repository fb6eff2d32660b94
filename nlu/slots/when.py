"""Find dates, times, durations, ranges and recurrences in a sentence, and resolve them.

A last day that was said counts whole: "from monday to wednesday" and "until wednesday" finish at the midnight that
ends Wednesday. "friday at midnight" is the midnight that ends Friday. "next 3 days" counts today as the first. A part
of the day ("friday morning") starts where its window does. Weeks begin on Monday.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from passfel.nlu.slots.chart import Piece, find_pieces
from passfel.nlu.slots.date_words import date_tokens, date_words
from passfel.nlu.slots.resolve import resolve
from passfel.nlu.slots.spec import Grain, Reading, Spec

__all__ = ["When", "find_whens", "parse_when"]


@dataclass(frozen=True, slots=True)
class When:
    """A date, a time, a duration or a recurrence that was said, and what it means."""

    text: str
    begin: int
    end: int
    start: datetime
    """The moment meant, in the zone of `now`; local midnight where no time of day was said."""
    finish: datetime | None
    """A said end."""
    has_day: bool
    """Whether the day of the start was said."""
    has_time: bool
    """Whether the time of day of the start was said."""
    duration: timedelta | None
    rule: str | None
    """An RRULE of RFC 5545."""
    window: tuple[datetime, datetime]
    """What a question about this means; its end is not part of it."""
    grain: Grain
    problem: str = ""
    """One sentence, where what was said can't be."""
    bound: str = ""
    """What stands in front of a moment that is no point in time: before, after, since, from or until."""
    bare: bool = False
    """Whether an hour was said without morning or afternoon: "at 7"."""
    doubtful: bool = False
    """Whether it is the name of this very weekday alone: today, or in a week."""


def find_whens(text: str, now: datetime, *, month_first: bool = False) -> list[When]:
    """Find every stretch of a sentence that says a date or a time, the longest first.

    Args:
        text: the sentence; nothing is found in one of more than 1000 characters.
        now: the moment of speaking, in the zone of the person.
        month_first: whether 11/12/2026 is in November; a day above 12 tells by itself.

    Returns:
        Whole phrases ("on friday at 15:00") and the parts of them that make sense alone ("friday at 15:00", "friday").
    """
    reading = _read(text, now, month_first=month_first)
    pieces = [piece for piece in find_pieces(reading) if piece.alone]
    found = [when for piece in pieces for when in _whens(reading, piece)]
    return sorted(found, key=lambda when: (when.begin - when.end, when.begin))


def parse_when(text: str, now: datetime, *, month_first: bool = False) -> When | None:
    """Read a whole text as one date or time; "on", "at", "please" and the like may stand around it."""
    reading = _read(text, now, month_first=month_first)
    tokens, around = reading.tokens, reading.words.sets["around"]
    first, last = 0, len(tokens.words)
    while last > first and tokens.word(last - 1) in around:
        last -= 1
    limits = [first]
    while first < last and tokens.word(first) in around:
        first += 1
        limits.append(first)
    for begin in limits:
        found = _parse(reading, begin, last)
        if found:
            return found
    return None


def _parse(reading: Reading, begin: int, last: int) -> When | None:
    tokens = reading.tokens
    cut = replace(
        tokens, words=tokens.words[begin:last], begins=tokens.begins[begin:last], ends=tokens.ends[begin:last]
    )
    part = replace(reading, tokens=cut, whole=True)
    for piece in find_pieces(part):
        if piece.begin == 0 and piece.end == last - begin and piece.alone:
            return next(_whens(part, piece), None)
    return None


def _read(text: str, now: datetime, *, month_first: bool) -> Reading:
    if now.tzinfo is None:
        raise ValueError("`now` needs a time zone.")
    return Reading(date_tokens(text), date_words(), now, now.date(), month_first)


def _whens(reading: Reading, piece: Piece) -> Iterator[When]:
    """Resolve a piece; behind a possessive ("tomorrow's") it is offered with and without it."""
    tokens, spec = reading.tokens, piece.spec
    moment = resolve(reading, spec)
    begin = tokens.begins[piece.begin]
    ends = [tokens.ends[piece.end - 1]]
    if tokens.word(piece.end) == "'s" and tokens.glued(piece.end):
        ends.append(tokens.ends[piece.end])
    for end in ends:
        yield When(
            text=tokens.text[begin:end],
            begin=begin,
            end=end,
            start=moment.start,
            finish=moment.finish,
            has_day=bool(spec.day or spec.instant or spec.rule),
            has_time=bool(
                spec.clock or spec.instant or (spec.rule and spec.rule.freq in {"HOURLY", "MINUTELY"})
            ),
            duration=moment.duration,
            rule=moment.rule,
            window=moment.window,
            grain=moment.grain,
            problem=moment.problem,
            bound=spec.bound
            or ("until" if spec.until and not (spec.day or spec.clock or spec.part or spec.instant) else ""),
            bare=bool(spec.clock and not spec.clock.sure and not spec.part),
            doubtful=_is_doubtful(reading, spec),
        )


def _is_doubtful(reading: Reading, spec: Spec) -> bool:
    """Whether only a weekday was said, and it is today's."""
    alone = spec.day and spec.day.loose and not (spec.clock or spec.part or spec.rule or spec.until)
    return bool(alone and spec.day and spec.day.first == reading.today)
