"""Every way in which the server fails: which error it becomes, and what the person reads."""

import socket

import pytest

from passfel.household.errors import BrokenAnswerError, LimitedError, ProviderError, UnreachableError
from passfel.serving.breaker import Breaker
from passfel.serving.chat import SGLangChat
from passfel.serving.errors import EmptyAccountError, RefusedError
from passfel.serving.settings import LlmSettings
from passfel.tests.servers.sglang import (
    Abort,
    CallTools,
    CutAfter,
    ErrorEvent,
    Fail,
    QueueFull,
    Raw,
    Say,
    SGLang,
    Stall,
    error_body,
)
from passfel.tests.servers.sglang_answers import Answer

OVERFLOW = error_body(
    400, "The input (40017 tokens) is longer than the model's context length (32768 tokens)."
)
BEYOND_THE_POOL = (
    "Input length (63310 tokens) exceeds the maximum allowed length (23994 tokens). Use a shorter input."
)
VLLM_OVERFLOW = {"error": {"message": "This model's maximum context length is 32768 tokens.", "code": 400}}
LLAMACPP_OVERFLOW = {
    "error": {
        "code": 400,
        "message": "the request exceeds the available context size, try increasing it",
        "type": "exceed_context_size_error",
    }
}


def openai_429(message: str, code: str) -> Fail:
    return Fail(429, {"error": {"message": message, "type": "tokens", "param": None, "code": code}})


BOTH: list[tuple[Answer, type[ProviderError], str]] = [
    (QueueFull(), LimitedError, "too busy"),
    (Fail(429, None), LimitedError, "too busy"),
    (Fail(500, None), UnreachableError, "a failure of its own (500)"),
    (Fail(502, "<html>Bad Gateway</html>"), UnreachableError, "a failure of its own (502)"),
    (Fail(504, None), UnreachableError, "in time"),
    (ErrorEvent(500, "Out of memory at /srv/sglang/pool.py"), UnreachableError, "a failure of its own (500)"),
    (ErrorEvent(400, "Failed to compile /project/cpp/grammar.cc"), RefusedError, "check llm.model"),
    (Fail(400, None), RefusedError, "check llm.model"),
    (Fail(400, OVERFLOW), RefusedError, "start a new one"),
    (Fail(400, error_body(400, BEYOND_THE_POOL)), RefusedError, "start a new one"),
    (ErrorEvent(400, BEYOND_THE_POOL), RefusedError, "start a new one"),
    (Fail(400, VLLM_OVERFLOW), RefusedError, "start a new one"),
    (Fail(400, LLAMACPP_OVERFLOW), RefusedError, "start a new one"),
    (Fail(413, "<html>Request Entity Too Large</html>"), RefusedError, "start a new one"),
    (Fail(410, {"error": "Gone"}), RefusedError, "no such address or model"),
    (
        openai_429("Rate limit reached. Please try again in 2s.", "rate_limit_exceeded"),
        LimitedError,
        "too busy",
    ),
    (
        openai_429("Request too large: Limit 30000, Requested 250011.", "rate_limit_exceeded"),
        RefusedError,
        "larger than the account at",
    ),
    (openai_429("You exceeded your current quota.", "insufficient_quota"), EmptyAccountError, "is empty"),
    (Fail(402, {"error": "Insufficient balance"}), EmptyAccountError, "is empty"),
    (Fail(401, {"error": "Unauthorized"}), RefusedError, "check llm.api_key"),
    (Fail(404, {"detail": "Not Found"}), RefusedError, "check llm.base_url"),
    (Abort("Half an"), BrokenAnswerError, "broke its answer off"),
    (Abort(), BrokenAnswerError, "broke its answer off"),
    (
        Say("", reasoning="I think and think", finish="length"),
        BrokenAnswerError,
        "before it came to an answer",
    ),
    (
        CallTools([("add", '{"minutes": 1')], finish="length"),
        BrokenAnswerError,
        "before it came to an answer",
    ),
    (CallTools([("add", '{"minutes": 1')]), BrokenAnswerError, "a tool call that can't be read"),
    (CallTools([("add", "[1, 2]")]), BrokenAnswerError, "can't be read"),
    (Raw(b"<html>Welcome to the router</html>", content_type="text/html"), BrokenAnswerError, ""),
    (Raw(b'{"choices": null}', content_type="application/json"), BrokenAnswerError, ""),
    (Raw(b"", content_type="application/json"), BrokenAnswerError, ""),
]
STREAM: list[tuple[Answer, type[ProviderError], str]] = [
    (CutAfter(0), UnreachableError, "dropped the connection"),
    (CutAfter(1), UnreachableError, "dropped the connection"),
    (CutAfter(6), UnreachableError, "dropped the connection"),
    (CutAfter(0, clean=True), BrokenAnswerError, "cut off"),
    (CutAfter(6, clean=True), BrokenAnswerError, "cut off"),
    (CutAfter(5, of=CallTools([("add", {"minutes": 15})]), clean=True), BrokenAnswerError, "cut off"),
    (ErrorEvent(503, after=4), LimitedError, "too busy"),
    (Raw(b"data: {not json}\n\ndata: [DONE]\n\n"), BrokenAnswerError, "can't be read"),
    (Raw(b'data: {"choices": [{"index": 0}]}\n\ndata: [DONE]\n\n'), BrokenAnswerError, ""),
    (Raw(b"data: \xff\xfe\n\n"), BrokenAnswerError, "can't be read"),
    (Raw(b'data: {"error": "it broke"}\n\n'), BrokenAnswerError, "can't be read"),
]
WHOLE: list[tuple[Answer, type[ProviderError], str]] = [
    (CutAfter(0), UnreachableError, "dropped the connection"),
    (CutAfter(0, clean=True), BrokenAnswerError, "can't be read"),
]


async def fail_streaming(chat: SGLangChat) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        [chunk async for chunk in chat.astream("Hello")]
    return caught.value


def assert_readable(error: ProviderError, kind: type[ProviderError], words: str) -> None:
    assert type(error) is kind, repr(error)
    assert words in error.sentence
    assert error.source == "the language model"
    assert error.sentence.endswith(".")
    assert "/srv" not in error.sentence
    assert "/project" not in error.sentence


@pytest.mark.parametrize(("answer", "kind", "words"), [*BOTH, *STREAM])
async def test_a_failing_stream(
    server: SGLang, chat: SGLangChat, answer: Answer, kind: type[ProviderError], words: str
) -> None:
    server.will(answer, Say("A second request must not be made."))
    assert_readable(await fail_streaming(chat), kind, words)
    assert len(server.requests) == 1


@pytest.mark.parametrize(("answer", "kind", "words"), [*BOTH, *WHOLE])
async def test_a_failing_whole_answer(
    server: SGLang, chat: SGLangChat, answer: Answer, kind: type[ProviderError], words: str
) -> None:
    server.will(answer, Say("A second request must not be made."))
    with pytest.raises(ProviderError) as caught:
        await chat.ainvoke("Hello")
    assert_readable(caught.value, kind, words)
    assert len(server.requests) == 1


async def test_a_server_that_limits_the_rate_says_for_how_long(server: SGLang, chat: SGLangChat) -> None:
    server.will(Fail(429, None, **{"retry-after": "7"}))
    with pytest.raises(LimitedError) as caught:
        await chat.ainvoke("Hello")
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 7


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("2s", 2), ("1.5s", 1.5), ("20ms", 0.02), ("1m30s", 90), ("6m0s", 360), ("1h", 3600)],
)
async def test_how_long_to_wait_is_read_from_the_words_where_no_header_says_it(
    server: SGLang, chat: SGLangChat, words: str, seconds: float
) -> None:
    server.will(
        openai_429(f"Rate limit reached. Please try again in {words}. Visit us.", "rate_limit_exceeded")
    )
    with pytest.raises(LimitedError) as caught:
        await chat.ainvoke("Hello")
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == seconds


async def test_an_empty_account_is_left_alone_for_long_whatever_the_breaker_waits() -> None:
    now = 0.0
    breaker = Breaker(0, clock=lambda: now)
    breaker.note(EmptyAccountError("the language model", "The account is empty."))
    now = 600
    assert not breaker.admits(object())
    now = 901
    assert breaker.admits(object())


async def test_nobody_at_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    chat = SGLangChat.from_settings(LlmSettings(base_url=f"http://127.0.0.1:{port}"))
    error = await fail_streaming(chat)
    assert_readable(error, UnreachableError, f"at 127.0.0.1:{port} could not be reached")
    with pytest.raises(UnreachableError):
        await chat.check()
    await chat.aclose()


@pytest.mark.parametrize("after", [0, 3])
async def test_silence_ends_at_the_read_deadline(server: SGLang, after: int) -> None:
    chat = SGLangChat.from_settings(LlmSettings(base_url=server.url, read_deadline_s=0.2))
    server.will(Stall(60, after=after))
    assert_readable(await fail_streaming(chat), UnreachableError, "")
    await chat.aclose()


async def test_a_long_answer_that_ran_out_of_tokens_is_kept_and_marked(
    server: SGLang, chat: SGLangChat
) -> None:
    server.will(Say("A very long story", finish="length"))
    message = await chat.ainvoke("Tell me")
    assert message.text == "A very long story"
    assert message.response_metadata["finish_reason"] == "length"
