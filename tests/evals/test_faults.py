"""The fault matrix: what it calls wrong is wrong, and the cells that need no clock are right for every provider."""

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from passfel.evals.fault_probes import PROBES
from passfel.evals.faults import judge, run_all

PROBE = PROBES[0]


def turn(answer: str, *, status: str = "success", source: str = "", asked: str = PROBE.says) -> list[object]:
    """A turn's messages: the question, one call with its result, the answer."""
    call = {"name": "get_weather", "args": {}, "id": "1"}
    sources = {"sources": [{"name": source}]} if source else None
    result = ToolMessage(answer, tool_call_id="1", status=status, artifact=sources)
    return [HumanMessage(asked), AIMessage("", tool_calls=[call]), result, AIMessage(answer)]


@pytest.mark.parametrize(
    ("messages", "seconds", "asked", "why"),
    [
        (turn("Something went wrong."), 0.1, False, "the provider was never asked"),
        (turn(""), 0.1, True, "the answer is empty"),
        (turn("It can't be reached.", status="error"), 0.1, True, "the answer does not name the source"),
        (turn("Open-Meteo could not be reached.", status="error"), 9.0, True, "it took 9.0 s"),
        (
            turn("Open-Meteo: Traceback", status="error"),
            0.1,
            True,
            "the answer speaks of its inside: “traceback”",
        ),
        (turn("10 °C.", asked="what"), 0.1, True, "the question is lost"),
    ],
)
def test_a_wrong_turn_is_called_wrong(messages: list[object], seconds: float, asked: bool, why: str):
    assert judge(PROBE, messages, seconds, asked=asked) == ("WRONG", why)


@pytest.mark.parametrize(
    ("messages", "outcome"),
    [
        (turn("Open-Meteo could not be reached.", status="error"), "said"),
        (turn("10 °C, says NWS.", source="NWS"), "other source"),
        (turn("10 °C, says Open-Meteo.", source="Open-Meteo"), "answered"),
        (turn("Nothing was found."), "nothing found"),
    ],
)
def test_a_right_turn_is_told_apart(messages: list[object], outcome: str):
    assert judge(PROBE, messages, 0.1, asked=True) == (outcome, "")


async def test_every_provider_that_fails_is_named_and_costs_nothing_else():
    cells = await run_all(PROBES, ["403", "wrong shape", "invalid UTF-8"])
    assert {cell.source for cell in cells} == {probe.source for probe in PROBES}
    assert [(cell.source, cell.fault, cell.why) for cell in cells if cell.outcome == "WRONG"] == []


async def test_a_provider_that_can_not_be_reached_is_named():
    cells = await run_all(PROBES[:1], ["refused"])
    assert [cell.outcome for cell in cells] == ["said"]
