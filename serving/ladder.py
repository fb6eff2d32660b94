"""The model ladder: the best model that answers, one rung after the other, down to the embedded model."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol, cast, runtime_checkable

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.tools import BaseTool

from passfel.household.errors import ProviderError, UnreachableError
from passfel.household.turn import Turn
from passfel.household.understanding import Understand
from passfel.serving.breaker import Breaker, BreakerState, Clock
from passfel.serving.embedded import EmbeddedChat
from passfel.serving.errors import SOURCE, BrokenStream, RefusedError
from passfel.serving.settings import LlmSettings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rung:
    """One model of the ladder. Its calls take `turn` and `thinking`, and use or ignore them."""

    name: str
    model: BaseChatModel


@dataclass(frozen=True, slots=True)
class RungHealth:
    """How a rung is, for the doctor."""

    name: str
    ok: bool
    breaker: BreakerState
    sentence: str


@runtime_checkable
class Served(Protocol):
    """A model on a server: it can be asked how it is, and has connections to close."""

    async def check(self) -> str:
        """Say how it is, or raise a `ProviderError`."""

    async def aclose(self) -> None:
        """Close the connections."""


class ModelLadder:
    """Asks the rungs in order. Nothing of a turn is kept in it, so turns may run side by side."""

    def __init__(
        self,
        rungs: Sequence[Rung],
        *,
        first_token_deadline_s: float = 20,
        breaker_open_s: float = 30,
        clock: Clock = time.monotonic,
    ) -> None:
        """Order the rungs from the best to the last resort."""
        self._rungs = [(rung, Breaker(breaker_open_s, clock=clock)) for rung in rungs]
        self._first_token_deadline_s = first_token_deadline_s

    async def astream(
        self,
        messages: Sequence[BaseMessage],
        tools: Sequence[BaseTool] = (),
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
            if not breaker.admits(call):
                failure = failure or UnreachableError(SOURCE, breaker.reason)
                continue
            notes = {"rung": rung.name, **({"stepped_down": failure.sentence} if failure else {})}
            try:
                answer = self._climb(rung, breaker, messages, tools, turn, thinking)
                async with contextlib.aclosing(answer) as chunks:
                    async for chunk in chunks:
                        # On one chunk only: strings double when chunks are added up.
                        chunk.response_metadata.update(notes)
                        notes = {}
                        yield chunk
                return
            except (RefusedError, BrokenStream):
                raise
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
        tools: Sequence[BaseTool],
        turn: Turn,
        thinking: int | None,
    ) -> AsyncGenerator[AIMessageChunk, None]:
        """Stream from one rung, and tell its breaker how it went."""
        model = rung.model.bind_tools(tools) if tools else rung.model
        stream = model.astream(list(messages), turn=turn, thinking=thinking)
        said, spoken = "", False
        held: list[AIMessageChunk] = []
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
            # A dead server costs every turn its deadline; a busy or confused one gets a second chance.
            breaker.failed(error.sentence, at_once=isinstance(error, UnreachableError))
            if spoken:
                raise BrokenStream(said, rung.name) from error
            raise
        for chunk in held:
            yield chunk

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
        try:
            return RungHealth(rung.name, True, breaker.state, await rung.model.check())
        except ProviderError as error:
            return RungHealth(rung.name, False, breaker.state, error.sentence)

    async def aclose(self) -> None:
        """Close the connections of all rungs."""
        for rung, _ in self._rungs:
            if isinstance(rung.model, Served):
                await rung.model.aclose()


def build_ladder(settings: LlmSettings, understand: Understand, abilities: Sequence[str]) -> ModelLadder:
    """Build the ladder that the settings describe. With a `base_url` this imports the client: seconds."""
    rungs = [Rung("embedded", EmbeddedChat(understand=understand, abilities=abilities))]
    if settings.base_url:
        from passfel.serving.chat import SGLangChat

        rungs.insert(0, Rung("sglang", SGLangChat.from_settings(settings)))
    return ModelLadder(
        rungs,
        first_token_deadline_s=settings.first_token_deadline_s,
        breaker_open_s=settings.breaker_open_s,
    )
