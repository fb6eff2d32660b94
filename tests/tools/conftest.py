"""Open-Meteo's stand-in for the whole run, the real client that talks to it, and a way to call tools."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool

from passfel.household.turn import Place, Turn
from passfel.memory.postgres import Database
from passfel.memory.records import Records
from passfel.tests.servers.open_meteo import OpenMeteoWorld, open_meteo
from passfel.tools.calendar.local import LocalCalendar
from passfel.tools.calendar.tools import calendar_tools
from passfel.tools.contacts.tools import contact_tools
from passfel.tools.http import Http, HttpSettings
from passfel.tools.notes.several import Notes
from passfel.tools.notes.tools import note_tools
from passfel.tools.reminders.tools import reminder_tools
from passfel.tools.tasks.tools import task_tools
from passfel.tools.weather.open_meteo import OpenMeteo, OpenMeteoSettings

HOME = Place("Porto Covo", 37.8524, -8.7906, "Portugal", "Europe/Lisbon")


@pytest.fixture(scope="session")
def running_world() -> Iterator[OpenMeteoWorld]:
    with open_meteo() as world:
        yield world


@pytest.fixture
def world(running_world: OpenMeteoWorld) -> OpenMeteoWorld:
    running_world.forget()
    return running_world


@pytest.fixture
async def http(world: OpenMeteoWorld) -> AsyncIterator[Http]:
    async with Http(HttpSettings(allowed_hosts=(world.host,), contact="ana@example.org")) as client:
        yield client


@pytest.fixture
def provider(http: Http, world: OpenMeteoWorld) -> OpenMeteo:
    return OpenMeteo(
        http,
        OpenMeteoSettings(
            forecast_url=world.forecast_url,
            geocoding_url=world.geocoding_url,
            archive_url=world.archive_url,
        ),
    )


@pytest.fixture
def turn(world: OpenMeteoWorld) -> Turn:
    return Turn(now=world.now, home=HOME)


@pytest.fixture
def call() -> Callable[..., Awaitable[ToolMessage]]:
    """Call a tool as the graph does."""

    async def run(tool: BaseTool, turn: Turn, **arguments: Any) -> ToolMessage:
        message = await tool.ainvoke(
            {"type": "tool_call", "id": "call-1", "name": tool.name, "args": {**arguments, "turn": turn}}
        )
        assert isinstance(message, ToolMessage)
        return message

    return run


@pytest.fixture
def tools(database: Database) -> list[BaseTool]:
    """The tools over the household's own rows."""
    records = Records(database)
    return [
        *calendar_tools(LocalCalendar(records.events)),
        *task_tools(records.tasks),
        *contact_tools(records.contacts),
        *note_tools(Notes(records.notes)),
        *reminder_tools(records.reminders),
    ]


@pytest.fixture
def do(
    tools: list[BaseTool], turn: Turn, call: Callable[..., Awaitable[ToolMessage]]
) -> Callable[..., Awaitable[str]]:
    """Use a tool by its name, now or in another turn, and get its sentence."""
    by_name = {tool.name: tool for tool in tools}

    async def run(name: str, /, in_turn: Turn | None = None, **arguments: Any) -> str:
        return str((await call(by_name[name], in_turn or turn, **arguments)).text)

    return run
