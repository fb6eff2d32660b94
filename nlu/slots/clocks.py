"""Read times of day: "4:30", "4pm", "16h30", "half past four", "nine thirty", "noon", "in the morning"."""

from passfel.nlu.slots.cardinals import read_small, read_small_word
from passfel.nlu.slots.spec import Clock, Found, Reading, Spec, Stretch


def read_clock(reading: Reading, index: int) -> Found | None:
    """Read a time of day; a bare number is a weak one."""
    words, tokens = reading.words, reading.tokens
    if found := words.phrase("noon", tokens, index):
        return Spec(clock=Clock(12, sure=True)), found[1]
    if found := words.phrase("midnight", tokens, index):
        return Spec(clock=Clock(24, sure=True)), found[1]
    return (
        _read_digital(reading, index)
        or _read_half(reading, index)
        or _read_relative(reading, index)
        or _read_hour(reading, index)
    )


def read_part(reading: Reading, index: int) -> Found | None:
    """Read a part of the day: "morning", "this evening", "tonight"."""
    words, tokens = reading.words, reading.tokens
    today = Stretch.day(reading.today)
    if words.phrase("tonight", tokens, index):
        return Spec(day=today, part="night"), index + 1
    if found := words.phrase("last_night", tokens, index):
        return Spec(day=Stretch.day(reading.today - (today.after - today.first)), part="night"), found[1]
    part = words.raw["part_words"].get(reading.word(index))
    if part:
        return Spec(part=part, weak="part"), index + 1
    this = words.raw["which"].get(reading.word(index)) == 0
    part = words.raw["part_words"].get(reading.word(index + 1))
    return (Spec(day=today, part=part), index + 2) if this and part else None


def _number(reading: Reading, index: int, most: int) -> int | None:
    word = reading.word(index)
    return int(word) if word.isascii() and word.isdigit() and len(word) <= most else None


def _make(hour: int, minute: int, second: int = 0, *, sure: bool, exact: bool) -> Clock:
    if hour > 24 or minute > 59 or second > 59 or (hour == 24 and minute):
        said = f"{hour}:{minute:02}" + (f":{second:02}" if second else "")
        return Clock(
            min(hour, 23), min(minute, 59), sure=True, exact=True, problem=f"{said} is not a time of day."
        )
    return Clock(hour, minute, second, sure=sure or hour > 12 or hour == 0, exact=exact)


def _with_meridiem(reading: Reading, clock: Clock, index: int) -> tuple[Clock, int]:
    """Take "am" or "pm" into account, if it stands there."""
    shift = reading.words.raw["meridiem"].get(reading.word(index))
    if shift is None:
        return clock, index
    if clock.problem or clock.hour > 12 or clock.hour == 0:
        wrong = shift == 0 and clock.hour > 12 and not clock.problem
        problem = f"{clock.hour} am is not a time of day." if wrong else clock.problem
        return Clock(clock.hour, clock.minute, sure=True, exact=clock.exact, problem=problem), index + 1
    return Clock(clock.hour % 12 + shift, clock.minute, clock.second, sure=True, exact=clock.exact), index + 1


def _read_digital(reading: Reading, index: int) -> Found | None:
    """Read 4:30, 16:30:15, 4.30pm, 16h30, 16h, 1530 hours."""
    hour, tokens = _number(reading, index, 4), reading.tokens
    if hour is None:
        return None
    if len(reading.word(index)) > 2:
        return _read_military(reading, hour, index)
    sign, minute = reading.word(index + 1), _number(reading, index + 2, 2)
    glued = tokens.glued(index + 1)
    pair = minute is not None and tokens.glued(index + 2) and len(reading.word(index + 2)) == 2
    if sign == "h" and glued:
        return _read_h(reading, hour, minute if pair else None, index)
    if not (pair and glued and minute is not None and sign in {":", "."}) or hour > 29:
        return None
    after, second = index + 3, 0
    if (
        sign == ":"
        and reading.word(after) == ":"
        and tokens.glued(after)
        and len(reading.word(after + 1)) == 2
    ):
        second, after = _number(reading, after + 1, 2) or 0, after + 2
    sure = reading.word(index).startswith("0")
    clock, behind = _with_meridiem(reading, _make(hour, minute, second, sure=sure, exact=True), after)
    if sign == "." and behind == after and not reading.has("at_words", index - 1):
        return None
    return Spec(clock=clock), behind


def _read_h(reading: Reading, hour: int, minute: int | None, index: int) -> Found | None:
    """Read "16h30" and "at 4h"; "1h30" by itself is a length of time."""
    asked = reading.whole or reading.word(index - 1) in reading.words.needs["hour"]
    if hour > 24 or reading.word(index - 1) == "for" or (hour < 6 and not asked):
        return None
    clock = _make(hour, minute or 0, sure=hour > 12, exact=minute is not None)
    return Spec(clock=clock), index + 2 + (minute is not None)


def _read_military(reading: Reading, number: int, index: int) -> Found | None:
    hours = reading.has("hours_word", index + 1)
    if len(reading.word(index)) != 4 or number // 100 > 23 or number % 100 > 59:
        return None
    if not hours and (reading.word(index - 1) != "at" or 1900 <= number < 2200):
        return None
    return Spec(clock=_make(number // 100, number % 100, sure=True, exact=True)), index + 1 + hours


def _hour(reading: Reading, index: int) -> tuple[int, int] | None:
    """Read the hour behind "past" or "to"."""
    found = read_small(reading.tokens, index)
    return found if found and 1 <= found[0] <= 12 else None


def _read_half(reading: Reading, index: int) -> Found | None:
    """Read "half past four" and the British "half four"."""
    if not reading.has("half", index):
        return None
    past = reading.skip("past_hour", index + 1)
    digits = past > index + 1 or reading.has("at_words", index - 1)
    found = _hour(reading, past) if digits else _hour_word(reading, past)
    if not found or reading.word(found[1]) in reading.words.units:
        return None
    return _finish(reading, Clock(found[0], 30, exact=True), found[1])


def _hour_word(reading: Reading, index: int) -> tuple[int, int] | None:
    found = read_small_word(reading.tokens, index)
    return found if found and 1 <= found[0] <= 12 else None


def _read_relative(reading: Reading, index: int) -> Found | None:
    """Read "quarter to five", "ten past six", "20 minutes to 8"."""
    tokens = reading.tokens
    start = index + 1 if reading.word(index) == "a" else index
    quarter = reading.word(start) == "quarter"
    small = (15, start + 1) if quarter else read_small(tokens, start)
    if not small or not 0 < small[0] < 60 or (start > index and not quarter):
        return None
    minutes, after = small
    named = reading.words.units.get(reading.word(after)) == "minute"
    after += named
    past, to = reading.has("past_hour", after), reading.has("to_hour", after)
    hour = _hour(reading, after + 1) if past or to else None
    if not hour or not (named or quarter or _can_be_minutes(reading, index, minutes, to=to)):
        return None
    value = hour[0] if past else hour[0] - 1 or 12
    sure = (
        named
        or quarter
        or reading.word(after) == "past"
        or (minutes > 12 and not reading.word(start).isdigit())
    )
    weak = "" if sure else "minutes"
    clock = Clock(value, minutes if past else 60 - minutes, exact=True, named=hour[0])
    return _finish(reading, clock, hour[1], weak)


def _can_be_minutes(reading: Reading, index: int, minutes: int, *, to: bool) -> bool:
    """Whether "five to six" is a time and not the range from five to six."""
    if minutes % 5 or reading.word(index - 1) in reading.words.raw["range_leads"]:
        return False
    return not (to and reading.word(index).isdigit() and minutes <= 12)


def _finish(reading: Reading, clock: Clock, after: int, weak: str = "") -> Found:
    clock, behind = _with_meridiem(reading, clock, reading.skip("oclock", after))
    return Spec(clock=clock, weak="" if behind > after else weak), behind


def _read_hour(reading: Reading, index: int) -> Found | None:
    """Read "4", "4pm", "six o'clock", "nine thirty", "seven oh five"."""
    found = read_small(reading.tokens, index)
    if not found or found[0] > 24:
        return None
    hour, after = found
    if reading.has("oclock", after):
        return _finish(reading, Clock(hour, sure=hour > 12 or hour == 0), after)
    minute = _spoken_minutes(reading, index, after)
    if minute:
        clock = _make(hour, minute[0], sure=False, exact=True)
        return _finish(reading, clock, minute[1], "minutes")
    if hour == 24 or (hour == 0 and not reading.word(index).isdigit()):
        return None
    return _finish(reading, _make(hour, 0, sure=False, exact=False), after, "hour")


def _spoken_minutes(reading: Reading, index: int, after: int) -> tuple[int, int] | None:
    if reading.word(index).isdigit():
        found = read_small(reading.tokens, after)
        two = found and reading.word(after).isdigit() and len(reading.word(after)) == 2 and found[0] < 60
        return found if two else None
    oh = reading.skip("oh", after)
    found = read_small_word(reading.tokens, oh)
    if not found or found[0] > 59 or (found[0] < 10) != (oh > after) or found[0] == 0:
        return None
    return found
