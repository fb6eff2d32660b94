"""Tools as the model is told of them: the same JSON schemas, said in fewer tokens.

pydantic spells an argument that may be left out as "this type or null, null by default", under a title. Leaving
the argument out of `required` says the same. It is a third of what a prompt spends on tools.
"""

from collections.abc import Sequence
from typing import Any, cast

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_function

Schema = dict[str, Any]

NULL = {"type": "null"}
EMPTY = (None, "", False)
"""Defaults that say no more than that an argument may be left out."""


def functions_of(tools: Sequence[BaseTool]) -> list[Schema]:
    """The tools as functions in OpenAI's form, in their order, for any model's `bind_tools`."""
    return [_function_of(tool) for tool in tools]


def _function_of(tool: BaseTool) -> Schema:
    function = convert_to_openai_function(tool)
    parameters = function.get("parameters")
    return {**function, "parameters": compact(parameters)} if parameters else function


def compact(schema: Schema) -> Schema:
    """A JSON schema that takes the same calls, without titles, nulls that may be left out, and empty defaults.

    A pure function; whatever else a schema says stays, and in its order.
    """
    properties = schema.get("properties", {})
    required = schema.get("required", ())
    said = {name: value for name, value in schema.items() if not _is_noise(name, value)}
    if properties:
        said["properties"] = {
            name: compact(value if name in required else _without_null(value))
            for name, value in properties.items()
        }
    if isinstance(schema.get("items"), dict):
        said["items"] = compact(schema["items"])
    return said


def _is_noise(name: str, value: Any) -> bool:
    # A property may be called "title": those are looked at one level up, and are never strings.
    return (name == "title" and isinstance(value, str)) or (
        name == "default" and any(value is empty or value == empty == "" for empty in EMPTY)
    )


def _without_null(schema: Schema) -> Schema:
    """An argument that may be left out need not be null: left out, it has its default."""
    choices = schema.get("anyOf", ())
    if schema.get("default", NULL) is not None or NULL not in choices:
        return schema
    left = [choice for choice in choices if choice != NULL]
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return {**cast("Schema", left[0]), **rest} if len(left) == 1 else {**rest, "anyOf": left}
