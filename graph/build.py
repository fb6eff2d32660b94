"""The edges: read them beside the picture in the README."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool
from langgraph.graph import END, START, StateGraph

from passfel.household.understanding import Understand
from passfel.memory.documents import Documents
from passfel.memory.effects import EffectsLedger
from passfel.memory.episodes import Episodes
from passfel.memory.facts import Facts
from passfel.memory.records import Records
from passfel.memory.redis import SharedRedis
from passfel.nlu.facts import stated_facts
from passfel.nodes.act import act
from passfel.nodes.classify import classify
from passfel.nodes.decide import decide
from passfel.nodes.remember import remember
from passfel.nodes.respond import respond
from passfel.nodes.retrieve import Source, retrieve
from passfel.nodes.state import Context, Input, Path, State
from passfel.nodes.turn import MakeTurn, unanswered
from passfel.serving.ladder import ModelLadder
from passfel.serving.settings import ThinkingSettings
from passfel.tools.contract import annotations_of
from passfel.tools.provider import Provider


@dataclass(frozen=True, slots=True)
class House:
    """What the steps are handed: everything below the graph, ready to use."""

    understand: Understand
    make_turn: MakeTurn
    tools: tuple[BaseTool, ...]
    ladder: ModelLadder
    ledger: EffectsLedger
    episodes: Episodes
    facts: Facts
    sources: dict[str, Source]
    records: Records
    thinking: ThinkingSettings
    documents: Documents | None = None
    """What the household's files say."""
    redis: SharedRedis | None = None
    """What is shared with the household's other processes, for the doctor to ask."""
    providers: tuple[Provider, ...] = ()
    """The outside services in use, for the doctor to ask."""
    opening: tuple[Callable[[], None], ...] = ()
    """What to begin in the background, once a loop runs; nobody waits for it."""
    closing: tuple[Callable[[], Awaitable[None]], ...] = ()
    """What to close at the end, in this order."""


def build_graph(house: House) -> StateGraph[State, Context, Input, State]:
    """Draw the state machine; `compile` it with a checkpointer, or let a server bring its own."""
    graph = StateGraph(State, context_schema=Context, input_schema=Input)
    make_turn = house.make_turn
    named: dict[str, Any] = {tool.name: tool for tool in house.tools}

    graph.add_node(
        "classify",
        partial(classify, understand=house.understand, tools=named, ledger=house.ledger, make_turn=make_turn),
    )
    graph.add_node("retrieve", partial(retrieve, sources=house.sources, make_turn=make_turn))
    asked = partial(decide, ladder=house.ladder, tools=house.tools, thinking=house.thinking)
    graph.add_node("decide", partial(asked, make_turn=make_turn))
    graph.add_node("act", partial(act, tools=named, ledger=house.ledger, make_turn=make_turn))
    graph.add_node("respond", respond)
    reading = frozenset(tool.name for tool in house.tools if annotations_of(tool).read_only)
    keeping = partial(remember, episodes=house.episodes, facts=house.facts, stated=stated_facts)
    graph.add_node("remember", partial(keeping, reading=reading, make_turn=make_turn))

    graph.add_edge(START, "classify")
    graph.add_conditional_edges("classify", after_classify, ["act", "respond", "retrieve"])
    graph.add_edge("retrieve", "decide")
    graph.add_conditional_edges("decide", after_decide, ["act", "respond"])
    graph.add_conditional_edges("act", after_act, ["act", "decide", "respond"])
    graph.add_edge("respond", "remember")
    graph.add_edge("remember", END)
    return graph


def derivable(values: Mapping[str, Any]) -> bool:
    """Whether a step of an unfinished turn follows from the person's message and the effects ledger alone.

    True on the fast path: rules find the same calls again, under the same ids. The model's words don't
    come twice, so what it decides is stored at every step.
    """
    if "__start__" in values:  # what came in, before it has an id and a time: the next step stores both
        return True
    going_on = any(channel.startswith("branch:to:") for channel in values)
    return going_on and "branch:to:classify" not in values and values.get("path") in {"act", "respond"}


def after_classify(state: State) -> Path:
    """Understood whole: act at once. A question or a plain reply: respond. Otherwise: the model."""
    return state["path"]


def after_decide(state: State) -> str:
    """Tool calls are carried out; text is the answer."""
    last = state["messages"][-1]
    return "act" if isinstance(last, AIMessage) and last.tool_calls else "respond"


def after_act(state: State) -> str:
    """Something speaks against a call: the same step asks. Otherwise the fast path answers, or the model sees it."""
    if unanswered(state["messages"]) is not None:
        return "act"
    return "decide" if state["path"] == "retrieve" else "respond"
