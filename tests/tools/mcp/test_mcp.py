"""Tools of a real MCP server, in a process of its own, over its standard input and output and over HTTP."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from pydantic import ValidationError

from passfel.household.errors import BrokenAnswerError, UnreachableError
from passfel.tests.servers import shopping_mcp
from passfel.tools.contract import annotations_of, domain_of, takes_turn
from passfel.tools.mcp.catalogue import LARGEST_SCHEMA, LONGEST_DESCRIPTION, Shelf, listing_of
from passfel.tools.mcp.settings import McpServerSettings, McpSettings
from passfel.tools.mcp.tools import McpServers, annotations_for

SERVER = str(Path(shopping_mcp.__file__))
Call = Callable[..., Awaitable[ToolMessage]]


def stdio(**more: Any) -> McpServerSettings:
    return McpServerSettings(command=sys.executable, args=(SERVER,), **more)


@contextlib.asynccontextmanager
async def opened(folder: Path, **servers: McpServerSettings) -> AsyncIterator[tuple[McpServers, Call]]:
    """The servers, and a way to call their tools by name."""
    known = McpServers(McpSettings(servers=servers), folder)
    tools = {tool.name: tool for tool in await asyncio.to_thread(known.tools)}

    async def call(name: str, /, **arguments: Any) -> ToolMessage:
        message = await tools[name].ainvoke({"type": "tool_call", "id": "1", "name": name, "args": arguments})
        assert isinstance(message, ToolMessage)
        return message

    try:
        yield known, call
    finally:
        await known.aclose()


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextlib.contextmanager
def serving(port: int) -> Iterator[str]:
    """The same server over HTTP."""
    process = subprocess.Popen([sys.executable, SERVER], env={**os.environ, "SHOP_PORT": str(port)})
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        process.wait()


async def test_a_servers_tools_come_under_our_contract(tmp_path: Path):
    async with opened(tmp_path, shop=stdio(domain="tasks")) as (known, _):
        tools = {tool.name: tool for tool in known.tools()}
    assert list(tools) == sorted(tools)
    assert set(tools) >= {"shop_add_item", "shop_clear_items", "shop_show_items"}
    read, add, clear = (
        annotations_of(tools[f"shop_{name}"]) for name in ("show_items", "add_item", "clear_items")
    )
    assert (read.read_only, read.destructive, read.open_world) == (True, False, False)
    assert (add.read_only, add.destructive, add.open_world) == (False, False, False)
    # Nothing was said of this one, so it asks first, and what it says is a stranger's.
    assert (clear.read_only, clear.destructive, clear.open_world) == (False, True, True)
    assert {domain_of(tool) for tool in tools.values()} == {"tasks"}
    assert not any(takes_turn(tool) for tool in tools.values())
    # A stranger's description is one line of data.
    assert "\n" not in tools["shop_add_item"].description


async def test_a_session_is_kept_open_and_the_process_gets_its_own_variables_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SHOP_HOME", "ours")
    async with opened(tmp_path, shop=stdio(env={"SHOP_TOKEN": "s3cret"})) as (_, call):
        first, second = await call("shop_who_am_i"), await call("shop_who_am_i")
    assert first.artifact.result.data == second.artifact.result.data
    assert first.artifact.result.data["token"] == "s3cret"
    assert first.artifact.result.data["home"] == ""


async def test_what_is_read_is_told_with_its_source_and_what_is_written_as_the_servers_word(tmp_path: Path):
    async with opened(tmp_path, shop=stdio()) as (_, call):
        added, shown = await call("shop_add_item", name="milk", count=2), await call("shop_show_items")
    assert str(added.text) == ("The MCP server “shop” answered: added 2 milk. I could not check it myself.")
    assert added.artifact.receipts == ()
    assert str(shown.text) == "2 milk\n(Source: the MCP server “shop”)"
    assert shown.artifact.sources[0].name == "the MCP server “shop”"


async def test_a_tool_that_raises_is_an_error_and_not_an_answer(tmp_path: Path):
    async with opened(tmp_path, shop=stdio()) as (_, call):
        with pytest.raises(
            BrokenAnswerError, match=r"The tool fail of the MCP server “shop” failed: .*no shelf"
        ):
            await call("shop_fail", why="no shelf")
        with pytest.raises(BrokenAnswerError, match="failed"):
            await call("shop_add_item", count=1)
        assert "[image]" in str((await call("shop_picture")).text)


async def test_a_server_that_died_is_started_again_for_the_next_call(tmp_path: Path):
    async with opened(tmp_path, shop=stdio()) as (_, call):
        pid = (await call("shop_who_am_i")).artifact.result.data["pid"]
        os.kill(pid, signal.SIGKILL)
        # A change is not made twice: the session is tried first, and opened anew.
        assert "added 1 tea" in str((await call("shop_add_item", name="tea")).text)
        assert str((await call("shop_show_items")).text).startswith("1 tea")


async def test_a_server_that_dies_in_a_call_is_named(tmp_path: Path):
    async with opened(tmp_path, shop=stdio()) as (_, call):
        with pytest.raises(UnreachableError, match="“shop” was lost during the call"):
            await call("shop_stop_while_writing")
        with pytest.raises(UnreachableError, match="“shop” was lost during the call"):
            await call("shop_stop_process")
        assert "nothing" in str((await call("shop_show_items")).text)


async def test_a_slow_call_is_given_up(tmp_path: Path):
    async with opened(tmp_path, shop=stdio(deadline_s=0.5)) as (known, call):
        await known.servers[0].listing()
        with pytest.raises(UnreachableError, match="did not answer in time"):
            await call("shop_sleep", seconds=3)


async def test_over_http_it_is_the_same_and_a_server_that_comes_back_is_used_again(tmp_path: Path, port: int):
    with serving(port) as url:
        async with opened(tmp_path, shop=McpServerSettings(url=url, deadline_s=5)) as (known, call):
            assert "added 1 milk" in str((await call("shop_add_item", name="milk")).text)
            assert (await known.servers[0].check()).startswith("It answers, with ")
    async with opened(tmp_path, shop=McpServerSettings(url=url, deadline_s=5)) as (known, call):
        # It is down: its tools are known all the same, and a call says which server is gone.
        with pytest.raises(
            UnreachableError, match="The MCP server “shop” can't be reached: it did not connect"
        ):
            await call("shop_show_items")
        with serving(port):
            assert "nothing" in str((await call("shop_show_items")).text)


async def test_what_can_not_be_started_is_left_out_and_named_by_the_doctor(tmp_path: Path):
    async with opened(tmp_path, gone=McpServerSettings(command="/nowhere/at/all"), shop=stdio()) as (
        known,
        _,
    ):
        assert {tool.name.partition("_")[0] for tool in known.tools()} == {"shop"}
        gone = known.servers[0]
        with pytest.raises(
            UnreachableError, match="The MCP server “gone” can't be reached: it did not start"
        ):
            await gone.check()


async def test_a_start_waits_once_for_a_server_that_was_never_heard_and_takes_what_is_heard_later(
    tmp_path: Path, port: int
):
    shop = McpServerSettings(url=f"http://127.0.0.1:{port}/mcp")
    async with opened(tmp_path, shop=shop) as (known, _):
        assert known.tools() == []
        kept = Shelf(tmp_path).read("shop", shop)
        assert kept is not None
        assert kept.tools == ()
        with serving(port):
            await known.servers[0].listing()
    async with opened(tmp_path, shop=shop) as (known, _):
        assert "shop_show_items" in [tool.name for tool in known.tools()]


async def test_the_kept_list_serves_a_start_without_any_server(tmp_path: Path):
    async with opened(tmp_path, shop=stdio()) as (known, _):
        first = [tool.model_dump(include={"name", "description", "args_schema"}) for tool in known.tools()]
    shelf = Shelf(tmp_path)
    assert shelf.read("shop", stdio()) is not None
    # Another command is another server: what this one said doesn't count for it.
    assert shelf.read("shop", McpServerSettings(command="other")) is None
    again = McpServers(McpSettings(servers={"shop": stdio()}), tmp_path)
    assert [
        tool.model_dump(include={"name", "description", "args_schema"}) for tool in again.tools()
    ] == first
    assert "shopping begins" in (tmp_path / "mcp" / "shop.log").read_text("utf-8")


async def test_names_that_are_taken_are_left_out(tmp_path: Path):
    async with opened(tmp_path, shop=stdio(tools=("show_items", "add_item"))) as (known, _):
        assert [tool.name for tool in known.tools(taken={"shop_add_item"})] == ["shop_show_items"]


def test_missing_hints_are_taken_the_careful_way_and_a_servers_word_can_be_doubted():
    assert annotations_for({}).as_mcp() == {
        "readOnlyHint": False,
        "destructiveHint": True,
        "idempotentHint": False,
        "openWorldHint": True,
    }
    assert annotations_for({"readOnlyHint": True}, believed=False).destructive


def test_what_strangers_say_of_their_tools_is_cut_to_size():
    deep: dict[str, Any] = {"type": "object"}
    for _ in range(12):
        deep = {"type": "object", "properties": {"a": deep}}
    wide = {"type": "object", "properties": {f"argument_{n}": {"type": "string"} for n in range(200)}}
    told: list[dict[str, Any]] = [
        {
            "name": "b",
            "description": "x \x07\n" * 4000,
            "inputSchema": {"type": "object", "title": "y" * 9000},
        },
        {"name": "a", "inputSchema": None, "annotations": {"readOnlyHint": "yes"}},
        {"name": "deep", "inputSchema": deep},
        {"name": "wide", "inputSchema": wide},
        {"name": "a name\nof two lines"},
        {"name": "no object", "inputSchema": {"type": "string"}},
    ]
    listing = listing_of(stdio(), told)
    assert [tool.name for tool in listing.tools] == ["a", "b"]
    assert listing.tools[0].hints == {}
    assert not {"\n", "\x07"} & set(listing.tools[1].description)
    assert len(listing.tools[1].description) <= LONGEST_DESCRIPTION
    assert len(str(listing.tools[1].arguments)) < LARGEST_SCHEMA


@pytest.mark.parametrize(
    "raw",
    [
        {"servers": {"shop": {}}},
        {"servers": {"shop": {"command": "a", "url": "http://b"}}},
        {"servers": {"shop": {"url": "ftp://b"}}},
        {"servers": {"Not A Name": {"command": "a"}}},
        {"servers": {"shop": {"command": "a", "comand": "b"}}},
    ],
)
def test_settings_that_make_no_sense_are_refused(raw: dict[str, Any]):
    with pytest.raises(ValidationError):
        McpSettings.model_validate(raw)
