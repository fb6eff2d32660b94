"""Which tools the model is offered: a few fixed sets, so that few different heads of a prompt exist.

A server keeps the computed beginnings of prompts, and tools stand at the beginning. Every other subset is
another beginning, to be computed in full the first time that it meets a conversation; so a turn gets the
smallest of these sets that holds all of its domains, never a subset of its own.
"""

from collections.abc import Sequence

from langchain_core.tools import BaseTool

from passfel.tools.contract import domain_of

TOOLSETS: dict[str, frozenset[str]] = {
    "talk": frozenset({"chat"}),
    "home": frozenset({"home", "undo", "chat"}),
    "world": frozenset({"weather", "clock", "calculator", "finance", "news", "knowledge", "chat"}),
    "papers": frozenset(
        {"notes", "documents", "contacts", "facts", "conversations", "tasks", "reminders", "undo", "chat"}
    ),
    "diary": frozenset({"calendar", "reminders", "tasks", "undo", "chat"}),
    "day": frozenset({"calendar", "reminders", "tasks", "weather", "clock", "undo", "chat"}),
}
"""Domains offered together, the smaller sets first; what people confuse or ask for at once stands together."""
EVERYTHING = "everything"
"""The set of all tools: for domains that no set holds together, and where no domain is known."""

NOTHING = "reject"
"""The understanding's word for "none of the domains"; where others are named beside it, those count."""


def toolset_of(intents: Sequence[str]) -> str:
    """The name of the set that a turn with these domains is offered."""
    asked = set(intents) - {NOTHING} or set(intents)
    fitting = (name for name, domains in TOOLSETS.items() if asked and asked <= domains)
    return next(fitting, EVERYTHING)


def tools_for(intents: Sequence[str], tools: Sequence[BaseTool]) -> list[BaseTool]:
    """The tools that a turn with these domains is offered, in their fixed order."""
    return tools_of(toolset_of(intents), tools)


def tools_of(toolset: str, tools: Sequence[BaseTool]) -> list[BaseTool]:
    """The tools of a set, in their fixed order."""
    if toolset == EVERYTHING:
        return list(tools)
    return [tool for tool in tools if domain_of(tool) in TOOLSETS[toolset]]


def heads(tools: Sequence[BaseTool]) -> dict[str, list[BaseTool]]:
    """Every head that a prompt can have: sets that come out with the same tools are one, under the first's name."""
    found: dict[str, list[BaseTool]] = {}
    for name in (*TOOLSETS, EVERYTHING):
        chosen = tools_of(name, tools)
        if chosen not in found.values():
            found[name] = chosen
    return found
