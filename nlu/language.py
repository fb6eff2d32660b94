"""The words of a language: YAML files under `sentences/<language>/`, read once."""

from functools import cache
from importlib.resources import files
from typing import Any, cast

import yaml

try:
    from yaml import CSafeLoader as SafeLoader
except ImportError:  # a PyYAML without libyaml
    from yaml import SafeLoader  # type: ignore[assignment]


@cache
def load(language: str, name: str) -> dict[str, Any]:
    """Read `sentences/<language>/<name>.yaml`.

    Raises:
        FileNotFoundError: the language has no such file.
    """
    path = files("passfel.nlu").joinpath("sentences", language, f"{name}.yaml")
    return cast("dict[str, Any]", yaml.load(path.read_text("utf-8"), Loader=SafeLoader))


@cache
def grammars(language: str) -> tuple[str, ...]:
    """The names of a language's grammar files: those that list `intents`."""
    folder = files("passfel.nlu").joinpath("sentences", language)
    names = sorted(
        path.name.removesuffix(".yaml") for path in folder.iterdir() if path.name.endswith(".yaml")
    )
    return tuple(name for name in names if "intents" in load(language, name))
