"""After the answer has been sent: keep what was said."""

import logging
from datetime import datetime

from langgraph.runtime import Runtime

from passfel.household.errors import PassfelError
from passfel.memory.episodes import Episodes
from passfel.nodes.state import Context, State
from passfel.nodes.turn import MakeTurn, latest_request, thread_of, turn_at

log = logging.getLogger(__name__)


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
            intents=state.get("intents", []),
            at=datetime.fromisoformat(state["said_at"]),
        )
    except PassfelError as error:
        log.warning("the episode was not kept: %s", error)
    return {"messages": []}
