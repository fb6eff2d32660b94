"""Ask the model, once: it answers in text or with tool calls."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage
from langchain_core.tools import BaseTool
from langgraph.graph.message import push_message
from langgraph.runtime import Runtime

from passfel.household.errors import PassfelError
from passfel.household.understanding import Effort
from passfel.nodes.classify import call_id
from passfel.nodes.prompt import build_prompt
from passfel.nodes.schemas import functions_of
from passfel.nodes.state import Context, State
from passfel.nodes.toolsets import tools_for
from passfel.nodes.turn import (
    MakeTurn,
    latest_request,
    messages_of_turn,
    thread_of,
    tool_results,
    turn_at,
)
from passfel.serving.ladder import ModelLadder
from passfel.serving.settings import ThinkingSettings

MOST_ROUNDS = 6
"""Model calls in one turn."""
NOTES = ("rung", "stepped_down", "box")
"""What the ladder notes on an answer, and what a broken one keeps."""
GIVING_UP = "I have tried several steps and not come to an end, so I stopped here."


async def decide(
    state: State,
    runtime: Runtime[Context],
    *,
    ladder: ModelLadder,
    tools: Sequence[BaseTool],
    make_turn: MakeTurn,
    thinking: ThinkingSettings,
) -> State:
    """One model call with the intents' tools and the effort's thinking; calls lead to `act`, text to `respond`."""
    rounds = state.get("rounds", 0) + 1
    if rounds > MOST_ROUNDS:
        return {"messages": [AIMessage(GIVING_UP)], "rounds": rounds}
    turn = replace(turn_at(make_turn(runtime.context), state.get("said_at")), thread=thread_of(runtime))
    budget = thinking.of(cast("Effort", state.get("effort") or "tool"))
    offered = functions_of(tools_for(state.get("intents", "").split(), tools))
    answer: AIMessageChunk | None = None
    try:
        prompt = build_prompt(state["messages"])
        async for chunk in ladder.astream(prompt, offered, turn=turn, thinking=budget):
            answer = chunk if answer is None else answer + chunk
    except PassfelError as error:
        return {"messages": [_broken_off(answer, error, state["messages"])], "rounds": rounds}
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


def _broken_off(
    answer: AIMessageChunk | None, error: PassfelError, messages: Sequence[AnyMessage]
) -> AIMessage:
    """Finish honestly: what was said stays said, why it ends here, and what the tools had found by then."""
    found = "\n".join(dict.fromkeys(result.text.strip() for result in tool_results(messages)))
    if answer is None or not answer.text.strip():
        return AIMessage(
            f"{error.sentence} Here is what the tools said:\n{found}" if found else error.sentence
        )
    lost = "… I lost the model in the middle of this answer"
    rest = f"{lost}; here is what the tools said:\n{found}" if found else f"{lost}."
    rest = rest if answer.text[-1:].isspace() else f" {rest}"
    push_message(AIMessageChunk(content=rest, id=answer.id), state_key=None)
    metadata = {name: answer.response_metadata[name] for name in NOTES if name in answer.response_metadata}
    return AIMessage(f"{answer.text}{rest}", id=answer.id, response_metadata=metadata)
