"""Tool schemas that a server can hold the model to: closed, and made of nothing that a grammar can't express.

Two sets of rules. A grammar (xgrammar, in SGLang and vLLM) leaves optional arguments optional. OpenAI wants every
argument required, so an optional one is told how it is left out. A tool whose schema fits neither is sent as it
is, without the promise. All of it is a pure function of the tool: the head of a prompt stays the same.
"""

import json
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from passfel.serving.settings import StrictTools

AT_HOSTS: Mapping[str, StrictTools] = {"api.openai.com": "openai", "api.venice.ai": "off"}
"""Whose rules are known by their address; any other server is taken for one with a grammar."""

COMMON = frozenset(
    {
        "type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf", "$ref", "$defs",
        "$schema", "title", "description", "default", "format", "pattern", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "minItems", "maxItems",
    }
)  # fmt: skip
KEYWORDS: Mapping[StrictTools, frozenset[str]] = {
    "grammar": COMMON | {"minLength", "maxLength", "examples"},
    "openai": COMMON,
}
FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})
"""What both know; a grammar silently drops others."""


class _LooseError(Exception):
    """A part of a schema that can't be held to."""


def rules_at(base_url: str, wished: StrictTools) -> StrictTools:
    """Whose rules count for this server."""
    return AT_HOSTS.get(urlsplit(base_url).hostname or "", "grammar") if wished == "auto" else wished


def strict_tool(tool: dict[str, Any], rules: StrictTools) -> dict[str, Any]:
    """The tool as it is sent: strict where its schema allows it, unchanged otherwise."""
    function = tool.get("function")
    if rules not in KEYWORDS or not isinstance(function, dict):
        return tool
    parameters = {"type": "object", "properties": {}, **(function.get("parameters") or {})}
    try:
        closed = _closed(parameters, rules)
    except _LooseError:
        return tool
    return {**tool, "function": {**function, "strict": True, "parameters": closed}}


def _closed(schema: Any, rules: StrictTools) -> dict[str, Any]:
    if not isinstance(schema, dict) or not _expressible(schema, rules):
        raise _LooseError
    made = {key: _part(key, value, rules) for key, value in schema.items() if key != "$schema"}
    if "properties" in schema or schema.get("type") == "object":
        if schema.get("additionalProperties", False) is not False or "properties" not in schema:
            raise _LooseError  # a free map
        made["additionalProperties"] = False
        if rules == "openai":
            made = _all_required(made, schema)
    return made


def _part(key: str, value: Any, rules: StrictTools) -> Any:
    if key in {"properties", "$defs"}:
        return {name: _closed(part, rules) for name, part in cast("dict[str, Any]", value).items()}
    if key == "anyOf":
        return [_closed(part, rules) for part in cast("list[Any]", value)]
    return _closed(value, rules) if key == "items" else value


def _expressible(schema: dict[str, Any], rules: StrictTools) -> bool:
    shaped = "pattern" in schema or "format" in schema
    bounded = "minLength" in schema or "maxLength" in schema
    return (
        schema.keys() <= KEYWORDS[rules]
        and schema.get("format", "date") in FORMATS
        and not (shaped and bounded)  # a grammar keeps one of the two
        and not (rules == "openai" and "$ref" in schema and len(schema) > 1)
    )


def _all_required(made: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAI's way: every argument is given, and an optional one says what stands for leaving it out."""
    required = schema.get("required", ())
    properties = {name: _told(part, name in required) for name, part in made["properties"].items()}
    return {**made, "properties": properties, "required": list(properties)}


def _told(part: dict[str, Any], required: bool) -> dict[str, Any]:
    plain = {key: value for key, value in part.items() if key != "default"}
    if required:
        return plain
    if "default" not in part:
        raise _LooseError  # nothing that could be given stands for leaving it out
    way_out = f"To leave it out: {json.dumps(part['default'], ensure_ascii=False)}."
    return {**plain, "description": f"{part.get('description', '')} {way_out}".strip()}
