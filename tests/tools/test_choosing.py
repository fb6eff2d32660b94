"""Which appointment is changed: by its name, its day and its time; a doubt is a question."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time

import pytest

from passfel.household.errors import NotFoundError, RequestError
from passfel.household.turn import Turn

Do = Callable[..., Awaitable[str]]
FRIDAY = date(2026, 11, 27)


def at(turn: Turn, day: int, hour: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=turn.zone)


async def week(do: Do, turn: Turn) -> str:
    return await do("get_calendar_events", start=at(turn, 23, 0), end=at(turn, 30, 0))


async def test_the_said_time_tells_two_dentists_of_one_day_apart(do: Do, turn: Turn):
    for hour in (10, 15):
        await do("add_event", title="dentist", start=at(turn, 27, hour))
    assert await do("cancel_event", title="the dentist", on=FRIDAY, at=time(15)) == (
        "Cancelled dentist, Friday 27 November, 15:00 to 16:00."
    )
    assert "dentist at 10:00" in await week(do, turn)


async def test_two_dentists_without_a_time_are_asked_about_with_their_days_and_times(do: Do, turn: Turn):
    await do("add_event", title="dentist", start=at(turn, 26, 10))
    await do("add_event", title="dentist", start=at(turn, 27, 15))
    there = "Thursday 26 November, 10:00 to 11:00 or dentist, Friday 27 November, 15:00"
    with pytest.raises(RequestError, match=there):
        await do("cancel_event", title="the dentist")
    with pytest.raises(RequestError, match="“move dentist on Thursday 26 November at 10:00 to …”"):
        await do("move_event", title="the dentist", at=time(9))
    assert (await week(do, turn)).count("dentist") == 2


async def test_a_time_at_which_nothing_starts_is_asked_about(do: Do, turn: Turn):
    await do("add_event", title="swim", start=at(turn, 27, 19))
    with pytest.raises(
        RequestError, match=r"No swim starts at 07:00\. Do you mean swim, Friday 27 November, 19:00"
    ):
        await do("cancel_event", title="swim", on=FRIDAY, at=time(7))


async def test_of_a_series_the_next_one_is_cancelled(do: Do, turn: Turn):
    await do("add_event", title="yoga", start=at(turn, 24, 9), rule="FREQ=DAILY")
    assert await do("cancel_event", title="yoga") == "Cancelled yoga, tomorrow, 09:00 to 10:00."


async def test_the_old_time_tells_which_lunch_is_moved(do: Do, turn: Turn):
    for hour in (12, 14):
        await do("add_event", title="lunch", start=at(turn, 27, hour))
    moved = await do("move_event", title="lunch", on=FRIDAY, was_at=time(14), at=time(16))
    assert moved == "Moved lunch, Friday 27 November, 16:00 to 17:00."


async def test_lunch_with_ana_does_not_move_lunch_with_tom(do: Do, turn: Turn):
    await do("add_event", title="lunch with Tom", start=at(turn, 27, 12))
    with pytest.raises(
        RequestError, match=r"Do you mean lunch with Tom, Friday .* “move lunch with Tom to …”"
    ):
        await do("move_event", title="lunch with Ana", at=time(13))
    assert "lunch with Tom at 12:00" in await week(do, turn)


@pytest.mark.parametrize("said", ["it", "that", "everything", "all of them"])
async def test_cancel_it_cancels_nothing(do: Do, turn: Turn, said: str):
    await do("add_event", title="IT meeting", start=at(turn, 27, 12))
    with pytest.raises(RequestError, match="Which appointment do you mean"):
        await do("cancel_event", title=said)


async def test_nothing_is_moved_into_the_past(do: Do, turn: Turn):
    await do("add_event", title="dentist", start=at(turn, 23, 18))
    for when in ({"at": time(0)}, {"day": date(2026, 11, 20)}):
        with pytest.raises(RequestError, match="That is already past"):
            await do("move_event", title="dentist", **when)
    assert "dentist at 18:00" in await week(do, turn)


async def test_from_friday_to_monday_said_on_a_monday_is_asked_about(do: Do, turn: Turn):
    await do("add_event", title="dentist", start=at(turn, 27, 18))
    with pytest.raises(RequestError, match="To today, or to Monday 30 November\\?"):
        await do("move_event", title="dentist", on=FRIDAY, day=turn.now.date())


async def test_an_emoji_is_a_name(do: Do, turn: Turn):
    await do("add_event", title="🎂🎉", start=at(turn, 27, 18))
    assert (await do("cancel_event", title="🎂🎉")).startswith("Cancelled 🎂🎉")


async def test_clearing_a_day_leaves_and_names_what_reaches_beyond_it(do: Do, turn: Turn):
    first, after = at(turn, 1, 0, month=12), at(turn, 11, 0, month=12)
    await do("add_event", title="trip", start=first, end=after, all_day=True)
    await do("add_event", title="lunch", start=at(turn, 5, 12, month=12))
    day = {"start": at(turn, 5, 0, month=12), "end": at(turn, 6, 0, month=12)}
    cleared = await do("clear_calendar", **day)
    assert cleared.startswith(
        "Cancelled 1 appointment on Saturday 5 December. I left what reaches beyond that: trip,"
    )
    assert await do("get_calendar_events", **day) == (
        "Saturday 5 December: trip, all day, to Thursday 10 December."
    )
    assert (await do("clear_calendar", **day)).startswith(
        "I cancelled nothing on Saturday 5 December. I left"
    )


async def test_marks_that_steer_a_terminal_are_not_kept_in_a_title(do: Do, turn: Turn):
    added = await do("add_event", title="\x1b[31mdentist\u202e", start=at(turn, 27, 12))
    assert added.startswith("Added [31mdentist, Friday")


async def test_a_repetition_that_cannot_be_read_is_not_added(do: Do, turn: Turn):
    with pytest.raises(RequestError, match="can't read the repetition"):
        await do("add_event", title="yoga", start=at(turn, 27, 12), rule="FREQ=SOMETIMES")
    assert (await week(do, turn)).startswith("Nothing")


async def test_an_appointment_that_is_gone_is_not_cancelled_again(do: Do, turn: Turn):
    await do("add_event", title="party", start=at(turn, 27, 12))
    await do("cancel_event", title="party")
    with pytest.raises(NotFoundError, match="no appointment called “party”"):
        await do("cancel_event", title="party")
