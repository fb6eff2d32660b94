"""`passfel bench turn`: how long a turn of the fast path takes, beside a bare LangChain agent.

Both run in one process on the same Postgres, turn by turn in alternation, each in one long
conversation: PASSFEL as a person uses it, and langchain's `create_agent` with an instant model that
calls the same tool once and then answers. Both store their checkpoints with the same saver.
"""

import asyncio
import json
import platform
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from rich.console import Console
from rich.table import Table

from passfel.graph.assistant import Assistant, config_of, open_assistant
from passfel.graph.settings import AssistantSettings
from passfel.household.errors import SettingsError
from passfel.household.understanding import Call

SENTENCES = (
    "what is on this week?",
    "add dentist on friday at 15:00",
    "what is 15% of 80",
    "remind me tomorrow at 8 to take the bins out",
    "what time is it",
    "add milk to the shopping list",
    "am I free tomorrow at 10",
    "note that the boiler takes 1.5 bar",
)
GOALS_MS = {"seen": (20, 40), "stored": (40, 80)}
"""Goals for p50 and p95."""


@dataclass
class Timings:
    """Milliseconds until the answer was seen, and until the turn was stored."""

    seen: list[float] = field(default_factory=list)
    stored: list[float] = field(default_factory=list)


class InstantModel(BaseChatModel):
    """A model that takes no time: it makes the calls it was given, then says it is done."""

    calls: Mapping[str, Call]

    @property
    def _llm_type(self) -> str:
        return "instant"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> "InstantModel":
        """Take no notice: the calls are known."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            message = AIMessage(last.text)
        else:
            call = self.calls[last.text]
            arguments = dict(call.arguments)
            message = AIMessage("", tool_calls=[{"name": call.name, "args": arguments, "id": str(uuid4())}])
        return ChatResult(generations=[ChatGeneration(message=message)])


async def ours(assistant: Assistant, sentence: str, thread: str, timings: Timings) -> None:
    """One turn of PASSFEL, as a person sees it."""
    begin, seen = time.perf_counter(), 0.0
    async for mode, event in assistant.astream(sentence, thread=thread):
        if mode == "messages" and not seen and event[1]["langgraph_node"] == "respond":
            seen = time.perf_counter()
    end = time.perf_counter()
    timings.seen.append((seen - begin) * 1e3)
    timings.stored.append((end - begin) * 1e3)


async def theirs(
    agent: Any, sentence: str, thread: str, timings: Timings, durability: Literal["sync", "async"]
) -> None:
    """One turn of the bare agent, streamed the same way."""
    begin, seen = time.perf_counter(), 0.0
    events: AsyncIterator[Any] = agent.astream(
        {"messages": [HumanMessage(sentence)]},
        config_of(thread),
        stream_mode=["messages", "updates", "custom"],
        durability=durability,
    )
    async for mode, event in events:
        if mode == "messages" and isinstance(event[0], AIMessage) and event[0].text:
            seen = seen or time.perf_counter()
    end = time.perf_counter()
    timings.seen.append((seen - begin) * 1e3)
    timings.stored.append((end - begin) * 1e3)


def bare_agent(assistant: Assistant, calls: dict[str, Call]) -> Any:
    """The `create_agent` of langchain with the same tools and the same saver, and nothing around them.

    Raises:
        SettingsError: langchain isn't installed; the assistant itself doesn't need it.
    """
    try:
        from langchain.agents import create_agent
    except ImportError as error:
        raise SettingsError(
            "The comparison needs langchain: install it with “uv sync --group dev”."
        ) from error
    turn = assistant.house.make_turn(None)
    tools = [
        _with_turn(tool, turn)
        for tool in assistant.house.tools
        if tool.name in {c.name for c in calls.values()}
    ]
    saver = AsyncPostgresSaver(assistant.database.checkpoints)
    return create_agent(InstantModel(calls=calls), tools, checkpointer=saver)


def _with_turn(tool: BaseTool, turn: Any) -> Any:
    """The same tool with its hidden argument filled, as an agent without our `act` can call it."""
    from langchain_core.tools import StructuredTool

    async def run(**arguments: Any) -> str:
        content, _ = await tool.coroutine(turn=turn, **arguments)  # type: ignore[attr-defined]
        return str(content)

    return StructuredTool.from_function(
        coroutine=run, name=tool.name, description=tool.description, args_schema=tool.tool_call_schema
    )


async def measure(turns: int, conversation: int, folder: Path) -> dict[str, Timings]:
    """Run all three in alternation, with a new conversation after every `conversation` turns."""
    results = {"passfel": Timings(), "create_agent, sync": Timings(), "create_agent, async": Timings()}
    async with open_assistant(AssistantSettings(data_dir=folder)) as assistant:
        turn = assistant.house.make_turn(None)
        calls = {sentence: assistant.house.understand(sentence, turn).calls[0] for sentence in SENTENCES}
        agent = bare_agent(assistant, calls)
        for warm, timings in ((True, {name: Timings() for name in results}), (False, results)):
            count = len(SENTENCES) if warm else turns
            for index, sentence in enumerate(islice(cycle(SENTENCES), count)):
                thread = f"{warm}-{index // conversation}"
                await ours(assistant, sentence, f"ours-{thread}", timings["passfel"])
                await theirs(agent, sentence, f"sync-{thread}", timings["create_agent, sync"], "sync")
                await theirs(agent, sentence, f"async-{thread}", timings["create_agent, async"], "async")
    return results


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values doesn't exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def summary(results: dict[str, Timings], conversation: int) -> dict[str, Any]:
    """The figures, as data."""
    rows = {
        name: {
            kind: {
                "p50": percentile(getattr(timings, kind), 0.5),
                "p95": percentile(getattr(timings, kind), 0.95),
            }
            for kind in ("seen", "stored")
        }
        for name, timings in results.items()
    }
    own = rows["passfel"]["stored"]["p50"]
    ratios = {name: own / row["stored"]["p50"] for name, row in rows.items() if name != "passfel"}
    return {
        "turns": len(results["passfel"].seen),
        "conversation": conversation,
        "ms": rows,
        "ratio_stored_p50": ratios,
    }


def main(turns: int = 200, conversation: int = 0, *, as_json: bool = False) -> int:
    """Measure and print; exit code 1 when a goal is missed.

    Args:
        turns: how many turns each of the three runs.
        conversation: turns until a new conversation begins; 0 keeps to one.
        as_json: print the figures as JSON.
    """
    with tempfile.TemporaryDirectory(prefix="passfel-bench-") as folder:
        figures = summary(
            asyncio.run(measure(turns, conversation or turns, Path(folder))), conversation or turns
        )
    if as_json:
        print(json.dumps(figures))
    else:
        _show(figures)
    return 0 if _met(figures) else 1


def _met(figures: dict[str, Any]) -> bool:
    own = figures["ms"]["passfel"]
    fast = all(own[kind]["p50"] < p50 and own[kind]["p95"] < p95 for kind, (p50, p95) in GOALS_MS.items())
    return fast and all(ratio <= 1.0 for ratio in figures["ratio_stored_p50"].values())


def _show(figures: dict[str, Any]) -> None:
    length = f"{figures['turns']} turns, {figures['conversation']} in a conversation"
    table = Table(title=f"{length}; milliseconds ({platform.machine()})")
    for column in ("", "seen p50", "seen p95", "stored p50", "stored p95", "PASSFEL's stored p50 / its own"):
        table.add_column(column, justify="left" if not column else "right")
    for name, row in figures["ms"].items():
        ratio = figures["ratio_stored_p50"].get(name)
        cells = [f"{row[kind][share]:.1f}" for kind in ("seen", "stored") for share in ("p50", "p95")]
        table.add_row(name, *cells, f"{ratio:.2f}" if ratio else "")
    goals = [str(goal) for kind in ("seen", "stored") for goal in GOALS_MS[kind]]
    table.add_row("goal", *(f"< {goal}" for goal in goals), "≤ 1.00")
    Console().print(table)


if __name__ == "__main__":
    raise SystemExit(main())
