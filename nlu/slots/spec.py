"""What a phrase about time says, before it is resolved: the values that the parsers hand on."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal

from dateutil.relativedelta import relativedelta

from passfel.nlu.slots.date_words import DateWords
from passfel.nlu.slots.lexicon import Tokens

Grain = Literal["minute", "hour", "part", "day", "weekend", "week", "month", "year"]
Bound = Literal["", "before", "after", "since", "from"]
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class By:
    """What a day adds to a recurrence: the BY… parts of RFC 5545."""

    months: tuple[int, ...] = ()
    monthdays: tuple[int, ...] = ()
    weekdays: tuple[tuple[int, int], ...] = ()
    """Pairs of a position (0 for every one, -1 for the last) and a weekday (Monday is 0)."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A day, or several."""

    first: date
    after: date
    """The day behind the last one."""
    grain: Grain = "day"
    loose: bool = False
    """A bare weekday: moves on by a week when its time has gone by."""
    yearless: bool = False
    rest: bool = False
    """Begins now, not at midnight."""
    span: bool = False
    """Several days that were counted ("next 3 days"): has an end of its own."""
    by: By = field(default_factory=By)
    problem: str = ""

    @classmethod
    def day(cls, day: date) -> "Stretch":
        """One day."""
        return cls(day, day + DAY)


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day; 24:00 is the midnight that ends a day."""

    hour: int
    minute: int = 0
    second: int = 0
    sure: bool = False
    """Whether morning or afternoon was said, or can't be in doubt."""
    exact: bool = False
    """Whether minutes were said."""
    named: int = 0
    """The hour that was named where it isn't this one: 7 in "quarter to seven"."""
    problem: str = ""

    @property
    def minutes(self) -> int:
        """Minutes from midnight."""
        return self.hour * 60 + self.minute


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: months and days count on the calendar, seconds on the clock."""

    months: int = 0
    days: int = 0
    seconds: int = 0

    def __add__(self, other: "Span") -> "Span":
        """One after the other."""
        return Span(self.months + other.months, self.days + other.days, self.seconds + other.seconds)

    def after(self, day: date, sign: int = 1) -> date:
        """The day that is this far away."""
        return day + relativedelta(months=sign * self.months, days=sign * self.days)


@dataclass(frozen=True, slots=True)
class Rule:
    """A recurrence."""

    freq: Literal["MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
    interval: int = 1
    by: By = field(default_factory=By)


@dataclass(frozen=True, slots=True)
class Spec:
    """Everything that a phrase says about time."""

    day: Stretch | None = None
    part: str = ""
    clock: Clock | None = None
    instant: datetime | None = None
    span: Span | None = None
    attached: bool = False
    """Whether the span was said with "for"."""
    rule: Rule | None = None
    until: "Spec | None" = None
    last: "Spec | None" = None
    """The last day of a recurrence."""
    bound: Bound = ""
    all_day: bool = False
    problem: str = ""
    weak: str = ""
    """What must stand in front of it (a key of `needs`), lest it mean something else; "never" never stands alone."""

    @property
    def is_moment(self) -> bool:
        """Whether only a day, a part of the day and a time of day are said."""
        other = self.instant or self.span or self.rule or self.until or self.bound or self.all_day
        return not other and bool(self.day or self.part or self.clock)


Found = tuple[Spec, int]
"""What a parser read, and the index of the token behind it."""


@dataclass(frozen=True)
class Reading:
    """What every parser is given."""

    tokens: Tokens
    words: DateWords
    now: datetime
    today: date
    month_first: bool = False
    whole: bool = False
    """Whether the text must be one date or time: then weak words need nothing in front of them."""

    def word(self, index: int) -> str:
        """The word there, or ""."""
        return self.tokens.word(index)

    def has(self, name: str, index: int) -> bool:
        """Whether the word there is in that list of the vocabulary."""
        return self.tokens.word(index) in self.words.sets[name]

    def skip(self, name: str, index: int) -> int:
        """The index behind a word of that list, if there is one."""
        return index + 1 if self.has(name, index) else index


def merge_by(left: By, right: By) -> By:
    """Both together."""
    return replace(
        left,
        months=left.months + right.months,
        monthdays=left.monthdays + right.monthdays,
        weekdays=left.weekdays + right.weekdays,
    )
