"""Times and dates, here and elsewhere."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from langchain_core.messages import ToolMessage

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.turn import Turn
from passfel.tools.clock.tools import clock_tools
from passfel.tools.contract import READS, annotations_of, domain_of

LISBON = ZoneInfo("Europe/Lisbon")
NOW = datetime(2026, 11, 23, 20, 0, tzinfo=LISBON)
SUMMER = datetime(2026, 7, 1, 12, 0, tzinfo=LISBON)

Ask = Callable[..., Awaitable[str]]
TOOLS = {tool.name: tool for tool in clock_tools()}


@pytest.fixture
def ask(call: Callable[..., Awaitable[ToolMessage]]) -> Ask:
    async def run(name: str, now: datetime = NOW, locale: str = "en", **arguments: Any) -> str:
        return str((await call(TOOLS[name], Turn(now=now, locale=locale), **arguments)).content)

    return run


async def test_the_time_here(ask: Ask):
    assert await ask("get_time") == "It is 20:00 on Monday 23 November 2026."
    assert await ask("get_time", locale="en_US") == "It is 8:00 PM on Monday 23 November 2026."


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("Tokyo", "In Tokyo it is 05:00 on Tuesday 24 November."),
        ("new york", "In New York it is 15:00 on Monday 23 November."),
        ("London", "In London it is 20:00 on Monday 23 November."),
        ("san francisco", "In San Francisco it is 12:00 on Monday 23 November."),
        ("Mumbai", "In Mumbai it is 01:30 on Tuesday 24 November."),
        ("Beijing", "In Beijing it is 04:00 on Tuesday 24 November."),
        ("são paulo", "In São Paulo it is 17:00 on Monday 23 November."),
        ("Europe/Rome", "In Rome it is 21:00 on Monday 23 November."),
        ("Paris, France", "In Paris it is 21:00 on Monday 23 November."),
        ("japan", "In Japan it is 05:00 on Tuesday 24 November."),
        ("the netherlands", "In the Netherlands it is 21:00 on Monday 23 November."),
        ("UK", "In UK it is 20:00 on Monday 23 November."),
        ("utc", "In UTC it is 20:00 on Monday 23 November."),
    ],
)
async def test_the_time_elsewhere(ask: Ask, place: str, words: str):
    assert await ask("get_time", place=place) == words


async def test_summer_time_counts(ask: Ask):
    assert "it is 13:00" in await ask("get_time", now=SUMMER, place="Rome")
    assert "it is 04:00" in await ask("get_time", now=SUMMER, place="San Francisco")


async def test_a_time_here_is_told_for_elsewhere(ask: Ask):
    nine = NOW.replace(hour=9)
    assert await ask("get_time", place="Tokyo", at=nine) == "When it is 09:00 here, it is 18:00 in Tokyo."
    late = NOW.replace(hour=18)
    assert await ask("get_time", place="Tokyo", at=late) == (
        "When it is 18:00 here, it is 03:00 on Tuesday 24 November in Tokyo."
    )
    there = datetime(2026, 11, 24, 9, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert await ask("get_time", at=there) == "Then it is 00:00 here on Tuesday 24 November."


@pytest.mark.parametrize(
    "place", ["Atlantis", "../../etc/passwd", "x" * 5000, "a," * 2000, "Etc/GMT+5\n", ","]
)
async def test_an_unknown_place_is_said(ask: Ask, place: str):
    with pytest.raises(NotFoundError, match="I know no time zone for ") as caught:
        await ask("get_time", place=place)
    assert len(str(caught.value)) < 140


@pytest.mark.parametrize(
    ("place", "city"), [("the USA", "Chicago"), ("Australia", "Sydney"), ("brazil", "Sao Paulo")]
)
async def test_a_country_of_many_zones_asks_for_a_city(ask: Ask, place: str, city: str):
    with pytest.raises(RequestError, match=f"There are several time zones in .*{city}"):
        await ask("get_time", place=place)


@pytest.mark.parametrize(
    ("days", "about", "words"),
    [
        (None, "date", "Today is Monday 23 November 2026."),
        (None, "week", "Today is in week 48 of 2026."),
        (1, "date", "Tomorrow is Tuesday 24 November 2026."),
        (-1, "weekday", "Yesterday was Sunday 22 November 2026."),
        (32, "weekday", "25 December 2026 is a Friday."),
        (32, "date", "That is Friday 25 December 2026."),
        (32, "days_until", "It is 32 days until Friday 25 December."),
        (1, "days_until", "It is 1 day until Tuesday 24 November 2026."),
        (0, "days_until", "That is today, Monday 23 November 2026."),
        (-2397, "days_until", "It is 2,397 days since Friday 1 May 2020."),
        (39, "week", "Friday 1 January 2027 is in week 53 of 2026."),
    ],
)
async def test_dates(ask: Ask, days: int | None, about: str, words: str):
    day = None if days is None else NOW.replace(hour=0) + timedelta(days=days)
    assert await ask("get_date", day=day, about=about) == words


async def test_a_midnight_given_with_another_offset_is_still_that_day(ask: Ask):
    day = datetime(2026, 12, 25, 0, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert await ask("get_date", day=day, about="weekday") == "25 December 2026 is a Friday."


async def test_days_until_nothing_asks_for_a_day(ask: Ask):
    with pytest.raises(RequestError, match="Say which day"):
        await ask("get_date", about="days_until")


def test_the_tools_read_only_what_is_ours():
    assert {domain_of(tool) for tool in TOOLS.values()} == {"clock"}
    assert all(annotations_of(tool) == READS for tool in TOOLS.values())
