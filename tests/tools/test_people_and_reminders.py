"""Contacts, reminders and tasks: nobody's details are overwritten, nothing else is ticked off or cancelled."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time

import pytest

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.turn import Turn

Do = Callable[..., Awaitable[str]]


async def test_a_neighbour_called_joe_is_not_the_plumber_called_joe(do: Do):
    await do("save_contact", name="Joe", role="plumber", phone="555 0100")
    saved = await do("save_contact", name="Joe", role="neighbour", phone="555 0200")
    assert saved == "Saved: Joe, your neighbour, 555 0200. You also have Joe, your plumber, 555 0100."
    assert await do("find_contact", who="plumber") == "Your plumber is Joe: 555 0100."


async def test_tom_the_friend_stays_a_friend_when_a_brother_is_called_tom(do: Do):
    await do("save_contact", name="Tom", role="friend")
    await do("save_contact", name="Tom", role="brother")
    assert await do("find_contact", who="friend") == "Your friend is Tom."
    with pytest.raises(RequestError, match="Which Tom do you mean"):
        await do("save_contact", name="Tom", phone="555 0100")


async def test_a_number_for_my_friend_needs_exactly_one_friend(do: Do):
    for name in ("Ana", "Rui"):
        await do("save_contact", name=name, role="friend")
    with pytest.raises(RequestError, match="Which friend do you mean: Rui, your friend or Ana, your friend"):
        await do("save_contact", name="", role="friend", phone="555 0100")


async def test_a_number_told_before_the_name_is_kept_with_it(do: Do):
    await do("save_contact", name="", role="dentist", phone="555 0100")
    await do("save_contact", name="Dr. Lee", role="dentist")
    assert await do("find_contact", who="my dentist") == "Your dentist is Dr. Lee: 555 0100."


async def test_a_mother_in_law_is_no_mother(do: Do):
    await do("save_contact", name="Rosa", role="mother-in-law")
    with pytest.raises(NotFoundError, match="no contact for “mother”"):
        await do("find_contact", who="mother")
    with pytest.raises(NotFoundError, match="no contact called “mother”"):
        await do("remove_contact", who="mother")
    assert await do("find_contact", who="my mother-in-law") == "Your mother-in-law is Rosa."


async def test_deleting_ana_silva_leaves_ana_costa(do: Do):
    await do("save_contact", name="Ana Costa")
    with pytest.raises(RequestError, match="Do you mean Ana Costa\\? Say “delete contact Ana Costa”"):
        await do("remove_contact", who="Ana Silva")
    assert await do("find_contact", who="Ana Costa") == "Ana Costa."


async def test_deleting_ana_leaves_anas_teacher(do: Do):
    await do("save_contact", name="Rui", role="Ana's teacher")
    with pytest.raises(NotFoundError):
        await do("remove_contact", who="Ana")


async def test_call_ana_does_not_tick_off_call_tom(do: Do):
    await do("add_task", title="call Tom")
    with pytest.raises(RequestError, match="Do you mean call Tom\\? Say “tick off call Tom”"):
        await do("complete_task", title="call Ana")
    assert await do("list_tasks") == "You have 1 task: call Tom."


async def test_the_reminder_to_call_the_dentist_is_not_the_one_to_call_mum(do: Do, turn: Turn):
    await do("set_reminder", text="call mum", at=datetime(2026, 11, 24, 8, tzinfo=turn.zone))
    with pytest.raises(RequestError, match="Do you mean call mum, tomorrow at 08:00\\?"):
        await do("cancel_reminder", text="call the dentist")


async def test_two_alarms_are_asked_about_with_their_times(do: Do, turn: Turn):
    for hour in (7, 9):
        await do("set_reminder", text="alarm", at=datetime(2026, 11, 24, hour, tzinfo=turn.zone))
    with pytest.raises(RequestError) as question:
        await do("cancel_reminder", text="alarm")
    assert str(question.value) == (
        "Which reminder do you mean: alarm, tomorrow at 07:00 or alarm, tomorrow at 09:00?"
        " Say, for example, “cancel the 07:00 alarm”."
    )
    with pytest.raises(
        NotFoundError, match=r"for then\. There is alarm, tomorrow at 07:00 and alarm, tomorrow"
    ):
        await do("cancel_reminder", text="alarm", at=time(8))
    seven = {"on": date(2026, 11, 24), "at": time(7)}
    assert await do("cancel_reminder", text="alarm", **seven) == (
        "Reminder cancelled: alarm, tomorrow at 07:00."
    )
    await do("set_reminder", text="alarm", at=datetime(2026, 11, 24, 7, tzinfo=turn.zone))
    assert await do("cancel_reminder", text="9:00") == "Reminder cancelled: alarm, tomorrow at 09:00."
    assert await do("cancel_reminder", text="alarm") == "Reminder cancelled: alarm, tomorrow at 07:00."


@pytest.mark.parametrize("text", ["before the dentist", "after lunch"])
async def test_a_reminder_before_something_needs_a_time(do: Do, turn: Turn, text: str):
    with pytest.raises(RequestError, match="can't tell when that is"):
        await do("set_reminder", text=text, at=datetime(2026, 11, 24, 8, tzinfo=turn.zone))


async def test_a_task_due_at_the_end_of_a_day_is_due_by_that_day(do: Do, turn: Turn):
    due = datetime(2026, 11, 27, 23, 59, 59, tzinfo=turn.zone)
    added = await do("add_task", title="call the plumber", due=due)
    assert added == "Added to your list: call the plumber (by Friday 27 November)."
