"""Which calls need the person's yes, and asking for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from langchain_core.messages import AIMessage, ToolCall
from langchain_core.tools import BaseTool
from langgraph.types import interrupt

from passfel.household.turn import Turn
from passfel.household.wording import say_list, say_moment, say_window
from passfel.nodes.leaks import given_away
from passfel.nodes.state import State
from passfel.tools.contract import annotations_of

YES = frozenset(
    {
        "yes",
        "y",
        "yeah",
        "yep",
        "yup",
        "yes please",
        "yes do",
        "yes do it",
        "yes go ahead",
        "please do",
        "do it",
    }
    | {"go ahead", "ok", "okay", "sure", "sure thing", "of course", "certainly", "absolutely", "definitely"}
    | {"confirm", "confirmed", "approve", "approved", "true", "that's right"}
)
NO = frozenset(
    {
        "no",
        "n",
        "nope",
        "nah",
        "no thanks",
        "no thank you",
        "no don't",
        "don't",
        "do not",
        "don't do it",
        "stop",
    }
    | {"cancel", "cancel that", "never mind", "nevermind", "leave it", "leave it as it is", "better not"}
    | {"reject", "rejected", "false"}
)


def reads_yes(said: str) -> bool | None:
    """Whether a whole message is a yes or a no; None for anything that says more: "yes, but not yoga"."""
    plain = " ".join(said.casefold().replace("’", "'").replace(",", " ").strip(" .!\t\r\n").split())
    return True if plain in YES else False if plain in NO else None


def waits_for_yes(state: State, tools: Mapping[str, BaseTool], message: AIMessage) -> bool:
    """Whether these unanswered calls were asked about; calls that were merely cut off were not."""
    return any(needs_yes(call, tools, state) for call in message.tool_calls)


def needs_yes(call: ToolCall, tools: Mapping[str, BaseTool], state: State) -> bool:
    """Destructive calls, and those that something speaks against; with strangers' text whatever changes or tells."""
    tool = tools.get(call["name"])
    if tool is None:
        return False
    if state.get("concerns", {}).get(str(call["id"])):
        return True
    annotations, tainted = annotations_of(tool), state.get("tainted", False)
    if annotations.read_only:
        return tainted and bool(given_away(call, state["messages"], tools))
    return annotations.destructive or tainted


def ask(
    calls: Sequence[ToolCall],
    tools: Mapping[str, BaseTool],
    turn: Turn,
    concerns: Mapping[str, str],
) -> set[str]:
    """Interrupt the run until the person has answered; returns the ids of the calls that were refused.

    The resume value is yes or no (a bool or words), or {"approved": [ids]}.
    """
    question = "".join(f"{concerns[str(call['id'])]} " for call in calls if str(call["id"]) in concerns)
    question += f"Shall I {say_list([_say_call(call, tools, turn) for call in calls])}{_anyway(question)}?"
    answer: Any = interrupt(
        {
            "type": "approval",
            "question": question,
            "calls": [{"id": call["id"], "name": call["name"], "arguments": call["args"]} for call in calls],
        }
    )
    ids = {str(call["id"]) for call in calls}
    return ids - _approved(answer, ids)


def _anyway(concern: str) -> str:
    return " anyway" if concern else ""


def _approved(answer: Any, ids: set[str]) -> set[str]:
    if isinstance(answer, Mapping):
        return ids & {str(item) for item in answer.get("approved", [])}
    if isinstance(answer, str):
        return ids if reads_yes(answer) else set()
    return ids if answer is True else set()


def _say_call(call: ToolCall, tools: Mapping[str, BaseTool], turn: Turn) -> str:
    """A call in words: the tool's own, or its name and arguments."""
    said = {name: _say_value(value, turn) for name, value in call["args"].items()} | _window(call, turn)
    question = str((tools[call["name"]].metadata or {}).get("question", ""))
    try:
        return question.format(**said) if question else _plainly(call, said)
    except KeyError:  # an argument that the question names was left out
        return _plainly(call, said)


def _plainly(call: ToolCall, said: Mapping[str, str]) -> str:
    told = ", ".join(f"{name}: {said[name]}" for name in call["args"])
    return f"{call['name'].replace('_', ' ')}{f' ({told})' if told else ''}"


def _window(call: ToolCall, turn: Turn) -> dict[str, str]:
    """A call's start and end said as one window, where it has both."""
    try:
        start, end = (datetime.fromisoformat(call["args"][name]) for name in ("start", "end"))
    except (KeyError, TypeError, ValueError):
        return {}
    return {"window": say_window(start, end, turn.now, locale=turn.locale)}


def _say_value(value: Any, turn: Turn) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return str(value)
    return say_moment(moment, turn.now, turn.locale) if moment.tzinfo else str(value)
