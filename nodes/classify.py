"""What does the person want? No model call: grammars and a classifier."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import uuid4

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langchain_core.tools import BaseTool
from langgraph.runtime import Runtime

from passfel.household.turn import Turn
from passfel.household.understanding import Call, Understand, Understanding
from passfel.memory.effects import EffectsLedger
from passfel.nodes.approval import reads_yes, waits_for_yes
from passfel.nodes.state import Context, State
from passfel.nodes.turn import MakeTurn, latest_request, thread_of, turn_at, unanswered

log = logging.getLogger(__name__)

LONGEST = 32_000
"""Characters of one message that anybody looks at."""
UNTOLD = frozenset({"chat", "reject"})
"""Domains without tools: a turn that leans on one needs nothing of it."""
LEFT = "All right, I left it as it was."


async def classify(
    state: State,
    runtime: Runtime[Context],
    *,
    understand: Understand,
    tools: Mapping[str, BaseTool],
    ledger: EffectsLedger,
    make_turn: MakeTurn,
) -> State:
    """Understand the request, and choose the path: the fast one, an answer at once, or the model."""
    request = latest_request(state["messages"])
    turn = turn_at(make_turn(runtime.context), request.additional_kwargs.get("said_at"))
    begun: State = {
        "messages": [],
        "said_at": turn.now.isoformat(),
        "reply": "",
        "approved": False,
        "concerns": {},
        "tainted": False,
        "rounds": 0,
    }
    said = request.text
    before = state["messages"][:-1]
    waiting = unanswered(before)
    if waiting is None:
        read = partial(_understand, turn=turn, understand=understand)
        earlier = state.get("intents", "").split()
        return {**begun, **_path(said, str(request.id), read, _asked(before), earlier)}
    closed = await _close(waiting, turn, thread_of(runtime), ledger)
    agreed = None
    if waits_for_yes({**state, "messages": before}, tools, waiting) and not _done(closed):
        agreed = reads_yes(said)
    if agreed is None:
        path = _path(said, str(request.id), partial(_understand, turn=turn, understand=understand))
    else:
        path = _go_ahead(waiting, str(request.id)) if agreed else _answer(LEFT)
    return {**begun, **path, "messages": [*closed, *path["messages"]]}


async def _close(waiting: AIMessage, turn: Turn, thread: str, ledger: EffectsLedger) -> list[ToolMessage]:
    """Answers to calls that were left open: what the ledger says was done, or that it was not."""
    closed = []
    for call in waiting.tool_calls:
        content = await ledger.done(thread, str(call["id"]))
        closed.append(
            ToolMessage(
                content=content or "This was not done.",
                tool_call_id=str(call["id"]),
                name=call["name"],
                status="success" if content else "error",
            )
        )
    return closed


def _done(closed: Sequence[ToolMessage]) -> bool:
    return any(message.status == "success" for message in closed)


def _path(
    said: str,
    turn_id: str,
    read: Callable[[str], Understanding],
    asked: str = "",
    earlier: Sequence[str] = (),
) -> State:
    """Where the words lead: to an answer at once, to tools, or to the model.

    `asked` is the request that a question of ours was about; `earlier` are the domains of the turn before.
    """
    impossible = _impossible(said)
    if impossible:
        return _answer(impossible)
    understood = read(said)
    if asked and not understood.calls:
        completed = read(f"{asked} {said}")
        understood = completed if completed.whole and completed.calls else understood
    return _decided(_with_earlier(understood, earlier), turn_id)


def _with_earlier(understood: Understanding, earlier: Sequence[str]) -> Understanding:
    """Give “make it five” the tools of the turn that it leans on."""
    if understood.whole or not understood.refers_back:
        return understood
    more = (domain for domain in earlier if domain not in UNTOLD)
    return replace(understood, intents=tuple(dict.fromkeys((*understood.intents, *more))))


def _understand(said: str, turn: Turn, understand: Understand) -> Understanding:
    """A fault of ours in reading a sentence must not cost the conversation: the model may know it."""
    try:
        return understand(said, turn)
    except Exception:
        log.exception("a sentence of %s characters could not be read", len(said))
        return Understanding(("chat",))


def _asked(before: Sequence[AnyMessage]) -> str:
    """The request that the assistant has just asked a question about: the answer completes it."""
    last = before[-1] if before else None
    return str(last.additional_kwargs.get("asked", "")) if isinstance(last, AIMessage) else ""


def _impossible(said: str) -> str:
    """Why a message can't be looked at, if it can't."""
    if not said.strip("\x00 \t\r\n"):
        return "I heard nothing. Say or type what you would like, or “help”."
    if len(said) > LONGEST:
        return (
            f"That is {len(said):,} characters, and I read at most {LONGEST:,} at a time."
            " Please send the part that matters."
        )
    unreadable = sum(1 for char in said if char == "�" or (ord(char) < 32 and char not in "\t\r\n"))
    if unreadable > 3 and unreadable > len(said) / 10:
        return "That is not text that I can read. Please type it as words."
    return ""


def _answer(sentence: str) -> State:
    return {"messages": [], "path": "respond", "intents": "chat", "effort": "simple", "reply": sentence}


def _go_ahead(waiting: AIMessage, turn_id: str) -> State:
    """The person said yes in a message: the same calls again, now approved."""
    calls = [Call(call["name"], call["args"]) for call in waiting.tool_calls]
    message = _calling(calls, turn_id)
    return {
        "messages": [message],
        "path": "act",
        "effort": "tool",
        "approved": True,
    }


def _decided(understood: Understanding, turn_id: str) -> State:
    known: State = {
        "messages": [],
        "intents": " ".join(understood.intents),
        "effort": understood.effort,
        "confidence": understood.confidence,
    }
    if understood.whole and understood.calls:
        return {
            **known,
            "messages": [_calling(understood.calls, turn_id)],
            "path": "act",
            "reply": understood.reply,
        }
    if understood.whole:
        return {**known, "path": "respond", "reply": understood.reply}
    return {**known, "path": "retrieve"}


def _calling(calls: Sequence[Call], turn_id: str) -> AIMessage:
    """The message that a model would have written to make these calls."""
    made = [
        {
            "type": "tool_call",
            "id": call_id(turn_id, call.name, call.arguments),
            "name": call.name,
            "args": dict(call.arguments),
        }
        for call in calls
    ]
    unique = {call["id"]: call for call in made}
    return AIMessage(
        content="",
        id=str(uuid4()),
        tool_calls=list(unique.values()),
        response_metadata={"rung": "rules"},
    )


def call_id(turn_id: str, name: str, arguments: Any) -> str:
    """The id of a tool call: the same turn asking for the same thing has the same id.

    The effects ledger goes by it, so a turn that is replayed, by rules or by a model, finds what it did.
    """
    asked = json.dumps([turn_id, name, arguments], sort_keys=True, default=str)
    return f"call_{sha256(asked.encode()).hexdigest()[:24]}"
