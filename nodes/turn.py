"""What the steps share: this turn's surroundings, and its part of the history."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.runtime import Runtime

from passfel.household.turn import Turn


class TurnContext(Protocol):
    """The fields of the graph's context that a turn is made of."""

    user: str
    time_zone: str
    locale: str
    units: str
    home_place: str


MakeTurn = Callable[[TurnContext | None], Turn]
"""Makes a turn of this moment from a run's context and the household's settings."""


def latest_request(messages: Sequence[AnyMessage]) -> HumanMessage:
    """The person's message that this turn answers.

    Raises:
        ValueError: there is none.
    """
    for message in reversed(messages):
        if isinstance(message, HumanMessage):
            return message
    raise ValueError("a turn needs a message from the person")


def messages_of_turn(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """What came after the person's latest message."""
    for index in range(len(messages) - 1, -1, -1):
        if isinstance(messages[index], HumanMessage):
            return list(messages[index + 1 :])
    return list(messages)


def tool_results(messages: Sequence[AnyMessage]) -> list[ToolMessage]:
    """The tools' answers of this turn, in order."""
    turn = messages_of_turn(messages)
    made = {call["id"] for message in turn if isinstance(message, AIMessage) for call in message.tool_calls}
    return [message for message in turn if isinstance(message, ToolMessage) and message.tool_call_id in made]


def unanswered(messages: Sequence[AnyMessage]) -> AIMessage | None:
    """The latest message with tool calls of which none has an answer: the run stopped before them."""
    answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    for message in reversed(messages):
        if isinstance(message, AIMessage):
            waiting = [call for call in message.tool_calls if call["id"] not in answered]
            return message if waiting else None
    return None


def thread_of(runtime: Runtime[Any]) -> str:
    """The conversation's id; empty outside one."""
    info = runtime.execution_info
    return (info.thread_id or "") if info else ""


def turn_at(turn: Turn, said_at: str | None) -> Turn:
    """The turn as it was when the person spoke, also when it is replayed later."""
    if not said_at:
        return turn
    return replace(turn, now=datetime.fromisoformat(said_at).astimezone(turn.now.tzinfo))
