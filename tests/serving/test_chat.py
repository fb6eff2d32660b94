"""The client against a stand-in SGLang: reasoning, tool calls, usage, what is sent."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolMessage
from langchain_core.runnables import Runnable
from langgraph.graph import END, START, MessagesState, StateGraph
from pydantic import SecretStr

from passfel.household.errors import SettingsError
from passfel.serving.chat import SGLangChat
from passfel.serving.settings import LlmSettings
from passfel.tests.servers.sglang import Abort, CallTools, Say, SGLang, Stall, sglang

TOOL = {
    "type": "function",
    "function": {
        "name": "add_task",
        "description": "Add a task.",
        "parameters": {"type": "object", "properties": {"title": {"type": "string"}}},
    },
}


async def streamed(model: Runnable[Any, Any], question: Any = "Hello") -> AIMessageChunk:
    whole: AIMessageChunk | None = None
    async for chunk in model.astream(question):
        whole = chunk if whole is None else whole + chunk
    assert whole is not None
    return whole


def reasoning(message: BaseMessage) -> str:
    return str(message.additional_kwargs.get("reasoning_content", ""))


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
async def test_reasoning_is_kept_whole_and_streamed_under_both_names(
    server: SGLang, chat: SGLangChat, field: str
) -> None:
    answer = Say("It is nine o'clock.", reasoning="They ask for the time.", field=field)
    server.will(answer, answer)
    for message in (await chat.ainvoke("What time is it?"), await streamed(chat)):
        assert message.text == "It is nine o'clock."
        assert reasoning(message) == "They ask for the time."
        assert message.response_metadata["model_provider"] == "sglang"
        assert [block["type"] for block in message.content_blocks] == ["reasoning", "text"]


def test_the_synchronous_calls_keep_reasoning_too(server: SGLang, chat: SGLangChat) -> None:
    server.will(Say("Yes.", reasoning="Hm."), Say("Yes.", reasoning="Hm."))
    whole = AIMessageChunk(content="")
    for chunk in chat.stream("Is it?"):
        whole += chunk
    for message in (chat.invoke("Is it?"), whole):
        assert (message.text, reasoning(message)) == ("Yes.", "Hm.")


async def test_tokens_and_reasoning_reach_a_graphs_message_stream(server: SGLang, chat: SGLangChat) -> None:
    async def decide(state: MessagesState) -> dict[str, list[BaseMessage]]:
        return {"messages": [await streamed(chat, state["messages"])]}

    graph = (
        StateGraph(MessagesState).add_node(decide).add_edge(START, "decide").add_edge("decide", END).compile()
    )
    server.will(Say("One two three four.", reasoning="Let me count to four."))
    seen: list[Any] = [
        chunk
        async for chunk, _ in graph.astream({"messages": [HumanMessage("Count")]}, stream_mode="messages")
    ]
    assert "".join(chunk.text for chunk in seen) == "One two three four."
    assert "".join(map(reasoning, seen)) == "Let me count to four."
    assert len(seen) > 4


async def test_usage_tells_cached_and_reasoning_tokens(server: SGLang, chat: SGLangChat) -> None:
    server.will(Say("Hi.", reasoning="A short one."), Say("Again.", reasoning="A short one."))
    first = [HumanMessage("Hello there")]
    hello = await chat.ainvoke(first)
    message = await streamed(chat, [*first, hello, HumanMessage("And again")])
    assert message.usage_metadata is not None
    assert message.usage_metadata["input_token_details"].get("cache_read", 0) > 0
    assert message.usage_metadata["output_token_details"] == {"reasoning": 3}
    assert server.requests[1]["stream_options"] == {"include_usage": True}


async def test_sampling_and_the_thinking_budget_are_sent_and_the_turn_is_not(
    server: SGLang, chat: SGLangChat
) -> None:
    server.will(Say("Hi."))
    await chat.ainvoke("Hello", thinking=256, turn=object())
    sent = server.requests[0]
    assert {key: sent[key] for key in ("model", "temperature", "top_p", "top_k")} == {
        "model": "passfel",
        "temperature": 0.6,
        "top_p": 0.95,
        "top_k": 20,
    }
    assert sent["custom_params"] == {"thinking_budget": 256}
    assert sent["max_completion_tokens"] == 16384
    assert "turn" not in sent


async def test_reasoning_goes_back_inside_a_tool_loop_and_is_dropped_from_earlier_turns(
    server: SGLang, chat: SGLangChat
) -> None:
    server.will(
        CallTools([("add_task", {"title": "bins"})], reasoning="A task."), Say("Added.", "It worked.")
    )
    turn: list[BaseMessage] = [HumanMessage("Bins!")]
    turn.append(await streamed(chat.bind_tools([TOOL]), turn))
    assert isinstance(turn[1], AIMessage)
    turn.append(ToolMessage("Added bins.", tool_call_id=turn[1].tool_calls[0]["id"]))
    turn.append(await chat.ainvoke(turn))
    assert [sent.get("reasoning_content") for sent in server.requests[1]["messages"]] == [
        None,
        "A task.",
        None,
    ]

    server.will(Say("You are welcome."))
    await chat.ainvoke([*turn, HumanMessage("Thanks")])
    assert [sent["role"] for sent in server.requests[2]["messages"]] == [
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]
    assert not any("reasoning_content" in sent for sent in server.requests[2]["messages"])


ARGUMENTS = {
    "title": 'Zürich "quoted" \\ 🚀 \n new',
    "tags": ["ä", "\u2028"],
    "deep": {"n": -1.5e3, "none": None},
}
LENGTH = len(json.dumps(ARGUMENTS))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, LENGTH), max_size=12), ascii_only=st.booleans(), size=st.integers(0, 5))
async def test_tool_calls_come_together_wherever_they_are_cut(
    server: SGLang, chat: SGLangChat, cuts: list[int], ascii_only: bool, size: int
) -> None:
    server.forget()
    server.bytes_at_a_time = size
    server.will(CallTools([("add_task", ARGUMENTS)], reasoning="ü", split=cuts, ascii_only=ascii_only))
    message = await streamed(chat)
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [("add_task", ARGUMENTS)]
    assert not message.invalid_tool_calls


@pytest.mark.parametrize("size", [0, 1, 7])
async def test_parallel_calls_interleaved_character_by_character_are_told_apart(
    server: SGLang, chat: SGLangChat, size: int
) -> None:
    calls: list[tuple[str, Any]] = [("add_task", ARGUMENTS), ("list_tasks", {}), ("add_note", {"text": "ö"})]
    server.bytes_at_a_time = size
    server.will(CallTools(calls, split="awkward"))
    message = await streamed(chat)
    assert [(call["name"], call["args"]) for call in message.tool_calls] == calls
    assert len({call["id"] for call in message.tool_calls}) == 3
    assert message.text == ""


async def test_tool_calls_of_a_whole_answer(server: SGLang, chat: SGLangChat) -> None:
    server.will(CallTools([("add_task", ARGUMENTS)], reasoning="A task."))
    message = await chat.ainvoke("Go")
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [("add_task", ARGUMENTS)]
    assert reasoning(message) == "A task."


async def test_cancelling_the_task_closes_the_connection(server: SGLang, chat: SGLangChat) -> None:
    server.will(Stall(60, after=3, of=Say("One two three four.")))
    first = asyncio.Event()

    async def listen() -> None:
        async for _ in chat.astream("Count"):
            first.set()

    task = asyncio.create_task(listen())
    await first.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(server.disconnected.wait, 10)


async def test_leaving_the_stream_early_closes_the_connection(server: SGLang, chat: SGLangChat) -> None:
    server.will(Stall(60, after=3, of=Say("One two three four.")))
    stream = chat.astream("Count")
    await anext(stream)
    await cast("AsyncGenerator[AIMessageChunk]", stream).aclose()
    assert await asyncio.to_thread(server.disconnected.wait, 10)


async def test_the_health_check_names_the_model_and_says_when_another_is_offered(
    server: SGLang, chat: SGLangChat
) -> None:
    assert "passfel answers at 127.0.0.1" in await chat.check()
    other = SGLangChat.from_settings(LlmSettings(base_url=server.url, model="other"))
    assert "offers passfel in place of other" in await other.check()
    await other.aclose()


async def test_the_key_is_sent() -> None:
    with sglang(api_key="sesame") as locked:
        locked.will(Say("Welcome."))
        chat = SGLangChat.from_settings(LlmSettings(base_url=locked.url, api_key=SecretStr("sesame")))
        assert (await chat.ainvoke("Knock")).text == "Welcome."
        assert "sesame" not in repr(chat)
        await chat.aclose()


async def test_an_abort_before_any_word_is_no_answer(server: SGLang, chat: SGLangChat) -> None:
    server.will(Abort())
    with pytest.raises(Exception, match="broke its answer off"):
        await chat.ainvoke("Hello")


def test_without_an_address_there_is_no_client_that_would_call_somebody_else() -> None:
    with pytest.raises(SettingsError, match="no language model server to talk to"):
        SGLangChat.from_settings(LlmSettings())


async def test_the_environment_does_not_redirect_it(server: SGLang, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "OPENAI_PROXY",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "OPENAI_BASE_URL",
        "OPENAI_API_BASE",
    ):
        monkeypatch.setenv(name, "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-somebody")
    server.will(Say("At home."))
    chat = SGLangChat.from_settings(LlmSettings(base_url=server.url))
    assert (await chat.ainvoke("Where?")).text == "At home."
    await chat.aclose()
