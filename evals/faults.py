"""`passfel eval faults`: every provider, and every way in which it can fail, through the whole assistant.

Real HTTP over loopback, the real client, tools, graph and Postgres; the services are stand-ins behind a door
that fails as it is told (tests/servers/faults.py). A cell is one turn. It is right when the turn ends within
its deadline, the answer names the source (or comes from another one, and names that), nothing of the
conversation is lost, and the next turn is answered.
"""

import asyncio
import json
import logging
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from langchain_core.messages import HumanMessage
from rich.console import Console
from rich.table import Table

from passfel.evals.fault_probes import PROBES, UNASKED, Overrides, Probe
from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings
from passfel.memory.postgres import Database, PostgresSettings
from passfel.nodes.turn import messages_of_turn, tool_results
from passfel.tests.servers.faults import NO_NAME, Door, Fault, faulty, refused, unheard

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
REQUEST_DEADLINE_S = 1.0
"""In the place of 4.5 s for one request, so that the matrix is run through in minutes."""
TURN_DEADLINE_S = 6.0
CONNECTION = ("refused", "DNS failure", "connect timeout")
FAULTS = (*CONNECTION, *get_args(Fault))
INTERNAL = ("went wrong inside", "traceback", "exception", "errno")

Outcome = Literal["said", "other source", "nothing found", "answered", "WRONG"]
MARKS: dict[Outcome, str] = {
    "said": "✓",
    "other source": "↻",
    "nothing found": "∅",
    "answered": "•",
    "WRONG": "✗",
}


@dataclass(frozen=True)
class Cell:
    """What came of one turn."""

    source: str
    fault: str
    outcome: Outcome
    answer: str
    seconds: float
    why: str = ""
    """What is wrong, where something is."""


async def run_all(probes: Sequence[Probe] = PROBES, faults: Sequence[str] = FAULTS) -> list[Cell]:
    """Run every cell, on one Postgres of their own."""
    cells: list[Cell] = []
    with tempfile.TemporaryDirectory(prefix="passfel-faults-") as name, ExitStack() as stack:
        doors = {
            probe.source: stack.enter_context(faulty(stack.enter_context(probe.stand_in()).url))
            for probe in probes
        }
        async with Database(PostgresSettings(), Path(name)):
            for fault in faults:
                run = _connections if fault in CONNECTION else _answers
                cells += [cell async for cell in run(fault, probes, doors, Path(name))]
    return cells


async def _answers(
    fault: Any, probes: Sequence[Probe], doors: Mapping[str, Door], folder: Path
) -> AsyncIterator[Cell]:
    """One assistant; each provider's door fails in its turn."""
    async with _house({source: door.url for source, door in doors.items()}, probes, folder) as assistant:
        for probe in probes:
            door = doors[probe.source]
            door.fault = fault
            yield await _cell(probe, fault, assistant, door)
            door.fault = None


async def _connections(
    fault: str, probes: Sequence[Probe], doors: Mapping[str, Door], folder: Path
) -> AsyncIterator[Cell]:
    """An assistant for each provider, whose address leads nowhere."""
    with refused() as closed, unheard() as silent:
        nowhere = {"refused": closed, "DNS failure": NO_NAME, "connect timeout": silent}[fault]
        for probe in probes:
            urls = {source: door.url for source, door in doors.items()} | {probe.source: nowhere}
            async with _house(urls, probes, folder) as assistant:
                yield await _cell(probe, fault, assistant, None)


@asynccontextmanager
async def _house(urls: Mapping[str, str], probes: Sequence[Probe], folder: Path) -> AsyncIterator[Assistant]:
    told: dict[str, Any] = {
        "data_dir": folder,
        "redis": {"embedded": False},  # every assistant begins with full buckets
        "http": {
            "deadline_s": REQUEST_DEADLINE_S,
            "connect_s": REQUEST_DEADLINE_S / 2,
            "allowed_hosts": [url.removeprefix("http://") for url in urls.values()],
            "contact": "home@example.org",
        },
        "household": {"time_zone": "Europe/Lisbon", "home_place": "Lisbon, 38.7167, -9.1333"},
    }
    told = _merged(told, UNASKED)
    for probe in probes:
        told = _merged(told, probe.settings(urls[probe.source]))
    async with open_assistant(AssistantSettings.model_validate(told), clock=lambda: MONDAY) as assistant:
        yield assistant


def _merged(into: Mapping[str, Any], more: Overrides) -> dict[str, Any]:
    both = dict(into)
    for name, value in more.items():
        deeper = isinstance(value, Mapping) and isinstance(both.get(name), Mapping)
        both[name] = _merged(both[name], value) if deeper else value
    return both


async def _cell(probe: Probe, fault: str, assistant: Assistant, door: Door | None) -> Cell:
    before = door.requests if door is not None else 0
    thread = f"{probe.source} {fault}"
    begin = time.perf_counter()
    state = await assistant.ainvoke(probe.says, thread=thread)
    seconds = time.perf_counter() - begin
    asked = door is None or door.requests > before
    after = await assistant.ainvoke("what time is it", thread=thread)
    answer = state["messages"][-1].text
    outcome, why = judge(probe, state["messages"], seconds, asked=asked)
    if [message.text for message in after["messages"][: len(state["messages"])]] != [
        m.text for m in state["messages"]
    ]:
        outcome, why = "WRONG", "the conversation lost something"
    elif "10:00" not in after["messages"][-1].text:
        outcome, why = "WRONG", "the next turn was not answered"
    return Cell(probe.source, fault, outcome, answer, seconds, why)


def judge(probe: Probe, messages: Sequence[Any], seconds: float, *, asked: bool) -> tuple[Outcome, str]:
    """Tell what came of a turn, and what is wrong with it."""
    answer = messages[-1].text
    results = tool_results(messages_of_turn(messages))
    sources = {
        str(source["name"]) for result in results for source in (result.artifact or {}).get("sources", [])
    }
    failed = any(result.status == "error" for result in results)
    wrong = next((words for words in INTERNAL if words in answer.casefold()), "")
    checks = (
        (not isinstance(messages[0], HumanMessage) or messages[0].text != probe.says, "the question is lost"),
        (not asked, "the provider was never asked"),
        (not answer.strip(), "the answer is empty"),
        (seconds > TURN_DEADLINE_S, f"it took {seconds:.1f} s"),
        (bool(wrong), f"the answer speaks of its inside: “{wrong}”"),
        (failed and probe.source not in answer, "the answer does not name the source"),
    )
    for is_wrong, why in checks:
        if is_wrong:
            return "WRONG", why
    if failed:
        return "said", ""
    if sources and probe.source not in sources:
        return "other source", ""
    return ("answered" if sources else "nothing found"), ""


def main(*, as_json: bool = False) -> int:
    """Run, print the matrix with its counts; exit code 1 where a cell is wrong."""
    for name in ("uvicorn.error", "asyncio"):  # the stand-ins' own complaints about what they are told to do
        logging.getLogger(name).setLevel(logging.CRITICAL)
    cells = asyncio.run(run_all())
    if as_json:
        print(json.dumps([asdict(cell) for cell in cells], ensure_ascii=False))
    else:
        _print(cells)
    return 1 if any(cell.outcome == "WRONG" for cell in cells) else 0


def _print(cells: Sequence[Cell]) -> None:
    faults = list(dict.fromkeys(cell.fault for cell in cells))
    sources = list(dict.fromkeys(cell.source for cell in cells))
    found = {(cell.source, cell.fault): cell for cell in cells}
    table = Table("fault", *sources, "slowest", title="every provider × every failure")
    for fault in faults:
        row = [found[source, fault] for source in sources]
        slowest = max(cell.seconds for cell in row)
        table.add_row(fault, *(MARKS[cell.outcome] for cell in row), f"{slowest:.2f} s")
    console = Console(width=max(120, 12 * len(sources)))
    console.print(table)
    counts = Counter(cell.outcome for cell in cells)
    console.print(", ".join(f"{MARKS[outcome]} {outcome}: {count}" for outcome, count in counts.items()))
    for cell in cells:
        if cell.outcome == "WRONG":
            console.print(f"✗ {cell.source}, {cell.fault}: {cell.why}: {cell.answer[:200]}", highlight=False)
