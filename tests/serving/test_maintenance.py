"""Maintenance: served rungs are left alone in every process, and what runs is waited for."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.messages.ai import add_ai_message_chunks

from passfel.household.errors import UnreachableError
from passfel.household.turn import Turn
from passfel.household.understanding import Understanding
from passfel.serving.ladder import ModelLadder, build_ladder
from passfel.serving.maintenance import Maintenance
from passfel.serving.settings import LlmSettings
from passfel.tests.servers.sglang import Say, SGLang, Stall

TURN = Turn(now=datetime(2026, 11, 23, 20, 0, tzinfo=UTC))
HOLD = """
import asyncio, sys
from pathlib import Path
from passfel.serving.maintenance import Maintenance

async def hold():
    async with Maintenance(Path(sys.argv[1])).call():
        print("held", flush=True)
        await asyncio.sleep(60)

asyncio.run(hold())
"""


def understand(text: str, turn: Turn) -> Understanding:
    return Understanding((), reply="By rules.")


async def ask(ladder: ModelLadder) -> AIMessageChunk:
    stream = ladder.astream([HumanMessage("hello")], turn=TURN)
    return add_ai_message_chunks(*[chunk async for chunk in stream])


async def test_an_open_ladder_sees_the_switch_at_once_and_comes_back(server: SGLang, tmp_path: Path) -> None:
    ladder = build_ladder(LlmSettings(base_url=server.url), understand, [], folder=tmp_path)
    switch = Maintenance(tmp_path)
    server.will(Say("One."), Say("Two."))
    assert (await ask(ladder)).text == "One."
    switch.switch(on=True)
    message = await ask(ladder)
    assert message.text == "By rules."
    assert message.response_metadata["stepped_down"] == "The language model is away for maintenance."
    assert len(server.requests) == 1
    assert "maintenance is on" in (await ladder.health())[0].sentence
    switch.switch(on=False)
    assert (await ask(ladder)).text == "Two."
    await ladder.aclose()


async def test_a_running_call_goes_on_and_is_waited_for(server: SGLang, tmp_path: Path) -> None:
    ladder = build_ladder(LlmSettings(base_url=server.url), understand, [], folder=tmp_path)
    switch = Maintenance(tmp_path)
    server.will(Stall(0.5, after=2, of=Say("Late, but here.")))
    running = asyncio.create_task(ask(ladder))
    assert await asyncio.to_thread(server.asked.wait, 10)
    switch.switch(on=True)
    assert not await switch.drained(0)
    assert await switch.drained(10)
    assert (await running).text == "Late, but here."
    await ladder.aclose()


def test_calls_of_another_process_count_until_it_ends_however_it_ends(tmp_path: Path) -> None:
    switch = Maintenance(tmp_path)
    assert switch.quiet()
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert not switch.quiet()
        other.kill()
    assert switch.quiet()


async def test_no_call_begins_while_it_is_on_and_switching_twice_is_no_error(tmp_path: Path) -> None:
    switch = Maintenance(tmp_path / "new")
    for on in (True, True):
        switch.switch(on=on)
    begun = switch.since
    with pytest.raises(UnreachableError, match="maintenance"):
        await switch.call().__aenter__()
    for on in (False, False):
        switch.switch(on=on)
    assert (begun is None, switch.since) == (False, None)
    async with switch.call():
        assert not switch.quiet()
    assert switch.quiet()
