"""One turn over the wire: what may be asked, and the events that tell it."""

import logging
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self
from uuid import uuid4

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolMessage
from langgraph.types import Command
from psycopg import OperationalError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from passfel.app.sse import Event
from passfel.graph.assistant import Assistant, Request
from passfel.household.errors import PassfelError, RequestError
from passfel.memory.postgres import GONE
from passfel.nodes.state import Context

log = logging.getLogger(__name__)

UUID = re.compile(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BROKEN = "Something went wrong inside PASSFEL; the details are in the log."
MARKS = ("receipts", "sources")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Approval(_Strict):
    """A yes to some of the calls that were asked about."""

    approved: list[str]


class ChatContext(_Strict):
    """Who speaks, and where; the same fields as the graph's context."""

    user: str = ""
    time_zone: str = ""
    locale: str = ""
    units: str = ""
    home_place: str = ""


class ChatRequest(_Strict):
    """What `POST /chat` takes: something said, or the answer to a question."""

    text: str | None = None
    resume: bool | str | Approval | None = None
    thread: str = Field(default_factory=lambda: str(uuid4()), min_length=1, max_length=200)
    context: ChatContext = Field(default_factory=ChatContext)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.text is None) == (self.resume is None):
            raise ValueError('say one thing: either "text" or "resume"')
        if self.resume is not None and "thread" not in self.model_fields_set:
            raise ValueError('"resume" needs the "thread" that asked')
        self.thread = thread_id(self.thread)
        return self

    @property
    def surroundings(self) -> Context:
        """The run's context."""
        return Context(**self.context.model_dump())


def read_request(body: bytes) -> ChatRequest:
    """Read a request's JSON.

    Raises:
        RequestError: it is none; the sentence says what is wrong with it.
    """
    try:
        return ChatRequest.model_validate_json(body)
    except ValidationError as error:
        details = "; ".join(_say_fault(item) for item in error.errors(include_url=False)[:3])
        raise RequestError(f"This request can't be read ({details}).") from error


def _say_fault(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"] if not str(part)[:1].isupper())
    what = {"extra_forbidden": "there is no such field"}.get(
        item["type"], str(item["msg"]).removeprefix("Value error, ")
    )
    return f"{where}: {what}" if where else what


def thread_id(name: str) -> str:
    """The id of a conversation as it is kept; LangGraph writes the UUIDs of its threads in small letters.

    Raises:
        ValueError: it can't be one.
    """
    if not name.strip() or not name.isprintable():
        raise ValueError("a thread's name is made of printable characters")
    return name.lower() if UUID.fullmatch(name) else name


async def turn_events(assistant: Assistant, asked: ChatRequest) -> AsyncIterator[Event]:
    """Run a turn; the events end with exactly one `done`, `interrupt` or `error`."""
    turn_id = str(uuid4())
    yield "turn", {"thread": asked.thread, "turn": turn_id if asked.text is not None else None}
    told = _Told(asked.thread)
    try:
        run = assistant.astream(_input(asked, turn_id), thread=asked.thread, context=asked.surroundings)
        async for mode, payload in run:
            for event in told.events(mode, payload):
                yield event
        yield told.end()
    except PassfelError as error:
        yield "error", {"sentence": error.sentence}
    except OperationalError:
        log.warning("Postgres went away in a turn", exc_info=True)
        yield "error", {"sentence": GONE}
    except Exception:
        log.exception("a turn failed")
        yield "error", {"sentence": BROKEN}


def _input(asked: ChatRequest, turn_id: str) -> Request:
    if asked.text is not None:
        return {"messages": [HumanMessage(asked.text, id=turn_id)]}
    resume = asked.resume.model_dump() if isinstance(asked.resume, Approval) else asked.resume
    return Command(resume=resume)


class _Told:
    """What a turn has told so far, for the event that ends it."""

    def __init__(self, thread: str) -> None:
        self._thread = thread
        self._question: dict[str, Any] | None = None
        self._answer: AIMessage | None = None

    def events(self, mode: str, payload: Any) -> Iterator[Event]:
        """LangGraph's event as ours."""
        if mode == "custom":
            yield "custom", payload
        elif mode == "messages":
            message, metadata = payload
            piece = describe(message)
            if not isinstance(message, HumanMessage) and _says_something(piece):
                yield "messages", {**piece, "node": metadata.get("langgraph_node", "")}
        else:
            for node, update in payload.items():
                if node == "__interrupt__":
                    self._question = dict(update[0].value)
                else:
                    yield "updates", {node: self._summary(update or {})}

    def end(self) -> Event:
        """The event that ends the turn."""
        if self._question is not None:
            asked = {name: self._question.get(name) for name in ("question", "calls")}
            return "interrupt", {**asked, "thread": self._thread}
        said = describe(self._answer) if self._answer else {}
        marks = {name: said.get(name, []) for name in MARKS}
        answer, rung = said.get("content", ""), said.get("rung", "")
        return "done", {"answer": answer, **marks, "rung": rung, "thread": self._thread}

    def _summary(self, update: dict[str, Any]) -> dict[str, Any]:
        messages = update.get("messages", [])
        for message in messages:
            if isinstance(message, AIMessage) and not message.tool_calls:
                self._answer = message
        return {**update, "messages": len(messages)}


def _says_something(piece: dict[str, Any]) -> bool:
    return any(piece.get(name) for name in ("content", "reasoning", "tool_calls", *MARKS))


def describe(message: BaseMessage) -> dict[str, Any]:
    """A message, or a piece of one, as JSON."""
    kind = "ai" if isinstance(message, AIMessage) else message.type
    told: dict[str, Any] = {"id": message.id, "type": kind, "content": message.text}
    extra = message.additional_kwargs
    if isinstance(message, ToolMessage):
        return {**told, "name": message.name, "tool_call": message.tool_call_id, "status": message.status}
    if not isinstance(message, AIMessage):
        return told
    calls = [] if isinstance(message, AIMessageChunk) else message.tool_calls
    optional = {
        "reasoning": extra.get("reasoning_content"),
        "tool_calls": [{"id": call["id"], "name": call["name"], "args": call["args"]} for call in calls],
        **{name: extra.get(name) for name in MARKS},
        "rung": message.response_metadata.get("rung"),
    }
    return {**told, **{name: value for name, value in optional.items() if value}}
