"""A person's message as it enters the conversation: an id, a time, a speaker, and readable text.

What is written here is stored with the message, so that a turn that is replayed comes out the same,
whoever replays it.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage
from langgraph.graph.message import add_messages

SURROGATES = re.compile("[\ud800-\udfff]")


def add_requests(left: Any, right: Any) -> Any:
    """The reducer of `messages`: LangGraph's own, and every request carries its time."""
    before = {message.id for message in left or []}
    merged: list[AnyMessage] = add_messages(left or [], right)  # type: ignore[assignment]
    return [
        _stamped(message) if isinstance(message, HumanMessage) and message.id not in before else message
        for message in merged
    ]


def stamp(messages: Sequence[BaseMessage], said_at: datetime, speaker: Mapping[str, str]) -> list[Any]:
    """The same messages, the requests among them with their time and speaker."""
    return [
        _stamped(message, said_at, speaker) if isinstance(message, HumanMessage) else message
        for message in messages
    ]


def speaker_of(messages: Sequence[AnyMessage]) -> dict[str, str]:
    """The context that the latest request was said in, as far as it was kept."""
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            return dict(message.additional_kwargs.get("speaker", {}))
    return {}


def _stamped(
    message: HumanMessage, said_at: datetime | None = None, speaker: Mapping[str, str] | None = None
) -> HumanMessage:
    marks: dict[str, Any] = {}
    if "said_at" not in message.additional_kwargs:
        marks["said_at"] = (said_at or datetime.now(UTC)).isoformat()
    if speaker and "speaker" not in message.additional_kwargs:
        marks["speaker"] = dict(speaker)
    content = _encodable(message.content)
    if not marks and content is message.content:
        return message
    kept = {**message.additional_kwargs, **marks}
    return message.model_copy(update={"content": content, "additional_kwargs": kept})


def _encodable(content: Any) -> Any:
    """Text without lone surrogates, which neither UTF-8 nor Postgres can keep."""
    if isinstance(content, str) and not content.isascii() and SURROGATES.search(content):
        return SURROGATES.sub("\ufffd", content)
    return content
