"""The turns that are taken to the GPU, here against the stand-in server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from passfel.evals.gpu.house_turns import CASES, turn
from passfel.tests.servers.sglang import CallTools, Say, SGLang, sglang

LONG = "babalon cotitan " * 200


@pytest.fixture
def server() -> Iterator[SGLang]:
    with sglang() as running:
        yield running


async def test_a_forced_call_goes_through_the_whole_graph_and_leaves_a_receipt(
    server: SGLang, tmp_path: Path
):
    title = "write the shopping list"
    server.will(
        CallTools([("add_task", {"title": title})], reasoning="wod"),
        Say("wid wad", reasoning="x", finish="length"),
    )
    row = await turn(_port(server), tmp_path, CASES[0])
    assert row["steps"] == "classify → retrieve → decide → act → decide → respond → remember"
    assert row["tool"] == f"success: Added to your list: {title}."
    assert row["answer"].endswith(f"✓ Added to your list: {title}.")
    forced, free = server.requests
    assert [tool["function"]["name"] for tool in forced["tools"]] == ["add_task"]
    assert forced["tools"][0]["function"]["parameters"]["required"] == ["title"]
    assert forced["tool_choice"] == {"type": "function", "function": {"name": "add_task"}}
    assert (forced["custom_params"], forced["stop_regex"]) == ({"thinking_budget": 32}, ["</tool_call>"])
    assert "tool_choice" not in free
    assert len(free["tools"]) > 1


async def test_where_the_client_closes_the_thoughts_the_server_writes_the_closing_mark(
    server: SGLang, tmp_path: Path
):
    server.will(
        Say("", reasoning=LONG, finish="length"), CallTools([("add_task", {"title": "ask the guests"})]),
        Say("", reasoning=LONG, finish="length"), Say("wid wad", finish="length"),
    )  # fmt: skip
    row = await turn(_port(server), tmp_path, CASES[2])
    assert row["tool"] == "success: Added to your list: ask the guests."
    assert all(row["closed_by_client"])
    _, forced, _, free = server.requests
    assert forced["custom_params"] == {"thinking_budget": 0}
    assert forced["messages"][-1]["content"].endswith("I answer now.")
    assert free["messages"][-1]["content"].endswith("</think>\n\n")


def _port(server: SGLang) -> int:
    return int(server.url.rsplit(":", 1)[1].split("/")[0])
