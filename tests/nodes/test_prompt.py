"""The prompt only grows at its end: every byte that was once sent is sent again, in its place."""

import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from langgraph.types import Command

from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings, HouseholdSettings
from passfel.memory.postgres import Database
from passfel.nodes.prompt import GONE
from passfel.serving.settings import LlmSettings
from passfel.tests.servers.sglang import CallTools, CutAfter, Fail, Say, SGLang, sglang
from passfel.tests.servers.sglang_answers import Answer

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
Request = dict[str, Any]


@pytest.fixture
def served() -> Iterator[SGLang]:
    with sglang() as server:
        yield server


class Replay:
    """One conversation, and what the model was sent in it."""

    def __init__(self, assistant: Assistant, served: SGLang) -> None:
        self.assistant = assistant
        self.served = served
        self.thread = str(uuid4())

    async def turn(self, said: Any, *answers: Answer) -> dict[str, Any]:
        """One turn, in which the model answers so; every scripted answer must be used."""
        before = len(self.served.requests)
        self.served.will(*answers)
        state = await self.assistant.ainvoke(said, thread=self.thread)
        assert len(self.served.requests) == before + len(answers), f"model calls in “{said}”"
        return state


@pytest_asyncio.fixture
async def replay(database: Database, data_folder: Path, served: SGLang) -> AsyncIterator[Replay]:
    settings = AssistantSettings(
        data_dir=data_folder,
        household=HouseholdSettings(time_zone="Europe/Lisbon"),
        llm=LlmSettings(base_url=served.url, breaker_open_s=0),
    )
    async with open_assistant(settings, clock=lambda: MONDAY) as assistant:
        yield Replay(assistant, served)


def digests(request: Request) -> list[str]:
    """A digest for the head (system prompt and tools), and one for everything up to each further message.

    The thoughts of finished turns are left out: the client drops them, and so does the model's template.
    """
    system, *rest = request["messages"]
    running = hashlib.sha256(json.dumps([system, request.get("tools", [])]).encode())
    found = [running.hexdigest()]
    for message in rest:
        running.update(json.dumps({**message, "reasoning_content": None}).encode())
        found.append(running.hexdigest())
    return found


def breaks(requests: list[Request]) -> list[int]:
    """Numbers of the requests that don't begin with all of the request before, of the same tools."""
    found = []
    for number, request in enumerate(requests):
        earlier = [old for old in requests[:number] if old.get("tools") == request.get("tools")]
        if earlier:
            before, now = digests(earlier[-1]), digests(request)
            if now[: len(before)] != before:
                found.append(number)
    return found


def chores(title: str) -> CallTools:
    return CallTools([("add_task", {"title": title})], reasoning="They want it done.")


async def test_the_head_is_the_same_bytes_in_every_conversation(replay: Replay):
    heads = []
    for said in ("stick sponges with the other chores", "which of the chores are the dull ones"):
        replay.thread = str(uuid4())
        await replay.turn(said, Say("Well."))
        heads.append(digests(replay.served.requests[-1])[0])
    assert heads[0] == heads[1]


async def test_fast_turns_and_tool_loops_only_add_to_the_prompt(replay: Replay):
    await replay.turn("stick sponges with the other chores", chores("sponges"), Say("It is on your list."))
    await replay.turn("what time is it")
    await replay.turn("add dentist on friday at 15:00")
    await replay.turn("which of the chores are the dull ones", Say("All of them.", reasoning="Ha."))
    await replay.turn(
        "put mops and brooms with the chores",
        CallTools([("add_task", {"title": "mops"}), ("add_task", {"title": "brooms"})]),
        CallTools([("list_tasks", {})]),
        Say("Now there are three."),
    )
    await replay.turn("what is 15% of 80")
    await replay.turn("are those chores really needed", Say("No."))
    assert len(replay.served.requests) == 7
    assert breaks(replay.served.requests) == []


async def test_the_time_and_the_agenda_stay_in_the_message_of_their_turn(replay: Replay):
    await replay.turn("which of the chores are the dull ones", Say("None."))
    await replay.turn("add dentist tomorrow at 15:00")
    await replay.turn("which of the chores are the dull ones now", Say("None."))
    first, second = replay.served.requests
    assert "dentist" not in first["messages"][-1]["content"]
    assert "dentist, tomorrow, 15:00" in second["messages"][-1]["content"]
    assert breaks(replay.served.requests) == []


async def test_what_the_model_was_told_last_time_is_not_told_again(replay: Replay):
    await replay.turn("add dentist tomorrow at 15:00")
    for said in ("which of the chores are the dull ones", "and which of the chores are the long ones"):
        await replay.turn(said, Say("None."))
    await replay.turn("cancel the dentist")
    await replay.turn("which of the chores are the short ones", Say("None."))
    contexts = [request["messages"][-1]["content"].split("]")[0] for request in replay.served.requests]
    assert ["dentist, tomorrow" in context for context in contexts] == [True, False, False]
    assert [GONE in context for context in contexts] == [False, False, True]
    assert all(context.startswith("[It is Monday 23 November 2026, 10:00") for context in contexts)
    assert breaks(replay.served.requests) == []


async def test_an_interrupt_and_its_answer_only_add_to_the_prompt(replay: Replay):
    clear = {"start": "2026-11-27T00:00:00+00:00", "end": "2026-11-28T00:00:00+00:00"}
    await replay.turn("add dentist on friday at 15:00")
    await replay.turn("sweep the diary and its appointments away", CallTools([("clear_calendar", clear)]))
    await replay.turn(Command(resume=True), Say("It is empty."))
    await replay.turn("is my diary with its appointments fuller now", Say("No."))
    assert breaks(replay.served.requests) == []


@pytest.mark.parametrize(
    ("reply", "answers"),
    [
        ("no", ()),
        ("yes", ()),
        ("what time is it", ()),
        ("is my diary with its appointments fuller", (Say("As you like."),)),
    ],
    ids=["no", "yes", "something for the rules", "something for the model"],
)
async def test_a_question_that_is_passed_over_is_repaired_once_and_for_all(
    replay: Replay, reply: str, answers: tuple[Answer, ...]
):
    clear = {"start": "2026-11-27T00:00:00+00:00", "end": "2026-11-28T00:00:00+00:00"}
    await replay.turn("add dentist on friday at 15:00")
    await replay.turn("sweep the diary and its appointments away", CallTools([("clear_calendar", clear)]))
    await replay.turn(reply, *answers)
    await replay.turn("is my diary with its appointments fuller now", Say("Perhaps."))
    await replay.turn("and is the diary of appointments fuller today", Say("It is."))
    assert breaks(replay.served.requests) == []
    for request in replay.served.requests:
        assert unanswered_calls(request) == []


async def test_failed_tools_and_unknown_tools_only_add_to_the_prompt(replay: Replay):
    await replay.turn(
        "which of the chores might be ticked off",
        CallTools([("complete_task", {"title": "nowhere to be found"}), ("add_task", {"nonsense": 1})]),
        CallTools([("no_such_tool", {})]),
        Say("That did not work."),
    )
    await replay.turn("which of the chores are the dull ones", Say("None."))
    assert breaks(replay.served.requests) == []


async def test_a_lost_model_only_adds_to_the_prompt(replay: Replay):
    await replay.turn("which of the chores are the dull ones", Say("None."))
    await replay.turn("which of the chores are done", Fail(503))
    await replay.turn(
        "which of the chores are open ones", CutAfter(4, of=Say("There are a few of them left."))
    )
    await replay.turn("which of the chores are the long ones", Say("All."))
    assert breaks(replay.served.requests) == []


async def test_calls_that_were_cut_off_are_answered_the_same_way_for_good(replay: Replay):
    await replay.turn("stick sponges with the other chores", chores("sponges"), Say("Done."))
    await replay.turn("stick sponges with the other chores", chores("sponges"), chores("sponges"))
    await replay.turn("which of the chores are the dull ones", Say("None."))
    assert breaks(replay.served.requests) == []
    assert all(unanswered_calls(request) == [] for request in replay.served.requests)


async def test_a_long_conversation_breaks_the_prefix_once_and_at_a_turn(replay: Replay):
    for number in range(64):
        if number % 4:
            await replay.turn("what time is it")
        else:
            await replay.turn(f"which of the {number} chores are the dull ones", Say("None."))
    cuts = [
        number
        for number, (before, now) in enumerate(pairwise(replay.served.requests), start=1)
        if len(now["messages"]) < len(before["messages"])
    ]
    assert breaks(replay.served.requests) == cuts
    assert len(cuts) == 1
    assert replay.served.requests[cuts[0]]["messages"][1]["role"] == "user"
    assert len(digests(replay.served.requests[cuts[0]])) > 1


async def test_another_set_of_tools_is_another_head_and_the_first_is_found_again(replay: Replay):
    for said in (
        "which of the chores are the dull ones",
        "is my diary with its appointments fuller now",
        "which chores are the short ones",
    ):
        await replay.turn(said, Say("Hm."))
    assert breaks(replay.served.requests) == []


def unanswered_calls(request: Request) -> list[str]:
    answered = {message.get("tool_call_id") for message in request["messages"]}
    calls = [call for message in request["messages"] for call in message.get("tool_calls") or []]
    return [call["id"] for call in calls if call["id"] not in answered]
