"""Strict tools: what is sent of a schema under each server's rules, and what is left as it was."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import add_ai_message_chunks

from passfel.graph.house import build_house
from passfel.graph.settings import AssistantSettings
from passfel.memory.postgres import Database, PostgresSettings
from passfel.serving.boxes import BoxesChat
from passfel.serving.chat import SGLangChat
from passfel.serving.errors import RefusedError
from passfel.serving.settings import LlmSettings, StrictTools, VeniceSettings
from passfel.serving.strict import rules_at, strict_tool
from passfel.serving.venice import VeniceChat
from passfel.tests.servers.sglang import Raw, Say, SGLang, sglang
from passfel.tools.clock.tools import clock_tools

PROPERTIES = {
    "title": {"type": "string", "description": "its name."},
    "due": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}], "default": None},
    "where": {"type": "string", "default": "", "description": "a place."},
}
PARAMETERS = {"type": "object", "properties": PROPERTIES, "required": ["title"]}


def tool_of(parameters: dict[str, Any] | None) -> dict[str, Any]:
    function = {"name": "add", "description": "Add it."}
    return {
        "type": "function",
        "function": function if parameters is None else {**function, "parameters": parameters},
    }


def test_a_grammar_closes_the_object_and_leaves_optional_arguments_optional():
    sent = strict_tool(tool_of(PARAMETERS), "grammar")["function"]
    assert sent["strict"] is True
    assert sent["parameters"] == {**PARAMETERS, "additionalProperties": False}


def test_openai_gets_every_argument_required_and_is_told_how_one_is_left_out():
    sent = strict_tool(tool_of(PARAMETERS), "openai")["function"]
    assert sent["strict"] is True
    assert sent["parameters"]["required"] == ["title", "due", "where"]
    assert sent["parameters"]["additionalProperties"] is False
    assert "default" not in json.dumps(sent["parameters"])
    assert sent["parameters"]["properties"]["where"]["description"] == 'a place. To leave it out: "".'
    assert sent["parameters"]["properties"]["due"]["description"] == "To leave it out: null."


def test_nothing_of_a_tool_is_changed_in_place_or_when_it_is_off():
    tool = tool_of(PARAMETERS)
    before = json.dumps(tool)
    strict_tool(tool, "openai")
    assert json.dumps(tool) == before
    assert strict_tool(tool, "off") is tool


@pytest.mark.parametrize("rules", ["grammar", "openai"])
def test_a_tool_without_arguments_is_strict_too(rules: StrictTools):
    for parameters in (None, {"type": "object", "properties": {}}):
        assert (
            strict_tool(tool_of(parameters), rules)["function"]["parameters"]["additionalProperties"] is False
        )


def test_objects_inside_are_closed_as_well():
    inside = {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}}
    sent = strict_tool(tool_of({"type": "object", "properties": {"list": inside}}), "grammar")
    assert sent["function"]["parameters"]["properties"]["list"]["items"]["additionalProperties"] is False


@pytest.mark.parametrize(
    "part",
    [
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object"},
        {"type": "number", "multipleOf": 3},
        {"type": "string", "format": "phone-number"},
        {"type": "string", "pattern": "a+", "maxLength": 3},
        {"allOf": [{"type": "string"}]},
        True,
    ],
)
@pytest.mark.parametrize("rules", ["grammar", "openai"])
def test_what_no_grammar_can_hold_to_is_sent_as_it_is(part: Any, rules: StrictTools):
    tool = tool_of({"type": "object", "properties": {"part": part}, "required": ["part"]})
    assert strict_tool(tool, rules) is tool


def test_openai_does_not_get_an_optional_argument_that_nothing_stands_for():
    tool = tool_of({"type": "object", "properties": {"part": {"type": "string"}}})
    assert strict_tool(tool, "openai") is tool
    assert strict_tool(tool, "grammar") is not tool


def test_the_rules_go_by_the_server_unless_they_are_set():
    assert rules_at("http://127.0.0.1:30000/v1", "auto") == "grammar"
    assert rules_at("https://api.openai.com/v1", "auto") == "openai"
    assert rules_at("https://api.venice.ai/api/v1", "auto") == "off"
    assert rules_at("https://api.openai.com/v1", "off") == "off"


@pytest.fixture
def stranger() -> Iterator[SGLang]:
    with sglang() as server:
        yield server


@pytest.mark.parametrize("rules", ["grammar", "openai"])
async def test_every_tool_of_the_house_is_sent_strictly_and_the_head_is_the_same_each_time(
    server: SGLang, rules: StrictTools
):
    tools = build_house(AssistantSettings(), Database(PostgresSettings(), Path("/nowhere"))).tools
    chat = SGLangChat.from_settings(LlmSettings(base_url=server.url, strict_tools=rules))
    server.will(Say("One."), Say("Two."))
    for _ in range(2):
        await chat.bind_tools(tools).ainvoke("Hello")
    first, second = (json.dumps(request["tools"]) for request in server.requests)
    assert first == second
    loose = [t["function"]["name"] for t in server.requests[0]["tools"] if not t["function"].get("strict")]
    assert loose == []
    await chat.aclose()


async def test_several_boxes_and_venice_follow_their_own_settings(server: SGLang):
    boxes = BoxesChat.from_settings(LlmSettings(base_urls=(server.url,)))
    venice = VeniceChat.from_venice(
        VeniceSettings(base_url=server.url), LlmSettings(base_url=server.url, strict_tools="grammar")
    )
    server.will(Say("One."), Say("Two."))
    for model in (boxes, venice):
        [piece async for piece in model.bind_tools(clock_tools()).astream("Hello")]
    strict, loose = (
        [tool["function"].get("strict") for tool in request["tools"]] for request in server.requests
    )
    assert set(strict) == {True}
    assert set(loose) == {None}
    await boxes.aclose()
    await venice.aclose()


async def test_a_server_that_refuses_strict_says_what_to_set_and_is_served_then(stranger: SGLang):
    stranger.refuses_strict = True
    chat = SGLangChat.from_settings(LlmSettings(base_url=stranger.url))
    with pytest.raises(RefusedError, match=r"does not take strict tools: set llm\.strict_tools to off"):
        await chat.bind_tools(clock_tools()).ainvoke("Hello")
    stranger.will(Say("Hello."))
    other = SGLangChat.from_settings(LlmSettings(base_url=stranger.url, strict_tools="off"))
    assert (await other.bind_tools(clock_tools()).ainvoke("Hello")).text == "Hello."
    await chat.aclose()
    await other.aclose()


def _captures() -> list[Path]:
    for folder in Path(__file__).resolve().parents:
        found = folder.parent / "shared" / "recordings" / "llm" / "sglang-0.5.23"
        if (folder / "pyproject.toml").is_file() and found.is_dir():
            return sorted({*found.glob("tools_*strict*.txt"), *found.glob("strict_tools*.txt")})
    return []


@pytest.mark.skipif(not _captures(), reason="no recordings beside the repository")
@pytest.mark.parametrize("path", _captures(), ids=lambda path: path.stem)
async def test_what_a_real_server_took_as_strict_is_what_we_send_and_its_call_keeps_the_schema(
    server: SGLang, chat: SGLangChat, path: Path
):
    asked, _, answered = (await asyncio.to_thread(path.read_bytes)).partition(b"### response\n")
    taken = json.loads(asked[asked.index(b"{") :]).get("tools", [])
    bare = [_without_promise(tool) for tool in taken]
    assert [strict_tool(tool, "grammar") for tool in bare] == taken
    head, _, body = answered.partition(b"\n\n")
    if b'"tool_calls":[{' not in body or b'"finish_reason":"length"' in body or not taken:
        return
    streamed = b"event-stream" in head
    server.will(Raw(body, 200, "text/event-stream" if streamed else "application/json"))
    bound = chat.bind_tools(bare)
    message = await (_added(bound) if streamed else bound.ainvoke("Hello"))
    [call] = message.tool_calls
    schema = next(tool["function"] for tool in taken if tool["function"]["name"] == call["name"])[
        "parameters"
    ]
    assert set(call["args"]) == set(schema["required"])
    assert all(value in schema["properties"][name]["enum"] for name, value in call["args"].items())


async def _added(model: Any) -> AIMessage:
    return add_ai_message_chunks(*[piece async for piece in model.astream("Hello")])


def _without_promise(tool: dict[str, Any]) -> dict[str, Any]:
    function = {name: value for name, value in tool["function"].items() if name != "strict"}
    parameters = {
        name: value for name, value in function["parameters"].items() if name != "additionalProperties"
    }
    return {**tool, "function": {**function, "parameters": parameters}}
