"""What the household has told of itself put together: tools, context for a turn, background work."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from langchain_core.tools import BaseTool

from passfel.household.errors import PassfelError
from passfel.household.turn import Turn
from passfel.household.understanding import Call, Understand, Understanding
from passfel.memory.episodes import Episodes
from passfel.memory.facts import Facts
from passfel.nlu.facts import read_fact
from passfel.tools.conversations.tools import conversation_tools
from passfel.tools.facts.tools import fact_tools

log = logging.getLogger(__name__)

MOST = 6
"""Facts that a model is told for a turn; all of them where there are no more."""


def remembering_tools(facts: Facts, episodes: Episodes) -> list[BaseTool]:
    """The tools for facts and for earlier conversations."""

    async def answered(person: str, thread: str) -> str:
        latest = await episodes.latest(person, thread)
        return latest.answered if latest else ""

    return [
        *fact_tools(facts, partial(read_fact, told=True), answered),
        *conversation_tools(episodes),
    ]


def knowing(understand: Understand, facts: Facts) -> Understand:
    """Understand a question about somebody the household has told of as its own, not an encyclopaedia's."""

    def understood(text: str, turn: Turn) -> Understanding:
        found = understand(text, turn)
        match found.calls:
            case (Call("look_up", {"subject": str(subject)}),) if subject.casefold() in facts.names(
                turn.person
            ):
                call = Call("recall_facts", {"about": subject})
                return Understanding(
                    ("facts",), found.effort, found.confidence, calls=(call,), whole=found.whole
                )
        return found

    return understood


async def told(facts: Facts, turn: Turn) -> str:
    """The facts that fit what the person says, for the model: in the order that they were learned in."""
    known = await facts.of(turn.person)
    if len(known) > MOST:
        near = {fact.id for fact in await facts.near(turn.person, turn.said, MOST)}
        known = [fact for fact in known if fact.id in near]
    lines = [f"“{fact.text}”" for fact in known]
    return f"What they have told you before: {'; '.join(lines)}." if lines else ""


@asynccontextmanager
async def remembering(facts: Facts, episodes: Episodes) -> AsyncIterator[None]:
    """Embed facts and turns in the background: those of before, then each turn after its answer."""
    task = asyncio.create_task(_embed(facts, episodes))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _embed(facts: Facts, episodes: Episodes) -> None:
    try:
        await facts.catch_up()
        while True:
            episodes.fresh.clear()
            await episodes.embed()
            await episodes.fresh.wait()
    except PassfelError as error:
        log.warning("turns are found by their words only from now on: %s", error)
    except Exception:
        log.exception("what was said could not be embedded")
