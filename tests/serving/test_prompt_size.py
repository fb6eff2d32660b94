"""A prompt that can't fit into the server's pool is not sent: it would be queued for ever, and all behind it."""

import asyncio
import random
import re
from collections.abc import Sequence
from typing import Any

import httpx2
import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from passfel.serving.chat import SGLangChat
from passfel.serving.errors import RefusedError
from passfel.serving.prompt_size import SLACK, PromptSizes, marks_of
from passfel.serving.server_facts import FRESH_S, ServerFacts, ServerInquiry, read_facts
from passfel.serving.settings import LlmSettings
from passfel.tests.servers.sglang import Fail, Say, SGLang, sglang

WORDS = re.findall(r"\w+", "the bins are out on monday and grandmother comes for lunch at noon with a cake")
ENGLISH = 4.5
"""Bytes a token of English prose, about."""


def prose(tokens: int) -> str:
    """English of about so many tokens."""
    draw = random.Random(tokens)  # noqa: S311 - words for a test
    text, size = [], 0
    while size < tokens * ENGLISH:
        text.append(draw.choice(WORDS))
        size += len(text[-1]) + 1
    return " ".join(text)


def payload(*texts: str, tools: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    return {"tools": list(tools), "messages": [{"role": "user", "content": text} for text in texts]}


def least(sizes: PromptSizes, *texts: str) -> int:
    return sizes.at_least(marks_of(payload(*texts)))


@pytest.mark.parametrize("tokens", [1_000, 20_000, 100_000])
def test_a_guess_stays_a_fifth_below_what_prose_really_has(tokens: int):
    assert 0.6 * tokens < least(PromptSizes(), prose(tokens)) < 0.8 * tokens


def test_what_the_server_counted_is_believed_and_only_what_was_added_is_guessed():
    sizes, first = PromptSizes(), prose(10_000)
    sizes.counted(marks_of(payload(first)), 10_000)
    assert least(sizes, first) == 10_000 - SLACK
    assert least(sizes, first, prose(1_000)) == pytest.approx(10_000 - SLACK + 750, abs=60)
    assert least(sizes, prose(10_001)) < 8_000


def test_wordier_text_than_ever_seen_makes_the_guess_lower_for_all():
    sizes, german = PromptSizes(), "Donaudampfschifffahrt " * 1_000
    sizes.counted(marks_of(payload(german)), 2_200)
    assert least(sizes, prose(10_000)) < 10_000 * ENGLISH / 10


def test_denser_text_never_makes_the_guess_higher_for_other_text():
    sizes = PromptSizes()
    before = least(sizes, prose(10_000))
    sizes.counted(marks_of(payload("0 1 2 3 4 5 6 7 8 9 " * 500)), 10_000)
    assert least(sizes, prose(10_000)) == before


def test_rulers_blank_space_and_pictures_are_no_reason_to_refuse():
    ruled = payload("=" * 100_000 + "\n" * 100_000)
    assert PromptSizes().at_least(marks_of(ruled, squeezed=True)) < 10
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "ab" * 50_000}}
    shown = {"messages": [{"role": "user", "content": [{"type": "text", "text": "this?"}, picture]}]}
    assert PromptSizes().at_least(marks_of(shown)) < 10


def test_the_longest_prompt_is_the_smaller_of_pool_and_context_and_unknown_elsewhere():
    told = {"max_total_num_tokens": 66_000, "context_length": 32_768}
    assert read_facts(told) == ServerFacts(32_768)
    assert read_facts({**told, "max_total_num_tokens": 9_000}).longest_prompt == 9_000
    assert read_facts({**told, "enable_strict_thinking": True}).strict_thinking
    assert read_facts({"context_length": 32_768}) == read_facts({"vllm_config": "…"}) == ServerFacts()


async def ask(chat: SGLangChat, *messages: BaseMessage | str) -> str:
    given = [HumanMessage(one) if isinstance(one, str) else one for one in messages]
    return "".join([str(chunk.text) async for chunk in chat.astream(given)])


async def test_a_prompt_beyond_the_pool_is_refused_in_the_words_of_a_conversation_that_is_too_long(
    server: SGLang, chat: SGLangChat
):
    server.pool = 5_000
    await chat.learn()
    for asked in (ask(chat, prose(8_000)), chat.ainvoke(prose(8_000))):
        with pytest.raises(RefusedError, match="has grown longer than the language model can read"):
            await asked
    assert server.requests == []


async def test_a_prompt_that_fits_is_sent_though_its_words_are_long(server: SGLang, chat: SGLangChat):
    server.pool = 5_000
    await chat.learn()
    server.will(Say("Fine."))
    assert await ask(chat, "lunch " * 4_900) == "Fine."


async def test_a_conversation_that_grows_into_the_pool_is_refused_by_the_servers_own_count(
    server: SGLang, chat: SGLangChat
):
    """The guess alone would have let it through: the words of this text are a byte and a blank each."""
    server.info = {"max_total_num_tokens": 2_000}
    await chat.learn()
    dense = "a " * 1_950
    server.will(Say("One."))
    assert await ask(chat, dense) == "One."
    with pytest.raises(RefusedError, match="has grown longer"):
        await ask(chat, dense, AIMessage("One."), prose(300))
    assert len(server.requests) == 1


async def test_the_first_call_asks_the_server_beside_it_and_later_ones_do_not(
    server: SGLang, chat: SGLangChat
):
    server.will(Say("One."), Say("Two."))
    assert await ask(chat, "one") + await ask(chat, "two") == "One.Two."
    await chat.learn()
    assert server.info_asked == 1


async def test_without_server_info_there_is_no_guard(server: SGLang, chat: SGLangChat):
    server.info = None
    await chat.learn()
    server.will(Say("All read."))
    assert await ask(chat, prose(60_000)) == "All read."


async def test_a_turn_does_not_wait_for_a_server_that_keeps_its_info_to_itself():
    asked = asyncio.Event()

    async def silent(_: httpx2.Request) -> httpx2.Response:
        asked.set()
        never: asyncio.Future[httpx2.Response] = asyncio.get_running_loop().create_future()
        return await never

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(silent)) as client:
        inquiry = ServerInquiry(client, "http://box:30000/v1")
        inquiry.begin()
        await asked.wait()
        assert inquiry.facts == ServerFacts()
        await inquiry.aclose()


async def test_the_key_is_shown_to_a_server_that_wants_one():
    with sglang(api_key="right") as locked:
        settings = LlmSettings.model_validate({"base_url": locked.url, "api_key": "right"})
        chat = SGLangChat.from_settings(settings)
        locked.pool = 10
        await chat.learn()
        with pytest.raises(RefusedError, match="has grown longer"):
            await ask(chat, prose(400))
        await chat.aclose()


async def test_facts_are_asked_for_again_after_a_while_and_hold_while_the_server_is_down(server: SGLang):
    now = [0.0]
    async with httpx2.AsyncClient(trust_env=False) as client:
        inquiry = ServerInquiry(client, server.url, clock=lambda: now[0])
        server.pool = 9_000
        assert (await inquiry.learn()).longest_prompt == 9_000
        server.pool = 7_000
        assert (await inquiry.learn()).longest_prompt == 9_000
        now[0] = FRESH_S + 1
        assert (await inquiry.learn()).longest_prompt == 7_000
        gone = ServerInquiry(client, "http://127.0.0.1:9/v1", clock=lambda: now[0])
        assert await gone.learn() == ServerFacts()


async def test_a_refusal_by_the_server_itself_still_counts(server: SGLang, chat: SGLangChat):
    told = "The input (82022 tokens) is longer than the model's context length (32768 tokens)."
    server.will(Fail(400, {"object": "error", "message": told, "code": 400}))
    with pytest.raises(RefusedError, match="has grown longer"):
        await ask(chat, "short to us")
