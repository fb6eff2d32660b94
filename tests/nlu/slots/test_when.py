"""Dates and times that people say, read on one Monday in Lisbon."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passfel.nlu.slots.when import When, find_whens, parse_when

LISBON = ZoneInfo("Europe/Lisbon")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=LISBON)
TABLES = Path(__file__).parent / "tables"


def rows(name: str) -> list[list[str]]:
    lines = (TABLES / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [
        [cell.strip() for cell in line.split(" | ")] for line in lines if line and not line.startswith("#")
    ]


def unbracket(marked: str) -> tuple[str, str]:
    """The sentence, and the finding that is marked in it (all of it where nothing is)."""
    text = marked.replace("[", "").replace("]", "")
    return text, marked[marked.index("[") + 1 : marked.index("]")] if "[" in marked else text


def say(moment: datetime | None) -> str:
    if moment is None:
        return "-"
    return f"{moment:%m-%d %H:%M}" if moment.year == NOW.year else f"{moment:%Y-%m-%d %H:%M}"


def longest(marked: str) -> When:
    text, expected = unbracket(marked)
    found = find_whens(text, NOW)[0]
    assert found.text == expected
    return found


@pytest.mark.parametrize(("marked", "start", "finish", "kind"), rows("whens"))
def test_what_was_said_resolves_to_its_moment(marked: str, start: str, finish: str, kind: str):
    when = longest(marked)
    said = [
        when.grain,
        "day" if when.has_day and when.grain != "day" else "",
        "time" if when.has_time else "",
    ]
    assert (say(when.start), say(when.finish), " ".join(filter(None, said))) == (start, finish, kind)
    assert when.problem == ""


@pytest.mark.parametrize(("marked", "start", "finish", "rule"), rows("rules"))
def test_recurrences_have_a_rule_and_a_first_occasion(marked: str, start: str, finish: str, rule: str):
    when = longest(marked)
    assert (say(when.start), say(when.finish), when.rule) == (start, finish, rule)


@pytest.mark.parametrize("text", [row[0] for row in rows("nothing")])
def test_ordinary_words_and_counts_are_no_dates(text: str):
    assert [when.text for when in find_whens(text, NOW)] == []


@pytest.mark.parametrize(("marked", "problem"), rows("problems"))
def test_what_cannot_be_is_said_in_a_sentence(marked: str, problem: str):
    assert longest(marked).problem == problem


@pytest.mark.parametrize(("text", "first", "last"), rows("windows"))
def test_a_question_about_it_means_this_window(text: str, first: str, last: str):
    when = parse_when(text, NOW)
    assert when
    assert (say(when.window[0]), say(when.window[1])) == (first, last)


@pytest.mark.parametrize(("spoken", "text", "start"), rows("clock_changes"))
def test_days_count_on_the_wall_and_hours_on_the_instant(spoken: str, text: str, start: str):
    when = parse_when(text, datetime.fromisoformat(spoken).replace(tzinfo=LISBON))
    assert when
    assert f"{when.start.astimezone(UTC):%Y-%m-%d %H:%M}" == start


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "add dentist on friday at 15:00",
            ["on friday at 15:00", "friday at 15:00", "on friday", "friday", "15:00"],
        ),
        ("move it from friday to monday", ["from friday to monday", "friday", "monday"]),
        ("move the dentist to 4", ["to 4", "4"]),
        ("what's tomorrow's weather", ["tomorrow's", "tomorrow"]),
        ("set a timer for 20 minutes", ["for 20 minutes", "20 minutes"]),
        ("is the weekend dry", ["the weekend", "weekend"]),
        ("turn off the lamp and remind me at six to call Ana", ["at six", "six"]),
    ],
)
def test_parts_that_make_sense_alone_are_offered_too(text: str, parts: list[str]):
    assert set(parts) <= {when.text for when in find_whens(text, NOW)}


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("4", "11-23 16:00"),
        ("15", "11-23 15:00"),
        ("at 8", "11-23 20:00"),
        ("fifteen thirty", "11-23 15:30"),
        ("on friday at 3, please", "11-27 15:00"),
        ("the 5th", "12-05 00:00"),
        ("5th", "12-05 00:00"),
        ("morning", "11-24 06:00"),
        ("sat", "11-28 00:00"),
        ("june", "2027-06-01 00:00"),
        ("make it tomorrow", "11-24 00:00"),
        ("for two hours", "11-23 10:00"),
    ],
)
def test_a_whole_text_needs_no_preposition(text: str, start: str):
    when = parse_when(text, NOW)
    assert when
    assert say(when.start) == start


@pytest.mark.parametrize(
    "text", ["", "blah", "friday lunch", "at", "please", "call Ana at 4", "the", "4 people"]
)
def test_a_text_that_says_more_is_no_date(text: str):
    assert parse_when(text, NOW) is None


def test_the_month_comes_first_where_people_write_so():
    assert find_whens("11/12/2026", NOW)[0].start.month == 12
    assert find_whens("11/12/2026", NOW, month_first=True)[0].start.month == 11
    assert find_whens("23/12/2026", NOW, month_first=True)[0].start.month == 12


def test_a_day_whose_time_has_gone_by_moves_on_by_a_week():
    friday = datetime(2026, 11, 27, 16, 0, tzinfo=LISBON)
    assert say(find_whens("friday", friday)[0].start) == "11-27 00:00"
    assert say(find_whens("friday at 17:00", friday)[0].start) == "11-27 17:00"
    assert say(find_whens("friday at 15:00", friday)[0].start) == "12-04 15:00"


def test_a_bare_hour_is_the_next_one_of_the_waking_day():
    late = datetime(2026, 11, 23, 22, 30, tzinfo=LISBON)
    assert say(find_whens("remind me at 8", late)[0].start) == "11-24 08:00"
    assert say(find_whens("remind me at 4", late)[0].start) == "11-24 16:00"
    assert say(find_whens("remind me at 11", late)[0].start) == "11-23 23:00"


def test_a_now_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        find_whens("tomorrow", datetime(2026, 11, 23))  # noqa: DTZ001


def test_nothing_is_found_in_a_text_beyond_the_limit():
    assert find_whens("friday " * 200, NOW) == []
    assert find_whens("friday " * 10, NOW)


WORDS = st.sampled_from([word for row in rows("words") for word in row[0].split()])


@given(st.one_of(st.text(max_size=500), st.lists(WORDS, max_size=14).map(" ".join)))
def test_any_text_is_read_without_an_error(text: str):
    for when in find_whens(text, NOW):
        assert text[when.begin : when.end] == when.text
        assert when.start.tzinfo is not None
        assert when.window[0] <= when.window[1]
        assert when.finish is None or when.finish.tzinfo is not None
    parse_when(text, NOW)
