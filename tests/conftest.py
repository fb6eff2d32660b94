"""What all tests share: one embedded Postgres, a fixed clock, and no network beyond loopback."""

import ipaddress
import socket
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from passfel.household.turn import Turn
from passfel.memory.postgres import Database, PostgresSettings

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Lisbon"))
"""A Monday morning."""


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Reaching beyond this machine is an error of the test."""
    with pytest.MonkeyPatch.context() as patch:
        connect = socket.socket.connect
        connect_ex = socket.socket.connect_ex

        def guarded(self: socket.socket, address: Any) -> None:
            _refuse_outside(self, address)
            connect(self, address)

        def guarded_ex(self: socket.socket, address: Any) -> int:
            _refuse_outside(self, address)
            return connect_ex(self, address)

        patch.setattr(socket.socket, "connect", guarded)
        patch.setattr(socket.socket, "connect_ex", guarded_ex)
        yield


def _refuse_outside(sock: socket.socket, address: Any) -> None:
    if sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return
    try:
        host = ipaddress.ip_address(str(address[0]).split("%")[0])
    except ValueError:
        pytest.fail(f"a test wanted to reach {address}: only loopback is allowed")
    if not (host.is_loopback or host.is_unspecified):
        pytest.fail(f"a test wanted to reach {address}: only loopback is allowed")


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that all tests of the run share."""
    return tmp_path_factory.mktemp("passfel")


@pytest_asyncio.fixture(scope="session")
async def shared_database(data_folder: Path) -> AsyncIterator[Database]:
    """The embedded Postgres, up to date."""
    async with Database(PostgresSettings(), data_folder) as database:
        yield database


@pytest_asyncio.fixture
async def database(shared_database: Database) -> Database:
    """The shared Postgres with empty tables."""
    async with shared_database.connection() as connection:
        await connection.execute(
            "TRUNCATE events, tasks, contacts, notes, reminders, holdings, watched, effects, changes, episodes"
            " RESTART IDENTITY CASCADE"
        )
    return shared_database


@pytest.fixture
def turn() -> Turn:
    """A turn on a Monday morning in Lisbon."""
    return Turn(now=NOW, locale="en-GB", thread="test", id="turn-1")
