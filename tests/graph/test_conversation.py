"""Whole conversations through the graph, with Postgres and no language model; then with a served one."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.types import Command

from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings, HouseholdSettings
from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.nodes.state import Context
from passfel.serving.settings import LlmSettings
from passfel.tests.servers.sglang import CallTools, Fail, Say, SGLang, sglang

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class Conversation:
    """One thread of an assistant."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant
        self.thread = str(uuid4())
        self.state: dict[str, Any] = {}

    async def say(self, request: Any, context: Context | None = None) -> str:
        self.state = await self.assistant.ainvoke(request, thread=self.thread, context=context)
        if "__interrupt__" in self.state:
            return str(self.state["__interrupt__"][0].value["question"])
        return str(self.state["messages"][-1].text)


@pytest.fixture
def served() -> Any:
    with sglang() as server:
        yield server


@pytest_asyncio.fixture
async def talk(database: Database, data_folder: Path) -> AsyncIterator[Conversation]:
    async with _open(data_folder, LlmSettings()) as assistant:
        yield Conversation(assistant)


@pytest_asyncio.fixture
async def modelled(database: Database, data_folder: Path, served: SGLang) -> AsyncIterator[Conversation]:
    async with _open(data_folder, LlmSettings(base_url=served.url)) as assistant:
        yield Conversation(assistant)


def _open(folder: Path, llm: LlmSettings) -> Any:
    household = HouseholdSettings(time_zone="Europe/Lisbon")
    settings = AssistantSettings(data_dir=folder, household=household, llm=llm)
    return open_assistant(settings, clock=lambda: MONDAY)


async def test_the_first_conversation(talk: Conversation):
    for request, answer in (
        ("add dentist on friday at 15:00", "Added dentist, Friday 27 November, 15:00 to 16:00."),
        ("what is on this week?", "Friday 27 November: dentist at 15:00 to 16:00."),
        ("move the dentist to 4", "Moved dentist, Friday 27 November, 16:00 to 17:00."),
        ("my dentist is Dr. Ana Silva, 555 0100", "Saved: Dr. Ana Silva, your dentist, 555 0100."),
        ("who is my dentist", "Your dentist is Dr. Ana Silva: 555 0100."),
        (
            "remind me tomorrow at 8 to take the bins out",
            "Reminder set: take the bins out, tomorrow at 08:00.",
        ),
        ("what is 15% of 80", "15% of 80 is 12."),
        ("how many miles is 10 km", "10 kilometres is 6.21371 miles."),
        ("cancel the dentist", "Cancelled dentist, Friday 27 November, 16:00 to 17:00."),
    ):
        assert await talk.say(request) == answer


async def test_a_change_has_a_receipt_and_a_question_has_none(talk: Conversation):
    await talk.say("add dentist on friday at 15:00")
    receipts = talk.state["messages"][-1].additional_kwargs["receipts"]
    assert [(receipt["action"], receipt["kind"]) for receipt in receipts] == [("added", "event")]
    await talk.say("what is on this week?")
    assert "receipts" not in talk.state["messages"][-1].additional_kwargs


async def test_both_paths_write_one_history(talk: Conversation):
    await talk.say("what time is it")
    kinds = [message.type for message in talk.state["messages"]]
    assert kinds == ["human", "ai", "tool", "ai"]
    call = talk.state["messages"][1].tool_calls[0]
    assert talk.state["messages"][2].tool_call_id == call["id"]


async def test_a_compound_request_does_its_parts_in_order(talk: Conversation):
    answer = await talk.say("add milk to the shopping list and what is on my list")
    assert answer == "Added to your list: milk.\nYou have 1 task: milk."


async def test_what_no_tool_can_do_is_said_beside_what_was_done(talk: Conversation):
    answer = await talk.say("turn off the lamp and remind me at six to call Ana")
    assert "Reminder set: call Ana, today at 18:00." in answer
    assert "I could not do this part: turn off the lamp." in answer


async def test_what_is_not_understood_is_said_in_one_sentence(talk: Conversation):
    answer = await talk.say("frobnicate the gizmo")
    assert answer.startswith("I did not understand that")
    assert "your calendar" in answer


async def test_the_answer_to_a_question_completes_the_request(talk: Conversation):
    assert "When should I remind you?" in await talk.say("remind me to buy stamps")
    assert await talk.say("tomorrow at 8") == "Reminder set: buy stamps, tomorrow at 08:00."


async def test_a_destructive_tool_asks_first_and_a_yes_lets_it(talk: Conversation, database: Database):
    await talk.say("add dentist on friday at 15:00")
    question = await talk.say("clear my calendar on friday")
    assert question == "Shall I cancel everything in your calendar on Friday 27 November?"
    assert len(await Records(database).events.overlapping("home", MONDAY, MONDAY + timedelta(days=7))) == 1
    assert await talk.say(Command(resume=True)) == "Cancelled 1 appointment on Friday 27 November."
    assert await talk.say("undo that") == ("Undone: cancelled dentist, Friday 27 November, 15:00 to 16:00.")
    assert "dentist" in await talk.say("what is on this week")


@pytest.mark.parametrize("no", [False, "no", {"approved": []}])
async def test_without_a_yes_nothing_is_changed(talk: Conversation, no: Any):
    await talk.say("add dentist on friday at 15:00")
    await talk.say("clear my calendar on friday")
    assert await talk.say(Command(resume=no)) == "All right, I left it as it was."
    assert "dentist" in await talk.say("what is on this week")


@pytest.mark.parametrize(("reply", "left"), [("yes, please", False), ("no", True), ("what time is it", True)])
async def test_a_question_is_also_answered_by_a_message(talk: Conversation, reply: str, left: bool):
    await talk.say("add dentist on friday at 15:00")
    await talk.say("clear my calendar on friday")
    await talk.say(reply)
    assert ("dentist" in await talk.say("what is on this week")) is left


async def test_undo_takes_the_last_change_back(talk: Conversation):
    await talk.say("add milk to the shopping list")
    assert await talk.say("undo") == "Undone: added to your list: milk."
    assert await talk.say("what is on my list") == "Nothing is on your list."
    assert await talk.say("undo") == "There is nothing in this conversation that I could undo."


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ("", "I heard nothing"),
        ("  \n ", "I heard nothing"),
        ("word " * 200_000, "I read at most 32,000"),
        ("\x01\x02\x03\x04\x05\x06", "not text that I can read"),
        ("add meeting on 31 february", "There is no 31 February."),
        ("add talk on friday from 5pm to 3pm", "The end comes before the start."),
    ],
)
async def test_bad_input_gets_a_clear_sentence_and_the_conversation_goes_on(
    talk: Conversation, request_: str, words: str
):
    assert words in await talk.say(request_)
    assert await talk.say("what is 2 + 2") == "2 + 2 is 4."


async def test_a_context_moves_the_person_to_another_place(talk: Conversation):
    answer = await talk.say("what time is it", Context(time_zone="Asia/Tokyo"))
    assert "19:00" in answer
    await talk.say("add milk to the shopping list", Context(user="tom"))
    assert await talk.say("what is on my list", Context(user="ana")) == "Nothing is on your list."


async def test_a_replayed_turn_does_not_do_its_effect_again(talk: Conversation, database: Database):
    message = HumanMessage("add milk to the shopping list", id=str(uuid4()))
    for _ in range(2):
        await talk.say({"messages": [message]})
    assert [task.title for task in await Records(database).tasks.all("home")] == ["milk"]


async def test_a_long_conversation_is_cut_at_a_turn_and_goes_on(talk: Conversation):
    for _ in range(42):
        await talk.say("what time is it")
    messages = talk.state["messages"]
    assert len(messages) <= 160
    assert isinstance(messages[0], HumanMessage)


async def test_the_model_answers_what_the_rules_do_not_know(modelled: Conversation, served: SGLang):
    served.will(Say("Lisbon.", reasoning="Easy."))
    assert await modelled.say("talk me into a visit to Lisbon") == "Lisbon."
    answer = modelled.state["messages"][-1]
    assert answer.additional_kwargs["reasoning_content"] == "Easy."
    sent = served.requests[-1]["messages"]
    assert sent[0]["role"] == "system"
    assert sent[-1]["content"].startswith("[It is Monday 23 November 2026, 10:00 (Europe/Lisbon)")


async def test_a_model_call_of_a_tool_goes_through_the_same_ledger(
    modelled: Conversation, served: SGLang, database: Database
):
    served.will(
        CallTools([("add_task", {"title": "sponges"})]),
        Say("I put sponges on your list."),
    )
    answer = await modelled.say("stick sponges with the other chores")
    assert answer == "I put sponges on your list.\n\n✓ Added to your list: sponges."
    assert [task.title for task in await Records(database).tasks.all("home")] == ["sponges"]


async def test_what_was_once_sent_is_sent_the_same_way_again(modelled: Conversation, served: SGLang):
    served.will(
        CallTools([("add_task", {"title": "sponges"})]),
        Say("Done."),
        Say("You are welcome to it."),
        Say("Hm."),
    )
    await modelled.say("stick sponges with the other chores")
    await modelled.say("what time is it")
    await modelled.say("I wonder about the chores")
    await modelled.say("so do I about chores and sponges")
    prompts = [request["messages"] for request in served.requests]
    for earlier, later in pairwise(prompts):
        shared = [{**message, "reasoning_content": None} for message in earlier]
        assert [{**message, "reasoning_content": None} for message in later[: len(earlier)]] == shared


async def test_when_the_model_is_gone_the_embedded_one_answers(modelled: Conversation, served: SGLang):
    served.will(Fail(503, {"message": "overloaded"}))
    answer = await modelled.say("frobnicate the gizmo")
    assert answer.startswith("I did not understand that")
    assert isinstance(modelled.state["messages"][-1], AIMessage)
