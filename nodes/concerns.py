"""What speaks against a call, found before anything is done: the person hears it with the question."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from langchain_core.messages import ToolCall
from langchain_core.tools import BaseTool
from pydantic import ValidationError

from passfel.household.errors import PassfelError
from passfel.household.turn import Turn
from passfel.memory.effects import EffectsLedger
from passfel.tools.contract import concern_about, looks_first

log = logging.getLogger(__name__)

DEADLINE_S = 5.0


async def find_concerns(
    calls: Sequence[ToolCall], tools: Mapping[str, BaseTool], turn: Turn, ledger: EffectsLedger
) -> dict[str, str]:
    """Sentences by the ids of the calls that something speaks against.

    What was begun before a crash is gone on with: it would only be held against itself.
    """
    careful = [call for call in calls if call["name"] in tools and looks_first(tools[call["name"]])]
    known = [call for call in careful if not await ledger.begun(turn.thread, str(call["id"]))]
    said = await asyncio.gather(*(_one(call, tools[call["name"]], turn) for call in known))
    return {str(call["id"]): sentence for call, sentence in zip(known, said, strict=True) if sentence}


async def _one(call: ToolCall, tool: BaseTool, turn: Turn) -> str:
    """A look that fails is no concern: the call itself will say what is wrong."""
    try:
        async with asyncio.timeout(DEADLINE_S):
            return await concern_about(tool, call["args"], turn.with_call(str(call["id"])))
    except (PassfelError, ValidationError, TimeoutError) as error:
        log.info("%s was not looked at before it ran: %s", call["name"], type(error).__name__)
    except Exception:
        log.exception("looking before %s failed", call["name"])
    return ""
