"""The embedded Redis, and what is shared through it: real servers, several users, and none at all."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from passfel.household.errors import MemoryUnavailableError
from passfel.household.sharing import Rate
from passfel.memory.embedded_redis import EmbeddedRedis, process_of
from passfel.memory.redis import RedisSettings, SharedRedis
from passfel.memory.shared_limits import SharedCache, SharedLimiter
from passfel.tools.limits import MemoryCache, TokenBuckets

ONE_A_MINUTE = Rate(1, timedelta(minutes=1))
HOUR = timedelta(hours=1)


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[SharedRedis]:
    """The embedded server as one process sees it."""
    shared = SharedRedis(RedisSettings(), tmp_path)
    yield shared
    await shared.aclose()


async def test_users_share_one_server_and_the_last_to_leave_stops_it(tmp_path: Path):
    first, second = EmbeddedRedis(tmp_path), EmbeddedRedis(tmp_path)
    socket = await first.start()
    assert await second.start() == socket
    await first.stop()
    assert process_of(socket) is not None
    await second.stop()
    assert process_of(socket) is None


async def test_ten_users_at_once_get_one_server(tmp_path: Path):
    users = [EmbeddedRedis(tmp_path) for _ in range(10)]
    assert len(set(await asyncio.gather(*(user.start() for user in users)))) == 1
    await asyncio.gather(*(user.stop() for user in users))
    assert process_of(tmp_path / "redis" / "redis.sock") is None


async def test_a_server_whose_user_was_killed_serves_the_next_and_is_stopped_by_it(tmp_path: Path):
    script = (
        "import asyncio, os, signal, pathlib\n"
        "from passfel.memory.embedded_redis import EmbeddedRedis\n"
        f"asyncio.run(EmbeddedRedis(pathlib.Path({str(tmp_path)!r})).start())\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script)
    assert await process.wait() == -signal.SIGKILL
    orphan = process_of(tmp_path / "redis" / "redis.sock")
    assert orphan is not None
    user = EmbeddedRedis(tmp_path)
    assert process_of(await user.start()) == orphan
    await user.stop()
    assert process_of(tmp_path / "redis" / "redis.sock") is None


async def test_a_folder_with_a_long_path_works(tmp_path: Path):
    user = EmbeddedRedis(tmp_path / ("long" * 30))
    socket = await user.start()
    assert len(os.fsencode(socket)) < 108
    await user.stop()


async def test_a_rate_holds_for_all_processes_together(redis: SharedRedis, tmp_path: Path):
    other = SharedRedis(RedisSettings(), tmp_path)
    here, there = SharedLimiter(redis, TokenBuckets()), SharedLimiter(other, TokenBuckets())
    try:
        assert await here.admit("CoinGecko", ONE_A_MINUTE) == 0
        assert 50 < await there.admit("CoinGecko", ONE_A_MINUTE) <= 60
        assert await there.admit("Frankfurter", ONE_A_MINUTE) == 0
    finally:
        await other.aclose()


async def test_a_burst_is_as_large_as_the_rate_says(redis: SharedRedis):
    limiter = SharedLimiter(redis, TokenBuckets())
    rate = Rate(5, timedelta(minutes=1))
    waits = [await limiter.admit("Wikipedia", rate) for _ in range(6)]
    assert waits[:5] == [0] * 5
    assert 10 < waits[5] <= 12


async def test_a_block_counts_for_all_and_is_not_shortened(redis: SharedRedis):
    limiter = SharedLimiter(redis, TokenBuckets())
    await limiter.block("arXiv", 600)
    await limiter.block("arXiv", 1)
    other = SharedLimiter(redis, TokenBuckets())
    assert 590 < await other.admit("arXiv", Rate(10)) <= 600


async def test_an_answer_is_remembered_for_other_processes_until_it_is_too_old(redis: SharedRedis):
    await SharedCache(redis, MemoryCache()).put("key", b"\x00answer", HOUR)
    assert await SharedCache(redis, MemoryCache()).get("key") == b"\x00answer"
    left = await redis.ask(lambda client: client.pttl(redis.key("answer", "key")))
    assert left is not None
    assert 0 < left <= HOUR.total_seconds() * 1000


async def test_a_server_that_is_gone_costs_the_sharing_and_nothing_else(redis: SharedRedis, tmp_path: Path):
    limiter, cache = SharedLimiter(redis, TokenBuckets()), SharedCache(redis, MemoryCache())
    assert await limiter.admit("CoinGecko", ONE_A_MINUTE) == 0
    pid = process_of(tmp_path / "redis" / "redis.sock")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert await limiter.admit("CoinGecko", ONE_A_MINUTE) == 0  # its own bucket, still full
    assert await limiter.admit("CoinGecko", ONE_A_MINUTE) > 0
    await cache.put("key", b"answer", HOUR)
    assert await cache.get("key") == b"answer"


async def test_a_server_that_comes_back_is_used_again(
    redis: SharedRedis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("passfel.memory.redis.REST_S", 0.0)
    limiter = SharedLimiter(redis, TokenBuckets())
    await limiter.admit("CoinGecko", ONE_A_MINUTE)
    pid = process_of(tmp_path / "redis" / "redis.sock")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await limiter.admit("CoinGecko", ONE_A_MINUTE)
    assert await redis.ask(lambda client: client.ping())


async def test_a_server_by_url_is_used_and_its_password_is_told_to_nobody(tmp_path: Path):
    socket = await (server := EmbeddedRedis(tmp_path)).start()
    by_url = SharedRedis(RedisSettings(url=SecretStr(f"unix://{socket}")), tmp_path)
    assert "by PASSFEL_REDIS__URL" in await by_url.check()
    await by_url.aclose()
    await server.stop()
    gone = SharedRedis(RedisSettings(url=SecretStr("redis://ana:secret@127.0.0.1:9/0")), tmp_path)
    with pytest.raises(MemoryUnavailableError, match="Redis does not answer") as refusal:
        await gone.check()
    assert "secret" not in str(refusal.value)
    await gone.aclose()


async def test_without_any_redis_each_process_keeps_its_own(tmp_path: Path):
    off = SharedRedis(RedisSettings(embedded=False), tmp_path)
    limiter = SharedLimiter(off, TokenBuckets())
    assert await limiter.admit("CoinGecko", ONE_A_MINUTE) == 0
    assert await limiter.admit("CoinGecko", ONE_A_MINUTE) > 0
    assert "Switched off" in await off.check()
    assert not (tmp_path / "redis").exists()
