"""Read weeks, months, weekends and years: "next week", "last march", "in 2027", "end of the month"."""

from dataclasses import replace
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from passfel.nlu.slots.cardinals import read_number
from passfel.nlu.slots.spans import ahead
from passfel.nlu.slots.spec import DAY, By, Found, Reading, Span, Spec, Stretch

_YEARS = range(1900, 2200)


def week_of(day: date, shift: int = 0) -> Stretch:
    """The ISO week of a day, or one so many weeks away."""
    monday = day - timedelta(days=day.weekday()) + timedelta(weeks=shift)
    return Stretch(monday, monday + timedelta(weeks=1), "week")


def weekend_of(day: date, shift: int = 0) -> Stretch:
    """The Saturday and Sunday of a day's ISO week, or of one so many weeks away."""
    saturday = week_of(day, shift).first + timedelta(days=5)
    return Stretch(saturday, saturday + timedelta(days=2), "weekend", by=By(weekdays=((0, 5), (0, 6))))


def month_of(year: int, month: int) -> Stretch:
    """A whole month."""
    first = date(year, month, 1)
    return Stretch(first, first + relativedelta(months=1), "month", by=By(months=(month,)))


def period(reading: Reading, name: str, shift: int) -> Stretch:
    """This, the next or the last week, weekend, month or year."""
    today = reading.today
    if name == "weekend":
        return weekend_of(today, shift)
    if name == "week":
        return week_of(today, shift)
    if name == "month":
        first = today.replace(day=1) + relativedelta(months=shift)
        return replace(month_of(first.year, first.month), by=By())
    if name == "year":
        return Stretch(date(today.year + shift, 1, 1), date(today.year + shift + 1, 1, 1), "year")
    return Stretch.day(today + timedelta(days=shift))


def read_year(reading: Reading, index: int) -> tuple[int, int] | None:
    """Read a year in four digits, or "next year"."""
    word, words = reading.word(index), reading.words.raw
    if word.isascii() and word.isdigit() and len(word) == 4 and int(word) in _YEARS:
        clock = reading.word(index + 1) == ":" and reading.tokens.glued(index + 1)
        return None if clock else (int(word), index + 1)
    start = reading.skip("of", index)
    shift = words["which"].get(reading.word(start))
    if shift is not None and reading.words.units.get(reading.word(start + 1)) == "year":
        return reading.today.year + shift, start + 2
    return None


def read_period(reading: Reading, index: int, *, bare: bool = False) -> Found | None:
    """Read a week, weekend, month or year.

    Args:
        reading: the sentence.
        index: where to begin, behind any article.
        bare: whether "the month" counts, as in "the end of the month".
    """
    names, word = reading.words.raw["periods"], reading.word(index)
    shift = reading.words.raw["which"].get(word)
    coming = reading.has("coming", index)
    if shift is not None or coming:
        start = reading.skip("coming", index + 1) if shift == 0 else index + 1
        return _read_which(reading, shift or 0, start, coming=coming)
    name = names.get(word)
    after_next = (
        reading.has("after", index + 1) and reading.words.raw["which"].get(reading.word(index + 2)) == 1
    )
    if name and name != "day" and after_next:
        return Spec(day=period(reading, name, 2)), index + 3
    if name == "weekend" or (name and bare):
        return Spec(day=period(reading, name, 0)), index + 1
    return _read_week_number(reading, index) or read_month(reading, index) or _read_bare_year(reading, index)


def _read_which(reading: Reading, shift: int, start: int, *, coming: bool) -> Found | None:
    name = reading.words.raw["periods"].get(reading.word(start))
    if name and name != "day" and not (coming and name == "week"):
        return Spec(day=period(reading, name, shift)), start + 1
    month = reading.words.months.get(reading.word(start))
    if not month or (reading.word(start + 1).isdigit() and len(reading.word(start + 1)) <= 2):
        return None
    today = reading.today
    if shift == 0:
        year = today.year
    elif shift > 0:
        year = today.year + (month <= today.month)
    else:
        year = today.year - (month >= today.month)
    return Spec(day=month_of(year, month)), start + 1


def read_month(reading: Reading, index: int) -> Found | None:
    """Read a month, with or without a year; without, the current or next one of that name."""
    month = reading.words.months.get(reading.word(index))
    if not month:
        return None
    dot = index + 1 + (reading.word(index + 1) == "." and reading.tokens.glued(index + 1))
    year = read_year(reading, dot + (reading.word(dot) == ","))
    if year:
        return Spec(day=month_of(year[0], month)), year[1]
    weak = "month" if reading.has("month_careful", index) else ""
    stretch = month_of(reading.today.year + (month < reading.today.month), month)
    return Spec(day=stretch, weak=weak), index + 1


def _read_week_number(reading: Reading, index: int) -> Found | None:
    found = reading.words.phrase("week_number", reading.tokens, index)
    word = reading.word(found[1]) if found else ""
    if not found or not (word.isascii() and word.isdigit() and len(word) <= 2):
        return None
    year = read_year(reading, found[1] + 1)
    number, chosen = int(word), year[0] if year else reading.today.year
    last = date(chosen, 12, 28).isocalendar().week
    if not 1 <= number <= 53:
        return None
    problem = "" if number <= last else f"{chosen} has only {last} weeks."
    monday = date.fromisocalendar(chosen, min(number, last), 1)
    if not year and monday + timedelta(weeks=1) <= reading.today:
        monday = date.fromisocalendar(chosen + 1, min(number, 52), 1)
    return Spec(day=replace(week_of(monday), problem=problem)), year[1] if year else found[1] + 1


def _read_bare_year(reading: Reading, index: int) -> Found | None:
    word = reading.word(index)
    if not word[:1].isdigit():
        return None
    year = read_year(reading, index)
    if not year or not word.isdigit():
        return None
    return Spec(day=Stretch(date(year[0], 1, 1), date(year[0] + 1, 1, 1), "year"), weak="year"), year[1]


def read_counted(reading: Reading, index: int) -> Found | None:
    """Read "next 3 days", "last two weeks", "coming few days", "past week", "next hour"."""
    word = reading.word(index)
    past = reading.has("past", index)
    coming = reading.has("coming", index) or reading.words.raw["which"].get(word) == 1
    if not (past or coming):
        return None
    found = _read_count(reading, index + 1)
    if not found:
        return None
    return ahead(reading, found[0], -1 if past else 1), found[1]


def _read_count(reading: Reading, index: int) -> tuple[Span, int] | None:
    few = reading.words.raw["few"].get(reading.word(index))
    number = read_number(reading.tokens, index)
    if few:
        value, after = few, index + 1 + (reading.word(index + 1) == "of")
    elif number and number[0] == int(number[0]):
        value, after = int(number[0]), number[1]
    else:
        value, after = 1, index
    unit = reading.words.units.get(reading.word(after))
    parts = reading.words.raw["units"].get(unit, {})
    single = after == index
    if not parts or not 0 < value <= 1000 or (single and reading.word(after) != unit):
        return None  # "the coming days" says no number
    if single and (
        unit in {"month", "year"} or (unit == "week" and reading.word(index - 1) in {"next", "last"})
    ):
        return None
    return Span(**{name: value * size for name, size in parts.items()}), after + 1


def read_edge(reading: Reading, index: int) -> Found | None:
    """Read "rest of the week", "end of the month", "beginning of december"."""
    words, tokens = reading.words, reading.tokens
    for name in ("rest", "start_of", "middle_of", "end_of"):
        found = words.phrase(name, tokens, index)
        if found:
            whole = _read_whole(reading, reading.skip("the", found[1]))
            return (Spec(day=_edge(reading, name, whole[0])), whole[1]) if whole else None
    return None


def _read_whole(reading: Reading, index: int) -> tuple[Stretch, int] | None:
    found = read_period(reading, index, bare=True)
    if found and found[0].day:
        return found[0].day, found[1]
    today = reading.words.raw["relative"].get(reading.word(index)) == 0
    return (Stretch.day(reading.today), index + 1) if today else None


def _edge(reading: Reading, name: str, whole: Stretch) -> Stretch:
    if name == "rest":
        begun = whole.first <= reading.today < whole.after
        return replace(whole, first=reading.today, rest=True) if begun else whole
    if name == "start_of":
        return Stretch.day(whole.first)
    if name == "end_of":
        return Stretch.day(whole.after - DAY)
    return Stretch.day(whole.first + (whole.after - whole.first) // 2)
