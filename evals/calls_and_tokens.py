"""`passfel eval tokens`: model calls and prompt tokens a turn, on a hundred sentences of a household.

The same stand-in model, which makes the right call wherever it is offered the tool, serves three designs:
PASSFEL, langchain's `create_agent` with every tool, and three model calls a turn. Real HTTP on a loopback
socket, real tools, real Postgres; only the model and the weather service are stand-ins.
"""

import asyncio
import json
import re
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from langchain_core.tools import BaseTool
from langgraph.types import Command
from rich.console import Console
from rich.table import Table

from passfel.evals.plain_agents import CreateAgent, ThreeCalls, called, plain_tools
from passfel.graph.assistant import Assistant, open_assistant
from passfel.graph.settings import AssistantSettings, HouseholdSettings
from passfel.nodes.state import Context
from passfel.nodes.turn import messages_of_turn
from passfel.serving.chat import SGLangChat
from passfel.serving.settings import LlmSettings
from passfel.tests.servers.obliging import Gold, Obliging, obliging
from passfel.tests.servers.open_meteo import open_meteo
from passfel.tools.contract import domain_of
from passfel.tools.http import HttpSettings
from passfel.tools.weather.open_meteo import OpenMeteoSettings

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
PEER = "create_agent, every tool"
GOALS = {"calls": 0.5, "tokens": 0.25}
"""PASSFEL's share of the plain agent's model calls and prompt tokens, at most."""
BYTES_A_TOKEN = 4

Conversations = Sequence[Sequence[tuple[str, Gold]]]
RunTurn = Callable[[str, str], Awaitable[list[str]]]
"""Runs one turn: what is said, and the thread; gives the names of the tools that were called."""


@dataclass(frozen=True)
class Figures:
    """What one design cost."""

    turns: int
    calls: float
    """Model calls a turn."""
    tokens: float
    """Prompt tokens a turn."""
    without_model: int
    """Turns that needed no model call."""
    right: int
    """Turns in which just the right tools were called."""
    wrong: tuple[str, ...] = ()
    """The other turns' sentences."""


def conversations(text: str | None = None) -> Conversations:
    """Read the sentences: a conversation a block, and after each sentence what it wants."""
    text = text or (files("passfel.evals") / "data" / "household_100.txt").read_text("utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    blocks = [block.strip().splitlines() for block in re.split(r"\n\s*\n", lines) if block.strip()]
    return [[_sentence(line) for line in block] for block in blocks]


def _sentence(line: str) -> tuple[str, Gold]:
    said, *wants = (part.strip() for part in line.split(" | "))
    if wants[0].startswith("="):
        return said, Gold(text=wants[0][1:].strip())
    calls = [want.split(" ", 1) for want in wants]
    return said, Gold(calls=tuple((name, json.loads(arguments)) for name, arguments in calls))


def labelled(talks: Conversations, tools: Sequence[BaseTool]) -> dict[str, Gold]:
    """All sentences by their words, with the domains of their tools."""
    domains = {tool.name: domain_of(tool) for tool in tools}
    found = {}
    for said, gold in (pair for talk in talks for pair in talk):
        labels = " ".join(dict.fromkeys(domains[name] for name, _ in gold.calls)) or "chat"
        found[said] = Gold(gold.calls, gold.text, labels)
    return found


def prompt_tokens(request: Mapping[str, Any]) -> int:
    """About how many tokens a request's prompt has: a quarter of the bytes of its messages and tools.

    The rule of thumb for English and JSON. No tokenizer's vocabulary is needed, and the designs are compared in
    the same measure.
    """
    prompt = {name: request[name] for name in ("messages", "tools") if request.get(name)}
    return len(json.dumps(prompt, ensure_ascii=False).encode()) // BYTES_A_TOKEN


async def measure_one(run: RunTurn, talks: Conversations, server: Obliging) -> Figures:
    """Run all conversations through one design."""
    server.requests.clear()
    wrong, free = [], 0
    for number, talk in enumerate(talks):
        for said, gold in talk:
            before = len(server.requests)
            if set(await run(said, f"tokens-{number}")) != {name for name, _ in gold.calls}:
                wrong.append(said)
            free += len(server.requests) == before
    turns = sum(map(len, talks))
    tokens = sum(map(prompt_tokens, server.requests))
    return Figures(
        turns, len(server.requests) / turns, tokens / turns, free, turns - len(wrong), tuple(wrong)
    )


def passfel(assistant: Assistant) -> RunTurn:
    """PASSFEL as a person uses it; its questions are answered with yes."""
    context = Context(user="passfel")

    async def run(said: str, thread: str) -> list[str]:
        state = await assistant.ainvoke(said, thread=thread, context=context)
        if "__interrupt__" in state:
            state = await assistant.ainvoke(Command(resume=True), thread=thread, context=context)
        return called(messages_of_turn(state["messages"]))

    return run


async def measure(folder: Path, talks: Conversations) -> dict[str, Figures]:
    """Run all designs, one after the other; each has a person of its own in the same Postgres."""
    with ExitStack() as stack:
        world = stack.enter_context(open_meteo())
        server = stack.enter_context(obliging({}))
        settings = AssistantSettings(
            data_dir=folder,
            household=HouseholdSettings(time_zone="Europe/Lisbon", home_place="Lisbon, 38.72, -9.14"),
            llm=LlmSettings(base_url=server.url),
            http=HttpSettings(allowed_hosts=(world.host,)),
            open_meteo=OpenMeteoSettings(forecast_url=world.forecast_url, geocoding_url=world.geocoding_url),
        )
        async with open_assistant(settings, clock=lambda: MONDAY) as assistant:
            server.learn(labelled(talks, assistant.house.tools))
            return await _measure_all(assistant, server, settings.llm, talks)


async def _measure_all(
    assistant: Assistant, server: Obliging, llm: LlmSettings, talks: Conversations
) -> dict[str, Figures]:
    model = SGLangChat.from_settings(llm)
    house = assistant.house
    figures = {"PASSFEL": await measure_one(passfel(assistant), talks, server)}
    for name, design in ((PEER, CreateAgent), ("classify, select, respond", ThreeCalls)):
        turn = house.make_turn(Context(user=name))
        agent = design(model, plain_tools(house.tools, turn), turn)
        figures[name] = await measure_one(agent.turn, talks, server)
    await model.aclose()
    return figures


def ratios(figures: Mapping[str, Figures]) -> dict[str, float]:
    """PASSFEL's share of the plain agent's cost."""
    ours, peer = figures["PASSFEL"], figures[PEER]
    return {"calls": ours.calls / peer.calls, "tokens": ours.tokens / peer.tokens}


def met(figures: Mapping[str, Figures]) -> bool:
    """Whether both goals are reached."""
    found = ratios(figures)
    return all(found[name] <= goal for name, goal in GOALS.items())


def main(*, as_json: bool = False, wrong: bool = False) -> int:
    """Measure and print; exit code 1 when a goal is missed.

    Args:
        as_json: print the figures as JSON.
        wrong: list the sentences for which other tools were called than the right ones.
    """
    with tempfile.TemporaryDirectory(prefix="passfel-eval-") as folder:
        figures = asyncio.run(measure(Path(folder), conversations()))
    if as_json:
        rows = {name: asdict(found) for name, found in figures.items()}
        print(json.dumps({"designs": rows, "ratios": ratios(figures), "goals": GOALS}))
    else:
        _show(figures, wrong)
    return 0 if met(figures) else 1


def _show(figures: Mapping[str, Figures], wrong: bool) -> None:
    table = Table(title=f"{figures['PASSFEL'].turns} sentences, the same obliging model")
    columns = ("", "model calls a turn", "prompt tokens a turn", "turns without a model", "right tools")
    for column in columns:
        table.add_column(column, justify="right" if column else "left")
    for name, found in figures.items():
        cells = (f"{found.calls:.2f}", f"{found.tokens:,.0f}", str(found.without_model), str(found.right))
        table.add_row(name, *cells)
    shares = ratios(figures)
    table.add_row(
        f"PASSFEL / {PEER.split(',')[0]}", f"{shares['calls']:.2f}", f"{shares['tokens']:.2f}", "", ""
    )
    table.add_row("goal", *(f"≤ {goal:.2f}" for goal in GOALS.values()), "", "")
    console = Console()
    console.print(table)
    for name, row in figures.items() if wrong else ():
        console.print(f"{name}: {'; '.join(row.wrong) or 'none wrong'}", soft_wrap=True)
