"""Several servers of one model behind one rung: each call goes to the healthy one with the fewest running calls."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from pydantic import ConfigDict

from passfel.household.errors import ProviderError, UnreachableError
from passfel.household.turn import Turn
from passfel.serving.breaker import Breaker
from passfel.serving.chat import SGLangChat
from passfel.serving.errors import SOURCE, RefusedError
from passfel.serving.settings import LlmSettings


@dataclass
class Box:
    """One server: its client, how many calls run on it, and whether it is worth asking."""

    chat: SGLangChat
    breaker: Breaker
    running: int = 0
    asked: int = field(default=0, repr=False)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Count a call for as long as it runs."""
        self.running += 1
        self.asked += 1
        try:
            yield
        finally:
            self.running -= 1
            self.breaker.ended(self)


class BoxesChat(BaseChatModel):
    """A chat model over several boxes. A box that fails before it has said anything is left for the next."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    boxes: list[Box]
    first_piece_deadline_s: float
    """Half of the ladder's own deadline: a silent box leaves time for another."""

    @classmethod
    def from_settings(cls, settings: LlmSettings) -> "BoxesChat":
        """Make a client for each address; no connection is opened yet."""
        boxes = [
            Box(
                SGLangChat.from_settings(settings.model_copy(update={"base_url": url})),
                Breaker(settings.breaker_open_s),
            )
            for url in settings.servers
        ]
        return cls(boxes=boxes, first_piece_deadline_s=settings.first_token_deadline_s / 2)

    @property
    def _llm_type(self) -> str:
        return "passfel-boxes"

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer these tools, whichever box is asked."""
        bound = self.boxes[0].chat.bind_tools(tools, **kwargs)
        return self.bind(**cast("Any", bound).kwargs)

    def choose(self, thread: str, tried: Sequence[Box] = ()) -> Box | None:
        """The healthy box with the fewest running calls; of equals always the same one for a thread.

        A thread that stays with its box finds its prefix in that box's cache.
        """
        left = [box for box in self.boxes if box not in tried]
        for box in sorted(left, key=lambda box: (box.running, _draw(thread, box.chat.server))):
            if box.breaker.admits(box):
                return box
        return None

    async def check(self) -> str:
        """Ask every box; says how each is, or raises a `ProviderError` where none answers."""
        told = await asyncio.gather(*(box.chat.check() for box in self.boxes), return_exceptions=True)
        if all(isinstance(sentence, BaseException) for sentence in told):
            raise cast("BaseException", told[0])
        return " ".join(str(sentence) for sentence in told)

    async def learn(self) -> None:
        """Ask every box for what it tells of itself."""
        await asyncio.gather(*(box.chat.learn() for box in self.boxes))

    async def aclose(self) -> None:
        """Close the connections of all boxes."""
        for box in self.boxes:
            await box.chat.aclose()

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        box = self.choose(_thread(kwargs)) or self.boxes[0]
        with box.call():
            return box.chat._generate(messages, stop, run_manager, **kwargs)  # noqa: SLF001 - it stands in for us

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        tried: list[Box] = []
        failure: ProviderError | None = None
        while (box := self.choose(_thread(kwargs), tried)) is not None:
            tried.append(box)
            begun = False
            try:
                async with aclosing(self._ask(box, messages, stop, run_manager, **kwargs)) as pieces:
                    async for piece in pieces:
                        begun = True
                        yield piece
                return
            except RefusedError:
                raise
            except ProviderError as error:
                box.breaker.note(error)
                if begun:
                    raise
                failure = error
        known = next((box.breaker.reason for box in self.boxes if box.breaker.reason), "")
        raise failure or UnreachableError(SOURCE, known or "No language model is set up.")

    async def _ask(
        self, box: Box, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> AsyncGenerator[ChatGenerationChunk]:
        """One box's pieces, from the first one that carries anything."""
        stream = box.chat._astream(messages, *args, **kwargs)  # noqa: SLF001 - it stands in for us
        held: list[ChatGenerationChunk] = []
        with box.call():
            async with aclosing(cast("Any", stream)) as pieces:
                try:
                    async with asyncio.timeout(self.first_piece_deadline_s):
                        async for piece in pieces:
                            held.append(piece)
                            if _carries(piece.message):
                                break
                except TimeoutError as error:
                    told = f"The language model at {box.chat.server} took too long to begin its answer."
                    raise UnreachableError(SOURCE, told) from error
                if held:
                    held[0].message.response_metadata["box"] = box.chat.server
                for piece in held:
                    yield piece
                async for piece in pieces:
                    yield piece
                box.breaker.answered(whole=True)


def _thread(kwargs: dict[str, Any]) -> str:
    turn = kwargs.get("turn")
    return turn.thread if isinstance(turn, Turn) else ""


def _draw(thread: str, server: str) -> str:
    """Rendezvous hashing: a box that comes or goes moves only the threads it has."""
    return sha256(f"{thread} {server}".encode()).hexdigest()


def _carries(message: BaseMessage) -> bool:
    calls = isinstance(message, AIMessageChunk) and bool(message.tool_call_chunks)
    return bool(message.content) or bool(message.additional_kwargs) or calls
