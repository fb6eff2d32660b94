"""Several requests at the same moment: each change happens once, and no receipt is untrue."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from passfel.household.errors import RequestError
from passfel.household.turn import Turn
from passfel.memory.effects import EffectsLedger
from passfel.memory.postgres import Database
from passfel.memory.records import Records

Do = Callable[..., Awaitable[str]]
FRIDAY = datetime(2026, 11, 27, 12, tzinfo=UTC)


class Crowd:
    """Everyone asks through the ledger, each effect in its own transaction."""

    def __init__(self, do: Do, database: Database) -> None:
        self._do = do
        self._ledger = EffectsLedger(database)

    async def once(self, name: str, arguments: dict[str, Any]) -> str:
        async def run() -> tuple[str, dict[str, Any]]:
            return await self._do(name, **arguments), {}

        content, _ = await self._ledger.once(
            thread="t", call=str(uuid4()), person="home", tool=name, arguments={}, run=run, local=True
        )
        return content

    async def at_once(self, name: str, *requests: dict[str, Any]) -> tuple[list[str], list[RequestError]]:
        """What was done, and what was refused."""
        answers = await asyncio.gather(*(self.once(name, item) for item in requests), return_exceptions=True)
        done = [answer for answer in answers if isinstance(answer, str)]
        refused = [answer for answer in answers if isinstance(answer, RequestError)]
        assert len(done) + len(refused) == len(requests), answers
        return done, refused


@pytest.fixture
def crowd(do: Do, database: Database) -> Crowd:
    return Crowd(do, database)


async def test_five_days_of_one_series_cancelled_at_once_are_all_off(crowd: Crowd, do: Do, turn: Turn):
    start = datetime(2026, 11, 24, 9, tzinfo=turn.zone)
    await do("add_event", title="yoga", start=start, rule="FREQ=DAILY;COUNT=6")
    days = [{"title": "yoga", "on": date(2026, 11, day)} for day in range(24, 29)]
    done, _ = await crowd.at_once("cancel_event", *days)
    assert len(done) == 5
    left = await do("get_calendar_events", start=start, end=start + timedelta(days=7))
    assert left == "Sunday 29 November: yoga at 09:00 to 10:00."


async def test_one_party_is_cancelled_by_one_of_ten(crowd: Crowd, do: Do):
    await do("add_event", title="party", start=FRIDAY)
    done, refused = await crowd.at_once("cancel_event", *[{"title": "party"}] * 10)
    assert (len(done), len(refused)) == (1, 9)
    assert {str(error).split(" called")[0] for error in refused} == {"I found no appointment"}


async def test_eight_moves_at_once_leave_it_where_a_receipt_says(crowd: Crowd, do: Do, turn: Turn):
    await do("add_event", title="party", start=FRIDAY)
    moves = [{"title": "party", "day": date(2026, 12, day)} for day in range(1, 9)]
    done, refused = await crowd.at_once("move_event", *moves)
    assert len(done) + len(refused) == 8
    where = await do("get_calendar_events", title="party")
    assert any(where.casefold()[:20] in sentence.casefold() for sentence in done)


async def test_a_contact_saved_by_ten_at_once_is_one_contact(crowd: Crowd, database: Database):
    done, _ = await crowd.at_once("save_contact", *[{"name": "Joe", "role": "plumber"}] * 10)
    assert len(done) == 10
    assert sum(sentence.startswith("Saved") for sentence in done) == 1
    assert len(await Records(database).contacts.all("home")) == 1


@pytest.mark.parametrize(
    ("add", "change"),
    [
        (("add_task", {"title": "milk"}), ("complete_task", {"title": "milk"})),
        (("save_contact", {"name": "Joe"}), ("remove_contact", {"who": "Joe"})),
        (("add_note", {"text": "blue door"}), ("remove_note", {"about": "door"})),
        (
            ("set_reminder", {"text": "bins", "at": FRIDAY}),
            ("cancel_reminder", {"text": "bins"}),
        ),
    ],
)
async def test_what_six_end_at_once_is_ended_once(
    crowd: Crowd, do: Do, add: tuple[str, dict[str, Any]], change: tuple[str, dict[str, Any]]
):
    await do(add[0], **add[1])
    done, refused = await crowd.at_once(change[0], *[change[1]] * 6)
    assert (len(done), len(refused)) == (1, 5)


async def test_two_who_clear_the_same_days_at_once_cancel_each_appointment_once(
    crowd: Crowd, do: Do, turn: Turn
):
    start = datetime(2026, 11, 24, 9, tzinfo=turn.zone)
    await do("add_event", title="yoga", start=start, rule="FREQ=DAILY;COUNT=6")
    await do("add_event", title="lunch", start=FRIDAY)
    midnight = start.replace(hour=0)
    window = {"start": midnight, "end": midnight + timedelta(days=8)}
    await crowd.at_once("clear_calendar", *[window] * 4)
    assert (await do("get_calendar_events", **window)).startswith("Nothing is in your calendar")
