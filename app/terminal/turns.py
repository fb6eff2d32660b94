"""One turn as a door sees it: what to show while it runs, and what it came to."""

import asyncio
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from passfel.app.log import unexpected
from passfel.app.opening import Opening
from passfel.household.errors import MemoryUnavailableError, PassfelError

if TYPE_CHECKING:
    from passfel.graph.assistant import Assistant, Request
    from passfel.nodes.state import Context

Data = dict[str, Any]


@dataclass(slots=True)
class TurnRecord:
    """What a turn came to."""

    request: str | None
    """None for a turn that a crash had cut off, and that was finished now."""
    answer: str = ""
    receipts: list[Data] = field(default_factory=list)
    sources: list[Data] = field(default_factory=list)
    intents: list[str] = field(default_factory=list)
    rung: str = ""
    """Who answered: rules, or a model of the ladder."""
    stepped_down: str = ""
    """Why a better model didn't."""
    interrupt: Data | None = None
    """The question that waits for a yes."""
    failed: list[str] = field(default_factory=list)
    """Tools that could not do their part."""
    error: str = ""
    ms: int = 0
    stopped: bool = False

    @property
    def question(self) -> str:
        """The words of what waits for a yes."""
        return str(self.interrupt["question"]) if self.interrupt else ""

    @property
    def unsaid(self) -> list[str]:
        """The receipts that the answer's words don't hold."""
        sentences = dict.fromkeys(receipt["sentence"] for receipt in self.receipts)
        return [sentence for sentence in sentences if sentence not in self.answer]

    def as_json(self) -> Data:
        """For scripts; stable names."""
        return {
            "request": self.request,
            "answer": self.answer,
            "receipts": self.receipts,
            "sources": self.sources,
            "intents": self.intents,
            "rung": self.rung,
            "interrupt": self.interrupt,
            "failed": self.failed,
            "error": self.error or None,
            "ms": self.ms,
        }


class Display:
    """What a door shows of a turn while it runs. This one shows nothing."""

    def opening(self) -> None:
        """The assistant is still being opened."""

    def opened(self) -> None:
        """Now it is open."""

    def resumed(self) -> None:
        """A turn that was cut off is finished first."""

    def thought(self, text: str) -> None:
        """A piece of the model's reasoning."""

    def said(self, text: str) -> None:
        """A piece of the answer."""

    def tool_started(self, name: str) -> None:
        """A tool runs."""

    def tool_finished(self, name: str, *, ok: bool) -> None:
        """A tool has ended."""

    def ended(self, record: TurnRecord) -> None:
        """The turn is over: answered, waiting for a yes, or stopped."""


class TurnReader:
    """Reads the events of the assistant's stream into a record, and shows them as they come."""

    def __init__(self, request: str, display: Display) -> None:
        """Read the turn of `request`."""
        self.record = TurnRecord(request)
        self._display = display
        self._streamed: dict[str, str] = {}
        self._since = time.perf_counter()

    def read(self, mode: str, event: Any) -> None:
        """Take one event."""
        if mode == "messages":
            self._read_message(event[0])
        elif mode == "custom":
            self._read_custom(event)
        elif mode == "updates":
            for node, update in event.items():
                self._read_update(node, update)

    def end(self) -> TurnRecord:
        """The stream is over."""
        self.record.ms = round((time.perf_counter() - self._since) * 1000)
        self._display.ended(self.record)
        return self.record

    def _read_message(self, message: Any) -> None:
        if message.type not in {"ai", "AIMessageChunk"}:
            return
        thought = message.additional_kwargs.get("reasoning_content")
        if thought and message.type == "AIMessageChunk":
            self._display.thought(str(thought))
        if message.text:
            self._say(str(message.id), str(message.text))

    def _say(self, speaker: str, text: str) -> None:
        before = self._streamed.get(speaker, "")
        others = any(said.strip() for said in self._streamed.values())
        self._streamed[speaker] = before + text
        if before.strip():
            self._display.said(text)
        elif text.strip():  # models begin with empty lines
            self._display.said(("\n" if others else "") + text.lstrip())

    def _read_custom(self, event: Data) -> None:
        match event.get("type"):
            case "resumed":
                request, self.record.request = self.record.request, None
                self._after = request
                self._display.resumed()
            case "tool_started":
                self._display.tool_started(event["name"])
            case "tool_finished":
                ok = event["status"] == "success"
                if not ok:
                    self.record.failed.append(event["name"])
                self._display.tool_finished(event["name"], ok=ok)
            case "receipt":
                self.record.receipts.append({name: event[name] for name in event if name != "type"})

    def _read_update(self, node: str, update: Any) -> None:
        if node == "__interrupt__":
            self.record.interrupt = update[0].value if update else None
        messages = (update or {}).get("messages", []) if isinstance(update, dict) else []
        match node:
            case "classify":
                self.record.intents = str(update.get("intents") or "").split()
            case "act":
                for message in messages:
                    self.record.sources += (message.artifact or {}).get("sources") or []
            case "decide" | "respond":
                self._read_answer(messages)
        if node in {"remember", "__interrupt__"} and self.record.request is None:
            self._next()

    def _read_answer(self, messages: list[Any]) -> None:
        for message in messages:
            self.record.rung = message.response_metadata.get("rung", self.record.rung)
            self.record.stepped_down = message.response_metadata.get("stepped_down", "")
            if message.tool_calls:
                continue
            text, streamed = str(message.text), self._streamed.get(str(message.id), "")
            self.record.answer = text.strip()
            if text.startswith(streamed) and len(text) > len(streamed):
                self._say(str(message.id), text[len(streamed) :])

    def _next(self) -> None:
        """The turn that had been cut off is finished: now comes the one that was asked for."""
        self.end()
        self.record = TurnRecord(self._after)
        self._streamed.clear()
        self._since = time.perf_counter()

    _after: str | None = None


async def take_turn(
    opening: Opening, said: str, *, thread: str, user: str, display: Display, stays: bool = False
) -> TurnRecord:
    """Run one turn, as soon as the assistant is open. Ctrl-C stops the turn, for good, and not the program.

    Args:
        opening: the assistant.
        said: the person's words.
        thread: the conversation.
        user: who speaks; empty for the household.
        display: where to show it.
        stays: Ctrl-C after the turn must not end the program either.

    Raises:
        PassfelError: the turn could not be run.
    """
    reader = TurnReader(said, display)

    async def run() -> None:
        display.opening()
        assistant = await opening.assistant()
        display.opened()
        request = await _request(assistant, said, thread)
        async for mode, event in assistant.astream(request, thread=thread, context=context_of(user)):
            reader.read(mode, event)

    turn = asyncio.create_task(run())
    loop = asyncio.get_running_loop()
    # What has been answered is only being stored: there is nothing left to stop.
    loop.add_signal_handler(signal.SIGINT, lambda: reader.record.answer or turn.cancel())
    try:
        await asyncio.wait({turn})
    finally:
        if stays:
            outlive_ctrl_c()
        else:
            loop.remove_signal_handler(signal.SIGINT)
        if not turn.done():
            turn.cancel()
            await asyncio.wait({turn})
    if not turn.cancelled():
        _raise_plainly(turn.exception())
        return reader.end()
    reader.record.stopped = True
    reader.record.answer = _stopped(reader.record)
    return reader.end()


def context_of(user: str) -> "Context":
    """The context of a run, where only the person is named. Importing it takes seconds before the opening is over."""
    from passfel.nodes.state import Context

    return Context(user=user)


def outlive_ctrl_c() -> None:
    """Between a prompt and a turn there is nothing to stop: Ctrl-C does nothing."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, lambda: None)


def _raise_plainly(error: BaseException | None) -> None:
    """Raise what a person can be told."""
    from psycopg import OperationalError
    from psycopg_pool import PoolTimeout

    from passfel.memory.postgres import GONE

    if error is None:
        return
    if isinstance(error, PassfelError):
        raise error
    if isinstance(error, (OperationalError, PoolTimeout)):
        raise MemoryUnavailableError(GONE) from error
    raise unexpected(error) from error


async def _request(assistant: "Assistant", said: str, thread: str) -> "Request":
    """A yes or a no answers the question that waits, if one does; anything else is a request, and so a no."""
    from langgraph.types import Command

    from passfel.nodes.approval import reads_yes

    agreed = reads_yes(said)
    if agreed is not None and await assistant.pending(thread):
        return Command(resume=agreed)
    return said


def _stopped(record: TurnRecord) -> str:
    done = " ".join(receipt["sentence"] for receipt in record.receipts)
    return f"Stopped. This had been done: {done}" if done else "Stopped. Nothing had been changed."
