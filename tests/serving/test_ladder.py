"""The ladder: the best rung that answers, down before the first word and never after it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph

from passfel.household.errors import LimitedError, ProviderError, UnreachableError
from passfel.household.turn import Turn
from passfel.household.understanding import Call, Understanding
from passfel.serving.chat import SGLangChat
from passfel.serving.embedded import EmbeddedChat
from passfel.serving.errors import BrokenStream, RefusedError
from passfel.serving.ladder import ModelLadder, build_ladder
from passfel.serving.rungs import Rung
from passfel.serving.settings import LlmSettings
from passfel.tests.servers.sglang import (
    Abort,
    CallTools,
    CutAfter,
    ErrorEvent,
    Fail,
    QueueFull,
    Say,
    SGLang,
    Stall,
    sglang,
)
from passfel.tests.servers.sglang_answers import Answer

TURN = Turn(now=datetime(2026, 11, 23, 20, 0, tzinfo=UTC), id="m1")
REASONED = Say("Never said.", reasoning="I think about it for a while.")


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def understand(text: str, turn: Turn) -> Understanding:
    if text == "bins":
        return Understanding(("tasks",), calls=(Call("add_task", {"title": turn.id}),))
    return Understanding((), reply=f"By rules: {text}.")


@tool
def add_task(title: str) -> str:
    """Add a task."""
    return title


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def ladder(server: SGLang, chat: SGLangChat, clock: Clock) -> AsyncIterator[ModelLadder]:
    rungs = [Rung("sglang", chat), Rung("embedded", EmbeddedChat(understand=understand))]
    ladder = ModelLadder(rungs, first_token_deadline_s=0.5, breaker_open_s=30, clock=clock)
    yield ladder
    await ladder.aclose()


async def ask(ladder: ModelLadder, words: str = "hello", tools: Sequence[Any] = ()) -> AIMessageChunk:
    whole: AIMessageChunk | None = None
    async for chunk in ladder.astream([HumanMessage(words)], tools, turn=TURN):
        whole = chunk if whole is None else whole + chunk
    assert whole is not None
    return whole


def rung(message: BaseMessage) -> str:
    return str(message.response_metadata["rung"])


async def test_the_first_rung_answers_and_is_named_once(server: SGLang, ladder: ModelLadder) -> None:
    server.will(Say("Hello to you all.", reasoning="A greeting."))
    message = await ask(ladder)
    assert (message.text, rung(message)) == ("Hello to you all.", "sglang")
    assert message.additional_kwargs["reasoning_content"] == "A greeting."
    assert "stepped_down" not in message.response_metadata


async def test_tools_are_offered_to_the_server_and_its_calls_come_back(
    server: SGLang, ladder: ModelLadder
) -> None:
    server.will(CallTools([("add_task", {"title": "bins"})]))
    message = await ask(ladder, tools=[add_task])
    assert message.tool_calls[0]["args"] == {"title": "bins"}
    assert [sent["function"]["name"] for sent in server.requests[0]["tools"]] == ["add_task"]


async def test_the_turn_reaches_the_embedded_model(server: SGLang, ladder: ModelLadder) -> None:
    server.will(QueueFull())
    message = await ask(ladder, "bins", [add_task])
    assert message.tool_calls[0]["args"] == {"title": "m1"}


@pytest.mark.parametrize(
    "failure",
    [
        QueueFull(),
        Fail(500, None),
        Fail(503, None),
        Abort(),
        CutAfter(0),
        CutAfter(3, of=REASONED),
        CutAfter(3, of=REASONED, clean=True),
        ErrorEvent(503, after=3, of=REASONED),
        CutAfter(5, of=CallTools([("add_task", {"title": "bins"})])),
        Stall(60),
        Say("", reasoning="Thinking until the end", finish="length"),
    ],
)
async def test_before_the_first_word_it_steps_down_and_says_why(
    server: SGLang, ladder: ModelLadder, failure: Answer
) -> None:
    server.will(failure)
    message = await ask(ladder)
    assert (message.text, rung(message)) == ("By rules: hello.", "embedded")
    assert "the language model" in message.response_metadata["stepped_down"].lower()
    assert not message.tool_calls


@pytest.mark.parametrize(
    "failure", [CutAfter(7), CutAfter(7, clean=True), Abort("One two"), ErrorEvent(503, after=4)]
)
async def test_after_the_first_word_it_does_not_step_down_and_keeps_what_was_said(
    server: SGLang, ladder: ModelLadder, failure: Answer
) -> None:
    server.will(failure)
    seen = ""
    with pytest.raises(BrokenStream) as caught:
        async for chunk in ladder.astream([HumanMessage("count")], turn=TURN):
            seen += chunk.text
    assert seen
    assert caught.value.said == seen
    assert caught.value.rung == "sglang"
    assert isinstance(caught.value.__cause__, ProviderError)


@pytest.mark.parametrize("failure", [Fail(400, None), Fail(401, {"error": "Unauthorized"}), ErrorEvent(400)])
async def test_a_refusal_is_told_and_never_hidden_by_the_next_rung(
    server: SGLang, ladder: ModelLadder, failure: Answer
) -> None:
    server.will(failure, failure, failure, Say("Mended."))
    for _ in range(3):
        with pytest.raises(RefusedError, match="check llm"):
            await ask(ladder)
    assert rung(await ask(ladder)) == "sglang"


async def test_a_server_that_failed_is_passed_over_until_a_probe_finds_it_well(
    server: SGLang, ladder: ModelLadder, clock: Clock
) -> None:
    server.will(CutAfter(0))
    await ask(ladder)
    message = await ask(ladder)
    assert len(server.requests) == 1
    assert "dropped the connection" in message.response_metadata["stepped_down"]

    clock.now += 31
    server.will(CutAfter(0), Say("Back."), Say("Still here."))
    assert rung(await ask(ladder)) == "embedded"
    assert rung(await ask(ladder)) == "embedded"
    assert len(server.requests) == 2

    clock.now += 31
    assert (await ask(ladder)).text == "Back."
    assert (await ask(ladder)).text == "Still here."


async def test_side_by_side_turns_send_one_probe_and_keep_their_own_rung(
    server: SGLang, ladder: ModelLadder, clock: Clock
) -> None:
    server.will(CutAfter(0))
    await ask(ladder)
    clock.now += 31
    server.will(Say("Back."))
    answers = await asyncio.gather(*(ask(ladder, f"turn {number}") for number in range(5)))
    assert [rung(answer) for answer in answers] == ["sglang", *["embedded"] * 4]
    assert [answer.text for answer in answers[1:]] == [f"By rules: turn {number}." for number in range(1, 5)]
    assert len(server.requests) == 2


async def test_a_cancelled_probe_lets_the_next_turn_probe(
    server: SGLang, ladder: ModelLadder, clock: Clock
) -> None:
    server.will(CutAfter(0))
    await ask(ladder)
    clock.now += 31
    server.forget()
    server.will(Stall(60), Say("Back."))
    probe = asyncio.create_task(ask(ladder))
    assert await asyncio.to_thread(server.asked.wait, 10)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    assert await asyncio.to_thread(server.disconnected.wait, 10)
    assert (await ask(ladder)).text == "Back."


async def test_the_deadline_of_the_first_token_closes_the_connection(
    server: SGLang, ladder: ModelLadder
) -> None:
    server.will(Stall(60, after=1))
    assert "too long" in (await ask(ladder)).response_metadata["stepped_down"]
    assert await asyncio.to_thread(server.disconnected.wait, 10)


async def test_its_tokens_reach_a_graphs_message_stream_from_both_rungs(
    server: SGLang, ladder: ModelLadder
) -> None:
    async def decide(state: MessagesState) -> dict[str, list[BaseMessage]]:
        return {"messages": [await ask(ladder, str(state["messages"][-1].text))]}

    graph = (
        StateGraph(MessagesState).add_node(decide).add_edge(START, "decide").add_edge("decide", END).compile()
    )
    for answer, words in (
        (Say("From the server, word by word."), "From the server, word by word."),
        (QueueFull(), "By rules: hi."),
    ):
        server.will(answer)
        seen: list[Any] = [
            chunk
            async for chunk, _ in graph.astream({"messages": [HumanMessage("hi")]}, stream_mode="messages")
        ]
        assert "".join(chunk.text for chunk in seen) == words
        assert len(seen) > 2


async def test_when_no_rung_is_left_the_last_failure_is_told(server: SGLang, chat: SGLangChat) -> None:
    server.will(QueueFull())
    with pytest.raises(LimitedError, match="too busy"):
        await ask(ModelLadder([Rung("sglang", chat)]))
    with pytest.raises(UnreachableError, match="No language model"):
        await ask(ModelLadder([]))


async def test_the_doctor_hears_how_each_rung_is(server: SGLang) -> None:
    for url, ok, words in (
        (server.url, True, "answers at"),
        ("http://127.0.0.1:1", False, "could not be reached"),
    ):
        ladder = build_ladder(LlmSettings(base_url=url), understand, ["tasks"])
        served, embedded = await ladder.health()
        assert (served.name, served.ok, served.breaker) == ("sglang", ok, "closed")
        assert words in served.sentence
        assert (embedded.name, embedded.ok) == ("embedded", True)
        await ladder.aclose()
    with sglang(api_key="sesame") as locked:
        ladder = build_ladder(LlmSettings(base_url=locked.url), understand, [])
        assert "check llm.api_key" in (await ladder.health())[0].sentence
        await ladder.aclose()


async def test_without_an_address_there_is_only_the_embedded_model() -> None:
    ladder = build_ladder(LlmSettings(), understand, ["tasks"])
    assert [health.name for health in await ladder.health()] == ["embedded"]
    assert rung(await ask(ladder)) == "embedded"
