"""The tools of MCP servers as tools of ours: their annotations, their errors, their words as data."""

import asyncio
import json
import logging
import threading
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool
from pydantic import BaseModel, ConfigDict

from passfel.household.errors import BrokenAnswerError, PassfelError
from passfel.tools.contract import Annotations, Answer, Outcome, Source
from passfel.tools.mcp.catalogue import Listed, Listing, Shelf, line
from passfel.tools.mcp.connection import McpServer
from passfel.tools.mcp.settings import McpSettings

log = logging.getLogger(__name__)

LONGEST_ANSWER = 6_000
LONGEST_NAME = 64


class McpAnswer(BaseModel):
    """What a server's tool gave."""

    model_config = ConfigDict(frozen=True)

    server: str
    tool: str
    text: str
    data: Any = None
    """Structured content, where it gave any."""


class McpServers:
    """All servers of the household, and the tools that they had when they were last heard."""

    def __init__(self, settings: McpSettings, folder: Path) -> None:
        """Nothing is started; `folder` is the data folder."""
        self._settings = settings
        self._shelf = Shelf(folder)
        self.servers = tuple(
            McpServer(name, one, self._shelf) for name, one in sorted(settings.servers.items())
        )

    def start(self) -> None:
        """Connect in the background; nobody waits for it."""
        for server in self.servers:
            server.start()

    async def aclose(self) -> None:
        """Close every session."""
        await asyncio.gather(*(server.aclose() for server in self.servers))

    def tools(self, taken: Collection[str] = ()) -> list[BaseTool]:
        """The tools as last heard, in a fixed order; a server that was never heard is asked once, with a deadline.

        Args:
            taken: names that ours have already.
        """
        heard = {server.name: self._shelf.read(server.name, server.settings) for server in self.servers}
        if any(listing is None for listing in heard.values()):
            self._hear([server.name for server in self.servers if heard[server.name] is None])
        found: list[BaseTool] = []
        for server in self.servers:
            listing = self._shelf.read(server.name, server.settings)
            names = {*taken, *(tool.name for tool in found)}
            found += mcp_tools(server, listing, names) if listing is not None else []
        return found

    def _hear(self, names: Collection[str]) -> None:
        """Ask servers for their tools for the first time, in a loop of its own: the caller may be in one."""
        asking = threading.Thread(
            target=lambda: asyncio.run(self._first(names)), name="mcp-first", daemon=True
        )
        asking.start()
        asking.join(self._settings.first_start_s + 3)

    async def _first(self, names: Collection[str]) -> None:
        servers = [McpServer(name, self._settings.servers[name], self._shelf) for name in sorted(names)]

        async def ask(server: McpServer) -> None:
            try:
                async with asyncio.timeout(self._settings.first_start_s):
                    await server.listing()
            except (PassfelError, TimeoutError) as error:
                log.warning("%s is left out until it was heard: %s", server.source, error)
                # The next start doesn't wait again: whatever is heard in the meantime counts for it.
                empty = Listing(fingerprint=server.settings.fingerprint, tools=())
                await asyncio.to_thread(self._shelf.keep, server.name, empty)

        try:
            await asyncio.gather(*map(ask, servers))
        finally:
            await asyncio.gather(*(server.aclose() for server in servers))


def mcp_tools(server: McpServer, listing: Listing, taken: Collection[str] = ()) -> list[BaseTool]:
    """A server's tools under our contract."""
    tools = [_tool(server, listed) for listed in listing.tools]
    return [tool for tool in tools if tool.name not in taken]


def annotations_for(hints: dict[str, bool], *, believed: bool = True) -> Annotations:
    """MCP's hints as ours; what is missing is taken the careful way, as MCP says."""
    said = hints if believed else {}
    read_only = said.get("readOnlyHint", False)
    return Annotations(
        read_only=read_only,
        destructive=not read_only and said.get("destructiveHint", True),
        idempotent=said.get("idempotentHint", read_only),
        open_world=said.get("openWorldHint", True),
    )


def _tool(server: McpServer, listed: Listed) -> BaseTool:
    annotations = annotations_for(listed.hints, believed=server.settings.believed)

    async def call(**arguments: Any) -> Answer:
        given = await server.call(listed.name, arguments, reads_only=annotations.read_only)
        text = said_by(given.content) or _as_text(given.structuredContent)
        if given.isError:
            raise BrokenAnswerError(
                server.source,
                f"The tool {listed.name} of {server.source} failed: {line(text, 300) or 'no reason given'}",
            )
        told = _told(server, text, read_only=annotations.read_only)
        answer = McpAnswer(server=server.name, tool=listed.name, text=text, data=given.structuredContent)
        return told, Outcome(result=answer, sources=(Source(name=server.source),))

    return StructuredTool(
        name=_name(server.name, listed.name),
        description=listed.description or f"{listed.name} of {server.source}",
        args_schema=listed.arguments,
        coroutine=call,
        response_format="content_and_artifact",
        metadata={
            "domain": server.settings.domain,
            "annotations": annotations.model_dump(),
            "lifetime_s": 0.0,
            "question": "",
        },
    )


def said_by(content: Iterable[Any]) -> str:
    """The text of an answer; what is no text is named."""
    parts = []
    for block in content:
        kind = getattr(block, "type", "")
        resource = getattr(block, "resource", None)
        text = getattr(block, "text", None) or getattr(resource, "text", None)
        parts.append(text if isinstance(text, str) else f"[{kind or 'something that is no text'}]")
    whole = "\n".join(parts).strip()
    return whole if len(whole) <= LONGEST_ANSWER else f"{whole[:LONGEST_ANSWER].rstrip()} … (cut here)"


def _told(server: McpServer, text: str, *, read_only: bool) -> str:
    if read_only:
        return f"{text or 'Nothing.'}\n(Source: {server.source})"
    # Nobody but the server can look whether it is true: so it is told as its word, without a receipt.
    return f"{server.source[0].upper()}{server.source[1:]} answered: {text or 'done'}. I could not check it myself."


def _name(server: str, tool: str) -> str:
    plain = "".join(mark if mark.isalnum() or mark in "_-" else "_" for mark in tool)
    return f"{server}_{plain}"[:LONGEST_NAME]


def _as_text(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False)[:LONGEST_ANSWER] if data else ""
