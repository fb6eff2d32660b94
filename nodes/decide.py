"""Ask the model, once: it answers in text or with tool calls."""

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.tools import BaseTool
from langgraph.runtime import Runtime

from passfel.household.errors import PassfelError
from passfel.nodes.classify import call_id
from passfel.nodes.prompt import build_prompt
from passfel.nodes.state import Context, State
from passfel.nodes.toolsets import tools_for
from passfel.nodes.turn import MakeTurn, latest_request, messages_of_turn, turn_at
from passfel.serving.ladder import ModelLadder

MOST_ROUNDS = 6
"""Model calls in one turn."""
GIVING_UP = "I have tried several steps and not come to an end, so I stopped here."


async def decide(
    state: State,
    runtime: Runtime[Context],
    *,
    ladder: ModelLadder,
    tools: Sequence[BaseTool],
    make_turn: MakeTurn,
) -> State:
    """One model call with the tools of the intents; tool calls lead to `act`, text to `respond`."""
    rounds = state.get("rounds", 0) + 1
    if rounds > MOST_ROUNDS:
        return {"messages": [AIMessage(GIVING_UP)], "rounds": rounds}
    turn = turn_at(make_turn(runtime.context), state.get("said_at"))
    offered = tools_for(state.get("intents", "").split(), tools)
    answer: AIMessageChunk | None = None
    try:
        async for chunk in ladder.astream(build_prompt(state["messages"]), offered, turn=turn):
            answer = chunk if answer is None else answer + chunk
    except PassfelError as error:
        return {"messages": [_broken_off(answer, error)], "rounds": rounds}
    if answer is None:
        return {"messages": [AIMessage("The language model gave no answer.")], "rounds": rounds}
    turn_id = str(latest_request(state["messages"]).id)
    return {"messages": [_message(answer, turn_id, _made(state))], "rounds": rounds}


def _made(state: State) -> set[str]:
    """Ids of the calls that this turn has made already: none is made twice."""
    messages = messages_of_turn(state["messages"])
    return {
        str(call["id"])
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    }


def _message(answer: AIMessageChunk, turn_id: str, made: set[str]) -> AIMessage:
    """The whole answer, its calls under ids that stay the same when the turn is replayed."""
    calls: dict[str, Any] = {}
    for call in answer.tool_calls:
        ours = call_id(turn_id, call["name"], call["args"])
        if ours not in made:
            calls[ours] = {**call, "id": ours}
    content = answer.content
    if answer.tool_calls and not calls and not answer.text.strip():
        content = "I already have what these steps gave; there is nothing more to do."
    return AIMessage(
        content=content,
        id=answer.id,
        tool_calls=list(calls.values()),
        additional_kwargs={**answer.additional_kwargs},
        response_metadata=answer.response_metadata,
        usage_metadata=answer.usage_metadata,
    )


def _broken_off(answer: AIMessageChunk | None, error: PassfelError) -> AIMessage:
    """Finish honestly: what was said stays said, and why it ends here."""
    said = answer.text.strip() if answer else ""
    if said:
        return AIMessage(
            f"{said} … I lost the model in the middle of this answer.", id=answer.id if answer else None
        )
    return AIMessage(error.sentence)
