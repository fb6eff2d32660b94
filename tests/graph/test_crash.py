"""kill -9 in the middle of a turn, then start again: nothing is lost, nothing is doubled."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from passfel.graph.assistant import open_assistant
from passfel.graph.settings import AssistantSettings
from passfel.household.errors import MemoryUnavailableError
from passfel.memory.postgres import Database
from passfel.memory.records import Records

pytestmark = pytest.mark.slow

SCRIPT = """
import asyncio, json, os, signal, sys
from pathlib import Path
from passfel.graph.assistant import open_assistant
from passfel.graph.settings import AssistantSettings

folder, thread, dies_at, *requests = sys.argv[1:]

def reached(mode, event):
    kind = event.get("type") if mode == "custom" else next(iter(event)) if mode == "updates" else ""
    return f"{mode}:{kind}" == dies_at

async def main():
    async with open_assistant(AssistantSettings(data_dir=Path(folder))) as assistant:
        for request in requests:
            print(json.dumps(["begins", request]), flush=True)
            async for mode, event in assistant.astream(request, thread=thread):
                if mode == "custom":
                    print(json.dumps(["custom", event["type"]]), flush=True)
                if reached(mode, event):
                    os.kill(os.getpid(), signal.SIGKILL)
            state = (await assistant.graph.aget_state({"configurable": {"thread_id": thread}})).values
            print(json.dumps(["answer", state["messages"][-1].text]), flush=True)
            print(json.dumps(["history", [message.type for message in state["messages"]]]), flush=True)

asyncio.run(main())
"""


def start(folder: Path, thread: str, dies_at: str, *requests: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), thread, dies_at, *requests],
        stdout=subprocess.PIPE,
        text=True,
    )


async def finished(process: subprocess.Popen[str]) -> list[list[Any]]:
    output, _ = await asyncio.to_thread(process.communicate, timeout=60)
    return [json.loads(line) for line in output.splitlines()]


async def events_kept(database: Database) -> int:
    async with database.connection() as connection:
        row = await (await connection.execute("SELECT count(*) AS n FROM events")).fetchone()
    assert row is not None
    return int(row["n"])


ADD = "add dentist on friday at 15:00"
ASK = "when is the dentist"


@pytest.mark.parametrize(
    ("dies_at", "kept_before"),
    [
        ("updates:classify", 0),
        ("custom:tool_started", 0),
        ("custom:tool_finished", 1),
        ("updates:act", 1),
        ("updates:respond", 1),
    ],
)
async def test_a_turn_killed_at_a_step_goes_on_after_the_restart(
    database: Database, data_folder: Path, dies_at: str, kept_before: int
):
    thread = str(uuid4())
    killed = start(data_folder, thread, dies_at, ADD)
    await finished(killed)
    assert killed.returncode == -signal.SIGKILL
    assert await events_kept(database) == kept_before

    lines = await finished(start(data_folder, thread, "never", ASK))
    answers = [text for kind, text in lines if kind == "answer"]
    assert await events_kept(database) == 1
    assert ["custom", "resumed"] in lines
    assert answers[0].startswith("Dentist, ")
    assert "15:00" in answers[0]
    history = next(text for kind, text in lines if kind == "history")
    assert history == ["human", "ai", "tool", "ai", "human", "ai", "tool", "ai"]


async def test_a_turn_killed_inside_the_write_leaves_nothing_half_done(database: Database, data_folder: Path):
    thread = str(uuid4())
    async with database.connection() as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE events IN SHARE MODE")
        killed = start(data_folder, thread, "never", ADD)
        await _until_blocked(database)
        os.kill(killed.pid, signal.SIGKILL)
        await finished(killed)
    assert await events_kept(database) == 0

    await finished(start(data_folder, thread, "never", ASK))
    assert await events_kept(database) == 1
    rows = await Records(database).events.all("home")
    assert [row.title for row in rows] == ["dentist"]


async def _until_blocked(database: Database) -> None:
    async with asyncio.timeout(30):
        while True:
            async with database.connection() as connection:
                found = await connection.execute(
                    "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    " AND query LIKE 'INSERT INTO \"events\"%'"
                )
                if await found.fetchone():
                    return
            await asyncio.sleep(0.05)


async def test_postgres_killed_in_a_conversation_costs_one_turn_and_nothing_else(tmp_path: Path):
    async with open_assistant(AssistantSettings(data_dir=tmp_path)) as assistant:
        await assistant.ainvoke(ADD, thread="t")
        postmaster = int((tmp_path / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(postmaster, signal.SIGKILL)
        with pytest.raises(MemoryUnavailableError, match="does not answer"):
            await assistant.ainvoke(ASK, thread="t")
        state = await assistant.ainvoke(ASK, thread="t")
        assert "15:00" in state["messages"][-1].text
