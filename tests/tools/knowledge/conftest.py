"""The stand-ins of the domain knowledge for the whole run, and the real tools over them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from langchain_core.messages import ToolMessage

from passfel.household.turn import Turn
from passfel.tests.servers.known import Known, known_world
from passfel.tools.http import Http, HttpSettings
from passfel.tools.knowledge.tools import Knowledge, knowledge_tools

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Lisbon"))
RECORDINGS = Path(__file__).parents[3].parent / "shared" / "recordings"


@pytest.fixture(scope="session")
def running_known() -> Iterator[Known]:
    with known_world() as worlds:
        yield worlds


@pytest.fixture
def known(running_known: Known) -> Known:
    running_known.forget()
    return running_known


@pytest.fixture
async def http(known: Known) -> AsyncIterator[Http]:
    async with Http(HttpSettings(allowed_hosts=known.hosts, contact="ana@example.org", tries=1)) as client:
        yield client


@pytest.fixture
def knowledge(known: Known, http: Http) -> Knowledge:
    return known.services(http)


@pytest.fixture
def turn() -> Turn:
    return Turn(now=NOW, locale="en-GB")


@pytest.fixture
def ask(
    knowledge: Knowledge, turn: Turn, call: Callable[..., Awaitable[ToolMessage]]
) -> Callable[..., Awaitable[ToolMessage]]:
    """Use a tool of the domain by its name."""
    by_name = {tool.name: tool for tool in knowledge_tools(knowledge)}

    async def run(name: str, /, **arguments: Any) -> ToolMessage:
        return await call(by_name[name], arguments.pop("in_turn", turn), **arguments)

    return run


@pytest.fixture
def recording() -> Callable[[str], bytes]:
    """The bytes of a recording, where recordings are at hand."""

    def read(name: str) -> bytes:
        path = RECORDINGS / name
        if not path.exists():
            pytest.skip("the recordings are not here")
        return path.read_bytes()

    return read
