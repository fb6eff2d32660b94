"""The embedded Postgres: shared by processes, stopped by the last of them, whole after every kind of kill."""

import asyncio
import logging
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from passfel.household.errors import MemoryUnavailableError
from passfel.memory.embedded_postgres import EmbeddedPostgres
from passfel.memory.postgres_account import account_for
from passfel.memory.postgres_process import Postmaster

pytestmark = pytest.mark.slow

AS_ROOT = os.geteuid() == 0

_HOLDER = """
import asyncio, sys
from pathlib import Path
from passfel.memory.embedded_postgres import EmbeddedPostgres

async def main():
    async with EmbeddedPostgres(Path(sys.argv[1])) as url:
        print(url, flush=True)
        await asyncio.to_thread(sys.stdin.readline)

asyncio.run(main())
"""


class Holder:
    """Another process that uses the server in a folder."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def url(self) -> str:
        """Wait until it has the server."""
        assert self.process.stdout
        return (await self.process.stdout.readline()).decode().strip()

    async def leave(self) -> None:
        """End it as it should end."""
        await self.process.communicate(b"\n")

    async def kill(self) -> None:
        """End it with kill -9."""
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def holding(folder: Path) -> AsyncIterator[Holder]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _HOLDER, str(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield Holder(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture(scope="module")
async def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped cluster that tests copy, for initdb takes most of a fresh start."""
    folder = tmp_path_factory.mktemp("template") / "passfel"
    async with EmbeddedPostgres(folder):
        pass
    return folder


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Path]:
    """A data folder that is not there yet; whatever server a failed test leaves in it is ended."""
    folder = tmp_path / "passfel"
    yield folder
    end_server(folder, signal.SIGQUIT)


@pytest.fixture
def folder(fresh: Path, template: Path) -> Path:
    """A data folder with a cluster that is stopped."""
    return copied(template, fresh)


def copied(template: Path, folder: Path) -> Path:
    """A copy that keeps the owner."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", template, folder], check=True)
    return folder


async def until(met: Callable[[], bool]) -> None:
    while not met():  # noqa: ASYNC110 - what is waited for is another process' doing
        await asyncio.sleep(0.01)


def postmaster(folder: Path) -> int | None:
    return Postmaster(folder / "postgres").pid()


def end_server(folder: Path, how: signal.Signals) -> None:
    if (folder / "postgres" / "postmaster.pid").exists() and (pid := postmaster(folder)):
        os.kill(pid, how)


def run(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Run statements, and return the last one's rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


KEEP = ("create table kept (word text)", "insert into kept values ('bins')")
READ = "select word from kept"


async def test_a_fresh_folder_gives_a_private_utf8_database_with_pgvector_and_nothing_after_stop(fresh: Path):
    async with EmbeddedPostgres(fresh) as url:
        distance = run(url, "create extension vector", "select '[1,2]'::vector <-> '[1,4]'::vector")
        facts = run(
            url,
            "select current_database()::text, getdatabaseencoding()::text, current_setting('listen_addresses'),"
            " current_setting('TimeZone'), current_setting('data_checksums'), lower('ÀÉ')",
        )
        assert distance == [(2.0,)]
        assert facts == [("passfel", "UTF8", "", "UTC", "on", "àé")]
        assert stat.S_IMODE((fresh / "postgres").stat().st_mode) == 0o700
    assert postmaster(fresh) is None
    with pytest.raises(psycopg.OperationalError):
        run(url, "select 1")


async def test_four_processes_racing_on_a_fresh_folder_share_one_server_that_the_last_one_stops(fresh: Path):
    async with holding(fresh) as one, holding(fresh) as two, holding(fresh) as three, holding(fresh) as four:
        holders = (one, two, three, four)
        urls = await asyncio.gather(*(holder.url() for holder in holders))
        assert len(set(urls)) == 1
        server = postmaster(fresh)
        assert server is not None
        await asyncio.gather(*(holder.leave() for holder in (one, two, three)))
        assert postmaster(fresh) == server
        assert run(urls[0], "select 1") == [(1,)]
        await four.leave()
        assert postmaster(fresh) is None


async def test_the_server_lives_in_a_session_of_its_own_so_that_ctrl_c_passes_it_by(folder: Path):
    async with EmbeddedPostgres(folder):
        assert os.getsid(postmaster(folder) or 0) != os.getsid(0)


async def test_a_holder_killed_leaves_a_server_that_the_next_start_joins_and_then_stops(folder: Path):
    async with holding(folder) as holder:
        run(await holder.url(), *KEEP)
        server = postmaster(folder)
        await holder.kill()
    assert server is not None
    async with EmbeddedPostgres(folder) as url:
        assert postmaster(folder) == server
        assert run(url, READ) == [("bins",)]
    assert postmaster(folder) is None


async def test_a_killed_server_is_started_again_with_every_committed_row(folder: Path):
    embedded = EmbeddedPostgres(folder)
    run(await embedded.start(), *KEEP)
    end_server(folder, signal.SIGKILL)
    assert run(await embedded.start(), READ) == [("bins",)]
    await embedded.stop()
    assert postmaster(folder) is None


async def test_a_pid_file_whose_pid_now_belongs_to_another_process_is_taken_for_stale(folder: Path):
    account = account_for(folder / "postgres")
    embedded = EmbeddedPostgres(folder)
    run(await embedded.start(), *KEEP)
    sockets = Postmaster(folder / "postgres").listens_in()
    assert sockets is not None
    end_server(folder, signal.SIGKILL)
    pid_file = folder / "postgres" / "postmaster.pid"
    bystander = await asyncio.create_subprocess_exec(
        "sleep", "60", cwd="/", user=account.uid if AS_ROOT else None, group=account.gid if AS_ROOT else None
    )
    for stale in (pid_file, sockets / ".s.PGSQL.5432.lock"):
        _, *rest = stale.read_text().splitlines(keepends=True)
        stale.write_text("".join([f"{bystander.pid}\n", *rest]))
    try:
        assert run(await embedded.start(), READ) == [("bins",)]
        await embedded.stop()
        assert bystander.returncode is None
    finally:
        bystander.kill()
        await bystander.wait()


async def test_an_empty_pid_file_does_not_keep_the_server_from_starting(folder: Path):
    (folder / "postgres" / "postmaster.pid").touch()
    async with EmbeddedPostgres(folder) as url:
        assert run(url, "select 1") == [(1,)]


async def test_a_starter_killed_while_initdb_works_leaves_no_half_cluster(fresh: Path):
    async with holding(fresh) as starter:
        await until((fresh / "postgres.new" / "base").exists)
        await starter.kill()
    assert not (fresh / "postgres").exists()
    async with EmbeddedPostgres(fresh) as url:
        assert run(url, "select 1") == [(1,)]
    assert not (fresh / "postgres.new").exists()


async def test_a_start_that_is_cancelled_lets_go_and_leaves_no_server(folder: Path):
    starting = asyncio.create_task(EmbeddedPostgres(folder).start())
    await until((folder / "postgres" / "postmaster.pid").exists)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert postmaster(folder) is None


async def test_starting_twice_is_one_hold_and_stopping_twice_is_harmless(folder: Path):
    embedded = EmbeddedPostgres(folder)
    await embedded.stop()
    assert await embedded.start() == await embedded.start()
    await embedded.stop()
    assert postmaster(folder) is None
    await embedded.stop()


@pytest.mark.parametrize("name", ["with space, comma's and 100% ünïcode", "deep/" + "long" * 40])
async def test_odd_and_long_paths_work(fresh: Path, template: Path, name: str):
    folder = copied(template, fresh / name)
    async with EmbeddedPostgres(folder) as url:
        sockets = socket_folder(url, folder)
        assert run(url, *KEEP, READ) == [("bins",)]
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert postmaster(folder) is None
    if sockets != folder / "postgres":
        sockets.rmdir()


async def test_a_socket_folder_that_others_can_enter_is_refused(fresh: Path, template: Path):
    folder = copied(template, fresh / ("long" * 40))
    async with EmbeddedPostgres(folder) as url:
        sockets = socket_folder(url, folder)
    sockets.chmod(0o755)
    with pytest.raises(MemoryUnavailableError, match="isn't private") as refused:
        await EmbeddedPostgres(folder).start()
    assert_one_sentence(refused.value, folder)
    sockets.rmdir()


def socket_folder(url: str, folder: Path) -> Path:
    """Where the server listens."""
    ((said,),) = run(url, "select current_setting('unix_socket_directories')")
    return folder / "postgres" / str(said).strip('"')


def a_file(folder: Path) -> Path:
    folder.write_text("not a folder")
    return folder


def under_a_file(folder: Path) -> Path:
    return a_file(folder) / "data"


def where_nothing_can_be_made(_: Path) -> Path:
    return Path("/proc/passfel")


def where_no_one_writes(folder: Path) -> Path:
    folder.mkdir(mode=0o500)
    return folder


def with_a_file_for_the_cluster(folder: Path) -> Path:
    folder.mkdir()
    a_file(folder / "postgres")
    return folder


def with_something_else_for_the_cluster(folder: Path) -> Path:
    (folder / "postgres").mkdir(parents=True)
    a_file(folder / "postgres" / "holiday.jpg")
    return folder


def with_a_name_that_postgres_cannot_quote(folder: Path) -> Path:
    return folder / "pay$day"


@pytest.mark.parametrize(
    "make",
    [
        a_file,
        under_a_file,
        where_nothing_can_be_made,
        with_a_file_for_the_cluster,
        with_something_else_for_the_cluster,
        with_a_name_that_postgres_cannot_quote,
    ],
)
async def test_a_folder_that_cannot_be_used_is_one_sentence_that_names_it(
    fresh: Path, make: Callable[[Path], Path]
):
    folder = make(fresh)
    with pytest.raises(MemoryUnavailableError) as refused:
        await EmbeddedPostgres(folder).start()
    assert_one_sentence(refused.value, folder)


@pytest.mark.skipif(AS_ROOT, reason="root can write everywhere")
async def test_a_folder_that_cannot_be_written_is_one_sentence_that_names_it(fresh: Path):
    where_no_one_writes(fresh)
    with pytest.raises(MemoryUnavailableError) as refused:
        await EmbeddedPostgres(fresh).start()
    assert_one_sentence(refused.value, fresh)


async def test_a_cluster_of_another_major_version_is_one_sentence_and_the_start_lets_go(folder: Path):
    version = folder / "postgres" / "PG_VERSION"
    version.write_text("17\n")
    refusing = EmbeddedPostgres(folder)
    with pytest.raises(MemoryUnavailableError, match=r"Postgres 17, and this is Postgres 18") as refused:
        await refusing.start()
    assert_one_sentence(refused.value, folder)
    version.write_text("18\n")
    async with EmbeddedPostgres(folder):
        pass
    assert postmaster(folder) is None


async def test_a_server_that_refuses_to_start_is_one_sentence_with_its_own_last_complaint(folder: Path):
    with (folder / "postgres" / "postgresql.auto.conf").open("a") as settings:
        settings.write("shared_buffers = 'plenty'\n")
    with pytest.raises(MemoryUnavailableError, match="configuration file") as refused:
        await EmbeddedPostgres(folder).start()
    assert_one_sentence(refused.value, folder)


def assert_one_sentence(error: MemoryUnavailableError, folder: Path) -> None:
    said = error.sentence
    assert str(folder) in said
    assert said.endswith(".")
    assert "\n" not in said


needs_root = pytest.mark.skipif(not AS_ROOT, reason="shows what root gets, and this isn't root")


@needs_root
async def test_as_root_the_server_runs_under_an_unprivileged_account_which_owns_the_cluster(fresh: Path):
    async with EmbeddedPostgres(fresh):
        assert (fresh / "postgres" / "postmaster.pid").stat().st_uid != 0
        assert (fresh / "postgres").stat().st_uid != 0


@needs_root
async def test_as_root_a_closed_parent_gets_the_search_bit_only_and_one_warning(
    tmp_path: Path, template: Path, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    folder = copied(template, closed / "passfel")
    for _ in range(2):
        async with EmbeddedPostgres(folder):
            assert stat.S_IMODE(closed.stat().st_mode) == 0o701
    assert [f" {closed} " in line for line in caplog.messages].count(True) == 1


@needs_root
async def test_as_root_an_existing_cluster_keeps_its_owner(folder: Path):
    await (await asyncio.create_subprocess_exec("chown", "-R", "nobody:", folder / "postgres")).wait()
    async with EmbeddedPostgres(folder):
        owner = (folder / "postgres").stat().st_uid
        assert (folder / "postgres" / "postmaster.pid").stat().st_uid == owner


@needs_root
async def test_as_root_a_cluster_that_belongs_to_root_is_one_sentence(folder: Path):
    shutil.chown(folder / "postgres", "root")
    with pytest.raises(MemoryUnavailableError, match="belongs to root") as refused:
        await EmbeddedPostgres(folder).start()
    assert_one_sentence(refused.value, folder)
