"""The saver keeps LangGraph's contract, and stores only what a crash could need."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, TypedDict
from uuid import uuid4

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from passfel.memory.checkpoints import TurnSaver
from passfel.memory.postgres import Database


class State(TypedDict, total=False):
    """A little state."""

    text: str
    answer: str


def derivable(values: Mapping[str, Any]) -> bool:
    return any(channel.startswith("branch:to:") for channel in values)


async def first(state: State) -> State:
    return {"text": f"{state['text']} first"}


async def second(state: State) -> State:
    if "ask" in state["text"]:
        return {"answer": str(interrupt("well?"))}
    if "fail" in state["text"]:
        raise ZeroDivisionError
    return {"answer": "done"}


class Scene:
    """A graph of two steps over a saver, and the number of its stored checkpoints."""

    def __init__(self, database: Database) -> None:
        self._database = database
        saver = TurnSaver(database.checkpoints, derivable)
        graph = StateGraph(State)
        graph.add_node("first", first)
        graph.add_node("second", second)
        graph.add_edge(START, "first")
        graph.add_edge("first", "second")
        graph.add_edge("second", END)
        self.graph = graph.compile(checkpointer=saver)
        self.config: RunnableConfig = {"configurable": {"thread_id": str(uuid4())}}

    async def run(self, value: Any) -> Any:
        return await self.graph.ainvoke(value, self.config, durability="sync")

    async def stored(self) -> int:
        thread = self.config["configurable"]["thread_id"]
        async with self._database.checkpoints.connection() as connection:
            query = "SELECT count(*) AS n FROM checkpoints WHERE thread_id = %s"
            row = await (await connection.execute(query, (thread,))).fetchone()
        assert row is not None
        return int(row["n"])


@pytest.fixture
async def scene(database: Database) -> Scene:
    await TurnSaver(database.checkpoints, derivable).setup()
    return Scene(database)


async def test_a_turn_of_derivable_steps_is_stored_at_its_begin_and_its_end(scene: Scene):
    await scene.run({"text": "go"})
    assert await scene.stored() == 2
    assert (await scene.graph.aget_state(scene.config)).values == {"text": "go first", "answer": "done"}


async def test_an_interrupt_stores_the_step_it_waits_in(scene: Scene):
    assert "__interrupt__" in await scene.run({"text": "ask"})
    state = await scene.graph.aget_state(scene.config)
    assert (state.next, state.values["text"]) == (("second",), "ask first")
    assert (await scene.run(Command(resume="yes")))["answer"] == "yes"


async def test_a_failed_step_can_be_tried_again(scene: Scene):
    with pytest.raises(ZeroDivisionError):
        await scene.run({"text": "fail"})
    state = await scene.graph.aget_state(scene.config)
    assert (state.next, state.values["text"]) == (("second",), "fail first")


async def test_what_a_cut_off_run_had_held_does_not_leak_into_the_next(scene: Scene):
    await scene.run({"text": "one"})
    async for _ in scene.graph.astream({"text": "two"}, scene.config, durability="sync"):
        break
    result = await scene.run({"text": "three"})
    assert result["text"] == "three first"


async def test_langgraphs_conformance_suite(database: Database):
    async def factory() -> AsyncIterator[TurnSaver]:
        saver = TurnSaver(database.checkpoints, lambda values: False)
        await saver.setup()
        yield saver

    report = await validate(checkpointer_test(name="TurnSaver")(factory))
    assert report.passed_all_base(), report.to_dict()
