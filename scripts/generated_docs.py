"""Write the generated parts of the documentation, or check that they are as the code has it.

python scripts/generated_docs.py           exit code 1 and a list when something is out of date
python scripts/generated_docs.py --write   rewrite what is out of date
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.main import get_command

from passfel.app.cli import commands
from passfel.app.graph_picture import graph_picture
from passfel.graph.settings import AssistantSettings

ROOT = Path(__file__).parent.parent


def readme() -> str:
    """The README with the graph's own drawing in its place."""
    text = (ROOT / "README.md").read_text("utf-8")
    drawing = f"<!-- drawn by passfel graph -->\n```mermaid\n{graph_picture().strip()}\n```\n<!-- end -->"
    return re.sub(r"<!-- drawn by passfel graph -->.*?<!-- end -->", lambda _: drawing, text, flags=re.DOTALL)


def command_line() -> str:
    """Every command's own help."""
    parts = ["# Command line\n\nGenerated from the commands' own help.\n"]
    for path, command in _commands(get_command(commands), "passfel"):
        context = click.Context(command, info_name=path, terminal_width=96, max_content_width=96)
        parts.append(f"## `{path}`\n\n```\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def settings() -> str:
    """Every setting, its environment variable, default and meaning."""
    lines = [
        "# Settings",
        "",
        "Generated from the settings themselves. Each can stand in `passfel.toml` (in the current folder, or in your",
        "configuration folder), in the environment, or in a file of its own in the folder that",
        "`PASSFEL_SECRETS_DIR` names. The environment wins.",
        "",
        "| in passfel.toml | in the environment | default | what it is |",
        "|---|---|---|---|",
    ]
    for path, field in _fields(AssistantSettings):
        variable = "PASSFEL_" + "__".join(path).upper()
        lines.append(f"| `{'.'.join(path)}` | `{variable}` | {_default(field)} | {field.description or ''} |")
    return "\n".join(lines) + "\n"


def _commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(child, f"{path} {name}")


def _fields(
    model: type[BaseModel], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    for name, field in model.model_fields.items():
        inner: Any = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _fields(inner, (*path, name))
        elif get_origin(inner) is dict and issubclass(get_args(inner)[1], BaseModel):
            yield from _fields(get_args(inner)[1], (*path, name, "<name>"))
        else:
            yield (*path, name), field


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "your data folder"
    value = field.default
    return "" if value in (None, "", ()) else f"`{value}`"


GENERATED = {"README.md": readme, "docs/cli.md": command_line, "docs/settings.md": settings}


def main() -> int:
    """Check, or write."""
    stale = []
    for name, make in GENERATED.items():
        path = ROOT / name
        text = make()
        if not path.exists() or path.read_text("utf-8") != text:
            stale.append(name)
            if "--write" in sys.argv:
                path.write_text(text, "utf-8")
    if stale and "--write" not in sys.argv:
        print(f"out of date: {', '.join(stale)}; “make docs” writes them again")  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
