"""What is wrong with the settings, in sentences: the setting as the person wrote it, why, and an example."""

import json
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

Fields = dict[str, FieldInfo]
"""Settings by their dotted names, such as postgres.pool_size; groups too."""

WORDS = {
    "int_parsing": "should be a whole number",
    "int_type": "should be a whole number",
    "int_from_float": "should be a whole number",
    "float_parsing": "should be a number",
    "float_type": "should be a number",
    "bool_parsing": "should be true or false",
    "string_type": "should be text in quotes",
    "path_type": "should be the path of a folder, in quotes",
    "tuple_type": "should be a list",
    "string_too_short": "must not be empty",
}


def say_unknown(
    table: Mapping[str, Any], file: str, variables: Mapping[str, str], model: type[BaseModel]
) -> list[str]:
    """A sentence for each name that is no setting, with the nearest one that is."""
    fields = fields_of(model)
    sentences = []
    for key in _unknown(table, fields):
        near = get_close_matches(key, fields, n=1)
        sentences.append(f"“{key}” in {file} is no setting{_did_you_mean(near)}")
    for name, value in variables.items():
        key = _setting(name[len("PASSFEL_") :].lower().replace("__", "."), fields)
        if key not in fields:
            near = [_variable(found) for found in get_close_matches(key, fields, n=1)]
            sentences.append(f"{name} is no setting{_did_you_mean(near)}")
        elif _group(fields[key]) and not _is_table(value):
            example = next(_variable(found) for found in fields if found.startswith(f"{key}."))
            sentences.append(f"{name} is a group of settings: set them one by one, such as {example}.")
    return sentences


def say_problems(
    error: ValidationError, file: str, variables: Mapping[str, str], model: type[BaseModel]
) -> list[str]:
    """A sentence for each value that can't be taken.

    Args:
        error: what pydantic found.
        file: the settings file's path.
        variables: the names of variables and secrets in capitals, and as they were written.
        model: the settings.
    """
    fields = fields_of(model)
    details = error.errors(include_url=False, include_context=False)
    return [_say_problem(detail, file, variables, fields) for detail in details]


def fields_of(model: type[BaseModel], prefix: str = "") -> Fields:
    """All settings of a model and of the models in it."""
    found: Fields = {}
    for name, info in model.model_fields.items():
        found[prefix + name] = info
        inner = _group(info)
        if inner:
            found |= fields_of(inner, f"{prefix}{name}.")
        each = _each(info)
        if each:
            found[f"{prefix}{name}.*"] = FieldInfo(annotation=each)
            found |= fields_of(each, f"{prefix}{name}.*.")
    return found


def _say_problem(detail: ErrorDetails, file: str, variables: Mapping[str, str], fields: Fields) -> str:
    key = ".".join(str(part) for part in detail["loc"] if not isinstance(part, int))
    info = fields.get(_setting(key, fields))
    name = variables.get(_variable(key)) or (f"{key} in {file}" if file != "None" else key)
    if detail["type"] == "value_error":
        return f"{name}: {detail['msg'].removeprefix('Value error, ').rstrip('.')}."
    if info is not None and _group(info):
        return (
            f"{name} is a group of settings: write [{key}] on a line of its own, and its settings below it."
        )
    reason = WORDS.get(detail["type"]) or detail["msg"].replace("Input should", "should", 1)
    secret = info is None or SecretStr in (info.annotation, *get_args(info.annotation))
    shown = "" if secret or detail["input"] == "" else f", not “{str(detail['input'])[:60]}”"
    return f"{name} {reason}{shown}{_example(info)}."


def _example(info: FieldInfo | None) -> str:
    """A value that works: the default, or what the description names."""
    if info is None:
        return ""
    default = info.default
    if isinstance(default, (int, float)) or (isinstance(default, str) and default):
        return f"; for example {default}"
    described = re.search(r"such as (\S+?)[.,]?(?:\s|$)", info.description or "")
    return f"; for example {described[1]}" if described else ""


def _unknown(table: Mapping[str, Any], fields: Fields, prefix: str = "") -> Iterator[str]:
    for name, value in table.items():
        key = prefix + name
        known = fields.get(_setting(key, fields))
        if known is None:
            yield key
        elif isinstance(value, dict) and (_group(known) or _each(known)):
            yield from _unknown(value, fields, f"{key}.")


def _group(info: FieldInfo) -> type[BaseModel] | None:
    kind = info.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _each(info: FieldInfo) -> type[BaseModel] | None:
    """What each entry is, of settings that the household gives names to: the calendar accounts."""
    arguments = get_args(info.annotation)
    kind = arguments[1] if get_origin(info.annotation) is dict else None
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _setting(key: str, fields: Fields) -> str:
    """A setting's name, with a star in the place of a name that the household gave: caldav.*.url."""
    parts = key.split(".")
    starred = (".".join([*parts[:n], "*", *parts[n + 1 :]]) for n in range(1, len(parts)))
    return key if key in fields else next((name for name in starred if name in fields), key)


def _is_table(value: str) -> bool:
    try:
        return isinstance(json.loads(value), dict)
    except ValueError:
        return False


def _variable(key: str) -> str:
    return f"PASSFEL_{key.upper().replace('.', '__')}"


def _did_you_mean(near: list[str]) -> str:
    return f"; did you mean {near[0]}?" if near else "."
