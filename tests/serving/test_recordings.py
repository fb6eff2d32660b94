"""What a real SGLang 0.5.23 sent, replayed through the real client: nothing hangs, no broken answer passes."""

import contextlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import add_ai_message_chunks

from passfel.household.errors import BrokenAnswerError, LimitedError, ProviderError, UnreachableError
from passfel.serving.chat import SGLangChat
from passfel.serving.errors import EmptyAccountError, RefusedError
from passfel.tests.servers.sglang import Raw, SGLang


def _recordings() -> Path | None:
    for folder in Path(__file__).resolve().parents:
        found = folder.parent / "shared" / "recordings" / "llm"
        if (folder / "pyproject.toml").is_file() and found.is_dir():
            return found
    return None


RECORDINGS = _recordings()
OTHERS = sorted(RECORDINGS.glob("*.sse")) if RECORDINGS else []
pytestmark = pytest.mark.skipif(RECORDINGS is None, reason="no recordings beside the repository")

BROKEN: dict[str, type[ProviderError]] = {
    "abort_api_nonstream": BrokenAnswerError,
    "abort_api_stream": BrokenAnswerError,
    "chat_length_in_thinking_nonstream": BrokenAnswerError,
    "client_disconnect_stream": UnreachableError,
    "err_bad_json_schema_stream": RefusedError,
    "err_context_overflow_nonstream": RefusedError,
    "queue_full_nonstream": LimitedError,
    "queue_full_stream": LimitedError,
    "server_killed_midstream": UnreachableError,
}


@dataclass(frozen=True)
class Capture:
    """One exchange as it was written down."""

    streamed: bool
    answer: Raw


def read(path: Path) -> Capture | None:
    """Read a capture of the chat endpoint; None for those of other endpoints."""
    request, _, response = path.read_bytes().partition(b"### response\n")
    if b"POST /v1/chat/completions" not in request or not response.startswith(b"HTTP/1.1 "):
        return None
    response, note, _ = response.partition(b"\n### note:")
    head, _, body = response.partition(b"\n\n")
    status = int(head.split()[1])
    content_type = re.search(rb"(?im)^content-type: (.+?)\s*$", head)
    cut = bool(note) and b"[DONE]" not in body
    kind = content_type[1].decode() if content_type else "application/json"
    return Capture(b'"stream": true' in request, Raw(body, status, kind, dropped=cut))


CAPTURES = [
    path for path in sorted((RECORDINGS or Path("/nowhere")).glob("sglang-0.5.23/*.txt")) if read(path)
]


async def replay(server: SGLang, chat: SGLangChat, answer: Raw, streamed: bool) -> AIMessageChunk | None:
    server.will(answer)
    if not streamed:
        await chat.ainvoke("When is my next meeting?")
        return None
    chunks = [chunk async for chunk in chat.astream("When is my next meeting?")]
    return add_ai_message_chunks(*chunks)


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
async def test_a_capture_gives_an_answer_or_a_clear_error(
    server: SGLang, chat: SGLangChat, path: Path
) -> None:
    capture = read(path)
    assert capture is not None
    kind = BROKEN.get(path.stem) or (RefusedError if capture.answer.status >= 400 else None)
    if kind is None:
        try:
            await replay(server, chat, capture.answer, capture.streamed)
        except BrokenAnswerError as error:
            assert no_answer(capture), error  # noqa: PT017 - only some of them are answers
        return
    with pytest.raises(kind) as caught:
        await replay(server, chat, capture.answer, capture.streamed)
    assert type(caught.value) is kind
    assert "/" not in caught.value.sentence.replace("/v1", "")


def no_answer(capture: Capture) -> bool:
    """Whether a capture that ended normally holds neither a word nor a whole call."""
    body = capture.answer.body.decode()
    events = re.findall(r"(?m)^data: (\{.*\})$", body) if capture.streamed else [body]
    choices = [choice for event in events for choice in json.loads(event).get("choices", [])]
    parts = [choice.get("delta") or choice.get("message") or {} for choice in choices]
    text = "".join(part.get("content") or "" for part in parts).strip()
    finish = [choice.get("finish_reason") for choice in choices][-1]
    return (not text and not any(part.get("tool_calls") for part in parts)) or finish == "length"


async def test_a_captured_stream_is_read_word_for_word(server: SGLang, chat: SGLangChat) -> None:
    capture = read((RECORDINGS or Path()) / "sglang-0.5.23" / "chat_reasoning_stream.txt")
    assert capture is not None
    message = await replay(server, chat, capture.answer, streamed=True)
    assert message is not None
    assert message.text.startswith("Your next meeting is at nine o'clock")
    assert message.text.endswith("Übrigens: bring the slides!")
    assert message.additional_kwargs["reasoning_content"].startswith("The user asks about the next meeting.")
    assert message.usage_metadata is not None
    assert message.usage_metadata["output_token_details"] == {"reasoning": 10}
    assert message.response_metadata["model_provider"] == "sglang"


async def test_a_captured_tool_call_is_read_whole(server: SGLang, chat: SGLangChat) -> None:
    capture = read((RECORDINGS or Path()) / "sglang-0.5.23" / "tools_auto_call_stream.txt")
    assert capture is not None
    server.bytes_at_a_time = 3
    message = await replay(server, chat, capture.answer, streamed=True)
    assert message is not None
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [
        ("get_weather", {"city": "Zurich", "unit": "celsius"})
    ]
    assert message.text == ""


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.stem)
async def test_streams_of_other_servers_neither_hang_nor_crash(
    server: SGLang, chat: SGLangChat, path: Path
) -> None:
    answer = whole_body(path)
    with contextlib.suppress(ProviderError):
        assert await replay(server, chat, answer, streamed=True) is not None
        assert b'"finish_reason"' in answer.body


ERRORS: dict[str, tuple[type[ProviderError], str]] = {
    "llamacpp_error_context_400": (RefusedError, "longer than the language model can read"),
    "sglang_error_context_length_400": (RefusedError, "longer than the language model can read"),
    "venice_error_context_length_400": (RefusedError, "longer than the language model can read"),
    "vllm_error_context_length_400_old_flat": (RefusedError, "longer than the language model can read"),
    "from-source/vllm_error_context_length_400": (RefusedError, "longer than the language model can read"),
    "openai_error_context_length_exceeded_400": (RefusedError, "longer than the language model can read"),
    "openai_error_rate_limit_429": (LimitedError, "too busy"),
    "openai_error_rate_limit_request_too_large_429": (RefusedError, "larger than the account at"),
    "openai_error_insufficient_quota_429": (EmptyAccountError, "is empty"),
    "openai_error_unsupported_parameter_400": (RefusedError, "refused the request"),
    "venice_error_validation_400": (RefusedError, "refused the request"),
    "from-source/vllm_error_queue_full_503": (LimitedError, "too busy"),
}


@pytest.mark.parametrize("name", ERRORS)
async def test_an_error_of_another_server_says_the_same_as_ours(
    server: SGLang, chat: SGLangChat, name: str
) -> None:
    body = ((RECORDINGS or Path()) / f"{name}.json").read_bytes()
    status = re.search(r"_([45]\d\d)", name)
    assert status is not None
    kind, words = ERRORS[name]
    for streamed in (True, False):
        with pytest.raises(kind) as caught:
            await replay(server, chat, Raw(body, int(status[1]), "application/json"), streamed)
        assert type(caught.value) is kind
        assert words in caught.value.sentence


def whole_body(path: Path) -> Raw:
    """A file that holds the body alone."""
    return Raw(path.read_bytes())
