"""Which tools a turn is offered: few sets, always the same ones, always the same bytes."""

import hashlib
import json
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from passfel.graph.house import build_house
from passfel.graph.settings import AssistantSettings
from passfel.memory.postgres import Database
from passfel.nodes.schemas import functions_of
from passfel.nodes.toolsets import EVERYTHING, TOOLSETS, heads, tools_for, toolset_of
from passfel.tools.contract import domain_of

DOMAINS = ("calendar", "tasks", "reminders", "notes", "contacts", "weather", "clock", "calculator", "chat")


def household_tools() -> tuple[BaseTool, ...]:
    settings = AssistantSettings(data_dir=Path("unused"))
    return build_house(settings, Database(settings.postgres, settings.data_dir)).tools


@pytest.fixture(scope="module")
def tools() -> tuple[BaseTool, ...]:
    return household_tools()


def digests(tools: tuple[BaseTool, ...]) -> dict[str, str]:
    """The bytes of every head's tools as they are sent."""
    return {
        name: hashlib.sha256(
            json.dumps([convert_to_openai_tool(function) for function in functions_of(chosen)]).encode()
        ).hexdigest()
        for name, chosen in heads(tools).items()
    }


def test_there_are_at_most_seven_heads_however_intents_are_combined(tools: tuple[BaseTool, ...]):
    asked = [some for count in range(4) for some in combinations((*DOMAINS, "home", "news", "reject"), count)]
    offered = {tuple(tool.name for tool in tools_for(intents, tools)) for intents in asked}
    assert offered <= {tuple(tool.name for tool in chosen) for chosen in heads(tools).values()}
    assert len(offered) <= len(heads(tools)) <= len(TOOLSETS) + 1 == 7


def test_a_turn_is_offered_every_tool_of_its_domains(tools: tuple[BaseTool, ...]):
    for intents in combinations(DOMAINS, 2):
        offered = tools_for(intents, tools)
        assert [tool for tool in tools if domain_of(tool) in intents and tool not in offered] == []


@pytest.mark.parametrize(
    ("intents", "toolset"),
    [
        (["chat"], "talk"),
        (["weather", "chat"], "world"),
        (["knowledge"], "world"),
        (["reminders", "calendar"], "diary"),
        (["reminders"], "papers"),
        (["contacts"], "papers"),
        (["calendar", "contacts"], EVERYTHING),
        (["calendar", "weather"], "day"),
        (["reject"], EVERYTHING),
        (["reject", "home"], "home"),
        (["reject", "home", "notes"], EVERYTHING),
        ([], EVERYTHING),
        (["something a plug-in brought"], EVERYTHING),
    ],
)
def test_the_smallest_set_that_holds_all_domains_is_taken(intents: list[str], toolset: str):
    assert toolset_of(intents) == toolset


def test_tools_keep_their_order_in_every_set(tools: tuple[BaseTool, ...]):
    order = [tool.name for tool in tools]
    for chosen in heads(tools).values():
        positions = [order.index(tool.name) for tool in chosen]
        assert positions == sorted(positions)


@pytest.mark.parametrize("seed", ["1", "4711"])
def test_the_bytes_are_the_same_in_another_process(tools: tuple[BaseTool, ...], seed: str):
    ours = digests(tools)
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    told = subprocess.run(
        [sys.executable, __file__], capture_output=True, text=True, env=environment, check=True
    )
    assert told.stdout.strip().endswith(str(ours))


if __name__ == "__main__":
    print(digests(household_tools()))  # noqa: T201
