"""The answer: tools' own sentences on the fast path, the model's words otherwise; then receipts, sources."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage
from langgraph.graph.message import push_message
from langgraph.runtime import Runtime

from passfel.nodes.state import Context, State
from passfel.nodes.turn import latest_request, messages_of_turn, tool_results

CUT_OFF = "… (cut off at the length limit)"
"""What the person is told where the answer's tokens were used up before its end."""


async def respond(state: State, runtime: Runtime[Context]) -> State:
    """Give the answer. A receipt is written from what was read back, never by a model."""
    results = tool_results(state["messages"])
    spoken = _spoken(state)
    if spoken is None:
        answer = AIMessage(_from_tools(results, state.get("reply", "")), id=str(uuid4()), **_marks(results))
        if _asks(state):
            answer.additional_kwargs["asked"] = latest_request(state["messages"]).text
        return {"messages": [answer]}
    rest = _cut(spoken) + _proof(results, spoken.text)
    if not rest:
        return {"messages": []}
    push_message(AIMessageChunk(content=rest, id=spoken.id), state_key=None)
    marks = _marks(results)
    extra = {**spoken.additional_kwargs, **marks["additional_kwargs"], "prose": spoken.text}
    return {
        "messages": [spoken.model_copy(update={"content": spoken.text + rest, "additional_kwargs": extra})]
    }


def _spoken(state: State) -> AIMessage | None:
    """What the model has already said as the end of this turn."""
    messages = messages_of_turn(state["messages"])
    last = messages[-1] if messages else None
    return last if isinstance(last, AIMessage) and not last.tool_calls else None


def _cut(spoken: AIMessage) -> str:
    """The mark of an answer that ends at its limit and not where the model would have ended it."""
    if spoken.response_metadata.get("finish_reason") != "length":
        return ""
    return CUT_OFF if spoken.text[-1:].isspace() else f" {CUT_OFF}"


def _asks(state: State) -> bool:
    """Whether the reply is a question about a request: the next message may be what was missing."""
    return bool(state.get("reply")) and state.get("intents") != "chat"


def _from_tools(results: Sequence[ToolMessage], reply: str) -> str:
    sentences = [*(result.text for result in results), reply]
    return "\n".join(dict.fromkeys(filter(None, sentences))) or "There is nothing to say to that."


def _proof(results: Sequence[ToolMessage], said: str) -> str:
    """The receipts that the words don't hold already, and the sources they don't name."""
    receipts = [
        f"✓ {receipt['sentence']}" for receipt in _receipts(results) if receipt["sentence"] not in said
    ]
    names = dict.fromkeys(source["name"] for source in _all(results, "sources"))
    sources = [name for name in names if name not in said]
    lines = [*receipts, *([f"Source: {', '.join(sources)}"] if sources else [])]
    return "\n\n" + "\n".join(lines) if lines else ""


def _receipts(results: Sequence[ToolMessage]) -> list[dict[str, Any]]:
    return _all(results, "receipts")


def _all(results: Sequence[ToolMessage], kind: str) -> list[dict[str, Any]]:
    return [item for result in results for item in (result.artifact or {}).get(kind) or []]


def _marks(results: Sequence[ToolMessage]) -> dict[str, Any]:
    """Receipts and sources as data, for doors that show them their own way."""
    marks = {"receipts": _receipts(results), "sources": _all(results, "sources")}
    return {
        "additional_kwargs": {name: found for name, found in marks.items() if found},
        "response_metadata": {"rung": "rules"},
    }
