"""Turns of the whole assistant against the server on the GPU: classify, retrieve, decide, act, respond.

`python -m passfel.evals.gpu.house_turns PORT FILE`. The model is forced to call a tool first (`evals.gpu.forced`).
"""

import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from passfel.evals.gpu.forced import ForcedChat
from passfel.graph.assistant import Assistant, config_of, open_checkpoints
from passfel.graph.build import build_graph
from passfel.graph.house import build_house
from passfel.graph.priming import prime_served
from passfel.graph.settings import AssistantSettings
from passfel.household.errors import PassfelError
from passfel.memory.postgres import Database
from passfel.nodes.turn import messages_of_turn
from passfel.serving.ladder import ModelLadder
from passfel.serving.maintenance import Maintenance
from passfel.serving.rungs import Rung
from passfel.serving.settings import LlmSettings, ThinkingSettings

log = logging.getLogger(__name__)

Row = dict[str, Any]
SHOPPING = "we keep forgetting the shopping, could you look after that for us"
VISIT = "which of the weeks would suit grandmother best for a visit"
TITLES = {
    "title": {"type": "string", "enum": ["buy bread and milk", "write the shopping list", "ask the guests"]}
}
FIRST_WORD_S = 150.0
"""Long: the first answers after a boot wait for kernels."""
WEDGED_S = 12.0
"""How long a turn waits for a server that may never answer."""


@dataclass(frozen=True)
class Case:
    """One turn: what is said, which tool must be called, how long may be thought."""

    name: str
    said: str
    tool: str
    thinking: int
    """Of 32 tokens the server says when they are used up; of 256 the client does, which counts long words as more."""
    narrowed: dict[str, Any] = field(default_factory=dict)
    first_word_s: float = FIRST_WORD_S


CASES = (
    Case("a change, thoughts closed by the server", SHOPPING, "add_task", 32, TITLES),
    Case("a question, thoughts closed by the server", VISIT, "get_date", 32),
    Case("a change, thoughts closed by the client", SHOPPING, "add_task", 256, TITLES),
    Case("a question, thoughts closed by the client", VISIT, "get_date", 256),
)
BEYOND = "and what would you say about this "
TOO_LONG = Case(
    "a prompt larger than the pool", BEYOND + "qzxj" * 7500, "get_date", 32, first_word_s=WEDGED_S
)
"""Thirty thousand letters in no known word: as many tokens."""


@asynccontextmanager
async def assistant(port: int, folder: Path, case: Case) -> AsyncIterator[Assistant]:
    """The assistant as `open_assistant` puts it together, but for the forced client on its one rung."""
    thinking = ThinkingSettings.model_validate(dict.fromkeys(ThinkingSettings.model_fields, case.thinking))
    llm = LlmSettings(
        base_url=f"http://127.0.0.1:{port}/v1", thinking=thinking, read_deadline_s=case.first_word_s
    )
    settings = AssistantSettings(data_dir=folder, llm=llm)
    database = Database(settings.postgres, settings.data_dir)
    house = build_house(settings, database)
    model = ForcedChat.from_settings(llm, forced=case.tool, narrowed=case.narrowed)
    ladder = ModelLadder([Rung("sglang", model)], first_token_deadline_s=case.first_word_s)
    house = replace(house, ladder=ladder, closing=(*house.closing, ladder.aclose))
    try:
        async with database, open_checkpoints(database) as (saver, store):
            graph = build_graph(house).compile(checkpointer=saver, store=store)
            yield Assistant(graph, saver, house, database)
    finally:
        for close in house.closing:
            await close()


async def turn(port: int, folder: Path, case: Case) -> Row:
    """Run one turn in a conversation of its own; what it did, and how long it took."""
    row: Row = {"what": case.name, "steps": []}
    async with assistant(port, folder, case) as opened:
        begun, thread = time.monotonic(), f"{case.name} {time.time_ns()}"
        try:
            async for _, event in opened.astream(case.said, thread=thread, stream_mode=["updates"]):
                row["steps"] += event
        except PassfelError as error:
            row["error"] = str(error)
        row["seconds"] = round(time.monotonic() - begun, 2)
        snapshot = await opened.graph.aget_state(config_of(thread))
        row |= told(messages_of_turn(snapshot.values.get("messages", [])))
    row["steps"] = " → ".join(row["steps"])
    return row


def told(messages: list[AnyMessage]) -> Row:
    """What the messages of a turn say: the call, the tool's sentence, the answer, and how the thoughts ended."""
    spoken = [message for message in messages if isinstance(message, AIMessage)]
    results = [message for message in messages if isinstance(message, ToolMessage)]
    calls = [call for message in spoken for call in message.tool_calls]
    usage: list[Any] = [message.usage_metadata or {} for message in spoken]
    return {
        "call": "; ".join(f"{call['name']} {json.dumps(call['args'])}" for call in calls),
        "tool": "; ".join(f"{result.status}: {result.text}" for result in results),
        "closed_by_client": [message.response_metadata.get("thinking_closed") for message in spoken],
        "rungs": [message.response_metadata.get("rung") for message in spoken],
        "prompt": [each.get("input_tokens") for each in usage],
        "cached": [(each.get("input_token_details") or {}).get("cache_read") for each in usage],
        "answer": spoken[-1].text if spoken else "",
    }


async def turns(port: int, file: Path) -> None:
    """All turns, each written down as soon as it is over: a server that wedges must not cost what was seen."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="passfel-house-") as folder:
        async with assistant(port, Path(folder), CASES[0]) as opened:
            begun = time.monotonic()
            llm = LlmSettings(base_url=f"http://127.0.0.1:{port}/v1", read_deadline_s=FIRST_WORD_S)
            heads = await prime_served(llm, opened.house.tools, Maintenance(Path(folder)))
            rows.append({"what": f"{heads} heads primed", "seconds": round(time.monotonic() - begun, 2)})
        for case in (*CASES, TOO_LONG):
            try:
                rows.append(await turn(port, Path(folder), case))
            except Exception as error:
                log.exception("%s", case.name)
                rows.append({"what": case.name, "error": f"{type(error).__name__}: {error}"})
            await asyncio.to_thread(file.write_text, json.dumps(rows, indent=1), encoding="utf-8")
            print(json.dumps(rows[-1]), flush=True)


if __name__ == "__main__":
    asyncio.run(turns(int(sys.argv[1]), Path(sys.argv[2])))
