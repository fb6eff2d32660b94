"""Several boxes behind one rung: least load, sticky threads, dead ones passed over."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.messages.ai import add_ai_message_chunks

from passfel.household.errors import BrokenAnswerError, LimitedError, ProviderError, UnreachableError
from passfel.household.turn import Turn
from passfel.household.understanding import Understanding
from passfel.serving.boxes import BoxesChat
from passfel.serving.errors import RefusedError
from passfel.serving.ladder import build_ladder
from passfel.serving.settings import LlmSettings
from passfel.tests.servers.sglang import CutAfter, Fail, QueueFull, Say, SGLang, Stall, sglang

TURN = Turn(now=datetime(2026, 11, 23, 20, 0, tzinfo=UTC))
NOBODY = "http://127.0.0.1:9/v1"


@pytest.fixture
def servers() -> Iterator[list[SGLang]]:
    with ExitStack() as stack:
        yield [stack.enter_context(sglang()) for _ in range(3)]


def boxes_of(*urls: str, deadline_s: float = 20) -> BoxesChat:
    settings = LlmSettings(base_url=urls[0], base_urls=urls[1:], first_token_deadline_s=deadline_s)
    return BoxesChat.from_settings(settings)


async def ask(chat: BoxesChat, thread: str = "") -> AIMessageChunk:
    stream = chat.astream([HumanMessage("hello")], turn=replace(TURN, thread=thread), thinking=128)
    return add_ai_message_chunks(*[chunk async for chunk in stream])


def asked(servers: list[SGLang]) -> list[int]:
    return [len(server.requests) for server in servers]


async def test_a_thread_stays_with_its_box_and_threads_spread(servers: list[SGLang]) -> None:
    chat = boxes_of(*(server.url for server in servers))
    for server in servers:
        server.will(*[Say("Hi.") for _ in range(60)])
    boxes = {f"t{number}": (await ask(chat, f"t{number}")).response_metadata["box"] for number in range(12)}
    assert len(set(boxes.values())) == 3
    for thread, box in boxes.items():
        assert (await ask(chat, thread)).response_metadata["box"] == box
    await chat.aclose()


async def test_the_box_with_the_fewest_running_calls_is_asked(servers: list[SGLang]) -> None:
    chat = boxes_of(*(server.url for server in servers))
    for server in servers:
        server.will(Stall(0.5, of=Say("Hi.")))
    await asyncio.gather(*(ask(chat, "the same") for _ in servers))
    assert asked(servers) == [1, 1, 1]
    assert [box.running for box in chat.boxes] == [0, 0, 0]
    await chat.aclose()


async def test_a_dead_box_is_passed_over_and_asked_only_once(servers: list[SGLang]) -> None:
    chat = boxes_of(NOBODY, servers[0].url)
    servers[0].will(*[Say("Hi.") for _ in range(20)])
    for number in range(20):
        assert (await ask(chat, f"t{number}")).text == "Hi."
    assert chat.boxes[0].asked <= 1
    assert "answers at" in await chat.check()
    assert "could not be reached" in await chat.check()
    await chat.aclose()


@pytest.mark.parametrize("failure", [QueueFull(), Fail(500, None), CutAfter(0), Stall(60, after=1)])
async def test_a_box_that_fails_before_it_speaks_is_left_for_the_next(
    servers: list[SGLang], failure: object
) -> None:
    chat = boxes_of(servers[0].url, servers[1].url, deadline_s=1)
    for server in servers:
        server.will(failure, failure)  # type: ignore[arg-type]
    with pytest.raises((LimitedError, UnreachableError)):
        await ask(chat)
    assert asked(servers) == [1, 1, 0]
    await chat.aclose()


async def test_an_answer_that_has_begun_is_not_begun_again_elsewhere(servers: list[SGLang]) -> None:
    chat = boxes_of(servers[0].url, servers[1].url)
    for server in servers[:2]:
        server.will(CutAfter(7, clean=True))
    with pytest.raises(BrokenAnswerError):
        await ask(chat)
    assert sum(asked(servers)) == 1
    await chat.aclose()


async def test_a_refusal_is_told_and_not_tried_elsewhere(servers: list[SGLang]) -> None:
    chat = boxes_of(servers[0].url, servers[1].url)
    for server in servers[:2]:
        server.will(Fail(400, None))
    with pytest.raises(RefusedError):
        await ask(chat)
    assert sum(asked(servers)) == 1
    await chat.aclose()


async def test_where_no_box_is_left_the_reason_is_told(servers: list[SGLang]) -> None:
    chat = boxes_of(NOBODY, "http://127.0.0.1:1/v1")
    for _ in range(2):
        with pytest.raises(UnreachableError, match="could not be reached"):
            await ask(chat)
    with pytest.raises(ProviderError):
        await chat.check()
    await chat.aclose()


async def test_the_ladder_has_one_rung_for_all_boxes(servers: list[SGLang]) -> None:
    def understand(text: str, turn: Turn) -> Understanding:
        return Understanding((), reply="By rules.")

    urls = tuple(server.url for server in servers)
    ladder = build_ladder(LlmSettings(base_urls=urls), understand, [])
    assert [rung.name for rung in await ladder.health()] == ["sglang", "embedded"]
    for server in servers:
        server.will(Say("Hi."))
    stream = ladder.astream([HumanMessage("hello")], turn=TURN)
    message = add_ai_message_chunks(*[chunk async for chunk in stream])
    assert message.response_metadata["rung"] == "sglang"
    await ladder.aclose()
