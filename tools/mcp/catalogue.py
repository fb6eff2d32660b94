"""What a server says of its tools, cut to size and kept in the data folder.

The graph is compiled with its tools, and a prompt's head must not change while a household talks: so the kept list
counts, and what a server says later takes effect at the next start. What strangers write is data: one line for a
description, a cap on schemas, a fixed order.
"""

import json
import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from passfel.household.wording import plain_text
from passfel.tools.mcp.settings import McpServerSettings

log = logging.getLogger(__name__)

MOST_TOOLS = 40
LONGEST_DESCRIPTION = 300
LONGEST_WORDS = 120
"""Of a description inside a schema."""
LARGEST_SCHEMA = 4_000
"""Bytes of JSON; a tool with more arguments than that is left out."""
DEEPEST = 8
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
OPEN: dict[str, Any] = {"type": "object", "properties": {}}


class Listed(BaseModel):
    """A tool as its server lists it."""

    model_config = ConfigDict(frozen=True)

    name: str
    description: str = ""
    arguments: dict[str, Any] = OPEN
    """A JSON schema."""
    hints: dict[str, bool] = {}
    """MCP's annotations, as far as the server gave them."""


class Listing(BaseModel):
    """All tools of one server."""

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    tools: tuple[Listed, ...]


def listing_of(settings: McpServerSettings, told: Iterable[Mapping[str, Any]]) -> Listing:
    """What a server told, as far as it is usable, in the order of names."""
    found = {}
    for raw in told:
        tool = _listed(raw)
        if tool is not None and (not settings.tools or tool.name in settings.tools):
            found[tool.name] = tool
    tools = tuple(found[name] for name in sorted(found)[:MOST_TOOLS])
    return Listing(fingerprint=settings.fingerprint, tools=tools)


def _listed(raw: Mapping[str, Any]) -> Listed | None:
    name = str(raw.get("name", ""))
    schema = raw.get("inputSchema") or OPEN
    try:
        arguments = tidy(schema)
        size = len(json.dumps(arguments))
    except (ValueError, TypeError, RecursionError):
        size, arguments = LARGEST_SCHEMA + 1, {}
    if not NAME.fullmatch(name) or size > LARGEST_SCHEMA or arguments.get("type") != "object":
        log.warning(
            "a tool of an MCP server was left out: its name or its arguments are too long or make no sense"
        )
        return None
    hints = raw.get("annotations") or {}
    return Listed(
        name=name,
        description=line(str(raw.get("description") or raw.get("title") or ""), LONGEST_DESCRIPTION),
        arguments=arguments,
        hints={hint: value for hint, value in dict(hints).items() if isinstance(value, bool)},
    )


def tidy(schema: Any, depth: int = 0) -> Any:
    """A schema with every text on one line and cut.

    Raises:
        ValueError: it is nested too deeply.
    """
    if depth > DEEPEST:
        raise ValueError("too deep")
    if isinstance(schema, dict):
        return {
            line(str(name), 64): tidy(value, depth + 1) for name, value in schema.items() if name != "$schema"
        }
    if isinstance(schema, list):
        return [tidy(value, depth + 1) for value in schema]
    return line(schema, LONGEST_WORDS) if isinstance(schema, str) else schema


def line(text: str, most: int) -> str:
    """A stranger's text on one line, cut."""
    words = " ".join(plain_text(text).split())
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


class Shelf:
    """Where lists are kept: a file for each server."""

    def __init__(self, folder: Path) -> None:
        """Name the data folder."""
        self._folder = folder.expanduser() / "mcp"

    def read(self, name: str, settings: McpServerSettings) -> Listing | None:
        """What this very server said when it was last heard."""
        try:
            kept = Listing.model_validate_json(self._path(name).read_bytes())
        except (OSError, ValidationError):
            return None
        if kept.fingerprint != settings.fingerprint:
            return None
        wanted = tuple(tool for tool in kept.tools if not settings.tools or tool.name in settings.tools)
        return kept.model_copy(update={"tools": wanted})

    def keep(self, name: str, listing: Listing) -> bool:
        """Keep a list; says whether it is another than before."""
        path = self._path(name)
        body = listing.model_dump_json().encode()
        try:
            if path.exists() and path.read_bytes() == body:
                return False
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".new").write_bytes(body)
            path.with_suffix(".new").replace(path)
        except OSError as error:
            log.warning("the tools of the MCP server %s could not be kept: %s", name, error)
        return True

    def log_of(self, name: str) -> Path:
        """Where what the server writes to its standard error goes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / f"{name}.log"

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"
