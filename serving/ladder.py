"""The model ladder: the best model that answers, one rung after the other, down to the embedded model."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from pathlib import Path
from typing import Any, cast

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.tools import BaseTool

from passfel.household.errors import ProviderError, UnreachableError
from passfel.household.turn import Turn
from passfel.household.understanding import Understand
from passfel.serving.breaker import Breaker, Clock
from passfel.serving.embedded import EmbeddedChat
from passfel.serving.errors import SOURCE, BrokenStream, RefusedError
from passfel.serving.maintenance import Maintenance
from passfel.serving.privacy import holds_results, withhold
from passfel.serving.rungs import Rung, RungHealth, Served
from passfel.serving.settings import LlmSettings, VeniceSettings

logger = logging.getLogger(__name__)

AWAY = "It is left alone: maintenance is on (“passfel maintenance off” ends it)."


class ModelLadder:
    """Asks the rungs in order. Nothing of a turn is kept in it, so turns may run side by side."""

    def __init__(
        self,
        rungs: Sequence[Rung],
        *,
        first_token_deadline_s: float = 20,
        breaker_open_s: float = 30,
        clock: Clock = time.monotonic,
        maintenance: Maintenance | None = None,
    ) -> None:
        """Order the rungs from the best to the last resort; with `maintenance` they can be left alone on purpose."""
        self._rungs = [(rung, Breaker(breaker_open_s, clock=clock)) for rung in rungs]
        self._first_token_deadline_s = first_token_deadline_s
        self._maintenance = maintenance

    async def astream(
        self,
        messages: Sequence[BaseMessage],
        tools: Sequence[BaseTool | dict[str, Any]] = (),
        *,
        turn: Turn,
        thinking: int | None = None,
    ) -> AsyncGenerator[AIMessageChunk, None]:
        """Stream the answer of the first rung that gives one.

        The first chunk's `response_metadata` names the `rung`; where an earlier rung failed,
        `stepped_down` says why in a sentence. Steps down as long as the person has seen no word: until
        the first one, or the end, thoughts and tool calls are held back here, so that the chunks always
        add up to the answer of one rung. A graph's message stream has them as they come.

        Raises:
            RefusedError: a rung refuses the request; that is for somebody to mend, not to hide.
            BrokenStream: the answer broke off after its first words.
            ProviderError: the last rung failed too.
        """
        failure: ProviderError | None = None
        for rung, breaker in self._rungs:
            call = object()
            if rung.withheld and holds_results(messages):
                continue  # it may not see what the tools said, and can't finish the turn without
            if not breaker.admits(call):
                failure = failure or UnreachableError(SOURCE, breaker.reason)
                continue
            notes = {"rung": rung.name, **({"stepped_down": failure.sentence} if failure else {})}
            try:
                away = {"away": failure.sentence} if failure and not isinstance(rung.model, Served) else {}
                answer = self._climb(rung, breaker, messages, tools, turn=turn, thinking=thinking, **away)
                async with contextlib.aclosing(answer) as chunks:
                    async for chunk in chunks:
                        # On one chunk only: strings double when chunks are added up.
                        chunk.response_metadata.update(notes)
                        notes = {}
                        yield chunk
                return
            except (RefusedError, BrokenStream):
                raise
            except _AwayError as away:
                failure = failure or away
            except ProviderError as error:
                logger.warning("Rung %s gave no answer: %s", rung.name, error.sentence)
                failure = error
            finally:
                breaker.ended(call)
        raise failure or UnreachableError(SOURCE, "No language model is set up.")

    async def _climb(
        self,
        rung: Rung,
        breaker: Breaker,
        messages: Sequence[BaseMessage],
        tools: Sequence[BaseTool | dict[str, Any]],
        **kwargs: Any,
    ) -> AsyncGenerator[AIMessageChunk, None]:
        """Stream from one rung, and tell its breaker how it went."""
        if rung.withheld:
            messages, tools = withhold(messages), ()
        model = rung.model.bind_tools(tools) if tools else rung.model
        said, spoken = "", False
        held: list[AIMessageChunk] = []
        async with self._counted(rung):
            stream = model.astream(list(messages), **kwargs)
            try:
                in_time = self._in_time(cast("AsyncGenerator[AIMessageChunk, None]", stream))
                async with contextlib.aclosing(in_time) as chunks:
                    async for chunk in chunks:
                        breaker.answered(whole=False)
                        said += str(chunk.text)
                        spoken = spoken or bool(chunk.text.strip())
                        held.append(chunk)
                        while spoken and held:
                            yield held.pop(0)
                breaker.answered(whole=True)
            except RefusedError:
                raise
            except ProviderError as error:
                breaker.note(error)
                if spoken:
                    raise BrokenStream(said, rung.name) from error
                raise
        for chunk in held:
            yield chunk

    @contextlib.asynccontextmanager
    async def _counted(self, rung: Rung) -> AsyncIterator[None]:
        """Be a running call of a served rung, unless maintenance is on."""
        if self._maintenance is None or not isinstance(rung.model, Served):
            yield
            return
        async with contextlib.AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._maintenance.call())
            except UnreachableError as error:
                raise _AwayError(error.source, error.sentence) from error
            yield

    async def _in_time(
        self, stream: AsyncGenerator[AIMessageChunk, None]
    ) -> AsyncGenerator[AIMessageChunk, None]:
        """Bound the wait for the first chunk that carries anything; the model's client bounds the gaps after it."""
        held: list[AIMessageChunk] = []
        async with contextlib.aclosing(stream):
            try:
                async with asyncio.timeout(self._first_token_deadline_s):
                    async for chunk in stream:
                        held.append(chunk)
                        if chunk.content or chunk.additional_kwargs or chunk.tool_call_chunks:
                            break
            except TimeoutError as error:
                raise UnreachableError(
                    SOURCE, "The language model took too long to begin its answer."
                ) from error
            for chunk in held:
                yield chunk
            async for chunk in stream:
                yield chunk

    async def health(self) -> list[RungHealth]:
        """Ask every rung how it is, all at once."""
        return list(await asyncio.gather(*(self._health(rung, breaker) for rung, breaker in self._rungs)))

    async def _health(self, rung: Rung, breaker: Breaker) -> RungHealth:
        if not isinstance(rung.model, Served):
            return RungHealth(rung.name, True, breaker.state, "The embedded model is part of the assistant.")
        if self._maintenance and self._maintenance.on:
            return RungHealth(rung.name, True, breaker.state, AWAY)
        try:
            return RungHealth(rung.name, True, breaker.state, await rung.model.check())
        except ProviderError as error:
            return RungHealth(rung.name, False, breaker.state, error.sentence)

    async def learn(self) -> None:
        """Have the servers tell of themselves, in the background of a start: the first turn then goes by it."""
        for rung, _ in self._rungs:
            if isinstance(rung.model, Served):
                with contextlib.suppress(_AwayError):
                    async with self._counted(rung):
                        await rung.model.learn()

    async def aclose(self) -> None:
        """Close the connections of all rungs."""
        for rung, _ in self._rungs:
            if isinstance(rung.model, Served):
                await rung.model.aclose()


class _AwayError(UnreachableError):
    """A rung is left alone on purpose: nothing for its breaker, or the log."""


def build_ladder(
    settings: LlmSettings,
    understand: Understand,
    abilities: Sequence[str],
    *,
    venice: VeniceSettings | None = None,
    folder: Path | None = None,
) -> ModelLadder:
    """Build the ladder that the settings describe. With a server this imports the client: seconds.

    Args:
        settings: the household's own servers.
        understand: what the embedded model understands sentences with.
        abilities: what it can help with.
        venice: the rung outside the house, if it is switched on.
        folder: the data folder, for maintenance; without it there is none.
    """
    rungs = []
    if settings.servers:
        rungs.append(Rung("sglang", _own(settings)))
    if venice and venice.enabled:
        from passfel.serving.venice import VeniceChat

        rungs.append(Rung("venice", VeniceChat.from_venice(venice, settings), not venice.private_context))
    rungs.append(Rung("embedded", EmbeddedChat(understand=understand, abilities=abilities)))
    return ModelLadder(
        rungs,
        first_token_deadline_s=settings.first_token_deadline_s,
        breaker_open_s=settings.breaker_open_s,
        maintenance=Maintenance(folder) if folder else None,
    )


def _own(settings: LlmSettings) -> BaseChatModel:
    if len(settings.servers) > 1:
        from passfel.serving.boxes import BoxesChat

        return BoxesChat.from_settings(settings)
    from passfel.serving.chat import SGLangChat

    return SGLangChat.from_settings(settings.model_copy(update={"base_url": settings.servers[0]}))
