"""The tools over the household's own rows: what they say, and what they then find."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.turn import Turn
from passfel.tools.contract import annotations_of


async def call(tools: list[BaseTool], name: str, turn: Turn, /, **arguments: Any) -> str:
    """The sentence of the tool called `name`, called as the act step does."""
    tool = next(tool for tool in tools if tool.name == name)
    message = await tool.ainvoke(
        {"type": "tool_call", "id": "call-1", "name": name, "args": {**arguments, "turn": turn}}
    )
    return str(message.text)


def on(turn: Turn, day: int, hour: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=turn.zone)


async def agenda(tools: list[BaseTool], turn: Turn, day: int, days: int = 1) -> str:
    start = on(turn, day)
    return await call(tools, "get_calendar_events", turn, start=start, end=start + timedelta(days=days))


async def test_an_appointment_is_added_found_moved_and_cancelled(tools: list[BaseTool], turn: Turn):
    added = await call(tools, "add_event", turn, title="dentist", start=on(turn, 27, 15))
    assert added == "Added dentist, Friday 27 November, 15:00 to 16:00."
    assert await agenda(tools, turn, 23, 7) == "Friday 27 November: dentist at 15:00 to 16:00."
    moved = await call(tools, "move_event", turn, title="the dentist", at=time(16))
    assert moved == "Moved dentist, Friday 27 November, 16:00 to 17:00."
    assert await call(tools, "get_calendar_events", turn, title="dentist") == (
        "Dentist, Friday 27 November, 16:00 to 17:00."
    )
    cancelled = await call(tools, "cancel_event", turn, title="dentist")
    assert cancelled == "Cancelled dentist, Friday 27 November, 16:00 to 17:00."
    assert await agenda(tools, turn, 23, 7) == (
        "Nothing is in your calendar from today to Sunday 29 November."
    )


async def test_conflicts_are_named(tools: list[BaseTool], turn: Turn):
    await call(tools, "add_event", turn, title="lunch", start=on(turn, 24, 12))
    added = await call(tools, "add_event", turn, title="call", start=on(turn, 24, 12))
    assert added.endswith("It overlaps with lunch, tomorrow, 12:00 to 13:00.")


async def test_free_time(tools: list[BaseTool], turn: Turn):
    await call(tools, "add_event", turn, title="lunch", start=on(turn, 24, 12))
    free = {"start": on(turn, 24, 15), "end": on(turn, 24, 16)}
    busy = {"start": on(turn, 24, 12), "end": on(turn, 24, 13)}
    assert (await call(tools, "check_free_time", turn, **free)).startswith("Yes, you are free")
    assert (await call(tools, "check_free_time", turn, **busy)).startswith("No: ")


async def test_a_series_keeps_its_wall_time_across_a_change_of_the_clocks(tools: list[BaseTool], turn: Turn):
    await call(
        tools, "add_event", turn, title="yoga", start=on(turn, 19, 9, month=10), rule="FREQ=WEEKLY;BYDAY=MO"
    )
    for day in (19, 26):
        start = on(turn, day, month=10)
        found = await call(tools, "get_calendar_events", turn, start=start, end=start + timedelta(days=1))
        assert "yoga at 09:00 to 10:00" in found


async def test_one_occurrence_is_moved_or_cancelled_and_the_rest_stays(tools: list[BaseTool], turn: Turn):
    await call(tools, "add_event", turn, title="yoga", start=on(turn, 24, 9), rule="FREQ=WEEKLY;BYDAY=TU")
    await call(tools, "move_event", turn, title="yoga", on=date(2026, 12, 1), day=date(2026, 12, 2))
    await call(tools, "cancel_event", turn, title="yoga", on=date(2026, 12, 8))
    start = on(turn, 24)
    found = await call(tools, "get_calendar_events", turn, start=start, end=start + timedelta(days=28))
    assert [line.split(":")[0] for line in found.splitlines()] == [
        "Tomorrow",
        "Wednesday 2 December",
        "Tuesday 15 December",
    ]
    assert "all its repetitions" in await call(
        tools, "cancel_event", turn, title="yoga", on=date(2026, 12, 15), series=True
    )


async def test_clearing_a_window_leaves_the_rest_of_a_series(tools: list[BaseTool], turn: Turn):
    await call(tools, "add_event", turn, title="run", start=on(turn, 24, 7), rule="FREQ=DAILY")
    cleared = await call(tools, "clear_calendar", turn, start=on(turn, 24), end=on(turn, 27))
    assert cleared == "Cancelled 3 appointments from tomorrow to Thursday 26 November."
    assert "Nothing" in await agenda(tools, turn, 24, 3)
    assert "run at 07:00" in await agenda(tools, turn, 27)


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("move_event", {"title": "circus", "at": time(9)}, "no appointment called “circus”"),
        ("cancel_event", {"title": "circus"}, "no appointment called “circus”"),
        ("complete_task", {"title": "circus"}, "no open task called “circus”"),
        ("find_contact", {"who": "circus"}, "no contact for “circus”"),
        ("search_notes", {"about": "circus"}, "no note about “circus”"),
        ("cancel_reminder", {"text": "circus"}, "no reminder called “circus”"),
    ],
)
async def test_what_is_not_there_is_said(
    tools: list[BaseTool], turn: Turn, name: str, arguments: dict[str, Any], words: str
):
    with pytest.raises(NotFoundError, match=words):
        await call(tools, name, turn, **arguments)


async def test_a_meeting_that_ends_before_it_starts_is_refused(tools: list[BaseTool], turn: Turn):
    with pytest.raises(RequestError, match="end before it starts"):
        await call(tools, "add_event", turn, title="talk", start=on(turn, 24, 15), end=on(turn, 24, 14))


async def test_a_reminder_in_the_past_is_refused(tools: list[BaseTool], turn: Turn):
    with pytest.raises(RequestError, match="already past"):
        await call(tools, "set_reminder", turn, text="bins", at=on(turn, 22, 8))


async def test_two_of_one_kind_are_asked_about(tools: list[BaseTool], turn: Turn):
    for title in ("call Ana", "call Tom"):
        await call(tools, "add_task", turn, title=title)
    with pytest.raises(RequestError, match="Which open task do you mean: call"):
        await call(tools, "complete_task", turn, title="call")


async def test_a_contact_is_saved_completed_and_found_by_role(tools: list[BaseTool], turn: Turn):
    saved = await call(tools, "save_contact", turn, name="Dr. Ana Silva", role="dentist", phone="555 0100")
    assert saved == "Saved: Dr. Ana Silva, your dentist, 555 0100."
    await call(tools, "save_contact", turn, name="Dr. Ana Silva", email="ana@example.org")
    assert await call(tools, "find_contact", turn, who="dentist") == (
        "Your dentist is Dr. Ana Silva: 555 0100 and ana@example.org."
    )
    assert await call(tools, "find_contact", turn, who="ana", about="phone") == (
        "Dr. Ana Silva's number is 555 0100."
    )


async def test_tasks_and_notes_and_reminders(tools: list[BaseTool], turn: Turn):
    assert await call(tools, "add_task", turn, title="buy milk") == "Added to your list: buy milk."
    assert await call(tools, "complete_task", turn, title="milk") == "Ticked off: buy milk."
    assert await call(tools, "list_tasks", turn) == "Nothing is on your list."
    await call(tools, "add_note", turn, text="the boiler takes 1.5 bar")
    assert "1.5 bar" in await call(tools, "search_notes", turn, about="boiler")
    at = on(turn, 24, 8)
    assert await call(tools, "set_reminder", turn, text="take the bins out", at=at) == (
        "Reminder set: take the bins out, tomorrow at 08:00."
    )


async def test_rows_of_another_person_are_not_seen(tools: list[BaseTool], turn: Turn):
    await call(tools, "add_task", turn, title="buy milk")
    stranger = Turn(now=turn.now, person="tom")
    assert await call(tools, "list_tasks", stranger) == "Nothing is on your list."


def test_every_tool_says_how_it_may_be_run(tools: list[BaseTool]):
    reading = {tool.name for tool in tools if annotations_of(tool).read_only}
    asking = {tool.name for tool in tools if annotations_of(tool).destructive}
    assert reading == {
        "get_calendar_events", "check_free_time", "find_free_time", "list_tasks", "find_contact", "search_notes",
        "list_notebooks", "list_reminders",
    }  # fmt: skip
    assert asking == {"clear_calendar"}
    assert all(tool.description for tool in tools)


def test_the_turn_is_never_shown_to_the_model(tools: list[BaseTool]):
    for tool in tools:
        assert "turn" not in convert_to_openai_tool(tool)["function"]["parameters"]["properties"]
