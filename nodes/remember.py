"""After the answer has been sent: keep what was said, and the facts in it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage
from langgraph.runtime import Runtime

from passfel.household.errors import PassfelError
from passfel.household.fact import Statement
from passfel.household.turn import Turn
from passfel.memory.episodes import Episodes
from passfel.memory.facts import Facts
from passfel.nodes.state import Context, State
from passfel.nodes.turn import MakeTurn, latest_request, messages_of_turn, thread_of, turn_at

log = logging.getLogger(__name__)

LONGEST = 160
"""Messages of a conversation at which it is cut."""
KEPT = 80
"""Messages that stay, from the beginning of a turn."""

StatedFacts = Callable[[str], Sequence[Statement]]
"""Reads the facts that a person states in a message."""


async def remember(
    state: State,
    runtime: Runtime[Context],
    *,
    episodes: Episodes,
    facts: Facts,
    stated: StatedFacts,
    reading: frozenset[str],
    make_turn: MakeTurn,
) -> State:
    """Keep the episode. Its commit reaches the disk, and all of the turn's checkpoints with it.

    `reading` are the tools that change nothing: what another tool has taken is no fact as well.
    """
    request = latest_request(state["messages"])
    turn = turn_at(make_turn(runtime.context), state.get("said_at"))
    turn = replace(turn, thread=thread_of(runtime), id=str(request.id), said=request.text.replace("\x00", ""))
    try:
        await episodes.keep(
            thread=turn.thread,
            turn=turn.id,
            person=turn.person,
            said=turn.said,
            answered=state["messages"][-1].text.replace("\x00", ""),
            intents=state.get("intents", "").split(),
            at=datetime.fromisoformat(state["said_at"]),
        )
    except PassfelError as error:
        log.warning("the episode was not kept: %s", error)
    if _called(state["messages"]) <= reading:
        await _learn(turn, facts, stated)
    return {"messages": _outgrown(state["messages"])}


def _called(messages: Sequence[AnyMessage]) -> set[str]:
    """The tools that this turn has called."""
    turn = messages_of_turn(messages)
    return {call["name"] for message in turn if isinstance(message, AIMessage) for call in message.tool_calls}


async def _learn(turn: Turn, facts: Facts, stated: StatedFacts) -> None:
    """Keep what the person has stated in their own words: nothing of an answer, nothing that a tool found."""
    try:
        for statement in stated(turn.said):
            await facts.learn(turn, statement, turn.said.strip())
    except PassfelError as error:
        log.warning("a fact was not kept: %s", error)
    except Exception:
        log.exception("the facts of a turn could not be kept")  # the turn itself is whole


def _outgrown(messages: Sequence[AnyMessage]) -> list[Any]:
    """Drops the older part of a long conversation, rarely and in one big step; the episodes keep it all.

    Every checkpoint writes the whole list, and a model reads it; but each cut costs the model's
    prefix cache, so it is not done turn by turn.
    """
    if len(messages) <= LONGEST:
        return []
    begins = [index for index, message in enumerate(messages) if isinstance(message, HumanMessage)]
    kept = next(index for index in begins if index >= len(messages) - KEPT or index == begins[-1])
    return [RemoveMessage(id=str(message.id)) for message in messages[:kept]]
