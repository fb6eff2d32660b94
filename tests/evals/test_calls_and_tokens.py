"""Model calls and prompt tokens a turn: the sentences are sound, the counting is right, the comparison is fair."""

import json
from pathlib import Path

import pytest
from langchain_core.tools import BaseTool
from pydantic import BaseModel

from passfel.evals.calls_and_tokens import (
    PEER,
    Figures,
    conversations,
    labelled,
    measure,
    met,
    prompt_tokens,
    ratios,
)
from passfel.graph.house import build_house
from passfel.graph.settings import AssistantSettings
from passfel.memory.postgres import Database

TALKS = conversations()


@pytest.fixture(scope="module")
def tools() -> dict[str, BaseTool]:
    settings = AssistantSettings(data_dir=Path("unused"))
    house = build_house(settings, Database(settings.postgres, settings.data_dir))
    return {tool.name: tool for tool in house.tools}


def test_there_are_a_hundred_different_sentences_in_ten_conversations():
    sentences = [said for talk in TALKS for said, _ in talk]
    assert len(TALKS) == 10
    assert len(sentences) == len(set(sentences)) == 100


def test_every_wanted_call_is_one_that_the_tools_take(tools: dict[str, BaseTool]):
    for talk in TALKS:
        for said, gold in talk:
            assert bool(gold.calls) != bool(gold.text), said
            for name, arguments in gold.calls:
                schema = tools[name].tool_call_schema
                assert isinstance(schema, type)
                assert issubclass(schema, BaseModel)
                schema.model_validate(arguments)
                assert set(arguments) <= set(schema.model_fields), said


def test_a_fifth_of_the_sentences_needs_no_tool():
    without = [said for talk in TALKS for said, gold in talk if not gold.calls]
    assert 18 <= len(without) <= 25


def test_prompt_tokens_count_messages_and_tools_and_nothing_else():
    request = {"messages": [{"role": "user", "content": "Olá"}], "tools": [{"name": "x"}], "top_p": 0.9}
    sent = {"messages": request["messages"], "tools": request["tools"]}
    assert prompt_tokens(request) == len(json.dumps(sent, ensure_ascii=False).encode()) // 4
    assert prompt_tokens({**request, "tools": []}) < prompt_tokens(request)


async def test_each_design_is_measured_on_the_same_sentences(data_folder: Path, tools: dict[str, BaseTool]):
    talks = [TALKS[0]]
    figures = await measure(data_folder, talks)
    assert list(figures) == ["PASSFEL", PEER, "classify, select, respond"]
    assert {found.turns for found in figures.values()} == {10}
    wanted = [gold for talk in talks for _, gold in talk]
    with_tools = sum(bool(gold.calls) for gold in wanted)
    assert figures[PEER].calls * 10 == 10 + with_tools
    assert figures["classify, select, respond"].calls * 10 == 20 + with_tools
    assert figures[PEER].right == 10
    assert figures["PASSFEL"].without_model > 0
    assert ratios(figures)["calls"] < 1


def test_a_goal_that_is_missed_is_told():
    def figures(calls: float, tokens: float) -> dict[str, Figures]:
        return {"PASSFEL": Figures(1, calls, tokens, 0, 1), PEER: Figures(1, 2.0, 4000, 0, 1)}

    assert met(figures(1.0, 1000))
    assert not met(figures(1.1, 1000))
    assert not met(figures(1.0, 1001))


def test_labels_are_the_domains_of_the_wanted_tools(tools: dict[str, BaseTool]):
    gold = labelled(TALKS, list(tools.values()))
    assert gold["What time is it?"].labels == "clock"
    assert gold["What's on tomorrow and what's the weather?"].labels == "calendar weather"
    assert gold["Good night"].labels == "chat"
