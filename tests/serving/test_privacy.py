"""Venice.ai sees the words of the present request, and nothing else of the household."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolMessage
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.tools import tool
from pydantic import SecretStr, ValidationError

from passfel.household.turn import Place, Turn
from passfel.household.understanding import Understanding
from passfel.nodes.prompt import build_prompt
from passfel.serving.errors import RefusedError
from passfel.serving.ladder import ModelLadder, build_ladder
from passfel.serving.privacy import withhold
from passfel.serving.settings import LlmSettings, VeniceSettings
from passfel.serving.venice import VeniceChat
from passfel.tests.servers.sglang import Fail, QueueFull, Say, SGLang, sglang

TURN = Turn(
    now=datetime(2026, 11, 23, 20, 0, tzinfo=UTC), person="ana-secret", home=Place("Sintra", 38.8, -9.4)
)
SECRETS = ("Silva", "oncologist", "4711", "divorce", "sk-", "Sintra", "Monday", "ana-secret", "find_contact")


@tool
def find_contact(name: str) -> str:
    """Find Dr. Silva's number."""
    return name


def conversation() -> list[BaseMessage]:
    """A history full of what nobody outside the house may read."""
    call: Any = {"name": "find_contact", "args": {"name": "Silva"}, "id": "c1", "type": "tool_call"}
    context = "It is Monday, at home in Sintra. Calendar: oncologist at 15:00. Notes: the alarm code is 4711."
    return build_prompt(
        [
            HumanMessage("my lawyer for the divorce is Silva", additional_kwargs={"context": context}),
            AIMessage("", tool_calls=[call], additional_kwargs={"reasoning_content": "The divorce again."}),
            ToolMessage("Dr. Silva: sk-555 0100.", tool_call_id="c1", name="find_contact"),
            AIMessage("Your divorce lawyer is Dr. Silva."),
            HumanMessage("how long do I boil an egg", additional_kwargs={"context": context}),
        ]
    )


@pytest.fixture
def venice() -> Any:
    with sglang("zai-org-glm-4.7", api_key="key-of-venice") as server:
        yield server


def settings(venice: SGLang, **more: Any) -> VeniceSettings:
    given = {"enabled": True, "api_key": SecretStr("key-of-venice"), "base_url": venice.url}
    return VeniceSettings.model_validate(given | more)


@pytest.fixture
async def ladder(server: SGLang, venice: SGLang) -> AsyncIterator[ModelLadder]:
    made = build_ladder(LlmSettings(base_url=server.url), understand, [], venice=settings(venice))
    yield made
    await made.aclose()


def understand(text: str, turn: Turn) -> Understanding:
    return Understanding((), reply="By rules.")


async def ask(ladder: ModelLadder, messages: list[BaseMessage]) -> AIMessageChunk:
    stream = ladder.astream(messages, [find_contact], turn=TURN, thinking=128)
    return add_ai_message_chunks(*[chunk async for chunk in stream])


def test_what_is_left_is_a_head_and_the_request() -> None:
    left = withhold(conversation())
    assert [message.type for message in left] == ["system", "human"]
    assert left[1].text == "how long do I boil an egg"
    assert not left[1].additional_kwargs


async def test_no_secret_leaves_the_house(server: SGLang, venice: SGLang, ladder: ModelLadder) -> None:
    server.will(QueueFull())
    venice.will(Say("Seven minutes.", reasoning="An egg."))
    message = await ask(ladder, conversation())
    assert (message.text, message.response_metadata["rung"]) == ("Seven minutes.", "venice")
    assert any(secret in json.dumps(server.requests[0]) for secret in SECRETS)
    sent = json.dumps(venice.requests[0])
    assert [secret for secret in SECRETS if secret in sent] == []
    assert "how long do I boil an egg" in sent
    assert not {"tools", "custom_params", "thinking_token_budget", "top_k"} & set(venice.requests[0])
    assert venice.requests[0]["venice_parameters"] == {"include_venice_system_prompt": False}


async def test_a_turn_whose_tools_have_answered_is_finished_in_the_house(
    server: SGLang, venice: SGLang, ladder: ModelLadder
) -> None:
    server.will(QueueFull())
    message = await ask(ladder, conversation()[:4])
    assert message.response_metadata["rung"] == "embedded"
    assert "Dr. Silva: sk-555 0100." in message.text
    assert venice.requests == []


async def test_who_allows_it_shares_the_whole_conversation(server: SGLang, venice: SGLang) -> None:
    shared = settings(venice, private_context=True)
    ladder = build_ladder(LlmSettings(base_url=server.url), understand, [], venice=shared)
    server.will(QueueFull())
    venice.will(Say("Seven minutes."))
    await ask(ladder, conversation())
    assert "oncologist" in json.dumps(venice.requests[0])
    assert venice.requests[0]["tools"]
    await ladder.aclose()


async def test_it_is_off_by_default_and_needs_a_key(server: SGLang) -> None:
    ladder = build_ladder(LlmSettings(base_url=server.url), understand, [], venice=VeniceSettings())
    assert [rung.name for rung in await ladder.health()] == ["sglang", "embedded"]
    await ladder.aclose()
    with pytest.raises(ValidationError, match=r"venice\.api_key"):
        VeniceSettings(enabled=True)


@pytest.mark.parametrize(
    ("failure", "kind", "words"),
    [
        (Fail(401, {"error": "Authentication failed"}), RefusedError, "check venice.api_key"),
        (Fail(402, {"error": "Insufficient balance"}), None, "has no balance left"),
        (Fail(429, {"error": "Too many requests"}), None, "too busy"),
        (Fail(503, {"error": "The model is at capacity"}), None, "too busy"),
        (
            Fail(400, {"error": "Invalid request parameters", "issues": []}),
            RefusedError,
            "check venice.model",
        ),
        (
            Fail(400, {"error": {"message": "Your request exceeds the model's maximum context."}}),
            RefusedError,
            "start a new one",
        ),
    ],
)
async def test_its_refusals_name_its_own_settings_and_its_absence_steps_down(
    server: SGLang, venice: SGLang, ladder: ModelLadder, failure: Any, kind: Any, words: str
) -> None:
    server.will(QueueFull())
    venice.will(failure)
    if kind:
        with pytest.raises(kind, match=words):
            await ask(ladder, conversation())
        return
    message = await ask(ladder, conversation())
    assert message.response_metadata["rung"] == "embedded"
    assert words in message.response_metadata["stepped_down"]


async def test_it_is_asked_to_wait_no_sooner_than_it_said(
    server: SGLang, venice: SGLang, ladder: ModelLadder
) -> None:
    server.will(QueueFull(), Say("Back."))
    venice.will(Fail(429, None, **{"retry-after": "60"}))
    await ask(ladder, conversation())
    assert [rung.breaker for rung in await ladder.health()] == ["closed", "open", "closed"]


async def test_the_check_says_that_venices_list_has_the_model(venice: SGLang) -> None:
    chat = VeniceChat.from_venice(settings(venice), LlmSettings())
    assert (await chat.check()).endswith("its list has the model zai-org-glm-4.7.")
    await chat.aclose()


async def test_a_model_that_venice_has_not_is_a_problem_with_the_nearest_names(venice: SGLang) -> None:
    ladder = build_ladder(LlmSettings(), understand, [], venice=settings(venice, model="zai-org-glm-4.6"))
    found = next(health for health in await ladder.health() if health.name == "venice")
    assert not found.ok
    assert "its list has no model zai-org-glm-4.6" in found.sentence
    assert found.sentence.endswith("are zai-org-glm-4.7: set venice.model.")
    await ladder.aclose()
