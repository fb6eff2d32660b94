"""Prime the model's server at start: each head of a prompt is computed once, before a person waits for it."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from langchain_core.tools import BaseTool

from passfel.household.errors import BrokenAnswerError, PassfelError
from passfel.nodes.prompt import build_prompt
from passfel.nodes.schemas import functions_of
from passfel.nodes.toolsets import heads
from passfel.serving.ladder import ModelLadder
from passfel.serving.maintenance import Maintenance
from passfel.serving.settings import LlmSettings

log = logging.getLogger(__name__)

ONE_TOKEN = 1


@contextlib.asynccontextmanager
async def primed(
    settings: LlmSettings, tools: Sequence[BaseTool], maintenance: Maintenance, ladder: ModelLadder
) -> AsyncIterator[None]:
    """Prime in the background for as long as the block lasts; without a served model nothing is done.

    Meanwhile the ladder's clients learn how long a prompt their servers can hold.
    """
    if not settings.base_url:
        yield
        return
    tasks = [
        asyncio.create_task(prime_served(settings, tools, maintenance)),
        asyncio.create_task(ladder.learn()),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def prime_served(settings: LlmSettings, tools: Sequence[BaseTool], maintenance: Maintenance) -> int:
    """Prime every server that the settings name; says how many heads were read. Failures are logged, never raised."""
    addresses = dict.fromkeys((settings.base_url, *settings.base_urls))
    return sum(
        await asyncio.gather(*(_prime_at(address, settings, tools, maintenance) for address in addresses))
    )


async def _prime_at(
    address: str, settings: LlmSettings, tools: Sequence[BaseTool], maintenance: Maintenance
) -> int:
    try:
        from passfel.serving.chat import SGLangChat

        one = settings.model_copy(update={"base_url": address, "base_urls": (), "max_tokens": ONE_TOKEN})
        model = SGLangChat.from_settings(one)
        try:
            return await prime(model, tools, maintenance)
        finally:
            await model.aclose()
    except Exception:
        # In the background there is nobody to tell, and without it the first turns are only slower.
        log.exception("the model's prompts could not be primed")
        return 0


async def prime(model: BaseChatModel, tools: Sequence[BaseTool], maintenance: Maintenance) -> int:
    """Have the model read every head once, one after the other; says how many it has read.

    The model must be one that answers with a single token. One after the other, for a person's turn that comes
    meanwhile then waits for one head at most.
    """
    prompt = build_prompt([HumanMessage("Hello.")])
    read = 0
    for name, offered in heads(tools).items():
        bound = model.bind_tools(functions_of(offered)) if offered else model
        try:
            async with maintenance.call():
                await bound.ainvoke(prompt)
        except BrokenAnswerError:
            pass  # a single token is no whole answer, and none is wanted
        except PassfelError as error:
            log.info("the prompt head “%s” and those after it are not primed: %s", name, error.sentence)
            return read
        read += 1
    log.info("primed %d prompt heads", read)
    return read
