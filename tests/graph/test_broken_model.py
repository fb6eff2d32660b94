"""The language model lost in the middle, seen through the whole graph: said once, said honestly."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings
from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.serving.settings import LlmSettings, ThinkingSettings
from passfel.tests.servers.sglang import CallTools, CutAfter, Fail, QueueFull, Say, SGLang, sglang

CALL = CallTools([("add_task", {"title": "sponges"})])
CHORE = "stick sponges with the other chores"
SAID = "talk me into a visit to Lisbon"
"""Nothing that rules settle or that a service answers: it is for the model."""


@pytest.fixture
def served() -> Iterator[SGLang]:
    with sglang() as server:
        yield server


@pytest_asyncio.fixture
async def assistant(database: Database, data_folder: Path, served: SGLang) -> AsyncIterator[Assistant]:
    thinking = ThinkingSettings(simple=11, tool=22, reasoning=33, long_form=44)
    llm = LlmSettings(base_url=served.url, thinking=thinking)
    async with open_assistant(AssistantSettings(data_dir=data_folder, llm=llm)) as opened:
        yield opened


async def told(assistant: Assistant, request: str) -> tuple[str, str]:
    """What was streamed as the answer, and what the answer is."""
    streamed: dict[str, str] = {}
    answer, last = "", ""
    async for mode, event in assistant.astream(request, thread=str(uuid4())):
        if mode == "messages" and event[0].type in {"ai", "AIMessageChunk"}:
            last = str(event[0].id) if event[0].text else last
            streamed[last] = streamed.get(last, "") + event[0].text
        elif mode == "updates":
            for node, update in event.items():
                if node in {"decide", "respond"} and update.get("messages"):
                    answer = str(update["messages"][-1].text)
    return streamed.get(last, ""), answer


async def test_what_the_tools_said_is_told_when_the_answer_breaks_off(
    assistant: Assistant, served: SGLang, database: Database
) -> None:
    served.will(CALL, CutAfter(4, of=Say("I put sponges on your list.")))
    streamed, answer = await told(assistant, CHORE)
    assert answer == (
        "I put sponges on … I lost the model in the middle of this answer; here is what the tools said:\n"
        "Added to your list: sponges."
    )
    assert streamed == answer
    assert [task.title for task in await Records(database).tasks.all("home")] == ["sponges"]


async def test_an_answer_that_breaks_off_without_tools_says_so(assistant: Assistant, served: SGLang) -> None:
    served.will(CutAfter(4, of=Say("Lisbon is the capital of Portugal.")))
    streamed, answer = await told(assistant, SAID)
    assert answer == "Lisbon is the capital … I lost the model in the middle of this answer."
    assert streamed == answer


async def test_a_refusal_after_the_tools_keeps_what_they_said(assistant: Assistant, served: SGLang) -> None:
    served.will(CALL, Fail(401, {"error": "Unauthorized"}))
    _, answer = await told(assistant, CHORE)
    assert "check llm.api_key" in answer
    assert answer.endswith("Here is what the tools said:\nAdded to your list: sponges.")


async def test_what_was_not_understood_without_the_model_says_why_it_is_away(
    assistant: Assistant, served: SGLang
) -> None:
    served.will(QueueFull())
    _, answer = await told(assistant, SAID)
    assert answer.startswith("I did not understand that. The language model at 127.0.0.1:")
    assert "is too busy at the moment. Without it I can help with your calendar" in answer


async def test_the_efforts_budget_reaches_the_server(assistant: Assistant, served: SGLang) -> None:
    served.will(Say("Lisbon."))
    state = await assistant.ainvoke(SAID, thread=str(uuid4()))
    budgets = {"simple": 11, "tool": 22, "reasoning": 33, "long_form": 44}
    assert served.requests[0]["custom_params"] == {"thinking_budget": budgets[state["effort"]]}


async def test_an_answer_that_ends_at_its_length_limit_is_marked_and_its_words_go_back_unmarked(
    assistant: Assistant, served: SGLang
) -> None:
    served.will(CALL, Say("I put sponges on your", finish="length"), Say("Nothing else."))
    thread = str(uuid4())
    state = await assistant.ainvoke(CHORE, thread=thread)
    answer = state["messages"][-1].text
    assert answer.startswith("I put sponges on your … (cut off at the length limit)\n\n✓ ")
    await assistant.ainvoke("stick nothing else there, or what do you think", thread=thread)
    said = [m["content"] for m in served.requests[-1]["messages"] if m["role"] == "assistant"]
    assert "I put sponges on your" in said


async def test_the_mark_of_a_cut_answer_is_streamed_too(assistant: Assistant, served: SGLang) -> None:
    served.will(Say("Once upon a time", finish="length"))
    streamed, answer = await told(assistant, "tell me a story about a lamp that nobody lights")
    assert streamed == answer == "Once upon a time … (cut off at the length limit)"
