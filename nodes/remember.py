"""After the answer has been sent: keep what was said."""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage, RemoveMessage
from langgraph.runtime import Runtime

from passfel.household.errors import PassfelError
from passfel.memory.episodes import Episodes
from passfel.nodes.state import Context, State
from passfel.nodes.turn import MakeTurn, latest_request, thread_of, turn_at

log = logging.getLogger(__name__)

LONGEST = 160
"""Messages of a conversation at which it is cut."""
KEPT = 80
"""Messages that stay, from the beginning of a turn."""


async def remember(
    state: State,
    runtime: Runtime[Context],
    *,
    episodes: Episodes,
    make_turn: MakeTurn,
) -> State:
    """Keep the episode. Its commit reaches the disk, and all of the turn's checkpoints with it."""
    request = latest_request(state["messages"])
    turn = turn_at(make_turn(runtime.context), state.get("said_at"))
    try:
        await episodes.keep(
            thread=thread_of(runtime),
            turn=str(request.id),
            person=turn.person,
            said=request.text.replace("\x00", ""),
            answered=state["messages"][-1].text.replace("\x00", ""),
            intents=state.get("intents", "").split(),
            at=datetime.fromisoformat(state["said_at"]),
        )
    except PassfelError as error:
        log.warning("the episode was not kept: %s", error)
    return {"messages": _outgrown(state["messages"])}


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
