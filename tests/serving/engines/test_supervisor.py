"""The supervisor over real processes that serve, die, wedge and leave children."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from passfel.household.errors import SettingsError
from passfel.serving.engines.process import Launched
from passfel.serving.engines.supervisor import ModelServer, ModelServerError, Patience
from passfel.serving.engines.watch import prompt_cap

pytestmark = pytest.mark.slow
QUICK = Patience(
    ready_s=30, poll_s=0.05, canary_every_s=0.1, canary_deadline_s=0.5, backoff_s=0.01, quick_death_s=0,
    quick_deaths=3, grace_s=5,
)  # fmt: skip


def launched(folder: Path, *lives: str) -> Launched:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = [
        sys.executable,
        "-m",
        "passfel.tests.servers.engine_process",
        str(port),
        str(folder / "starts"),
        *lives,
    ]
    return Launched(argv, dict(os.environ), f"http://127.0.0.1:{port}", "passfel", folder / "engine.log")


@contextlib.asynccontextmanager
async def kept(what: Launched, patience: Patience = QUICK) -> AsyncIterator[tuple[ModelServer, list[str]]]:
    told: list[str] = []
    server = ModelServer(what, patience, told.append)
    running = asyncio.ensure_future(server.run())
    try:
        yield server, told
    finally:
        await server.stop()
        await running
    assert server.state == "stopped"


async def test_a_server_that_comes_up_slowly_is_waited_for_and_tells_how_long_a_prompt_may_be(tmp_path: Path):
    async with kept(launched(tmp_path, "slow")) as (server, told):
        await server.until_ready()
        assert (server.state, server.starts) == ("ready", 1)
        assert server.prompt_cap == 32768 - 16384
        assert told[-1].endswith("a prompt may have 16384 tokens.")
    assert "life 1: slow" in (tmp_path / "engine.log").read_text()


async def test_a_crash_and_an_end_with_status_0_are_both_started_again(tmp_path: Path):
    async with kept(launched(tmp_path, "crash", "exit0", "serve")) as (server, told):
        await server.until_ready()
        assert server.starts == 3
    ends = [sentence for sentence in told if "started again" in sentence]
    assert [("status 3" in end, "status 0" in end) for end in ends] == [(True, False), (False, True)]


async def test_a_server_killed_while_it_serves_comes_back(tmp_path: Path):
    async with kept(launched(tmp_path, "serve")) as (server, told):
        await server.until_ready()
        os.kill(int(told[0].split("process ")[1].split(",")[0]), signal.SIGKILL)
        await second_start(server)
        await server.until_ready()
        assert "status -9" in told[2]


async def test_a_wedged_server_with_good_health_is_found_by_its_missing_token_and_started_again(
    tmp_path: Path,
):
    async with kept(launched(tmp_path, "wedge", "serve")) as (server, told):
        await second_start(server)
        await server.until_ready()
    assert any("no longer wrote a single token" in sentence for sentence in told)


async def test_a_full_house_that_gets_on_is_not_taken_for_a_wedge(tmp_path: Path):
    async with kept(launched(tmp_path, "busy"), replace(QUICK, canary_deadline_s=0.2)) as (server, _):
        await server.until_ready()
        await asyncio.sleep(2)  # several canaries go unanswered
        assert (server.state, server.starts) == ("ready", 1)


async def test_a_server_that_never_lasts_is_given_up_with_its_reason(tmp_path: Path):
    server = ModelServer(launched(tmp_path, "memory"), replace(QUICK, quick_death_s=60))
    with pytest.raises(ModelServerError) as given_up:
        await server.run()
    assert (server.state, server.starts) == ("given up", 3)
    assert (
        "started 3 times in a row and never lasted: at last it ended with status 3."
        in given_up.value.sentence
    )
    assert "drop the page cache" in given_up.value.sentence
    assert str(tmp_path / "engine.log") in given_up.value.sentence


async def test_a_server_that_is_not_ready_in_time_is_ended(tmp_path: Path):
    patience = replace(QUICK, ready_s=0.2, quick_deaths=1, quick_death_s=60)
    with pytest.raises(ModelServerError, match="did not answer within 0 seconds"):
        await ModelServer(launched(tmp_path, "slow"), patience).run()


async def test_stopping_leaves_no_process_of_the_server_behind(tmp_path: Path):
    async with kept(launched(tmp_path, "family")) as (server, _):
        await server.until_ready()
        child = int((tmp_path / "starts.child").read_text())
        os.kill(child, 0)
    assert await gone(child)


async def test_a_program_that_is_not_there_is_said_so(tmp_path: Path):
    missing = replace(launched(tmp_path), argv=["/nowhere/sglang", "serve"])
    with pytest.raises(SettingsError, match="/nowhere/sglang can't be started: No such file"):
        await ModelServer(missing, QUICK).run()


async def test_a_container_is_taken_away_before_a_start_and_after_the_end(tmp_path: Path):
    note = tmp_path / "removals"
    remove = [sys.executable, "-c", f"open({str(note)!r}, 'a').write('gone ')"]
    async with kept(replace(launched(tmp_path, "serve"), removal=remove)) as (server, _):
        await server.until_ready()
        assert note.read_text() == "gone "
    assert note.read_text() == "gone gone "


def test_the_prompt_cap_is_the_smaller_of_pool_and_context_with_room_for_the_answer():
    assert (
        prompt_cap({"max_total_num_tokens": 200_000, "context_length": 262_144}, 16_384) == 190_000 - 16_384
    )
    assert (
        prompt_cap({"max_total_num_tokens": 500_000, "context_length": 262_144}, 16_384) == 262_144 - 16_384
    )
    assert prompt_cap({"context_length": 8_192}, 16_384) == 0
    assert prompt_cap({}, 16_384) is None


async def second_start(server: ModelServer) -> None:
    while server.starts < 2:  # noqa: ASYNC110 - it tells nobody when it starts
        await asyncio.sleep(0.02)


async def gone(process: int) -> bool:
    """Whether a process ends; a killed one may stay as a zombie where nobody reaps it."""
    for _ in range(200):
        try:
            stat = Path(f"/proc/{process}/stat").read_text()  # noqa: ASYNC240 - no file on a disk
        except (FileNotFoundError, ProcessLookupError):
            return True
        if stat.rpartition(")")[2].split()[0] == "Z":
            return True
        await asyncio.sleep(0.02)
    return False
