"""The embedded model: tool calls from understanding, answers from the tools' sentences, honest about the rest."""

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph

from passfel.household.turn import Turn
from passfel.household.understanding import Call, Understanding
from passfel.serving.embedded import EmbeddedChat

TURN = Turn(now=datetime(2026, 11, 23, 20, 0, tzinfo=UTC), id="m1")
BINS = Call("add_task", {"title": "bins"})
LAMP = Call("turn_off", {"device": "lamp"})
SENTENCES = {
    "bins": Understanding(("tasks",), calls=(BINS,), whole=True),
    "bins and lamp": Understanding(("tasks", "home"), calls=(BINS, LAMP)),
    "bins and sing": Understanding(("tasks",), calls=(BINS,), left_over="sing a song."),
    "31 February": Understanding(("calendar",), reply="There is no 31 February."),
    "31 February and sing": Understanding((), reply="There is no 31 February.", left_over="sing a song"),
    "lamp": Understanding(("home",), calls=(LAMP,)),
}


@tool
def add_task(title: str) -> str:
    """Add a task."""
    return title


@tool
def turn_off(device: str) -> str:
    """Turn a device off."""
    return device


def understand(text: str, turn: Turn) -> Understanding:
    return SENTENCES.get(text, Understanding(()))


MODEL = EmbeddedChat(understand=understand, abilities=("tasks", "reminders", "the weather"))


async def ask(text: str, *since: BaseMessage, tools: tuple[Any, ...] = (add_task, turn_off)) -> AIMessage:
    return await MODEL.bind_tools(tools).ainvoke([HumanMessage(text), *since], turn=TURN)


def result(text: str, call: str = "call_m1_1") -> ToolMessage:
    return ToolMessage(text, tool_call_id=call)


async def test_what_it_understands_becomes_tool_calls_with_ids_of_the_turn() -> None:
    message = await ask("bins and lamp")
    assert message.text == ""
    assert [(call["name"], call["args"], call["id"]) for call in message.tool_calls] == [
        ("add_task", {"title": "bins"}, "call_m1_1"),
        ("turn_off", {"device": "lamp"}, "call_m1_2"),
    ]
    assert message.response_metadata["finish_reason"] == "tool_calls"


async def test_it_answers_with_the_tools_own_sentences_failures_included() -> None:
    calls = await ask("bins and lamp")
    error = ToolMessage("The lamp could not be reached.", tool_call_id="call_m1_2", status="error")
    message = await ask("bins and lamp", calls, result("Added bins."), error)
    assert message.text == "Added bins.\nThe lamp could not be reached."
    assert not message.tool_calls


async def test_it_says_which_part_it_could_not_do() -> None:
    calls = await ask("bins and sing")
    message = await ask("bins and sing", calls, result("Added bins."))
    assert message.text == "Added bins.\nI could not do this part: sing a song."
    spoken = await ask("31 February and sing")
    assert spoken.text == "There is no 31 February. I could not do this part: sing a song."


async def test_tools_that_were_not_offered_are_not_called_and_it_says_so() -> None:
    calls = await ask("bins and lamp", tools=(add_task,))
    assert [call["name"] for call in calls.tool_calls] == ["add_task"]
    message = await ask("bins and lamp", calls, result("Added bins."), tools=(add_task,))
    assert message.text == "Added bins.\nI could not do this part: turn off."
    assert (await ask("lamp", tools=(add_task,))).text == "I could not do this part: turn off."


async def test_a_turn_that_another_model_began_is_ended_with_its_results() -> None:
    other = AIMessage("", tool_calls=[{"name": "sing", "args": {}, "id": "x"}])
    message = await ask("bins and sing", other, result("La la la.", "x"))
    assert message.text == "La la la."


async def test_only_what_happened_since_the_last_words_counts() -> None:
    earlier = [HumanMessage("bins"), await ask("bins"), result("Added bins."), AIMessage("Added bins.")]
    message = await MODEL.bind_tools([add_task]).ainvoke([*earlier, HumanMessage("31 February")], turn=TURN)
    assert message.text == "There is no 31 February."


@pytest.mark.parametrize(
    "messages", [[HumanMessage("xyzzy")], [HumanMessage("")], [SystemMessage("You are …")]]
)
async def test_what_it_does_not_understand_it_says_in_one_sentence_with_what_it_can_do(
    messages: list[BaseMessage],
) -> None:
    text = (await MODEL.ainvoke(messages)).text
    assert text == (
        "I did not understand that: no language model is connected, and without one I can help with tasks, "
        "reminders and the weather."
    )


async def test_it_streams_word_by_word_and_adds_up_to_the_same_answer() -> None:
    chunks = [chunk async for chunk in MODEL.astream("31 February", turn=TURN)]
    whole = add_ai_message_chunks(*chunks)
    assert [chunk.text for chunk in chunks if chunk.text] == ["There ", "is ", "no ", "31 ", "February."]
    assert whole.response_metadata == {
        "model_name": "embedded",
        "model_provider": "passfel",
        "finish_reason": "stop",
    }
    assert whole.usage_metadata == {"input_tokens": 2, "output_tokens": 5, "total_tokens": 7}
    assert [chunk.text for chunk in MODEL.stream("31 February") if chunk.text] == [
        chunk.text for chunk in chunks if chunk.text
    ]


async def test_streamed_tool_calls_are_those_of_the_whole_answer() -> None:
    model = MODEL.bind_tools([add_task, turn_off])
    chunks = [cast("AIMessageChunk", chunk) async for chunk in model.astream("bins and lamp", turn=TURN)]
    assert add_ai_message_chunks(*chunks).tool_calls == (await ask("bins and lamp")).tool_calls


async def test_it_stops_where_it_is_told_to() -> None:
    assert (await MODEL.ainvoke("31 February", stop=["31"])).text == "There is no "


async def test_its_words_reach_a_graphs_message_stream() -> None:
    async def decide(state: MessagesState) -> dict[str, list[BaseMessage]]:
        return {"messages": [await MODEL.ainvoke(state["messages"], turn=TURN)]}

    graph = (
        StateGraph(MessagesState).add_node(decide).add_edge(START, "decide").add_edge("decide", END).compile()
    )
    seen: list[Any] = [
        chunk
        async for chunk, _ in graph.astream(
            {"messages": [HumanMessage("31 February")]}, stream_mode="messages"
        )
    ]
    assert [chunk.text for chunk in seen if chunk.text] == ["There ", "is ", "no ", "31 ", "February."]


def test_the_room_is_imported_without_the_slow_client() -> None:
    code = (
        "import sys, passfel.serving.ladder, passfel.serving.settings, passfel.serving.errors\n"
        "sys.exit(any(name in sys.modules for name in ('langchain_openai', 'openai')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
