"""What can be said of the server without starting it: its configuration, its graph, its address, its streams."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from passfel.app import sse
from passfel.app.serve import serve
from passfel.household.errors import SettingsError

ROOT = Path(__file__).resolve().parents[2]


def test_langgraph_validate_accepts_the_configuration():
    told = subprocess.run(
        [sys.executable, "-m", "langgraph_cli", "validate"],
        cwd=ROOT,
        env={"PATH": "", "LANGGRAPH_CLI_NO_ANALYTICS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert "warning" not in told.stdout + told.stderr


def test_importing_the_graph_starts_no_postgres(tmp_path: Path):
    subprocess.run(
        [sys.executable, "-c", "import passfel.app.studio as s; assert s.graph.checkpointer is None"],
        env={"PATH": "", "PASSFEL_DATA_DIR": str(tmp_path / "data")},
        check=True,
    )
    assert not (tmp_path / "data").exists()


async def test_a_silent_connection_gets_a_sign_of_life(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sse, "KEEPALIVE_S", 0.02)

    async def slow() -> AsyncIterator[sse.Event]:
        await asyncio.sleep(0.1)
        yield "done", {"answer": "at last"}

    frames = [chunk async for chunk in sse.EventStreams().respond(slow()).body_iterator]
    assert sse.ALIVE in frames
    assert frames[-1] == b'event: done\ndata: {"answer": "at last"}\n\n'


def test_a_port_that_is_taken_is_said_in_a_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port: int = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"can't listen on 127.0.0.1:{port}"):
            serve("127.0.0.1", port)
