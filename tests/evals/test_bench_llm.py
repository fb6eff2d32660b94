"""The model bench against the stand-in: what is asked, what is counted, what is said. Not how fast it is."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from passfel.evals.bench_llm import Cell, Options, Sample, household_tools, measure
from passfel.evals.bench_llm_report import MISSING, main, percentile, verdicts
from passfel.household.errors import ProviderError, SettingsError
from passfel.serving.settings import LlmSettings
from passfel.tests.servers.loopback import serve
from passfel.tests.servers.sglang import SGLang
from passfel.tests.servers.sglang_answers import Answer, CallTools, QueueFull, Say

FEW = Options(levels=(1, 2), rounds=1, burst=3)
DRAWS = importlib.util.find_spec("matplotlib") is not None


class Always(SGLang):
    """Answers every request: with a call where tools are offered, else in words."""

    full = False

    @override
    def next_answer(self, body: dict[str, Any]) -> Answer:
        if self.full:
            return QueueFull()
        if body.get("tools"):
            return CallTools([("add_task", {"title": "washing powder"})], reasoning="They want it listed.")
        limit = "length" if "300 words" in body["messages"][-1]["content"] else "stop"
        return Say("Once upon a time there was a lighthouse.", reasoning="Let me think.", finish=limit)


@pytest.fixture
def server() -> Iterator[Always]:
    server = Always("passfel", api_key="")
    with serve(server.app) as url:
        server.url = f"{url}/v1"
        yield server


async def test_every_kind_is_asked_at_every_level_warm_and_cold(server: Always):
    cells = await measure(LlmSettings(base_url=server.url), FEW)
    asked = [(cell.kind, cell.prefix, cell.users) for cell in cells if not cell.burst]
    kinds = [(kind, prefix) for kind in ("simple", "tool", "reasoning") for prefix in ("warm", "cold")]
    assert asked == [(*pair, users) for users in (1, 2) for pair in [*kinds, ("long form", "warm")]]
    assert all(len(cell.samples) == cell.users for cell in cells)
    assert [cell.users for cell in cells if cell.burst] == [3]
    assert not [sample.error for cell in cells for sample in cell.samples if sample.error]


async def test_times_and_tokens_are_taken_from_the_stream(server: Always):
    cells = await measure(LlmSettings(base_url=server.url), FEW)
    for cell in cells:
        for sample in cell.samples:
            assert 0 < sample.first_token <= sample.total
            assert sample.tokens > 1
            assert sample.gaps
            if cell.kind == "tool":
                assert sample.first_token < sample.tool_name <= sample.tool_whole
                assert not sample.first_word
            else:
                assert sample.first_token < sample.first_word
                assert not sample.tool_name


async def test_a_cold_head_is_new_each_time_and_a_warm_one_is_not(server: Always):
    await measure(LlmSettings(base_url=server.url), FEW)
    heads = [request["messages"][0]["content"] for request in server.requests]
    most = max(heads.count(head) for head in heads)
    cold = [head for head in heads if heads.count(head) == 1]
    assert len(cold) == 3 * 1 + 3 * 2
    assert most + len(cold) == len(heads)
    offered = {len(request.get("tools") or []) for request in server.requests}
    assert offered == {0, len(household_tools())}


async def test_time_bounds_what_is_asked(server: Always):
    assert await measure(LlmSettings(base_url=server.url), Options(seconds=0)) == []


def test_figures_and_targets_are_printed_as_data(server: Always, capsys: pytest.CaptureFixture[str]):
    main(server.url, options=FEW, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert {row["target"] for row in told["targets"]} >= {"tool selected", "simple question: first token"}
    assert told["cells"][0]["first_token"]["p50"] > 0


def test_figures_and_targets_are_printed_as_tables(server: Always, capsys: pytest.CaptureFixture[str]):
    main(server.url, options=FEW)
    told = capsys.readouterr().out
    assert "What a household needs" in told
    assert "tool selected" in told


def test_a_server_that_is_too_busy_misses_and_is_counted(server: Always, capsys: pytest.CaptureFixture[str]):
    server.full = True
    assert main(server.url, options=FEW, as_json=True) == 1
    cell = json.loads(capsys.readouterr().out)["cells"][0]
    assert "too busy" in cell["failures"][0]


def test_a_server_that_is_not_there_is_one_sentence():
    with pytest.raises(ProviderError, match="could not be reached"):
        main("http://127.0.0.1:9/v1")


def test_targets_are_held_against_the_slow_end():
    fast, slow = Sample(first_token=0.2, total=1, tokens=9), Sample(first_token=0.9, total=1, tokens=9)
    found = [verdicts([Cell("simple", "warm", 1, samples)])[0] for samples in ((fast, fast), (fast, slow))]
    assert [row["passed"] for row in found] == [True, False]
    assert verdicts([Cell("simple", "cold", 1, (fast,)), Cell("simple", "warm", 20, (fast,))]) == []
    lost = Cell("simple", "warm", 1, (fast, Sample(first_token=0.2, error="It broke off.")))
    assert not verdicts([lost])[0]["passed"]


@pytest.mark.parametrize(("values", "value"), [([], 0.0), ([3.0], 3.0), ([1.0, 2.0, 3.0], 2.0)])
def test_a_percentile_takes_what_there_is(values: list[float], value: float):
    assert percentile(values, 0.5) == value


@pytest.mark.skipif(DRAWS, reason="matplotlib is installed here")
def test_without_matplotlib_a_picture_names_the_extra(server: Always, tmp_path: Path):
    with pytest.raises(SettingsError) as caught:
        main(server.url, options=FEW, plot=tmp_path / "bench.png")
    assert str(caught.value) == MISSING
    assert server.requests == []


@pytest.mark.skipif(not DRAWS, reason="matplotlib is not installed")
def test_a_picture_is_drawn(server: Always, tmp_path: Path):
    main(server.url, options=FEW, plot=tmp_path / "bench.png")
    assert (tmp_path / "bench.png").stat().st_size > 10_000
