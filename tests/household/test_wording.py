"""Dates, lists and numbers read as a person would say them."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from passfel.household.wording import (
    capital,
    plain_text,
    say_count,
    say_day,
    say_days,
    say_list,
    say_number,
    say_span,
)

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Lisbon"))


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 11, 23), "today"),
        (date(2026, 11, 24), "tomorrow"),
        (date(2026, 11, 27), "Friday 27 November"),
        (date(2027, 1, 4), "Monday 4 January"),
        (date(2028, 5, 1), "Monday 1 May 2028"),
        (date(2025, 5, 1), "Thursday 1 May 2025"),
    ],
)
def test_a_day_is_named_by_its_distance(day: date, words: str):
    assert say_day(day, NOW.date()) == words


def test_a_span_is_said_in_the_zone_of_the_person():
    start = datetime(2026, 11, 27, 15, 0, tzinfo=ZoneInfo("UTC"))
    end = datetime(2026, 11, 27, 16, 30, tzinfo=ZoneInfo("UTC"))
    assert say_span(start, end, NOW) == "Friday 27 November, 15:00 to 16:30"
    rome = NOW.astimezone(ZoneInfo("Europe/Rome"))
    assert say_span(start, end, rome, locale="en_US") == "Friday 27 November, 4:00 PM to 5:30 PM"


def test_whole_days_are_said_from_the_first_to_the_last():
    first, last = date(2026, 12, 24), date(2026, 12, 26)
    assert say_days(first, last, NOW.date()) == "Thursday 24 December to Saturday 26 December, all day"
    assert say_days(first, first, NOW.date()) == "Thursday 24 December, all day"


def test_marks_that_steer_a_terminal_or_turn_the_writing_are_taken_out():
    assert plain_text("\x1b]0;gotcha\x07 milk\u202e!\r") == "]0;gotcha milk!"
    assert plain_text("👨\u200d👩\u200d👧 day") == "👨\u200d👩\u200d👧 day"
    assert capital("dentist at 9") == "Dentist at 9"


@pytest.mark.parametrize(
    ("value", "words"),
    [(12, "12"), (12.0, "12"), (6.2137119, "6.21371"), (1200, "1,200"), (0.1 + 0.2, "0.3"), (1e-9, "1e-9")],
)
def test_numbers_lose_their_noise(value: float, words: str):
    assert say_number(value) == words


def test_lists_and_counts():
    assert say_list(["a"]) == "a"
    assert say_list(["a", "b", "c"]) == "a, b and c"
    assert [say_count(n, "task") for n in (0, 1, 2)] == ["no tasks", "1 task", "2 tasks"]
