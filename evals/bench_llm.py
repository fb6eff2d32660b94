"""`passfel bench llm`: how fast a language model's server answers, beside what a household needs.

It asks through PASSFEL's own client, with PASSFEL's own prompt and tools: simple questions, tool calls,
reasoning questions and long texts, at 1, 5 and 20 at once, with a prompt head that the server has read before
(warm) and with one it has not (cold: a number that is used once stands at its beginning), and in bursts.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from uuid import uuid4

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from passfel.graph.house import build_house
from passfel.graph.settings import AssistantSettings
from passfel.household.errors import PassfelError
from passfel.memory.postgres import Database
from passfel.nodes.prompt import HEAD
from passfel.nodes.toolsets import tools_of
from passfel.serving.chat import SGLangChat
from passfel.serving.settings import LlmSettings

Kind = Literal["simple", "tool", "reasoning", "long form"]
Prefix = Literal["warm", "cold"]

QUESTIONS: dict[Kind, tuple[str, ...]] = {
    "simple": (
        "What is the capital of Portugal?",
        "How many minutes does a soft egg take?",
        "What does the word serendipity mean?",
        "Which planet is the largest?",
    ),
    "tool": (
        "Put a dentist's appointment in the calendar for Friday 27 November 2026 at three in the afternoon.",
        "Remind me on Tuesday 24 November 2026 at eight in the morning to take the bins out.",
        "Put washing powder on the list of things to do.",
        "What is in my calendar on Saturday 28 November 2026?",
    ),
    "reasoning": (
        "Three children share 17 sweets so that each younger one has two more than the next older. Can that work out?",
        "A train leaves at 9:40 and takes 2 h 35 min; the walk is 18 minutes. When must we leave to be there at 13:00?",
        "We have four guests who dislike each other in pairs. How do we seat six people at a round table?",
        "Is it cheaper to heat 200 litres by 30 degrees with gas at 0.12 or a heat pump of factor 3.5 at 0.28 a kWh?",
    ),
    "long form": (
        "Write a bedtime story of about 300 words about a lighthouse.",
        "Write a letter of about 300 words to a friend about moving to the sea.",
    ),
}
LEVELS = (1, 5, 20)
BURST = 20
BURST_RATE = 15.0
"""Requests a second: the middle of the 10 to 20 of a household's burst."""


@dataclass
class Sample:
    """One answer, in seconds from the request."""

    first_token: float = 0.0
    """Until the first token of any kind, thoughts included."""
    first_word: float = 0.0
    """Until the first word that the person sees."""
    tool_name: float = 0.0
    tool_whole: float = 0.0
    total: float = 0.0
    gaps: list[float] = field(default_factory=list)
    """Between one piece and the next."""
    tokens: int = 0
    read: int = 0
    cached: int = 0
    error: str = ""

    @property
    def token_gap(self) -> float:
        """Seconds a token after the first; a piece may hold several."""
        return (self.total - self.first_token) / (self.tokens - 1) if self.tokens > 1 else 0.0


@dataclass(frozen=True)
class Cell:
    """Answers that were asked for in the same way."""

    kind: Kind
    prefix: Prefix
    users: int
    samples: tuple[Sample, ...]
    burst: bool = False


@dataclass(frozen=True)
class Options:
    """What is asked, and how much of it."""

    levels: Sequence[int] = LEVELS
    rounds: int = 2
    """How often each level is asked."""
    max_tokens: int = 768
    """Most tokens of one answer; an answer that ends there counts for the times."""
    seconds: float = 900
    """No new round is begun after so long."""
    burst: int = BURST


class Bench:
    """Asks one server."""

    def __init__(self, settings: LlmSettings, tools: Sequence[BaseTool], options: Options) -> None:
        """Make the client; nothing is asked yet."""
        self._chat = SGLangChat.from_settings(settings.model_copy(update={"max_tokens": options.max_tokens}))
        self._with_tools = self._chat.bind_tools(list(tools))
        self._options = options
        self._known = uuid4().hex
        self._asked = 0

    async def run(self) -> list[Cell]:
        """Ask everything that fits into the time.

        Raises:
            ProviderError: the server can't be reached, or refuses.
        """
        begin = time.perf_counter()
        try:
            await self._chat.check()
            await self._warm()
            return await self._cells(begin)
        finally:
            await self._chat.aclose()

    async def _cells(self, begin: float) -> list[Cell]:
        cells = []
        for users in self._options.levels:
            for kind, prefix in _plan():
                rounds: list[Sample] = []
                for _ in range(self._options.rounds):
                    if time.perf_counter() - begin < self._options.seconds:
                        rounds += await asyncio.gather(*(self.ask(kind, prefix) for _ in range(users)))
                cells.append(Cell(kind, prefix, users, tuple(rounds)))
        if time.perf_counter() - begin < self._options.seconds:
            cells.append(await self._burst())
        return [cell for cell in cells if cell.samples]

    async def _warm(self) -> None:
        """Have the server read the heads that warm requests share."""
        for kind in QUESTIONS:
            await self.ask(kind, "warm")

    async def _burst(self) -> Cell:
        async def later(number: int) -> Sample:
            await asyncio.sleep(number / BURST_RATE)
            return await self.ask("simple", "warm")

        samples = await asyncio.gather(*(later(number) for number in range(self._options.burst)))
        return Cell("simple", "warm", self._options.burst, tuple(samples), burst=True)

    async def ask(self, kind: Kind, prefix: Prefix) -> Sample:
        """Ask one question, and take the times."""
        questions = QUESTIONS[kind]
        self._asked += 1
        head = self._known if prefix == "warm" else uuid4().hex
        prompt: list[BaseMessage] = [
            SystemMessage(f"[{head}]\n{HEAD}"),
            HumanMessage(questions[self._asked % len(questions)]),
        ]
        return await timed(self._with_tools if kind == "tool" else self._chat, prompt)


def _plan() -> list[tuple[Kind, Prefix]]:
    kinds: tuple[Kind, ...] = ("simple", "tool", "reasoning")
    prefixes: tuple[Prefix, ...] = ("warm", "cold")
    return [*((kind, prefix) for kind in kinds for prefix in prefixes), ("long form", "warm")]


async def timed(model: Runnable[LanguageModelInput, BaseMessage], prompt: list[BaseMessage]) -> Sample:
    """Stream one answer and take its times; a failure is part of the result."""
    sample, begin, last, answer = Sample(), time.perf_counter(), 0.0, None
    try:
        async for chunk in model.astream(prompt):
            now = time.perf_counter() - begin
            if not isinstance(chunk, AIMessageChunk):
                continue
            answer = chunk if answer is None else answer + chunk
            if _says(chunk):
                sample.first_token = sample.first_token or now
                sample.gaps += [now - last] if last else []
                last = now
            if chunk.text.strip():
                sample.first_word = sample.first_word or now
            if any(piece["name"] for piece in chunk.tool_call_chunks):
                sample.tool_name = sample.tool_name or now
    except PassfelError as error:
        sample.error = "" if _out_of_tokens(answer) else error.sentence
    sample.total = last or time.perf_counter() - begin
    if answer is not None:
        _count(sample, answer)
    return sample


def _says(chunk: AIMessageChunk) -> bool:
    return bool(chunk.text or chunk.tool_call_chunks or chunk.additional_kwargs.get("reasoning_content"))


def _out_of_tokens(answer: AIMessageChunk | None) -> bool:
    """The bench's own limit, not the server's failure."""
    return answer is not None and answer.response_metadata.get("finish_reason") == "length"


def _count(sample: Sample, answer: AIMessageChunk) -> None:
    sample.tool_whole = sample.total if sample.tool_name and not sample.error else 0.0
    usage = answer.usage_metadata
    if usage is not None:
        sample.tokens, sample.read = usage["output_tokens"], usage["input_tokens"]
        sample.cached = (usage.get("input_token_details") or {}).get("cache_read") or 0


def household_tools() -> list[BaseTool]:
    """The tools of the diary, as the model is offered them; nothing is opened for it."""
    settings = AssistantSettings(data_dir=Path("nowhere"))
    return tools_of("diary", build_house(settings, Database(settings.postgres, settings.data_dir)).tools)


async def measure(settings: LlmSettings, options: Options) -> list[Cell]:
    """Ask the server that the settings name."""
    return await Bench(settings, household_tools(), options).run()
