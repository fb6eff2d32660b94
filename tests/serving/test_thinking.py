"""The thinking budget: asked for, kept by the client where the server doesn't, and never at the answer's cost."""

from types import MappingProxyType
from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.messages.ai import add_ai_message_chunks

from passfel.household.errors import BrokenAnswerError
from passfel.household.understanding import Effort
from passfel.serving.chat import SGLangChat
from passfel.serving.settings import LlmSettings, ThinkingSettings
from passfel.serving.thinking import ANSWER_ROOM, Thinking, patience
from passfel.tests.servers.sglang import CallTools, Fail, Say, SGLang, Stall

LONG = "I wonder about this and that, " * 60


async def ask(chat: SGLangChat, thinking: int | None, question: str = "Why?") -> AIMessageChunk:
    chunks = [chunk async for chunk in chat.astream([HumanMessage(question)], thinking=thinking)]
    return add_ai_message_chunks(*chunks)


def test_each_effort_has_its_budget_and_minus_one_is_none() -> None:
    settings = ThinkingSettings.model_validate({"simple": 0, "long_form": -1})
    efforts: list[Effort] = ["simple", "tool", "reasoning", "long_form"]
    assert [settings.of(effort) for effort in efforts] == [0, 256, 2048, None]


def test_thinking_is_counted_by_its_bytes_until_the_answer_begins() -> None:
    watch = Thinking(100)
    assert not watch.too_long(thought("x" * 4 * patience(100)))
    assert watch.tokens == patience(100)
    assert watch.too_long(thought("x"))
    assert not watch.too_long(AIMessageChunk(content="So:"))
    assert not Thinking(None).too_long(thought(LONG))


def thought(text: str) -> AIMessageChunk:
    return AIMessageChunk(content="", additional_kwargs={"reasoning_content": text})


async def test_the_budget_is_asked_for_and_leaves_room_for_the_answer(server: SGLang) -> None:
    chat = SGLangChat.from_settings(LlmSettings(base_url=server.url, max_tokens=100))
    server.will(Say("Because."), Say("Because."))
    await ask(chat, 512)
    await ask(chat, None)
    with_budget, without = server.requests
    assert with_budget["custom_params"] == {"thinking_budget": 512}
    assert with_budget["thinking_token_budget"] == 512
    assert with_budget["max_completion_tokens"] == 2 * patience(512) + ANSWER_ROOM
    assert without["max_completion_tokens"] == 100
    assert "custom_params" not in without
    await chat.aclose()


async def test_a_model_that_thinks_on_is_closed_and_goes_on_with_its_answer(
    server: SGLang, chat: SGLangChat
) -> None:
    server.will(Say("Never said.", reasoning=LONG), Say("Because."))
    message = await ask(chat, 64)
    assert message.text == "Because."
    assert patience(64) < message.response_metadata["thinking_closed"] < patience(64) + 20
    kept = message.additional_kwargs["reasoning_content"]
    asked, again = server.requests
    assert again["messages"][:-1] == asked["messages"]
    assert again["messages"][-1]["role"] == "assistant"
    assert again["messages"][-1]["content"].startswith(kept.rstrip())
    assert again["messages"][-1]["content"].endswith("\n</think>\n\n")
    assert again["continue_final_message"] is True
    assert "custom_params" not in again
    assert "continue_final_message" not in asked


async def test_the_closed_request_ends_on_the_server(server: SGLang, chat: SGLangChat) -> None:
    server.will(Stall(60, after=60, of=Say("Late.", reasoning=LONG)), Say("Because."))
    assert (await ask(chat, 16)).text == "Because."
    assert server.disconnected.wait(10)


async def test_a_call_can_follow_closed_thinking(server: SGLang, chat: SGLangChat) -> None:
    server.will(Say("Never said.", reasoning=LONG), CallTools([("add_task", {"title": "bins"})]))
    message = await ask(chat, 64)
    assert [call["args"] for call in message.tool_calls] == [{"title": "bins"}]


async def test_tokens_that_ran_out_while_thinking_do_not_cost_the_answer(
    server: SGLang, chat: SGLangChat
) -> None:
    server.will(Say("", reasoning="I think until the end", finish="length"), Say("Because."))
    message = await ask(chat, 4096)
    assert message.text == "Because."
    assert message.response_metadata["finish_reason"] == "stop"


async def test_without_any_thinking_the_answer_is_asked_for_at_once(server: SGLang, chat: SGLangChat) -> None:
    server.will(Say("Because."))
    assert (await ask(chat, 0)).text == "Because."
    assert len(server.requests) == 1
    assert server.requests[0]["messages"][-1]["content"] == "\n</think>\n\n"


async def test_a_server_that_keeps_the_budget_itself_is_asked_once(server: SGLang, chat: SGLangChat) -> None:
    server.will(Say("Because.", reasoning="word " * 64))
    assert (await ask(chat, 64)).text == "Because."
    assert len(server.requests) == 1


STRICT = {"enable_strict_thinking": True}


async def test_a_server_with_strict_thinking_keeps_the_budget_alone(server: SGLang, chat: SGLangChat) -> None:
    server.info = STRICT
    await chat.learn()
    server.will(CallTools([("add_task", {"title": "bins"})], reasoning=LONG))
    message = await ask(chat, 64)
    assert [call["args"] for call in message.tool_calls] == [{"title": "bins"}]
    assert len(message.additional_kwargs["reasoning_content"].split()) == 64
    [asked] = server.requests
    assert asked["custom_params"] == {"thinking_budget": 64}


async def test_no_thinking_at_all_is_left_to_a_server_with_strict_thinking(
    server: SGLang, chat: SGLangChat
) -> None:
    server.info = STRICT
    await chat.learn()
    server.will(Say("Because.", reasoning=LONG))
    assert (await ask(chat, 0)).text == "Because."
    [asked] = server.requests
    assert asked["custom_params"] == {"thinking_budget": 0}
    assert "continue_final_message" not in asked


async def test_thoughts_closed_here_would_cost_such_a_server_its_answer(server: SGLang) -> None:
    server.info = STRICT
    settings = LlmSettings.model_validate({"base_url": server.url, "thinking_kept_by": "client"})
    chat = SGLangChat.from_settings(settings)
    server.will(CallTools([("add_task", {"title": "bins"})]))
    message = await ask(chat, 0)
    assert (message.text, message.tool_calls) == ("on and on", [])
    await chat.aclose()


async def test_a_server_that_tells_nothing_can_be_said_to_keep_the_budget(server: SGLang) -> None:
    server.info = None
    settings = LlmSettings.model_validate({"base_url": server.url, "thinking_kept_by": "server"})
    chat = SGLangChat.from_settings(settings)
    server.will(Say("Because.", reasoning=LONG))
    assert (await ask(chat, 16)).text == "Because."
    [asked] = server.requests
    assert asked["custom_params"] == {"thinking_budget": 16}
    await chat.aclose()


@pytest.mark.parametrize(
    ("second", "words"),
    [(Say("", reasoning=LONG), "would not stop thinking"), (Fail(400, None), "refused the request")],
)
async def test_a_server_that_can_not_go_on_is_told_of_and_not_asked_again(
    server: SGLang, chat: SGLangChat, second: Any, words: str
) -> None:
    server.will(Say("Never said.", reasoning=LONG), second, Say("A third request must not be made."))
    with pytest.raises(Exception, match=words) as caught:
        await ask(chat, 64)
    assert isinstance(caught.value, BrokenAnswerError) or "refused" in str(caught.value)
    assert len(server.requests) == 2


class Drafted(Say):
    """An answer of a server that drafts."""

    speculation = MappingProxyType(
        {
            "spec_accept_rate": 0.75,
            "spec_accept_length": 2.5,
            "spec_num_correct_drafts": 30,
            "spec_num_proposed_drafts": 40,
            "spec_verify_ct": 20,
        }
    )


async def test_what_speculation_brought_is_in_the_usage(server: SGLang, chat: SGLangChat) -> None:
    server.will(Drafted("Hi.", reasoning="A short one."), Drafted("Hi.", reasoning="A short one."))
    for message in (await ask(chat, None), await chat.ainvoke("Hello")):
        assert message.usage_metadata is not None
        details = message.usage_metadata["output_token_details"]
        assert details == {"reasoning": 3, "drafted": 40, "draft_accepted": 30}
        assert message.response_metadata["speculation"]["accept_length"] == 2.5
        assert message.usage_metadata["total_tokens"] > 0
    assert all(request["return_spec_tokens_details"] for request in server.requests)
