"""The tools as the model is told of them: fewer words, the same calls."""

import json
from pathlib import Path
from typing import Any

import pytest
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel

from passfel.evals.calls_and_tokens import conversations
from passfel.graph.house import build_house
from passfel.graph.settings import AssistantSettings
from passfel.memory.postgres import Database
from passfel.nodes.schemas import compact, functions_of


@pytest.fixture(scope="module")
def tools() -> dict[str, BaseTool]:
    settings = AssistantSettings(data_dir=Path("unused"))
    house = build_house(settings, Database(settings.postgres, settings.data_dir))
    return {tool.name: tool for tool in house.tools}


def parameters(tool: BaseTool) -> dict[str, Any]:
    return dict(functions_of([tool])[0]["parameters"])


TYPES: dict[str, Any] = {"string": str, "boolean": bool, "number": (int, float), "integer": int}


def fits(value: object, schema: dict[str, Any]) -> bool:
    if "anyOf" in schema:
        return any(fits(value, choice) for choice in schema["anyOf"])
    return isinstance(value, TYPES[schema["type"]]) and value in schema.get("enum", [value])


def test_an_argument_that_may_be_left_out_is_its_type_and_not_required():
    either = {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}], "default": None}
    schema = {"properties": {"title": {"type": "string"}, "day": either}, "required": ["title"]}
    assert compact(schema) == {
        "properties": {"title": {"type": "string"}, "day": {"type": "string", "format": "date"}},
        "required": ["title"],
    }


def test_a_property_called_title_or_default_is_no_heading():
    schema = {"properties": {"title": {"type": "string", "title": "Title"}, "default": {"type": "integer"}}}
    assert compact(schema) == {"properties": {"title": {"type": "string"}, "default": {"type": "integer"}}}


@pytest.mark.parametrize("kept", [0, 0.0, "days", True, 7, []])
def test_a_default_that_says_something_stays(kept: object):
    assert compact({"type": "string", "default": kept})["default"] is kept


def test_a_null_that_means_something_and_a_choice_of_types_stay():
    null = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    two = {"anyOf": [{"type": "number"}, {"type": "string"}], "description": "how much."}
    assert compact({"properties": {"x": null}, "required": ["x"]})["properties"]["x"] == null
    assert compact({"properties": {"x": two}})["properties"]["x"] == two


def test_lists_and_objects_are_said_shorter_inside_as_well():
    inner = {"title": "Item", "type": "object", "properties": {"a": {"type": "string", "default": ""}}}
    schema = {"properties": {"items": {"type": "array", "items": inner}}}
    left = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert compact(schema) == {"properties": {"items": {"type": "array", "items": left}}}


def test_what_was_given_is_left_as_it_was():
    schema = {"title": "X", "properties": {"a": {"type": "string", "default": ""}}}
    before = json.dumps(schema)
    compact(schema)
    assert json.dumps(schema) == before


def test_names_arguments_types_and_descriptions_are_all_still_said(tools: dict[str, BaseTool]):
    for tool in tools.values():
        full = convert_to_openai_tool(tool)["function"]
        told = functions_of([tool])[0]
        assert (told["name"], told["description"]) == (full["name"], full["description"])
        assert list(told["parameters"]["properties"]) == list(full["parameters"]["properties"])
        assert told["parameters"].get("required") == full["parameters"].get("required")
        for name, said in full["parameters"]["properties"].items():
            assert told["parameters"]["properties"][name]["description"] == said["description"]


def test_a_household_s_calls_keep_to_the_short_schemas_and_to_the_tools_own(tools: dict[str, BaseTool]):
    calls = [call for talk in conversations() for _, gold in talk for call in gold.calls]
    assert len(calls) > 70
    for name, arguments in calls:
        told = parameters(tools[name])
        assert set(told.get("required", ())) <= set(arguments) <= set(told["properties"])
        for argument, value in arguments.items():
            assert fits(value, told["properties"][argument]), (name, argument)
        schema = tools[name].tool_call_schema
        assert isinstance(schema, type)
        assert issubclass(schema, BaseModel)
        schema.model_validate(arguments)


def test_the_short_form_spends_less_and_goes_through_bind_tools_unchanged(tools: dict[str, BaseTool]):
    full = [convert_to_openai_tool(tool) for tool in tools.values()]
    told = functions_of(list(tools.values()))
    assert [convert_to_openai_tool(function)["function"] for function in told] == told
    assert len(json.dumps(told)) < 0.92 * len(json.dumps(full))
