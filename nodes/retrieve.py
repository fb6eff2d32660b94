"""What should the model know for this turn? Sources are asked in parallel; each has its own deadline."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from langchain_core.messages import HumanMessage
from langgraph.runtime import Runtime

from passfel.household.errors import PassfelError
from passfel.household.turn import Turn
from passfel.nodes.state import Context, State
from passfel.nodes.turn import MakeTurn, latest_request, turn_at

log = logging.getLogger(__name__)

Source = Callable[[Turn], Awaitable[str]]
"""Gives a few lines for the model, or nothing."""

DEADLINE_S = 0.15


async def retrieve(
    state: State,
    runtime: Runtime[Context],
    *,
    sources: Mapping[str, Source],
    make_turn: MakeTurn,
) -> State:
    """Put time and context into the message of this turn, where they stay: a prompt only grows at its end."""
    request = latest_request(state["messages"])
    turn = replace(turn_at(make_turn(runtime.context), state.get("said_at")), said=request.text)
    found = await asyncio.gather(*(_ask(name, source, turn) for name, source in sources.items()))
    lines = [_say_now(turn), *filter(None, found)]
    kept: dict[str, Any] = {**request.additional_kwargs, "context": "\n".join(lines)}
    return {"messages": [HumanMessage(content=request.content, id=request.id, additional_kwargs=kept)]}


async def _ask(name: str, source: Source, turn: Turn) -> str:
    """One source's lines; one that is slow or broken is left out, and the turn goes on."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            return await source(turn)
    except TimeoutError:
        log.warning("context from %s took longer than %s s and was left out", name, DEADLINE_S)
    except PassfelError as error:
        log.warning("context from %s was left out: %s", name, error)
    except Exception:
        log.exception("context from %s failed", name)
    return ""


def _say_now(turn: Turn) -> str:
    place = f", at home in {turn.home.name}" if turn.home else ""
    return f"It is {turn.now:%A %d %B %Y, %H:%M} ({turn.zone.key}){place}. Units: {turn.units}."
